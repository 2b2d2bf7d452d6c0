"""Holds what was made against what was ordered: it decodes, and has the size, the length and the sound."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ..base.errors import MediaError
from ..base.makers import TASKS, Made, Value, ValueName, Wish
from ..base.media import examine
from .measuring import Measured, measure
from .sizes import asked_size, read_aspect

if TYPE_CHECKING:
    from ..base.run import Run
    from ..base.workspace import Artifact, Fact

OFF_SECONDS, OFF_SHARE = 0.5, 0.1
"""So far a length may be from what was ordered: whichever is more; models make whole groups of frames."""
LOST_SHARE = 0.05
"""So much of the pictures, or of the sound, may be damaged; servers put a line of their own before or behind MP3."""
_HEARD_SHARE = 0.05
"""Of sound that was ordered: where less can be heard, it is a click in silence."""
MOST_SPOKEN_A_SECOND = 15.0
"""Syllables; people speak four to eight of them, and models not twice as many. What has more was cut off."""
_USUALLY_SPOKEN_A_SECOND = 8.0
"""Measured of espeak: 3.4 (Chinese) to 7 (Japanese). What has more may be honest haste, or half of it was cut off."""
_LEAST_SYLLABLES = 24
"""Of fewer, nobody can tell whether they are said in haste."""
_LETTERS_A_SYLLABLE = 3
"""Of an alphabet, as English is spelled."""
_FIRST_WIDE = "\u3040"
"""Kana, hanzi and hangul, each a syllable, begin here."""
_ENDS_SHARE = 0.5
"""What of a film ends before this is no result; what ends later and before the film is noted."""
_FILM_PIXELS = 16
"""Models of film make sides that their blocks fit into: 1072 lines for 1080."""
_ASPECT_SHARE = 0.06
"""1344×768 and 1792×1024 are sold as 16:9."""
_RESOLUTION_SHARE = 0.15
"""1248×704 and 1504×640 are sold as 720p."""
_LEAST_PIXELS = 16
"""A side of what was made of nothing but words; services give one pixel where they have no picture."""
_SCALE_SHARE, _BLOCK_PIXELS = 0.02, 8
"""So far the sides of what was to grow may be off, whichever is more: models round to whole blocks of 16 pixels."""
_RESOLUTION = re.compile(r"(\d{3,4})[pP]")
_NAMES = {"picture": ("a picture", "pictures"), "video": ("a film", "films"), "audio": ("sound", "recordings")}
# What is given may be blank, and then a part of it is.
_AS_GIVEN = frozenset({"pick", "upscale"})
# A filter of a provider gives black; who asks for one colour gets it.
_FLAT = re.compile(r"\b(?:plain|solid|blank|empty|pure|uniform)\b|纯|空白", re.IGNORECASE)
_WORDS_ONLY = frozenset({"describe", "clone"})
# What goes on from something given has at least the length that was ordered: some count the whole, some what is new.
_LONGER = frozenset({"extend", "continue", "talk", "dance"})


async def prove_made(made: Made, wish: Wish, run: "Run") -> Made:
    """Return what was made with what it really holds noted at its files, if it is what was ordered.

    Args:
        made: What came.
        wish: As the model took it, that is, what was ordered of it.
        run: Its decoder processes decode the files.

    Raises:
        MediaError: It is not; the message says what came instead, and the handle under which it is kept.
    """
    if wish.task in _WORDS_ONLY:
        if not any(one.strip() for one in made.texts):
            raise MediaError(f"`{made.served_by}` answered without any words. Ask again.")
        if not made.files:
            return made
    kind = _kind(wish)
    ordered = int(wish.values.get("count", 1))
    if len(made.files) < ordered and wish.task not in _WORDS_ONLY:
        came = f"{len(made.files)} came" if made.files else "nothing came"
        raise MediaError(
            f"`{made.served_by}` was ordered {ordered} {_NAMES[kind][ordered != 1].removeprefix('a ')}, and {came}"
            f"{_kept(made.files)}. Ask again with another `seed`, or for fewer."
        )
    given = await _given(wish, run)
    files, notes = [], list(made.notes)
    for file in made.files:
        try:
            found = await run.decode(measure, run.path(file.handle), file.name, run)
        except MediaError as error:
            raise MediaError(
                f"`{made.served_by}` made a file that cannot be used, kept as {file.handle}: {error}"
            ) from error
        if faults := list(_faults(found, wish, kind, given)):
            raise MediaError(
                f"`{made.served_by}` did not make what was ordered: {'; '.join(faults)}. {_how_to_use(file)}"
            )
        notes += [one for one in _notes(found, wish) if one not in notes]
        files.append(run.workspace.add_facts(file.handle, _facts(found, made)))
    return replace(made, files=tuple(files), notes=tuple(notes))


def _kind(wish: Wish) -> Literal["picture", "video", "audio"]:
    if wish.task in TASKS["draw"]:
        return "picture"
    return "video" if wish.task in TASKS["film"] else "audio"


async def _given(wish: Wish, run: "Run") -> Mapping[str, float]:
    """Return what is to be known of the files that went in: pixels of the picture, seconds of the recording."""
    found: dict[str, float] = {}
    if wish.task in ("upscale", "outpaint") and (handles := wish.files.get("picture")):
        facts = await run.decode(examine, run.path(handles[0]), run.name(handles[0]))
        found |= {"width": float(facts.width_pixels or 0), "height": float(facts.height_pixels or 0)}
    if wish.task == "talk" and (handles := wish.files.get("sound")):
        facts = await run.decode(examine, run.path(handles[0]), run.name(handles[0]))
        found["seconds"] = facts.seconds or 0.0
    return found


def _faults(found: Measured, wish: Wish, kind: str, given: Mapping[str, float]) -> Iterator[str]:
    """Yield what is not as it was ordered."""
    if found.kind != kind:
        yield f"{_NAMES[found.kind][0]} ({found.media_type}) came, and {_NAMES[kind][0]} was ordered"
        return
    if found.partial:
        yield f"the file is cut off or damaged; {found.seconds or 0:.1f} s of it can be read"
    if found.lost_share > LOST_SHARE:
        yield f"{found.lost_share:.0%} of it cannot be decoded"
    if kind != "audio":
        if found.flat in ("black", "white") and not _may_be_flat(wish):
            yield f"all of it is {found.flat}"
        yield from _wrong_size(found, wish, given)
    if kind != "picture":
        yield from _wrong_length(found, wish, given)
        yield from _wrong_sound(found, wish, kind)
        yield from _too_little_said(found, wish)


def _may_be_flat(wish: Wish) -> bool:
    return wish.task in _AS_GIVEN or _FLAT.search(str(wish.values.get("prompt", ""))) is not None


def _wrong_size(found: Measured, wish: Wish, given: Mapping[str, float]) -> Iterator[str]:
    width, height = found.width_pixels or 0, found.height_pixels or 0
    came, values = f"{width}×{height} px", wish.values
    if given.get("width") and (wanted := _grown(wish, given)):
        pairs = zip((width, height), wanted, strict=True)
        if any(abs(has - side) > max(_SCALE_SHARE * side, _BLOCK_PIXELS) for has, side in pairs):
            yield f"it has {came}, and {wanted[0]:.0f}×{wanted[1]:.0f} px were ordered"
        return
    off = _FILM_PIXELS if found.kind == "video" else 0
    asked = asked_size(values)
    if any(one is not None and abs(one - has) > off for one, has in zip(asked, (width, height), strict=True)):
        yield f"it has {came}, and {'×'.join(str(one or 'any') for one in asked)} px were ordered"
        return
    if None in asked and not wish.files and min(width, height) < _LEAST_PIXELS:
        yield f"it has {came}, which is no {_NAMES[found.kind][0].removeprefix('a ')}"
        return
    if "aspect" in values and None in asked and ":" in str(values["aspect"]):
        ratio = read_aspect(str(values["aspect"]))
        if abs(width / max(1, height) / ratio - 1) > _ASPECT_SHARE:
            yield f"it has {came}, and {values['aspect']} was ordered"
    if found.kind == "video" and (lines := _RESOLUTION.fullmatch(str(values.get("resolution", "")))):
        wanted_lines = int(lines[1])
        # The side that is meant, or the area that it has at 16:9.
        short, area = min(width, height) / wanted_lines, (width * height / (wanted_lines**2 * 16 / 9)) ** 0.5
        if min(abs(short - 1), abs(area - 1)) > _RESOLUTION_SHARE:
            yield f"it has {came}, and {values['resolution']} was ordered"


def _grown(wish: Wish, given: Mapping[str, float]) -> tuple[float, float] | None:
    """Return the size that a picture was to grow to; None where the order does not say."""
    values = wish.values
    if wish.task == "upscale" and "scale" in values:
        return given["width"] * float(values["scale"]), given["height"] * float(values["scale"])
    if wish.task == "outpaint":
        across = _sum(values, "left_pixels", "right_pixels")
        down = _sum(values, "top_pixels", "bottom_pixels")
        return (given["width"] + across, given["height"] + down) if across or down else None
    return None


def _sum(values: Mapping[ValueName, Value], *names: ValueName) -> float:
    return sum(float(values.get(name, 0)) for name in names)


def _wrong_length(found: Measured, wish: Wish, given: Mapping[str, float]) -> Iterator[str]:
    has = found.seconds or 0.0
    wanted = float(wish.values.get("seconds", 0) or given.get("seconds", 0))
    if wanted and (has < wanted - _off(wanted) or (has > wanted + _off(wanted) and wish.task not in _LONGER)):
        yield f"it lasts {has:.1f} s, and {wanted:g} s were ordered"


def _off(seconds: float) -> float:
    return max(OFF_SECONDS, OFF_SHARE * seconds)


def _early(found: Measured) -> Iterator[tuple[str, float]]:
    """Yield which part of a file ends before it, and when."""
    has = found.seconds or 0.0
    for what, end in (("pictures", found.pictures_end), ("sound", found.sound_seconds if found.has_sound else None)):
        if end is not None and end < has - _off(has):
            yield what, end


def _wrong_sound(found: Measured, wish: Wish, kind: str) -> Iterator[str]:
    has = found.seconds or 0.0
    is_wanted = kind == "audio" or wish.task == "talk" or wish.values.get("with_sound") is True
    for what, end in _early(found):
        if end < _ENDS_SHARE * has and (is_wanted or what == "pictures"):
            yield f"it has {what} for {end:.1f} of its {has:.1f} s only"
    if not is_wanted:
        return
    if not found.has_sound:
        yield "it has no sound, and was ordered with sound"
    elif found.is_silent:
        yield "its sound is silence"
    elif kind == "audio" and found.heard_seconds < _HEARD_SHARE * has:
        yield f"its sound is silence but for {found.heard_seconds:.1f} of {has:.1f} s"


def _too_little_said(found: Measured, wish: Wish) -> Iterator[str]:
    """Yield that speech is too short for its words; of a few words nobody can tell."""
    if wish.task != "speech" or not found.heard_seconds:
        return
    letters, syllables = _syllables(wish)
    least = syllables / MOST_SPOKEN_A_SECOND / _speed(wish)
    if least >= 1 and found.heard_seconds < least:
        heard = f"something is heard for {found.heard_seconds:.1f} s"
        yield f"{heard}, and its {letters} letters take {least:.0f} s at least"


def _syllables(wish: Wish) -> tuple[int, float]:
    """Return how many letters the text of a wish has, and about how many syllables they are."""
    letters = [one for one in str(wish.values.get("text", "")) if one.isalpha()]
    wide = sum(one >= _FIRST_WIDE for one in letters)
    return len(letters), wide + (len(letters) - wide) / _LETTERS_A_SYLLABLE


def _speed(wish: Wish) -> float:
    return float(wish.values.get("speed", 1))


def _notes(found: Measured, wish: Wish) -> Iterator[str]:
    has = found.seconds or 0.0
    if found.flat and wish.task not in _AS_GIVEN:
        yield "All of the picture is of one colour."
    elif found.is_still:
        yield f"Nothing moves in it: it looks the same all of its {has:.1f} s."
    if found.lost_share:
        yield f"{found.lost_share:.1%} of it cannot be decoded."
    letters, syllables = _syllables(wish)
    usual = syllables / _USUALLY_SPOKEN_A_SECOND / _speed(wish)
    if wish.task == "speech" and syllables >= _LEAST_SYLLABLES and found.heard_seconds < usual:
        heard = f"Its {letters} letters are heard in {found.heard_seconds:.1f} s"
        yield f"{heard}, in which few could say them: a part may be missing."
    for what, end in _early(found):
        yield f"It has {what} for {end:.1f} of its {has:.1f} s only."
    if wish.values.get("with_sound") is False and found.has_sound and not found.is_silent:
        yield "It has sound, though none was ordered; `edit_media` takes it out."


def _facts(found: Measured, made: Made) -> dict[str, "Fact"]:
    """Return what is to be known of a file without opening it, and where something can go on from it."""
    facts: dict[str, Fact] = {
        "width_pixels": found.width_pixels,
        "height_pixels": found.height_pixels,
        "seconds": found.seconds,
        "has_sound": found.has_sound if found.kind == "video" else None,
        "provider": made.served_by,
        "job": made.job or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _how_to_use(file: "Artifact") -> str:
    """Return how what was paid for is had all the same."""
    return (
        f"It is kept as {file.handle}. Every tool takes that as a file, and `edit_media` with `convert` gives it as it "
        "is. Another `seed`, other words and another run are another order."
    )


def _kept(files: "tuple[Artifact, ...]") -> str:
    return f" (kept as {', '.join(one.handle for one in files)})" if files else ""
