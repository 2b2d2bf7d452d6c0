"""The sound of an edit, from its start to its end."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from ..base.run import Run
from .edits import Edit, Other, Take
from .sounding import RATE, Heard, at_tempo, mixed

if TYPE_CHECKING:
    from .sounding import Block


def sounds(edit: Edit, run: Run, rate: int = RATE) -> "Iterator[Block]":
    """Yield the sound of an edit, from its start to its end."""
    blocks: Iterator[Block] = chain.from_iterable(
        _of(take, edit, run, rate) for take in (reversed(edit.takes) if edit.backwards else edit.takes)
    )
    if edit.other is not None and edit.other.way == "replace":
        blocks = iter(())
    elif edit.speed != 1:
        blocks = at_tempo(blocks, edit.speed, edit.channels, rate)
    if edit.other is not None:
        added = _delayed(edit.other, edit, run, rate)
        blocks = added if edit.other.way == "replace" else mixed(blocks, added, edit.other.gain)
    return _exactly(_hushed(blocks, edit.silent, rate), edit, rate)


def _of(take: Take, edit: Edit, run: Run, rate: int) -> "Iterator[Block]":
    import numpy as np

    if not take.has_sound:
        left = round(take.seconds * rate)
        while left > 0:
            yield np.zeros((edit.channels, min(left, rate)), np.float32)
            left -= rate
        return
    if not edit.backwards:
        yield from _heard(take, take.start_seconds, take.seconds, edit, rate).blocks(run)
        return
    end = take.end_seconds
    while end > take.start_seconds + 0.5 / rate:
        start = max(take.start_seconds, end - 30.0)
        whole = np.concatenate(list(_heard(take, start, end - start, edit, rate).blocks(run)), axis=1)
        yield np.ascontiguousarray(whole[:, ::-1])
        end = start


def _heard(take: Take, start: float, seconds: float, edit: Edit, rate: int) -> Heard:
    return Heard(
        path=take.path,
        name=take.name,
        start_seconds=start,
        seconds=seconds,
        origin_seconds=take.origin_seconds,
        channels=edit.channels,
        rate=rate,
    )


def _delayed(other: Other, edit: Edit, run: Run, rate: int) -> "Iterator[Block]":
    import numpy as np

    left = round(other.delay_seconds * rate)
    while left > 0:
        yield np.zeros((edit.channels, min(left, rate)), np.float32)
        left -= rate
    yield from _heard(other.take, other.take.start_seconds, other.take.seconds, edit, rate).blocks(run)


def _hushed(blocks: "Iterator[Block]", silent: Sequence[tuple[float, float]], rate: int) -> "Iterator[Block]":
    at = 0
    for block in blocks:
        for start, end in silent:
            first, last = round(start * rate) - at, round(end * rate) - at
            if last > 0 and first < block.shape[1]:
                block = block.copy()  # noqa: PLW2901 - others may hold it
                block[:, max(0, first) : last] = 0
        at += block.shape[1]
        yield block


def _exactly(blocks: "Iterator[Block]", edit: Edit, rate: int) -> "Iterator[Block]":
    """Yield sound cut, or filled up with silence, to the length of the edit."""
    import numpy as np

    left = round(edit.seconds * rate)
    for block in blocks:
        if left <= 0:
            return
        yield block[:, :left]
        left -= block.shape[1]
    while left > 0:
        yield np.zeros((edit.channels, min(left, rate)), np.float32)
        left -= rate
