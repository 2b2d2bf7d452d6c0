"""Lay scenes out in time: how long each lasts, what is heard and read when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..base.errors import ArgumentError
from ..base.models import Utterance
from ..base.subtitles import HAN_COLUMNS, LATIN_COLUMNS, LINES, cues
from ..base.words import is_han, join
from .scene import Scene, Transition
from .shots import Line, Move, Shot, Strip
from .survey import Found

STILL_SECONDS = 4.0
TITLE_SECONDS = 3.0
BREATH_SECONDS = 0.5
"""Of silence after what is said in a scene."""
MOST_SECONDS = 7200.0
SPEECH_LUFS, CLIP_LUFS, MUSIC_LUFS = -16.0, -18.0, -22.0
"""How loud each is before all of it is brought to one loudness: what is said stays in front."""
MOST_GAIN_DB = 24.0
SHORTEST_MUSIC_SECONDS = 0.5
LOOP_FADE_SECONDS = 1.5
"""Over which music goes over into itself."""
END_FADE_SECONDS = 3.0
_ROUNDED_SECONDS = 0.5
"""By so much the end of a clip may be missed: lengths are told in whole seconds."""
_READ_LETTERS, _READ_HAN = 15.0, 5.0
"""Letters that are read in a second."""
_MOVES: tuple[Move, ...] = ("in", "right", "out", "left")
_CARD = (38, 136, 122)
"""A dark blue."""


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A recording and what is known of it."""

    handle: str
    name: str
    found: Found
    words: str = ""
    """What is said in it, where that is known."""

    @property
    def seconds(self) -> float:
        return self.found.seconds


@dataclass(frozen=True, kw_only=True)
class Part:
    """A scene with what is known of its files."""

    scene: Scene
    seen: Found
    name: str = ""
    """Of its picture or clip."""
    narration: Sound | None = None

    @property
    def clip_end_seconds(self) -> float:
        """Where its clip ends, in the clip's file."""
        end = self.scene.end_seconds
        return self.seen.seconds if end is None else min(end, self.seen.seconds)


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """When everything is."""

    seconds: float
    shots: tuple[Shot, ...]
    strips: tuple[Strip, ...]
    lines: tuple[Line, ...]
    """What is said or captioned, not drawn yet."""
    limits: tuple[str, ...] = ()


def lay_out(
    parts: Sequence[Part],
    narration: Sound | None,
    music: Sound | None,
    *,
    transition: Transition,
    transition_seconds: float,
    music_gain_db: float,
) -> Timeline:
    """Return when everything in a film is.

    Raises:
        ArgumentError: Lengths do not fit each other; the message says which.
    """
    lengths = _lengths(parts, narration)
    total = sum(lengths)
    if total > MOST_SECONDS:
        raise ArgumentError(
            f"The film would last {total:,.0f} s; the limit is {MOST_SECONDS:,.0f} s. Make it in several parts and "
            "join them."
        )
    shots: list[Shot] = []
    strips: list[Strip] = []
    lines: list[Line] = []
    start = 0.0
    for number, (part, seconds) in enumerate(zip(parts, lengths, strict=True)):
        kind = part.scene.transition or transition
        # Never longer than the shots on both sides: the one before it must be over when the next one comes.
        room = min(lengths[number - 1], seconds) if number else 0.0
        fade = min(transition_seconds, room) if kind == "fade" else 0.0
        shots.append(_shot(part, number, start, seconds, fade))
        strips += _strips(part, start, seconds)
        lines += _lines(part, start, seconds)
        start += seconds
    if narration is not None:
        strips.append(_strip("speech", narration, 0.0, min(narration.seconds, total), SPEECH_LUFS))
        if narration.words and not lines:
            lines = _spoken(narration.words, 0.0, narration.seconds)
    if music is not None:
        if music.seconds < SHORTEST_MUSIC_SECONDS:
            raise ArgumentError(
                f"{music.name!r} lasts {music.seconds:.2f} s, and music that is played again and again lasts "
                f"{SHORTEST_MUSIC_SECONDS:g} s at least. Give a longer piece."
            )
        strips += _music(music, total, music_gain_db)
    stands = [shot.seconds - (shot.to_seconds - shot.from_seconds) for shot in shots if shot.to_seconds is not None]
    limits = ["Clips that are shorter than their scenes end with their last frame standing."]
    return Timeline(
        seconds=total,
        shots=tuple(shots),
        strips=tuple(strips),
        # A player shows the last frame for as long as words go on.
        lines=tuple(
            replace(one, end_seconds=min(one.end_seconds, total)) for one in lines if one.start_seconds < total
        ),
        limits=tuple(limits if any(seconds > BREATH_SECONDS for seconds in stands) else ()),
    )


def _lengths(parts: Sequence[Part], narration: Sound | None) -> list[float]:
    known = [_own_seconds(part, number) for number, part in enumerate(parts, 1)]
    lengths = [seconds for seconds, _ in known]
    if narration is None:
        return lengths
    lacking = narration.seconds + BREATH_SECONDS - sum(lengths)
    free = [number for number, (_, is_free) in enumerate(known) if is_free]
    if free:
        # Stills last as long as they must, together, each at least a second.
        share = (narration.seconds + BREATH_SECONDS - sum(lengths) + sum(lengths[one] for one in free)) / len(free)
        return [max(1.0, share) if number in free else seconds for number, seconds in enumerate(lengths)]
    if lacking > BREATH_SECONDS + 0.05:
        raise ArgumentError(
            f"The narration lasts {narration.seconds:.1f} s, and the scenes {sum(lengths):.1f} s together. Leave "
            "`seconds` out of a picture's scene, which then lasts as long as it must, or add scenes."
        )
    return lengths


