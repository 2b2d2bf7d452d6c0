"""Find fonts for a card that have all of its letters, in two families and two weights."""

import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from ..base.errors import UnavailableError
from ..base.fonts import find_cjk_font, find_font, find_script_font, simplified_chinese_face
from ..base.words import is_han

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Family = Literal["sans", "serif"]
Weight = Literal["regular", "bold"]

# Parts of file names, best looking first. Latin letters of Noto Sans CJK are those of Source Sans.
_LATIN: dict[tuple[Family, Weight], tuple[str, ...]] = {
    ("sans", "bold"): (
        "inter-bold", "segoeuib", "notosans-bold.", "opensans-bold.", "roboto-bold.", "lato-bold.", "notosanscjk-bold",
        "arial bold", "arialbd", "liberationsans-bold.", "dejavusans-bold.",
    ),
    ("sans", "regular"): (
        "inter-regular", "segoeui.", "notosans-regular", "opensans-regular", "roboto-regular", "lato-regular",
        "notosanscjk-regular", "helveticaneue", "arial.", "liberationsans-regular", "dejavusans.",
    ),
    ("serif", "bold"): (
        "sourceserif4-bold", "georgiab", "georgia bold", "notoserif-bold.", "liberationserif-bold.",
        "dejavuserif-bold.",
    ),
    ("serif", "regular"): (
        "sourceserif4-regular", "georgia.", "notoserif-regular", "liberationserif-regular", "timesnewroman", "times.",
        "dejavuserif.",
    ),
}  # fmt: skip
_EASTERN: dict[tuple[Family, Weight], tuple[str, ...]] = {
    ("sans", "bold"): ("notosanscjk-bold", "notosanscjksc-bold", "sourcehansanssc-bold", "msyhbd", "stheiti medium"),
    ("sans", "regular"): (),
    ("serif", "bold"): ("notoserifcjk-bold", "notoserifcjksc-bold", "sourcehanserifsc-bold"),
    ("serif", "regular"): (
        "notoserifcjk-regular", "notoserifcjksc-regular", "sourcehanserifsc-regular", "songti", "simsun",
    ),
}  # fmt: skip
# What is left out where no font has it: pictures beside words, and what joins or colours them.
_JOINED = frozenset({"Mn", "Mc", "Me", "Cf"})
_SIGNS = frozenset({"So", "Sk", "Cf", "Cs", "Co", "Mn", "Me"})


@dataclass(frozen=True, kw_only=True)
class Face:
    """A font file, which of several fonts in it, and others for letters that it lacks."""

    path: Path | None
    """None: the one that comes with Pillow."""
    number: int = 0
    others: "tuple[Face, ...]" = ()

    def font(self, size: float) -> "FreeTypeFont":
        return _font(self.path, self.number, size)

    def runs(self, line: str) -> "list[tuple[str, Face]]":
        """Return a line in stretches of one font each; marks and spaces stay with what stands before them."""
        if not self.others:
            return [(line, self)]
        found: list[tuple[str, Face]] = []
        for letter in line:
            stays = letter.isspace() or unicodedata.category(letter) in _JOINED
            face = found[-1][1] if found and stays else _having(self, letter)
            if found and found[-1][1] == face:
                found[-1] = (found[-1][0] + letter, face)
            else:
                found.append((letter, face))
        # Spaces behind words that run to the left must not come before them.
        parted = ((part, face) for run, face in found for part in (run.rstrip(), run[len(run.rstrip()) :]))
        return [(part, face) for part, face in parted if part]


def signs_without_font(words: str) -> str:
    """Return signs, such as emoji, that no font here has, so that they are left out.

    Raises:
        UnavailableError: No font here has a letter of the words; the message names the fix.
    """
    if any(map(_joins, words)) and not _can_join():
        raise UnavailableError(
            "Letters of this script join and change their order, and what sets them is not installed here. Install "
            "`libfribidi0` (`apt install libfribidi0`; on other systems Pillow's page on Raqm says how)."
        )
    gone = _lacking(_best(words, "sans", "regular"), _letters(words))
    if needed := sorted(one for one in gone if unicodedata.category(one) not in _SIGNS):
        fix = (
            "Install a font with Chinese letters, for example `apt install fonts-noto-cjk`"
            if any(map(_is_eastern, needed))
            else "Install a font that has them, for example `apt install fonts-noto`"
        )
        raise UnavailableError(f"No font here has {''.join(needed[:20])!r}, and boxes would be set instead. {fix}.")
    return "".join(sorted(gone))


