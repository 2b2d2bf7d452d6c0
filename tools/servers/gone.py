"""What stands for a tool of a server that a plan has and that is not there any more."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, create_model

from ..base.errors import UnavailableError
from ..base.run import Run
from ..base.tool import Tool
from .answer import RemoteAnswer
from .offering import remote_named
from .remote_tool import version_of

if TYPE_CHECKING:
    from ..base.settings import Settings


class _GoneTool(Tool):
    """Takes any arguments, and says why it cannot be called; results that it gave before are still found."""

    @cached_property
    def arguments(self) -> type[BaseModel]:
        return create_model(f"{self.name}_arguments", __config__=ConfigDict(extra="allow"))


def gone_tool(name: str, settings: "Settings") -> Tool:
    """Return a tool of this name that says why there is none."""

    async def function(*, run: Run, **given: Any) -> RemoteAnswer:
        remote_named(name, settings)
        raise UnavailableError(f"`{name}` was not there when this run began to go on. Resume it once more.")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Say that the MCP server of this tool is gone, or has no such tool any more."
    server = settings.servers.get(name.partition("__")[0])
    return _GoneTool(
        function=function,
        effect="pure",  # it reaches nothing: nobody needs to be asked about it
        resource="network",
        version=version_of(server) if server else 0,
        cost="free",
        roles=(),
        timeout_seconds=None,
    )
