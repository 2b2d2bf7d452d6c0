"""Stores what was made together with who made it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..base.workspace import Artifact, Fact

if TYPE_CHECKING:
    from ..base.run import Run

Kind = Literal["model", "algorithm", "composite", "edit"]
"""Made by a trained model; by rules alone; put together out of given files; or a given file changed."""


@dataclass(frozen=True, kw_only=True)
class Making:
    """How a file was made, as its credentials tell."""

    kind: Kind
    provider: str = "sensorium"
    """`provider:model`, or `sensorium` for what is made here."""
    inputs: tuple[str, ...] = ()
    """Handles of the files that went into it, the main one first."""


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

    Raises:
        StorageError: The disk is full.
    """
    return run.put(content, name=name, media_type=media_type, facts=facts)
