"""Sensorium: a request and some media become a checked plan of tool calls, and an answer with its evidence."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .agent.answer import Answer
    from .agent.assistant import Assistant, run
    from .tools import catalog
    from .tools.base.errors import SensoriumError, SettingsError, ToolError

__all__ = ["Answer", "Assistant", "SensoriumError", "SettingsError", "ToolError", "__version__", "catalog", "run"]

_HOMES = {
    "Answer": ".agent.answer",
    "Assistant": ".agent.assistant",
    "run": ".agent.assistant",
    "catalog": ".tools",
    "SensoriumError": ".tools.base.errors",
    "SettingsError": ".tools.base.errors",
    "ToolError": ".tools.base.errors",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `import sensorium` costs nothing."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