def _own_seconds(part: Part, number: int) -> tuple[float, bool]:
    """Return how long a scene lasts, and whether it may as well last longer or shorter."""
    scene, spoken = part.scene, part.narration.seconds if part.narration else 0.0
    if scene.seconds is not None:
        if spoken > scene.seconds + 0.05:
            raise ArgumentError(
                f"The narration of scene {number} lasts {spoken:.1f} s, and its `seconds` are {scene.seconds:g}. Leave "
                "`seconds` out, and the scene lasts as long as its narration."
            )
        return scene.seconds, False
    heard = spoken + BREATH_SECONDS if spoken else 0.0
    if scene.video:
        return max(heard, part.clip_end_seconds - scene.start_seconds), False
    if heard:
        return max(1.0, heard), False
    words = f"{scene.title} {scene.text} {scene.caption or ''}"
    han = sum(map(is_han, words))
    reading = 1.0 + han / _READ_HAN + (len(words) - han) / _READ_LETTERS
    return max(STILL_SECONDS if scene.picture else TITLE_SECONDS, min(reading, 20.0)), True


def check_clips(parts: Sequence[Part]) -> None:
    """Check that clips are as long as they are wanted.

    Raises:
        ArgumentError: One is not.
    """
    for number, part in enumerate(parts, 1):
        scene, seconds = part.scene, part.seen.seconds
        end = scene.end_seconds or seconds
        if scene.video and (scene.start_seconds >= seconds or end > seconds + _ROUNDED_SECONDS):
            raise ArgumentError(
                f"{part.name!r} lasts {seconds:.1f} s, and scene {number} wants it from {scene.start_seconds:g} s to "
                f"{end:g} s. Give times that are in it."
            )


def _shot(part: Part, number: int, start: float, seconds: float, fade: float) -> Shot:
    scene = part.scene
    shot = Shot(kind="card", start_seconds=start, seconds=seconds, fade_seconds=fade, colour=_CARD)
    if scene.video:
        begin = scene.start_seconds
        end = min(part.clip_end_seconds, begin + seconds)
        return replace(shot, kind="clip", handle=scene.video, name=part.name, from_seconds=begin, to_seconds=end)
    if scene.picture:
        move = scene.move or _MOVES[number % len(_MOVES)]
        return replace(shot, kind="picture", handle=scene.picture, name=part.name, move=move)
    return shot


def _strips(part: Part, start: float, seconds: float) -> list[Strip]:
    scene, strips = part.scene, []
    if part.narration:
        heard = min(part.narration.seconds, seconds)
        strips.append(_strip("speech", part.narration, start, heard, SPEECH_LUFS))
    if scene.video and scene.with_sound and part.seen.has_sound and part.seen.loudness_lufs is not None:
        clip = Sound(handle=scene.video, name=part.name, found=part.seen)
        heard = min(seconds, part.clip_end_seconds - scene.start_seconds)
        strip = _strip("clip", clip, start, heard, CLIP_LUFS)
        strips.append(replace(strip, from_seconds=scene.start_seconds, rise_seconds=0.05, fall_seconds=0.15))
    return strips


def _strip(kind: str, sound: Sound, at: float, seconds: float, lufs: float) -> Strip:
    loudness = sound.found.loudness_lufs
    gain = 0.0 if loudness is None else max(-MOST_GAIN_DB, min(MOST_GAIN_DB, lufs - loudness))
    return Strip(
        kind="speech" if kind == "speech" else "clip" if kind == "clip" else "music",
        handle=sound.handle,
        name=sound.name,
        at_seconds=at,
        seconds=seconds,
        gain_db=gain,
    )


def _music(music: Sound, total: float, gain_db: float) -> list[Strip]:
    """Return music that plays to the end of the film, over and over if need be, and then fades."""
    length = music.seconds
    fade = min(LOOP_FADE_SECONDS, length / 4)
    strips, at = [], 0.0
    while at < total:
        one = _strip("music", music, at, min(length, total - at), MUSIC_LUFS)
        is_last = at + length >= total
        fall = min(END_FADE_SECONDS, total / 4, one.seconds) if is_last else fade
        rise = min(fade, one.seconds) if at else 0.05
        strips.append(replace(one, gain_db=one.gain_db + gain_db, rise_seconds=rise, fall_seconds=fall))
        at += length - fade
        if is_last:
            break
    return strips


def _lines(part: Part, start: float, seconds: float) -> list[Line]:
    scene = part.scene
    if scene.caption is not None and scene.caption.strip():
        spoken = part.narration.seconds if part.narration else seconds
        if _is_short(scene.caption):
            return [Line(start_seconds=start, end_seconds=start + seconds, text=scene.caption.strip())]
        return _spoken(scene.caption, start, min(spoken, seconds))
    if scene.caption is None and part.narration and part.narration.words:
        return _spoken(part.narration.words, start, min(part.narration.seconds, seconds))
    return []


def _spoken(words: str, start: float, seconds: float) -> list[Line]:
    """Return captions of words that are said evenly in a time."""
    said = cues([Utterance(text=words, start_seconds=start, end_seconds=start + seconds)])
    return [
        Line(
            start_seconds=one.start_milliseconds / 1000,
            end_seconds=min(one.end_milliseconds / 1000, start + seconds + BREATH_SECONDS),
            text=join(one.lines),
        )
        for one in said
    ]


def _is_short(text: str) -> bool:
    return len(text) <= LINES * (HAN_COLUMNS if is_han(text) else LATIN_COLUMNS)
