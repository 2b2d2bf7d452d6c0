"""The pictures of a video that differ from each other: one for each thing it shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .footage import open_video
from .frames import frames_at
from .groups import Group, scan_groups
from .likeness import likeness
from .looks import difference
from .moments import Span, merge_spans
from .steps import LIMITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .run import Run

SETTLE_SECONDS = 0.5
"""How long after a change a picture is taken: fades and animations are mostly over by then."""
SMALL_PIXELS = 240
REFINING_SHARE = 0.3
# Of perceptual hashes: two moments of one moving shot differ in 0 to 10 of 64 bits, two shots in 20 to 40.
NEAR_BITS, NEAR_DIFFERENCE = 10, 25.0
MAX_CANDIDATES = 300
"""Most pictures that are compared; in longer or livelier videos they are taken evenly from all."""


@dataclass(frozen=True, kw_only=True)
class Distinct:
    """When to take one picture of each thing shown."""

    times: tuple[float, ...]
    scanned: int
    """Key frames that were looked at."""
    compared: int
    """Pictures that were compared."""
    alike: int
    """Pictures that were left out because they show what another one shows."""
    dropped: int
    """Different pictures that were left out because only so many were wanted."""


def distinct_times(path: Path, name: str, *, between: Span, most: int, run: "Run") -> Distinct:
    """Return times of pictures that differ, at most `most`: those that stand for the longest stretches.

    Changes are looked for on key frames and where packets are large, so nothing between them is decoded.

    Raises:
        MediaError: The file has no moving picture that can be decoded.
    """
    candidates, scanned = _candidates(path, name, between, run)
    if len(candidates) > MAX_CANDIDATES:
        candidates = [candidates[number * len(candidates) // MAX_CANDIDATES] for number in range(MAX_CANDIDATES)]
    pictures = frames_at(path, name, [one.at_seconds for one in candidates], width_pixels=SMALL_PIXELS, run=run)
    kept: list[_Kept] = []
    last: _Kept | None = None
    since = between[0]
    for number, (candidate, picked) in enumerate(zip(candidates, pictures, strict=False)):
        run.progress(number / len(candidates), "comparing pictures")
        if last is not None:
            last.seconds += candidate.at_seconds - since
        since = candidate.at_seconds
        # A picture is mostly like the latest ones.
        last = next((one for one in reversed(kept) if _alike(one, picked.image, candidate)), None)
        if last is None:
            last = _Kept(candidate, picked.image)
            kept.append(last)
    if last is not None:
        last.seconds += between[1] - since
    longest = sorted(kept, key=lambda one: -one.seconds)[:most]
    return Distinct(
        times=tuple(sorted(one.candidate.at_seconds for one in longest)),
        scanned=scanned,
        compared=len(candidates),
        alike=len(candidates) - len(kept),
        dropped=len(kept) - len(longest),
    )


@dataclass(frozen=True, order=True)
class _Candidate:
    """A time from which on something else may be shown."""

    at_seconds: float
    still: bool
    """Nothing else moves, so that small changes count: a line on a slide."""


@dataclass
class _Kept:
    """A picture unlike those before."""

    candidate: _Candidate
    image: "NDArray[np.uint8]"
    seconds: float = 0.0
    """How long it is shown in all."""


def _candidates(path: Path, name: str, between: Span, run: "Run") -> tuple[list[_Candidate], int]:
    """Return times after which the picture may be another one, when it has settled, and how many key frames told so."""
    found: list[_Candidate] = []
    scanned = 0
    before: Group | None = None
    with open_video(path, name) as footage:
        for group in scan_groups(footage, run):
            run.progress(min(1.0, group.start_seconds / max(1.0, between[1])), "scanning key frames")
            if before is None or _differ(before, group):
                found.append(_Candidate(group.start_seconds, group.still))
            before = group
            scanned += 1
            suspicious = (group.large if group.still else group.bursts) or ()
            found += [_Candidate(at, group.still) for at in _ends_of_changes(suspicious)]
    at_start = _Candidate(between[0], found[0].still if found else False)
    inside = [at_start, *sorted(one for one in found if between[0] < one.at_seconds < between[1])]
    settled = []
    for one, following in zip(inside, [*inside[1:], _Candidate(between[1], False)], strict=True):
        if following.at_seconds > one.at_seconds:
            # The next change may come before the picture has settled.
            middle = (one.at_seconds + following.at_seconds) / 2
            settled.append(replace(one, at_seconds=min(one.at_seconds + SETTLE_SECONDS, middle)))
    return settled, scanned


def _ends_of_changes(packets: Sequence[tuple[float, int]]) -> Iterator[float]:
    """Yield when each change is over; large packets that follow each other closely are one: an animation, a fade."""
    for start, end in merge_spans([(at, at) for at, _ in packets], gap_seconds=SETTLE_SECONDS):
        inside = [(at, size) for at, size in packets if start <= at <= end]
        # After a cut, encoders refine the picture in smaller packets, which is no change.
        most = max(size for _, size in inside)
        yield max(at for at, size in inside if size >= REFINING_SHARE * most)


def _differ(one: Group, other: Group) -> bool:
    limits = LIMITS["high" if one.still and other.still else "normal"]
    return difference(one.look, other.look).exceeds(limits.structure, limits.level)


def _alike(kept: _Kept, image: "NDArray[np.uint8]", candidate: _Candidate) -> bool:
    found = likeness(kept.image, image)
    if kept.candidate.still and candidate.still:
        return found.near_duplicate
    return found.near_duplicate or (found.hash_bits <= NEAR_BITS and found.mean_difference <= NEAR_DIFFERENCE)
