"""The limits that confined code and decoders work under."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of everything one cage may take. Where nothing else is said, for the cage as a whole."""

    wall_seconds: float = 10.0
    """For one call."""
    cpu_seconds: float = 20.0
    """Of processor time of all its processes, for one call; more, in proportion, where a call may take longer."""
    memory_bytes: int = 2**30
    """The address space of each process."""
    total_memory_bytes: int = 3 * 2**29
    """All processes and the files in memory together."""
    file_bytes: int = 64 * 2**20
    """The largest file that can be written."""
    processes: int = 64
    """Threads count as processes."""
    descriptors: int = 256
    """Of each process."""
    disk_bytes: int = 128 * 2**20
    """What the working folder can hold; `/tmp` and `/dev/shm` hold half as much each. All of it is in memory."""
    disk_files: int = 20_000
    """Files and folders in these together."""
    output_bytes: int = 256 * 2**10
    """What is kept of stdout, and of stderr."""
    output_killed_bytes: int = 64 * 2**20
    """Who writes more than this to stdout and stderr is killed."""
    artifacts: int = 64
    """Files that come out of one call."""
    artifact_bytes: int = 32 * 2**20
    """The largest file that comes out."""
    artifacts_bytes: int = 64 * 2**20
    """All files that come out of one call."""

    def cpu_for(self, wall_seconds: float) -> float:
        """Return the processor time that a call may use which may take so long."""
        return self.cpu_seconds * max(1.0, wall_seconds / self.wall_seconds)

    def with_changes(self, changes: Mapping[str, Any]) -> "Limits":
        """Return these limits with others in the place of some.

        Raises:
            ValueError: A limit is not known, or is no number above 0; the message names it.
        """
        known = {one.name: one.type for one in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"{name!r} is no limit. The limits are: {', '.join(known)}.")
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**53:
                raise ValueError(f"The limit `{name}` is {value!r}; it must be a number above 0.")
        return replace(
            self, **{name: value if name.endswith("_seconds") else int(value) for name, value in changes.items()}
        )
