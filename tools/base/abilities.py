"""What a model can take, by its name."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from .draws import Draws, read_draws
from .errors import SettingsError
from .tokens import PictureTokens, Rule

Kind = Literal["picture", "audio", "video"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Boxes = Literal["fractions", "thousandths", "thousandths_yx", "pixels"]
"""How a model was taught to write boxes: left, top, right, bottom (`yx`: top, left, bottom, right)."""
Transcripts = Literal["segments", "text"]

_RULES: tuple[Rule, ...] = get_args(Rule)
_WORDS = {"boxes": get_args(Boxes), "transcripts": get_args(Transcripts)}


@dataclass(frozen=True, kw_only=True)
class Ability:
    """What the models of a name can take and give; None where it is not known."""

    pattern: str = "*"
    """Of names as a shell has them: `gpt-4o*`. Case and what stands before the last `/` do not count."""
    takes: tuple[Kind, ...] | None = None
    picture_tokens: PictureTokens | None = None
    boxes: Boxes | None = None
    window_tokens: int | None = None
    """How many tokens it takes at once, as its server runs it; what is sent is kept shorter than that."""
    transcripts: Transcripts | None = None
    """Whether a transcript has times (`verbose_json`) or is text only."""
    draws: Draws | None = None
    """How it is asked for pictures; see `providers/drawn.toml`."""

    def fits(self, model: str) -> bool:
        name = model.lower()
        return any(fnmatchcase(one, self.pattern.lower()) for one in (name, name.rpartition("/")[2]))


def ability_of(model: str, own: Iterable[Ability] = ()) -> Ability:
    """Return what a model can take: for each field what the first pattern that fits and knows it says.

    Args:
        model: The model's name at its endpoint.
        own: What is said for this endpoint; it counts before what is known of the name anywhere.
    """
    known, own = Ability(pattern=model), tuple(own)
    for one in (*own, *_known_models()):
        if one.fits(model):
            news = {part.name: value for part in fields(one) if (value := getattr(one, part.name)) is not None}
            known = replace(known, **{name: value for name, value in news.items() if getattr(known, name) is None})
    return replace(known, draws=_draws_of(model, own))


def _draws_of(model: str, own: Iterable[Ability]) -> Draws | None:
    """Return how a model is asked for pictures: as said for its endpoint, and for the rest as its name says."""
    said = [one.draws for one in own if one.draws and one.fits(model)]
    named = next((one.draws for one in _known_models() if one.draws and one.fits(model)), None)
    found: Draws | None = None
    for one in [*said, *([named] if named else [])]:
        found = found.over(one) if found else one
    return found


@cache
def _known_models() -> tuple[Ability, ...]:
    """Return what is known of models wherever they are served, as the files of `providers/` have it."""
    folder = Path(__file__).parent.parent / "providers"
    taking = tomllib.loads((folder / "models.toml").read_text(encoding="utf-8"))
    drawing = tomllib.loads((folder / "drawn.toml").read_text(encoding="utf-8"))
    draws = {pattern: {"draws": table} for pattern, table in drawing.items()}
    return (*read_abilities(taking, "models.toml"), *read_abilities(draws, "drawn.toml"))


def read_abilities(tables: Any, where: str) -> tuple[Ability, ...]:
    """Return what a `[….models]` table says, in its order.

    Raises:
        SettingsError: A table cannot be understood; the message names the pattern and the field.
    """
    if not isinstance(tables, Mapping) or not all(isinstance(one, Mapping) for one in tables.values()):
        raise SettingsError(f"`models` in {where} must be tables, each under a pattern of names in quotation marks.")
    return tuple(_read(str(pattern), table, f'`models."{pattern}"` in {where}') for pattern, table in tables.items())


def _read(pattern: str, table: Mapping[str, Any], where: str) -> Ability:
    known = [one.name for one in fields(Ability) if one.name != "pattern"]
    if unknown := [one for one in table if one not in known]:
        raise SettingsError(f"{where} has {unknown[0]!r}. It can have: {', '.join(known)}.")
    for name, words in _WORDS.items():
        if name in table and table[name] not in words:
            raise SettingsError(f"`{name}` of {where} is {table[name]!r}; it must be one of: {', '.join(words)}.")
    window = table.get("window_tokens")
    if window is not None and (isinstance(window, bool) or not isinstance(window, int) or window <= 0):
        raise SettingsError(f"`window_tokens` of {where} is {window!r}; it must be a whole number above 0.")
    return Ability(
        pattern=pattern,
        takes=read_takes(table["takes"], where) if "takes" in table else None,
        picture_tokens=_rule(table["picture_tokens"], where) if "picture_tokens" in table else None,
        boxes=table.get("boxes"),
        window_tokens=window,
        transcripts=table.get("transcripts"),
        draws=read_draws(table["draws"], where) if "draws" in table else None,
    )


def read_takes(value: Any, where: str) -> tuple[Kind, ...]:
    """Return what a list `takes` says.

    Raises:
        SettingsError: It holds something else than kinds of media.
    """
    if not isinstance(value, list) or any(one not in KINDS for one in value):
        raise SettingsError(f"`takes` in {where} is {value!r}; it must be a list of: {', '.join(KINDS)}.")
    return tuple(value)


def _rule(table: Any, where: str) -> PictureTokens:
    numbers = [one.name for one in fields(PictureTokens) if one.name != "rule"]
    if not isinstance(table, Mapping) or any(one not in (*numbers, "rule") for one in table):
        raise SettingsError(f"`picture_tokens` of {where} can have: rule, {', '.join(numbers)}.")
    if table.get("rule", "area") not in _RULES:
        raise SettingsError(f"`rule` of `picture_tokens` of {where} must be one of: {', '.join(_RULES)}.")
    for name in numbers:
        value = table.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or (name != "base" and not value):
            raise SettingsError(f"`{name}` of `picture_tokens` of {where} is {value!r}; it must be a number above 0.")
    return PictureTokens(**table)
