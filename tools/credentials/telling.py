"""Has who made it written into a file, and loses no file where that cannot be."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import Cancelled, MediaError, SensoriumError
from ..base.outputs import OutputFile
from ..base.secret_logs import logger_of
from ..base.secrets import redact, redact_bytes
from ..base.workspace import Artifact, Fact
from .identity import Identity, identity
from .keeping import Making
from .manifest import most_bytes
from .stamping import Order, Stamped, stamp
from .story import BY_MODEL, BY_RULES, COMPOSED, MODEL_MADE, PART_BY_MODEL, Input, Relation, Story
from .tagging import MANIFESTS, SAME, TAGS

if TYPE_CHECKING:
    from ..base.makers import Task
    from ..base.run import Run

MOST_SECONDS = 60.0
"""For one way of writing it: 512 MB take 5 s, but what c2pa needs grows with the square of the number of boxes."""
_OWN_BYTES = 16 << 20
"""What rules made here of no file is signed in this process up to this size; a decoder costs 25 ms."""
MOST_INPUTS = 100
"""Files that a manifest names; of more, the first."""
_ROOM_BYTES = 64 << 20
"""Most that a file grows by: its own manifest is small, those of its inputs are what they are."""
_CHANGES: "frozenset[Task]" = frozenset({"edit", "inpaint", "outpaint", "upscale", "swap_face", "extend", "continue"})
"""What a model does to a file of which something is left."""
_FACT = "digital_source_type"

logger = logger_of(__name__)


async def told(
    run: "Run",
    content: Path | bytes,
    *,
    name: str,
    media_type: str,
    making: Making,
    facts: Mapping[str, Fact] | None,
) -> Artifact:
    """Do what `keep` does, where it is wanted."""
    kind = SAME.get(media_type, media_type)
    if not _size(content) or (kind not in TAGS and kind not in MANIFESTS):
        return run.put(content, name=name, media_type=media_type, facts=_known(facts, _first_type(making)))
    if kind == "image/svg+xml" and isinstance(content, bytes):
        content = redact_bytes(content)  # before it is signed: storing it does the same
    with run.workspace.scratch() as folder:
        source = content if isinstance(content, Path) else folder / "made"
        output = OutputFile(path=folder / "told", max_bytes=_size(content) + _ROOM_BYTES)
        stamped, notes, stopped = None, list[str](), False
        if (several := len(set(making.inputs))) > MOST_INPUTS:
            notes.append(f"of its {several} inputs {MOST_INPUTS} are named.")
        try:
            if isinstance(content, bytes):
                await run.thread(source.write_bytes, content)
            order = Order(source=source, output=output, story=_story(run, making, name, kind))
            stamped, output = await _stamped(run, order, making, notes)
        # Whatever goes wrong here must not lose what may have been paid for; who stops it stops what comes next.
        except (Cancelled, asyncio.CancelledError) as error:
            if making.kind != "model":
                raise
            stopped = isinstance(error, asyncio.CancelledError)
            notes.append("it was stopped.")
        except Exception as error:
            logger.debug("No credentials for %r", name, exc_info=True)
            notes.append(_why(error))
        told = [f"Who made {name!r} is not all written in it: {one}" for one in dict.fromkeys(notes)]
        run.call.notes.extend(one for one in told if one not in run.call.notes)
        facts = _known(facts, stamped.source_type if stamped else _first_type(making))
        if stamped is None:
            _empty(folder)  # the disk may be full
            stored = run.put(content, name=name, media_type=media_type, facts=facts)
        else:
            stored = run.put(output.path, name=name, media_type=media_type, facts=facts)
    if stopped:
        _stop_next()
    if stamped and isinstance(content, Path):
        with suppress(OSError):
            content.unlink()
    return stored


def _empty(folder: Path) -> None:
    for left in folder.iterdir():
        with suppress(OSError):  # what was ended may hold it for another moment
            left.unlink()


def _known(facts: Mapping[str, Fact] | None, source_type: str) -> Mapping[str, Fact] | None:
    """Return what is known of a file, a model's part in it among it."""
    return {**(facts or {}), _FACT: source_type} if source_type in MODEL_MADE else facts


