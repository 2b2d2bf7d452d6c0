"""What a model that draws behind an OpenAI-compatible endpoint takes: which request, which sizes, how much at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from .errors import SettingsError

Api = Literal["images", "chat"]
"""`/images/generations`, or pictures in the answer of `/chat/completions`."""
Given = Literal["form", "json", "none"]
"""How `/images` gets pictures: as files of `/images/edits`, in the field `image` of `/images/generations`, or not."""
DRAWN = ("image", "edit", "inpaint", "outpaint", "vary", "blend")
"""Tasks that such a model can be asked for."""

_SIZE = re.compile(r"[1-9]\d{1,4}x[1-9]\d{1,4}")
_ASPECT = re.compile(r"[1-9]\d{0,2}:[1-9]\d{0,2}")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Which pixels a model takes that takes more than a few sizes."""

    step: int = 1
    """Both sides are a multiple of it."""
    least_pixels: int = 1
    most_pixels: int = 1 << 26
    """Of the whole picture."""
    most_side: int = 1 << 14
    steepest: float = 100.0
    """The longer side by the shorter one, at most."""


@dataclass(frozen=True, kw_only=True)
class Draws:
    """What a model takes and gives; the usual is what most servers of open models take."""

    api: Api = "images"
    given: Given = "form"
    tasks: tuple[str, ...] = DRAWN
    sizes: tuple[str, ...] = ()
    """`1024x1024`; all that there are, the usual one first."""
    free_sizes: Sizes | None = None
    has_sizes: bool = True
    """Whether a request may say which size it wants."""
    aspects: tuple[str, ...] = ()
    """`16:9`, of a model that takes no pixels."""
    resolutions: tuple[str, ...] = ()
    """`2K`, beside an aspect; the usual one first."""
    qualities: tuple[str, ...] = ()
    count: int = 1
    """Pictures that one request may ask for."""
    pictures: int = 16
    """Pictures that it can be given."""
    prompt: int = 32_000
    """Characters."""
    bytes: int = 20_000_000
    """Of a picture that it is given."""
    tokens: int = 0
    """The most that a picture is counted as, where the provider counts tokens; a reservation, not a price."""
    seed: bool = False
    format: Literal["b64_json", "url", ""] = ""
    """What `response_format` is to say; empty where the field is refused."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """More fields of its requests."""
    said: frozenset[str] = field(default=frozenset(), compare=False)
    """The fields that its table has."""

    def over(self, other: "Draws") -> "Draws":
        """Return what this says, and of what it does not say what another does."""
        mine = {name: getattr(self, name) for name in self.said}
        return replace(other, **{**mine, "body": {**other.body, **self.body}, "said": self.said | other.said})


_WHOLE = ("count", "pictures", "prompt", "bytes", "tokens")
_LISTS: dict[str, re.Pattern[str]] = {
    "tasks": re.compile("|".join(DRAWN)),
    "sizes": _SIZE,
    "aspects": _ASPECT,
    "resolutions": re.compile(r"[1-9](?:\.\d)?K|0\.5K|\d{3,4}p"),
    "qualities": re.compile(r"[a-z]+"),
}
_LIKE = {"tasks": "edit", "sizes": "1024x1024", "aspects": "16:9", "resolutions": "2K", "qualities": "high"}
_WORDS = {"api": get_args(Api), "given": get_args(Given), "format": ("b64_json", "url", "")}


def read_draws(table: Any, where: str) -> Draws:
    """Return what a table `draws` says.

    Raises:
        SettingsError: It cannot be understood; the message names the field.
    """
    known = [one.name for one in fields(Draws) if one.name != "said"]
    if not isinstance(table, Mapping):
        raise SettingsError(f"`draws` of {where} must be a table. It can have: {', '.join(known)}.")
    if unknown := [one for one in table if one not in known]:
        raise SettingsError(f"`draws` of {where} has {unknown[0]!r}. It can have: {', '.join(known)}.")
    read: dict[str, Any] = dict(table)
    for name, words in _WORDS.items():
        if name in table and table[name] not in words:
            raise SettingsError(f"`{name}` of `draws` of {where} is {table[name]!r}; it must be one of: {words}.")
    for name, form in _LISTS.items():
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and form.fullmatch(one) for one in value):
            raise SettingsError(
                f"`{name}` of `draws` of {where} is {value!r}; it must be a list of texts like {_LIKE[name]!r}."
            )
        read |= {name: tuple(value)} if name in table else {}
    for name in _WHOLE:
        _check_whole(table.get(name, 1), name, where)
    truths = all(isinstance(table.get(name, False), bool) for name in ("seed", "has_sizes"))
    if not truths or not isinstance(table.get("body", {}), Mapping):
        raise SettingsError(
            f"`draws` of {where}: `seed` and `has_sizes` must be true or false, and `body` a table of fields."
        )
    if "free_sizes" in table:
        read["free_sizes"] = _sizes(table["free_sizes"], where)
    return Draws(**read, said=frozenset(table))


def _sizes(table: Any, where: str) -> Sizes:
    known = [one.name for one in fields(Sizes)]
    if not isinstance(table, Mapping) or any(one not in known for one in table):
        raise SettingsError(f"`free_sizes` of `draws` of {where} can have: {', '.join(known)}.")
    for name in known:
        if name != "steepest":
            _check_whole(table.get(name, 1), name, where)
    steepest = table.get("steepest", 1)
    if isinstance(steepest, bool) or not isinstance(steepest, int | float) or steepest < 1:
        raise SettingsError(f"`steepest` of `draws` of {where} is {steepest!r}; it must be a number from 1 up.")
    return Sizes(**table)


def _check_whole(value: Any, name: str, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingsError(f"`{name}` of `draws` of {where} is {value!r}; it must be a whole number above 0.")
