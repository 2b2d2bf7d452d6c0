"""Python code, run where it can reach nothing."""

import ast
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from .base.errors import ArgumentError, MediaError
from .base.moments import Findings, Measure
from .base.run import Run
from .base.sniff import sniff
from .base.tool import AnyFile, Control, tool
from .base.workspace import Artifact, Fact
from .coding.inputs import AT_HAND, check_packages, input_names
from .sandbox.isolation import find_isolation
from .sandbox.outcome import CodeOutcome
from .sandbox.sessions import session_of, sessions

SECONDS, MOST_SECONDS = 10.0, 300.0
"""How long code may run, and the most that may be asked for."""
MOST_FILES = 50
MOST_NUMBERS = 50
"""Numbers in a value that get a name of their own."""
_OF_NUMPY = re.compile(r"\bnp\.[a-z]+\d+\(([-+.\de]+)\)")
_NO_NUMBER = re.compile(r"(?<![\w'\"])-?(?:nan|inf)(?![\w'\"])")
_WEAKER = ("seatbelt", "monty")


class CodeFault(BaseModel):
    """What went wrong in the code."""

    type: str
    message: str
    line: int | None = Field(None, description="Line of `code`.")
    traceback: str = ""


class Execution(Findings):
    """What running the code gave; numbers of its value and its times are measures."""

    ended: Literal["done", "error", "timeout", "killed", "crashed"] = Field(
        description="`error`: the code raised; `killed`: it took too much; `crashed`: its process ended by itself."
    )
    value: str | None = Field(None, description="`repr` of the last expression.")
    stdout: str = ""
    stderr: str = ""
    truncated: bool = Field(False, description="Something it wrote was cut off.")
    error: CodeFault | None = None
    artifacts: list[Artifact] = Field(
        default_factory=list, description="Files it left in /work/out, and figures it showed."
    )
    refused: list[str] = Field(default_factory=list, description="What lies in /work/out and was not taken, and why.")
    inputs: list[str] = Field(default_factory=list, description="Where its files lay, in order.")
    background_output: str = Field("", description="What threads of an earlier call wrote since.")
    seconds: float
    cpu_seconds: float | None = Field(None, description="Of the processor; not known of what was stopped.")
    state_lost: bool = Field(False, description="The variables of this session are gone.")
    cells: int = Field(description="How many calls this session has had; 1: it is new.")
    isolation: str = Field(description="What keeps the code in.")


def _objection(args: Mapping[str, Any], run: Run) -> str:
    """Return why code must be asked about here: nothing in a sandbox that lets nothing out, nor where none is run."""
    isolation = find_isolation(run.settings).name
    return f"It runs code, and only {isolation} keeps it in, which is weaker." if isolation in _WEAKER else ""


@tool(effect="runs_code", resource="cpu", version=1, timeout_seconds=2 * MOST_SECONDS, objection=_objection)
async def run_python(
    code: Annotated[str, Control(), Field(max_length=500_000, description="Python; its last expression is the value.")],
    files: Annotated[
        list[AnyFile], Field(max_length=MOST_FILES, description="Files for the code; they lie in /work/in.")
    ] = [],  # noqa: B006 - a default of the schema
    timeout_seconds: Annotated[
        float, Field(gt=0, le=MOST_SECONDS, description="How long it may run; longer loses the variables.")
    ] = SECONDS,
    packages: Annotated[
        list[str], Control(), Field(description="Installed packages it needs beside those that are always there.")
    ] = [],  # noqa: B006
    *,
    run: Run,
) -> Execution:
    """Run Python code in a sandbox: calculate, work on data and text, draw figures, time code, write files.

    numpy, pandas, matplotlib, pillow and scipy are there. Each of `files` lies in /work/in under its own name. What the
    code writes to /work/out, and each figure it shows, comes back as a file. Variables stay between the calls of a
    conversation, until `state_lost`. It has no network and sees no other files; nothing can be installed.
    """
    packages = await run.thread(check_packages, packages)
    named = input_names(map(run.name, files))
    given = {name: run.path(one) for name, one in zip(named, files, strict=True)}
    session = await run.thread(session_of, run)
    run.progress(None, "running code")
    try:
        ended = await session.run(code, given, timeout_seconds)
    except ValueError as error:
        raise ArgumentError(f"`code` cannot be run: {error}") from error
    except OSError as error:
        place, why = str(run.settings.home / "scratch"), error.strerror or error
        raise MediaError(f"The files cannot be copied to {place!r} for the code: {why}.") from error
    lost = sessions.note(run, cells=len(ended.cells), stands=not ended.state_lost)
    return await run.thread(_execution, ended, packages, list(given), lost, run)