def _stop_next() -> None:
    """Have this task stopped where it waits next: it was to be stopped, and first had something to store."""
    if task := asyncio.current_task():
        task.uncancel()
        task.cancel()


async def _stamped(run: "Run", order: Order, making: Making, notes: list[str]) -> tuple[Stamped, OutputFile]:
    """Return what was written and where: all, or without a signature where there can be none, as the notes say."""
    pen = None
    if order.story.media_type in MANIFESTS:
        try:
            pen = await run.thread(_pen, run, order)
        except SensoriumError as error:
            notes.append(_why(error))
    ways = [(None, True), (None, False)]
    for number, (one, looks) in enumerate([(pen, True), *ways] if pen else ways):
        # What was ended may still be removing its file.
        output = replace(order.output, path=order.output.path.with_name(f"told-{number}"))
        try:
            async with asyncio.timeout(MOST_SECONDS):
                done = await _written(run, replace(order, output=output), making, one, looks=looks)
        except Cancelled:
            raise
        except TimeoutError:
            notes.append(f"signing it, or reading who signed its inputs, takes more than {MOST_SECONDS:.0f} s.")
        except SensoriumError as error:
            notes.append(_why(error))
        else:
            if done.why_no_tags and order.story.media_type in TAGS:
                notes.append(f"its metadata stays as it came, since {done.why_no_tags}.")
            return done, output
    raise MediaError("nothing could be written into it.")


async def _written(run: "Run", order: Order, making: Making, pen: Identity | None, *, looks: bool) -> Stamped:
    """Write the file where what is in it can do no harm: not beside the key, unless all of it was made here."""
    is_own = making.kind == "algorithm" and not making.inputs and _size(order.source) <= _OWN_BYTES
    work = run.thread if is_own else run.decode
    return await work(stamp, run, order, _handles(making), pen, looks=looks)


def _pen(run: "Run", order: Order) -> Identity:
    if _size(order.source) > (most := most_bytes(order.story.media_type)):
        raise MediaError(f"No signed manifest could be put in: it has more than {most >> 20} MB.")
    return identity(run.settings.credentials, run.settings.home)


def _story(run: "Run", making: Making, name: str, media_type: str) -> Story:
    from ... import __version__

    changed = _changed(making)
    return Story(
        kind=making.kind,
        title=redact(name),
        media_type=media_type,
        tool=run.call.tool,
        provider=redact(making.provider),
        version=__version__,
        made_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        source_type=_first_type(making),
        inputs=tuple(
            _input(run, handle, _relation(making, changed, number)) for number, handle in enumerate(_handles(making))
        ),
    )


def _changed(making: Making) -> bool:
    return making.kind == "edit" or making.task in _CHANGES


def _first_type(making: Making) -> str:
    """Return where a file comes from as far as that is known before its inputs were looked at."""
    by_model = PART_BY_MODEL if _changed(making) and making.inputs else BY_MODEL
    return {"model": by_model, "algorithm": BY_RULES, "composite": COMPOSED, "edit": ""}[making.kind]


def _handles(making: Making) -> list[str]:
    return list(dict.fromkeys(making.inputs))[:MOST_INPUTS]


def _relation(making: Making, changed: bool, number: int) -> Relation:
    if changed and number == 0:
        return "parentOf"
    return "inputTo" if making.kind in ("model", "algorithm") else "componentOf"


def _input(run: "Run", handle: str, relation: Relation) -> Input:
    known = run.artifact(handle)
    made_as = str(known.facts.get(_FACT) or "")
    return Input(
        name=redact(known.name),
        media_type=SAME.get(known.media_type, known.media_type),
        relation=relation,
        source_type=made_as if made_as in MODEL_MADE else "",
    )


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, SensoriumError) else f"{type(error).__name__}."