def face_for(words: str, family: Family, weight: Weight) -> Face:
    """Return the best font that has these words; another family or weight, or several, where none of this one has."""
    needed = _letters(words)
    kinds: tuple[tuple[Family, Weight], ...] = ((family, weight), ("sans", weight), ("sans", "regular"))
    faces = [_best(words, *one) for one in kinds]
    whole = (one for one in faces if not one.others)
    return next((one for one in [*whole, *faces] if not _lacking(one, needed)), faces[-1])


def _letters(words: str) -> frozenset[str]:
    return frozenset(one for one in words if one.isprintable() and not one.isspace())


def _best(words: str, family: Family, weight: Weight) -> Face:
    needed = _letters(words)
    faces = _faces(family, weight, any(map(_is_eastern, needed)))
    best = min(faces, key=lambda face: len(_missing(face, needed)))
    own = sorted({path for one in _missing(best, needed) if (path := find_script_font(one))})
    faces = [best, *faces, *(Face(path=one) for one in own)]
    best = min(faces, key=lambda face: len(_missing(face, needed)))
    others: list[Face] = []
    lacking = _missing(best, needed)
    while lacking:
        other = min(faces, key=lambda face: len(_missing(face, lacking)))
        if _missing(other, lacking) == lacking:
            break
        others.append(other)
        lacking = _missing(other, lacking)
    return replace(best, others=tuple(others))


def _lacking(face: Face, letters: frozenset[str]) -> frozenset[str]:
    """Return the letters that neither a font has nor the others beside it."""
    for one in (replace(face, others=()), *face.others):
        letters = _missing(one, letters)
    return letters


@lru_cache(maxsize=4096)
def _having(face: Face, letter: str) -> Face:
    """Return the font that a letter is set in."""
    first = replace(face, others=())
    return next((one for one in (first, *face.others) if not _missing(one, frozenset(letter))), first)


@cache
def _faces(family: Family, weight: Weight, eastern: bool) -> list[Face]:
    """Return the fonts that come into question, the best first."""
    latin, own = find_font(_LATIN[family, weight]), find_font(_EASTERN[family, weight])
    found = [Face(path=latin)] if latin else []
    east = [Face(path=one, number=simplified_chinese_face(one)) for one in (own, find_cjk_font()) if one]
    found = [*east, *found] if eastern else [*found, Face(path=None), *east]
    if broad := find_font(_LATIN["sans", weight][-1:]):
        found.append(Face(path=broad))
    return found or [Face(path=None)]


@lru_cache(maxsize=256)
def _missing(face: Face, letters: frozenset[str]) -> frozenset[str]:
    """Return the letters that a font draws as it draws what is no letter at all."""
    from PIL import ImageFont

    # By the simple engine: the other one swaps fonts and joins letters.
    plain = face.font(24).font_variant(layout_engine=ImageFont.Layout.BASIC)

    def looks(letter: str) -> tuple[tuple[int, int], bytes]:
        mask = plain.getmask(letter)
        return mask.size, bytes(mask)

    nothing = looks("\U0010ffff")
    return frozenset(one for one in letters if (seen := looks(one)) == nothing or not any(seen[1]))


@lru_cache(maxsize=128)
def _font(path: Path | None, number: int, size: float) -> "FreeTypeFont":
    from PIL import ImageFont

    if path is None:
        return cast("FreeTypeFont", ImageFont.load_default(size=size))
    return ImageFont.truetype(str(path), size, index=number)


def _joins(letter: str) -> bool:
    """Return whether a letter is of a script that runs to the left, or whose letters change with their neighbours."""
    code = ord(letter)
    return runs_left(letter) or 0x0900 <= code <= 0x109F or 0x1780 <= code <= 0x17FF


def runs_left(text: str) -> bool:
    """Return whether a text is of a script that runs from right to left, as its first letter says."""
    directions = (unicodedata.bidirectional(one) for one in text)
    return next((one != "L" for one in directions if one in ("L", "R", "AL")), False)


def _can_join() -> bool:
    from PIL import features

    return bool(features.check_feature("raqm") and features.check_feature("fribidi"))


def _is_eastern(letter: str) -> bool:
    return is_han(letter) or 0x2E80 <= ord(letter) <= 0x9FFF or 0xAC00 <= ord(letter) <= 0xFFEF
