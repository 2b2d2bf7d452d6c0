"""Calls that the user approved, each for one use."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .memo import digest
from .tool import Tool


class Approvals:
    """Keys of approved calls; a call with other arguments has another key."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._left = Counter(keys)

    def use(self, key: str) -> bool:
        """Return whether a call is approved; that uses the approval up."""
        if not self._left[key]:
            return False
        self._left[key] -= 1
        return True


@dataclass(frozen=True, kw_only=True)
class CallToApprove:
    """A call that the user must be asked about, and why."""

    tool: Tool
    arguments: Mapping[str, Any]
    """All of them as plain data, files as handles."""
    reason: str
    """As a sentence."""
    setting: str
    """What to change so that it is not asked about."""

    @property
    def key(self) -> str:
        """What its approval is bound to."""
        return approval_key(self.tool, self.arguments)


def approval_key(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """Return what an approval is bound to.

    Args:
        tool: What is called.
        arguments: All its arguments as plain data, files as handles.
    """
    return digest("approval", tool.name, tool.version, arguments)
