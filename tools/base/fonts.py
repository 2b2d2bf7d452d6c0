"""Find fonts on this machine: for Chinese, and for one script or the other."""

import sys
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# Parts of file names, best looking first: fonts that draw simplified Chinese and Latin letters.
_NAMES = (
    "notosanscjk-regular", "notosanscjksc-regular", "notosanssc", "sourcehansanssc-regular", "sourcehansanscn-regular",
    "pingfang", "msyh", "hiragino sans gb", "deng", "stheiti", "simhei", "notosanscjk", "wqy-zenhei", "wqy-microhei",
    "notoserifcjk-regular", "simsun", "songti", "droidsansfallback", "arial unicode", "unifont",
)  # fmt: skip
# Those of one script, beside Noto's; Nirmala has all that are written in India.
_OF_SCRIPTS = {
    "thai": ("leelawui.", "thonburi", "loma."),
    "devanagari": ("nirmala", "kohinoor.", "lohit-devanagari"),
    "bengali": ("nirmala", "kohinoorbangla", "lohit-bengali"),
    "tamil": ("nirmala", "tamil mn", "lohit-tamil"),
    "arabic": ("geezapro",),
    "hebrew": ("arialhb",),
}
_ENDINGS = {".ttf", ".otf", ".ttc", ".otc"}


def _folders() -> list[Path]:
    """Return where fonts are: of the machine, and those of matplotlib, which are wherever this is."""
    with_us = (
        [Path(spec.origin).parent / "mpl-data/fonts/ttf"] if (spec := find_spec("matplotlib")) and spec.origin else []
    )
    return [*_of_machine(), *with_us]


def _of_machine() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        return [Path("C:/Windows/Fonts"), home / "AppData/Local/Microsoft/Windows/Fonts"]
    if sys.platform == "darwin":
        # Newer systems keep PingFang among the downloaded assets.
        system = [Path("/System/Library/Fonts"), Path("/Library/Fonts")]
        return [*system, home / "Library/Fonts", *Path("/System/Library").glob("AssetsV2/com_apple_MobileAsset_Font*")]
    shared = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    return [*shared, home / ".local/share/fonts", home / ".fonts"]


def find_cjk_font() -> Path | None:
    """Return the best font file for Chinese that is installed here, or None."""
    return find_font(_NAMES)


def find_script_font(letter: str) -> Path | None:
    """Return a font file that is made for the script of a letter, or None."""
    script = unicodedata.name(letter, "").partition(" ")[0].lower()
    return find_font((f"notosans{script}-regular", f"notosans{script}[", *_OF_SCRIPTS.get(script, ())))


@cache
def find_font(names: tuple[str, ...]) -> Path | None:
    """Return the font file installed here whose name in small letters begins with one of these, the first best."""
    best: tuple[int, Path] | None = None
    for folder in _folders():
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() not in _ENDINGS:
                continue
            rank = next((rank for rank, name in enumerate(names) if path.name.lower().startswith(name)), None)
            if rank is not None and (best is None or rank < best[0]):
                best = (rank, path)
    return best[1] if best else None


@cache
def simplified_chinese_face(font: Path) -> int:
    """Return the number of the face for simplified Chinese in a font file; 0 where there is only one.

    The Japanese face, which comes first in Noto Sans CJK, draws some characters in another form.
    """
    from PIL import ImageFont

    for number in range(64):
        try:
            family = ImageFont.truetype(str(font), 10, index=number).getname()[0] or ""
        except OSError:
            break
        if family.endswith(("SC", "CN", "GB")):
            return number
    return 0
