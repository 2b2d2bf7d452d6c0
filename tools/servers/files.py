"""Files for a server's tool: a program on this machine is given the path of a copy, and nothing else is."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.errors import ArgumentError
from ..base.memo import handles_in
from ..base.run import Run
from ..base.workspace import PREFIX
from .configured import Server


def refuse_handles(given: Mapping[str, Any], server: Server, tool: str) -> None:
    """Refuse files where the settings name no file: a server can do nothing with a handle.

    Args:
        given: The arguments under the server's names.
        server: Its settings say which arguments are files.
        tool: What is called, for the message.

    Raises:
        ArgumentError: An argument has a handle in it.
    """
    for name, value in given.items():
        if name not in server.files and any(one.startswith(PREFIX) for one in handles_in(value)):
            how = f"write `files = [{name!r}]` into `[mcp.servers.{server.name}]` of sensorium.toml"
            raise ArgumentError(
                f"`{name}` of `{tool}` is a file of Sensorium's, which the MCP server `{server.name}` cannot open. "
                + (
                    f"Where it wants a path, {how}, and it is given a copy's."
                    if server.is_program
                    else "No file is sent to a server elsewhere."
                )
            )


def with_paths(
    given: Mapping[str, Any], server: Server, folder: Path, run: Run
) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the arguments with paths of copies in the place of handles, and how much they hold for the ledger.

    Args:
        given: The arguments under the server's names.
        server: Its settings say which arguments are files.
        folder: Where copies are put; it is gone when the call is over.
        run: Where the files lie.
    """
    sizes: list[tuple[str, int]] = []

    def copied(handle: Any) -> Any:
        if not isinstance(handle, str) or not handle.startswith(PREFIX):
            return handle
        artifact = run.artifact(handle)
        own = folder / f"{len(sizes) + 1}"
        own.mkdir(mode=0o755)
        copy = own / (Path(artifact.name).name or "file")
        shutil.copyfile(run.path(handle), copy)
        sizes.append((artifact.media_type, artifact.bytes))
        return str(copy)

    sent = {
        name: ([copied(item) for item in one] if isinstance(one, list) else copied(one))
        if name in server.files
        else one
        for name, one in given.items()
    }
    pictures = [size for kind, size in sizes if kind.startswith("image/")]
    sound = sum(size for kind, size in sizes if not kind.startswith("image/"))
    return sent, {"pictures": len(pictures), "picture_bytes": sum(pictures), "sound_bytes": sound}
