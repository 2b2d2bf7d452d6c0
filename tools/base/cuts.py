"""Where a video cuts from one shot to another, found by decoding little more than its key frames."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from .footage import Footage, open_video
from .groups import Group, scan_groups
from .looks import Look, difference, overlap, tones_moved
from .moments import merge_spans
from .reader import Reader
from .steps import FADE_SECONDS, HOLD_SECONDS, LIMITS, STILL, Change, Limits, changes

if TYPE_CHECKING:
    from av.video.reformatter import VideoReformatter

    from .run import Run


MARGIN_SECONDS = 0.8
"""How far around a large packet every frame is decoded: up to 16 reordered frames may be shown before it."""
# A group of pictures that ends before its time was ended by the encoder, mostly for a cut (x264: 10 of 11). When the
# tones differ, too, and the place is another, that is believed. Measured on key frames of one shot: tones 0.02 to 0.15,
# overlap 0.97 to 1 (pans), 0.5 to 0.8 (zooms), 0.2 to 0.5 (large things moving); across cuts 0.02 to 1, up to 0.65.
TONES_OF_A_CUT, TONES_OF_A_SHOT = 0.2, 0.15
SAME_PLACE, SAME_PLACE_ZOOMED = 0.85, 0.7
JOINED_SECONDS = 4.0
"""Groups that must be decoded whole are joined up to this length, because each is read a little over its end."""
STILL_DRIFT, CALM_DRIFT = 0.1, 0.5
"""Up to which part of a change motion does not explain it: certainly, and probably."""


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """The cuts of a video and how they were found."""

    cuts: tuple[Change, ...]
    key_frames: int
    """How many were looked at."""
    end_seconds: float
    """Where the last packet ends."""
    decoded: int
    errors: int

    @property
    def spacing_seconds(self) -> float:
        """Return the average distance between the key frames that were looked at."""
        return self.end_seconds / max(1, self.key_frames)


def find_cuts(path: Path, name: str, *, limits: Limits = LIMITS["normal"], run: "Run") -> Cuts:
    """Return the cuts of a video, and the fades between still pictures.

    Key frames that differ, and packets that are as large as a key frame, tell in which groups of pictures a cut may be;
    only those are decoded, which places the cut to the frame.

    Raises:
        MediaError: The file has no moving picture that can be decoded.
    """
    from av.video.reformatter import VideoReformatter

    with open_video(path, name) as footage:
        groups = list(scan_groups(footage, run))
        search = _Search(footage, groups, limits, run, VideoReformatter())
        return Cuts(
            cuts=tuple(search.changes()),
            key_frames=sum(group.key_frames for group in groups),
            end_seconds=groups[-1].end_seconds if groups else 0.0,
            decoded=footage.decoded,
            errors=footage.errors,
        )


@dataclass(frozen=True)
class _Part:
    """A group of pictures, or several in a row of which every frame must be seen."""

    group: Group
    whole: bool


@dataclass
class _Search:
    footage: Footage
    groups: list[Group]
    limits: Limits
    run: "Run"
    scaler: "VideoReformatter"

    def changes(self) -> Iterator[Change]:
        """Yield the changes of the video in order of time."""
        lengths = Counter(round(group.spacing_seconds, 1) for group in self.groups[:-1])
        regular = {length for length, count in lengths.items() if count >= max(3, 0.3 * len(self.groups))}
        regular.add(max(lengths, default=0.0))
        parts = list(self._joined())
        latest = 0.0
        prior: Look | None = None
        for number, part in enumerate(parts):
            following = parts[number + 1].group if number + 1 < len(parts) else None
            with closing(Reader(self.footage, part.group, self.scaler, self.run)) as reader:
                self.run.progress(part.group.start_seconds / self.end_seconds, "looking for cuts")
                found = sorted(self._read(reader, part, prior, following, regular), key=lambda one: one.at_seconds)
            prior = reader.before_end
            for change in found:
                # The part before looked over its end; what is within a flash's length is the same change.
                if change.at_seconds > max(part.group.start_seconds, latest + HOLD_SECONDS):
                    latest = change.at_seconds
                    yield change

    def _joined(self) -> Iterator[_Part]:
        """Yield the groups; those in a row that are to be decoded whole as one, so that it is done in one go."""
        waiting: Group | None = None
        for number, group in enumerate(self.groups):
            following = self.groups[number + 1] if number + 1 < len(self.groups) else None
            if group.large is None and (following is None or self._is_other(group, following)):
                waiting = replace(waiting or group, end_seconds=group.end_seconds)
                if waiting.seconds < JOINED_SECONDS and following is not None:
                    continue
                yield _Part(waiting, whole=True)
                waiting = None
                continue
            if waiting is not None:
                yield _Part(waiting, whole=True)
                waiting = None
            yield _Part(group, whole=False)
        if waiting is not None:
            yield _Part(waiting, whole=True)

    def _read(
        self, reader: Reader, part: _Part, prior: Look | None, following: Group | None, regular: set[float]
    ) -> Iterator[Change]:
        """Yield the changes after a key frame up to and with the next one, decoding as little as will do."""
        group = part.group
        start, end = group.start_seconds, group.end_seconds
        after = FADE_SECONDS if group.still else MARGIN_SECONDS
        # A flash or a fade may begin on the key frame: then the picture before it tells.
        opening = [(start - 0.8 * HOLD_SECONDS, prior)] if prior else []
        if part.whole:
            for change in self._changes(chain(opening, reader.looks(start, end + after)), end + after):
                yield change
                if following is not None and reader.overlap(following) > SAME_PLACE:
                    reader.stop()  # the shot that has begun is the one of the next key frame
            return
        differs = following is None or self._differ(group.look, following.look) or group.look.flat
        if group.still and following is not None:
            # Over a still picture the middle of a fade is enough to look for the rest of it.
            differs = differs or difference(group.look, following.look).exceeds(STILL.structure, STILL.level)
        large = group.large if differs and group.large is not None else group.bursts
        for first, last in merge_spans([(at - MARGIN_SECONDS, at + after) for at, _ in large]):
            before = opening if first <= start else []
            # Never only just across the next key frame, because the next group is not looked at from before its start.
            until = last if last < end - HOLD_SECONDS else end + after
            yield from self._changes(chain(before, reader.looks(first, until)), until)
        if following is not None and differs and reader.at_seconds < end and self._differ(reader.look, following.look):
            yield from self._up_to(following, group, reader, expected=round(group.spacing_seconds, 1) in regular)

    def _up_to(self, following: Group, group: Group, reader: Reader, *, expected: bool) -> Iterator[Change]:
        """Yield what changes after the last frame that was looked at, up to the next key frame.

        No packet on the way is large, so the picture changes slowly, or at the key frame itself.

        Args:
            following: The group of the next key frame.
            group: The group before it.
            reader: Where reading stopped.
            expected: The encoder places key frames so far apart anyway.
        """
        end = group.end_seconds
        drift = math.inf
        elsewhere = (
            tones_moved(reader.look, following.look) > TONES_OF_A_CUT and reader.overlap(following) < SAME_PLACE_ZOOMED
        )
        at_key_frame = not expected and elsewhere
        if not at_key_frame:
            drift = reader.drift(following)
            at_key_frame = (group.still and drift < STILL_DRIFT) or (not expected and drift < CALM_DRIFT)
        if at_key_frame and not following.leading:
            if not self._comes_back(reader.look, following):
                change = difference(reader.look, following.look)
                yield Change(at_seconds=following.start_seconds, kind="cut", difference=change)
        elif not at_key_frame and drift < CALM_DRIFT:
            until = end + (FADE_SECONDS if group.still else MARGIN_SECONDS)
            yield from self._changes(reader.looks(reader.at_seconds, until), until)
        elif at_key_frame or not self._goes_on(reader, following, grainy=group.large is None, expected=expected):
            yield from self._changes(reader.looks(end - MARGIN_SECONDS, end + MARGIN_SECONDS), end + MARGIN_SECONDS)

    @property
    def end_seconds(self) -> float:
        return max(1.0, self.groups[-1].end_seconds)

    def _changes(self, looks: Iterable[tuple[float, Look]], end_seconds: float) -> Iterator[Change]:
        """Yield what changes in a span, but for its end, where a flash cannot be told from a cut."""
        for change in changes(looks, self.limits):
            if change.at_seconds <= end_seconds - HOLD_SECONDS or end_seconds >= self.groups[-1].end_seconds:
                yield change

    def _is_other(self, group: Group, following: Group) -> bool:
        """Return whether two key frames show different things, and not the same under a moving camera."""
        return self._differ(group.look, following.look) and overlap(group.view, following.view) < SAME_PLACE

    def _differ(self, one: Look, other: Look) -> bool:
        # Lower than for two frames in a row, so that what is decoded decides.
        return difference(one, other).exceeds(0.7 * self.limits.structure, 0.7 * self.limits.level)

    def _goes_on(self, reader: Reader, following: Group, *, grainy: bool, expected: bool) -> bool:
        """Return whether the next key frame is of the same moving shot as the last frame, as far as they tell."""
        # Grain makes encoders end a group before they have to, as cuts do.
        same_place = (expected or grainy) and reader.overlap(following) > SAME_PLACE
        return same_place or (expected and tones_moved(reader.look, following.look) < TONES_OF_A_SHOT)

    def _comes_back(self, last: Look, following: Group) -> bool:
        """Return whether the picture before a key frame is back soon after it: a flash."""
        start, until = following.start_seconds, following.start_seconds + HOLD_SECONDS
        if following.large is not None and not any(at <= until for at, _ in following.large):
            return False  # coming back takes a large packet
        with closing(Reader(self.footage, following, self.scaler, self.run)) as reader:
            return any(not self._differ(last, one) for _, one in reader.looks(start, until))
