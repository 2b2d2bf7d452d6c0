"""Stores what was made together with who made it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..base.workspace import Artifact, Fact
from .story import HERE

if TYPE_CHECKING:
    from ..base.makers import Task
    from ..base.run import Run

Kind = Literal["model", "algorithm", "composite", "edit"]
"""Made by a trained model; by rules alone; put together out of given files; or a given file changed."""


@dataclass(frozen=True, kw_only=True)
class Making:
    """How a file was made, as its credentials tell."""

    kind: Kind
    provider: str = HERE
    """`provider:model`, or `sensorium` for what is made here."""
    inputs: tuple[str, ...] = ()
    """Handles of the files that went into it, the main one first."""
    task: "Task | None" = None
    """What a model was asked for: whether the first input was changed or only looked at."""


async def keep(
    run: "Run",
    content: Path | bytes,
    *,
    name: str,
    media_type: str,
    making: Making,
    facts: Mapping[str, Fact] | None = None,
) -> Artifact:
    """Write into a file who made it, and store it. A file given by path is moved in.

    When that cannot be written, the file is stored as it came, and a note of the call says why.

    Raises:
        StorageError: The disk is full.
    """
    if not run.settings.credentials.enabled:
        return run.put(content, name=name, media_type=media_type, facts=facts)
    from .telling import told  # only where something is made

    return await told(run, content, name=name, media_type=media_type, making=making, facts=facts)
