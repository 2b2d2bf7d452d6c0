"""The colours of cards: few, and far enough from each other to be read by everyone."""

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours that belong together, as `#rrggbb`."""

    name: str
    ground: str
    ink: str
    muted: str
    """Of what is said beside the main thing."""
    accent: str
    surface: str
    """Of boxes on the ground."""
    line: str


PALETTES = tuple(
    Palette(name=name, ground=ground, ink=ink, muted=muted, accent=accent, surface=surface, line=line)
    for name, ground, ink, muted, accent, surface, line in (
        ("night", "#12151c", "#f6f3ec", "#a2abba", "#ffb547", "#1d222d", "#5b6577"),
        ("paper", "#f6f2ea", "#1c1e22", "#66645f", "#b8432a", "#fffdf8", "#a29c90"),
        ("sea", "#0d2836", "#f0f7f7", "#97b6c0", "#53d3c6", "#153848", "#4f7787"),
        ("plain", "#ffffff", "#15171b", "#5d646f", "#2b59d9", "#f2f5fa", "#98a2b3"),
        ("forest", "#11291f", "#f3f6ee", "#9db8a7", "#e9c46a", "#1a3a2c", "#55796a"),
        ("plum", "#28142f", "#f8f1f8", "#bba3c2", "#ff8fa3", "#381d41", "#7a5c85"),
        ("ember", "#33130f", "#fbf2ea", "#cfa79d", "#ffb27a", "#4a1e18", "#8f5d53"),
    )
)
_BY_NAME = {one.name: one for one in PALETTES}
_LOOKS = {
    "dark": "night", "black": "night", "深色": "night", "黑色": "night", "黑底": "night",
    "light": "paper", "浅色": "paper", "white": "plain", "白色": "plain", "白底": "plain",
    "blue": "sea", "蓝色": "sea", "green": "forest", "绿色": "forest", "purple": "plum", "紫色": "plum",
    "red": "ember", "红色": "ember",
}  # fmt: skip


def palette_for(looks: Set[str], usual: str, seed: int | None, number: int = 0) -> Palette:
    """Return the colours that were asked for; else, by the seed, other ones than usual.

    Args:
        looks: Words on how a card is to look.
        usual: The palette where nothing is said.
        seed: Any number.
        number: Of several cards with the same words.
    """
    first = next((_BY_NAME[name] for word, name in _LOOKS.items() if word in looks), None)
    if first is not None and number == 0:
        return first
    at = PALETTES.index(first or _BY_NAME[usual])
    return PALETTES[(at + (seed or 0) + number) % len(PALETTES)]
