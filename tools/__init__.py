"""What can be done: one file a tool, found by walking this folder."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .base.call import call, perform
    from .base.catalog import catalog
    from .base.run import Run

__all__ = ["Run", "call", "catalog", "perform"]

_HOMES = {"call": ".base.call", "perform": ".base.call", "catalog": ".base.catalog", "Run": ".base.run"}


def __getattr__(name: str) -> Any:
    """Import a name on first use, so that listing the tools costs nothing."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
