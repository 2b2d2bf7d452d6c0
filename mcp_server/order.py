"""What is to be done: a tool call as plain data, which goes to a worker and is kept with a job."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from ..tools.base.tool import Tool

Images = Literal["inline", "links", "omit"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """A tool call and how its result is to be given."""

    owner: str
    tool: str
    module: str
    arguments: Mapping[str, Any]
    """Files as real paths or handles."""
    page: int = 1
    folders: tuple[str, ...] = ()
    """Where files may be opened."""
    images: Images = "inline"
    approved: bool = False
    """Whether the server was started to allow what the user's policy asks about."""
    output: str | None = None
    """Where copies of what was made go; None when the client is on another machine."""
    session: str | None = None
    """Whose variables the call sees; None for one that leaves none behind. Such calls go to one process."""
    session_lost: bool = False
    """The process of this session ended, and with it the variables."""
    run: str = ""
    """Id of the run it is; begun again it is the same run, so that what was paid before is known. Empty: a new one."""
    runs_code: bool = True
    """Whether the steps of a task may run code; a caller may be allowed the one and not the other."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return dict(vars(self))

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Order":
        """Return what `plain` gave."""
        return cls(**{**plain, "folders": tuple(plain["folders"])})

    def load(self) -> Tool:
        """Import the tool."""
        tool = getattr(import_module(self.module), self.tool)
        assert isinstance(tool, Tool)
        return tool


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a call gave."""

    result: dict[str, Any]
    """As `CallToolResult` has it on the wire."""
    lasting: list[str] | None = None
    """The artifacts that it names, where the same call may be given it again; None where it may not."""