def _execution(ended: CodeOutcome, packages: list[str], inputs: list[str], lost: bool, run: Run) -> Execution:
    stored = [_stored(name, content, run) for name, content in ended.artifacts]
    isolation = find_isolation(run.settings).name
    limits = []
    if ended.why and ended.error is None:
        limits.append(f"The code did not come to its end: {ended.why}.")
    if ended.status == "timeout":
        limits.append(f"Let it do less, or give `timeout_seconds`, at most {MOST_SECONDS:g}.")
    if ended.state_lost:
        limits.append("The variables of this session are lost: what later code needs must be made again.")
    elif lost:
        limits.append("The variables of earlier calls were lost before this one: it began anew.")
    if isolation in _WEAKER:
        limits.append(f"It ran under the weaker isolation {isolation!r}; see `sensorium doctor`.")
    fault = _fault(ended, packages)
    if fault and fault.type == "NameError" and len(ended.cells) == 1 and not lost:
        limits.append("No variables of earlier calls are there: the session began with this one.")
    measured = {"seconds": round(ended.seconds, 6)}
    if ended.status in ("done", "error"):  # what was ended from outside did not say
        measured["cpu_seconds"] = round(ended.cpu_seconds, 6)
    return Execution(
        ended=ended.status,
        value=ended.value,
        stdout=ended.stdout,
        stderr=ended.stderr,
        truncated=ended.truncated,
        error=fault,
        artifacts=stored,
        refused=list(ended.refused),
        inputs=[f"/work/in/{name}" for name in inputs],
        background_output=ended.background_output,
        **measured,
        state_lost=ended.state_lost or lost,
        cells=len(ended.cells),
        isolation=isolation,
        measures=[
            *(Measure(name=name, value=value, unit="s") for name, value in measured.items()),
            *(
                Measure(name=name, value=value, unit="s" if name.endswith("_seconds") else "")
                for name, value in _numbers(ended.value, measured)
            ),
        ],
        limits=limits,
        partial=ended.status in ("timeout", "killed", "crashed"),
    )


def _fault(ended: CodeOutcome, packages: Sequence[str]) -> CodeFault | None:
    if ended.error is None:
        return None
    message = ended.error.message
    if ended.error.type == "ModuleNotFoundError":
        asked = [one for one in packages if one not in AT_HAND]
        message += f" And, as asked for: {', '.join(asked)}." if asked else ""
    return CodeFault(
        type=ended.error.type, message=message, line=ended.error.line, traceback=ended.error.traceback or ""
    )


def _numbers(value: str | None, taken: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a value by names to cite: those of a dict by their keys, a single one as `value`."""
    try:
        read: Any = ast.literal_eval(_NO_NUMBER.sub("None", _OF_NUMPY.sub(r"\1", value))) if value else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):  # an object, or the middle of a long one
        return
    named = read if isinstance(read, dict) else {"value": read}
    used = set(taken)
    for key, number in list(named.items())[:MOST_NUMBERS]:
        name = re.sub(r"\W+", "_", str(key)).strip("_").lower()[:60]
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if is_number and name and name not in used and math.isfinite(as_float := _as_float(number)):
            used.add(name)
            yield name, as_float


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _stored(name: str, content: bytes, run: Run) -> Artifact:
    media_type = sniff(io.BytesIO(content)).media_type
    return run.put(content, name=name, media_type=media_type, facts=_facts(content, media_type))


def _facts(content: bytes, media_type: str) -> dict[str, Fact]:
    """Return the size of a figure from its first bytes; what code made is not decoded for that."""
    if media_type == "image/png" and content[12:16] == b"IHDR" and len(content) >= 24:
        width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    elif media_type == "image/gif" and len(content) >= 10:
        width, height = int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")
    else:
        return {}
    return {"width_pixels": width, "height_pixels": height}
