"""What comes of running a user's code."""

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["done", "error", "timeout", "killed", "crashed"]


@dataclass(frozen=True, kw_only=True)
class CodeError:
    """What the code raised."""

    type: str
    message: str
    line: int | None
    """In the code of this call, from 1."""
    traceback: str


@dataclass(frozen=True, kw_only=True)
class CodeOutcome:
    """What came of one call. All text in it is the code's, or of what it read: data."""

    status: Status
    """`error`: the code raised; `killed`: it passed a limit, or the call was given up; `crashed`: its process ended."""
    why: str = ""
    """What went wrong, in words; also why the state was lost."""
    stdout: str = ""
    stderr: str = ""
    truncated: bool = False
    """Whether more was printed than is kept."""
    value: str | None = None
    """The `repr` of the last expression."""
    error: CodeError | None = None
    artifacts: list[tuple[str, bytes]] = field(default_factory=list)
    """Names, safe to use, and content of the files that are new or changed in `/work/out`."""
    refused: list[str] = field(default_factory=list)
    """Which files did not come out, and why."""
    background_output: str = ""
    """What threads of earlier calls printed."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """As the code's own process counts it."""
    state_lost: bool = False
    """Whether the variables of earlier calls are gone; unless it is done or the code raised, those of this one too."""
    cells: tuple[str, ...] = ()
    """The code of the calls that made the variables, with this one's; of a lost state, what can be run again."""
