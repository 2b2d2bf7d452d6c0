"""`sensorium providers`: a list of all, one in detail, and a check of a user's own file."""

import argparse
import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from ..tools.base.errors import ArgumentError
from ..tools.base.settings import Settings
from .printing import fit, say, say_json
from .provider_list import WORDS, Does, Listed, listed
from .tool_commands import columns

WIDE_COLUMNS = 120
_UNITS = {
    "video_seconds": "second of film", "pictures": "picture", "audio_minutes": "minute of sound",
    "characters": "million characters", "calls": "call", "input_tokens": "million tokens in",
    "output_tokens": "million tokens out", "frames": "frame",
}  # fmt: skip


def providers(chosen: argparse.Namespace) -> int:
    """List the providers, show one, or check a file."""
    asked = list(chosen.words)
    if asked[:1] == ["check"]:
        if len(asked) != 2:
            raise ArgumentError("Say which file: `sensorium providers check FILE`.")
        from .provider_check import check

        return check(Path(asked[1]), as_json=chosen.json)
    if len(asked) > 1:
        raise ArgumentError("Say one name: `sensorium providers NAME`, or `sensorium providers check FILE`.")
    found = listed(Settings.read(), os.environ)
    if asked:
        found = [_named(asked[0], found)]
    if chosen.json:
        say_json([one.plain() for one in found] if not asked else found[0].plain(), indent=1)
        return 0
    for line in in_detail(found[0], columns(WIDE_COLUMNS)) if asked else in_short(found, columns(WIDE_COLUMNS)):
        say(line)
    return 0


def _named(name: str, found: Iterable[Listed]) -> Listed:
    known = {one.name: one for one in found}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"There is no provider {name!r}.{hint} `sensorium providers` lists all.")


def in_short(found: Iterable[Listed], width: int) -> Iterator[str]:
    """Yield a list of providers in lines of at most `width` columns, one after the other by kind."""
    all_of_them = list(found)
    names = min(max((len(one.name) for one in all_of_them), default=8), 16) + 2
    for kind, title in WORDS.items():
        some = [one for one in all_of_them if one.kind == kind]
        if not some:
            continue
        yield fit(title, width)
        for one in some:
            first, *more = _summary(one)
            begun = f"  {one.name:<{names}}" if len(one.name) < names else f"  {one.name} "
            yield from _hanging(begun, first, names + 2, width)
            for line in more:
                yield from _hanging(" " * (names + 2), line, names + 2, width)
        yield ""
    yield from textwrap.wrap(
        "`sensorium providers NAME` tells more of one. `SENSORIUM_DRAW=NAME:MODEL` chooses one for a role; another is "
        "added as `providers/NAME.toml` in the home folder, and `sensorium providers check FILE` checks that.",
        width,
    )


def _summary(one: Listed) -> list[str]:
    if one.fault and one.kind != "here":
        return [f"cannot be used: {one.fault}"]
    tasks: dict[str, list[str]] = {}
    for does in one.does:
        if does.task not in tasks.setdefault(does.role, []):
            tasks[does.role].append(does.task)
    if one.kind == "here":
        return [", ".join(one.roles) + (f": {one.fault}" if one.fault else "")]
    can = "; ".join(f"{role}: {', '.join(some)}" for role, some in tasks.items())
    first = can or (", ".join(one.roles) if one.kind != "api" else "")
    price = [_cheapest(one.prices)] if one.prices else ["price not known"] if one.does else []
    told = [_key(one), *price, *_limits(one), *(["your own file"] if one.file else [])]
    return [first, " · ".join(told)] if first else [" · ".join(told)]


def _limits(one: Listed) -> Iterator[str]:
    """Yield the longest that it makes and takes, over all models."""
    if seconds := [does.most_seconds for does in one.does if does.most_seconds and does.role in ("film", "play")]:
        yield f"to {max(seconds):g} s"
    if characters := [does.most_characters for does in one.does if does.most_characters]:
        low, high = min(characters), max(characters)
        yield f"to {low:,.0f} characters" if low == high else f"to {low:,.0f}–{high:,.0f} characters"


def _key(one: Listed) -> str:
    if not one.keys:
        return "no key"
    return f"{' or '.join(one.keys)} ({'set' if one.key_is_set else 'not set'})"


def _cheapest(prices: Mapping[str, Mapping[str, float]]) -> str:
    """Return what is charged over all models, unit by unit."""
    spans: dict[str, list[float]] = {}
    for amounts in prices.values():
        for unit, usd in amounts.items():
            spans.setdefault(unit, []).append(usd)
    return ", ".join(f"{_range(some)} a {_UNITS[unit]}" for unit, some in spans.items())


def _range(usd: list[float]) -> str:
    low, high = (f"{one:.3g}" if one < 1000 else f"{one:,.0f}" for one in (min(usd), max(usd)))
    return f"${low}" if low == high else f"${low}–{high}"


def in_detail(one: Listed, width: int) -> Iterator[str]:
    """Yield all about one provider."""
    yield fit(f"{one.name}: {one.title or WORDS[one.kind]}", width)
    if one.fault:
        yield from _hanging("  fault    ", one.fault, 11, width)
    for label, text in (
        ("address", one.base_url),
        ("key", _key(one)),
        ("file", one.file),
        ("note", one.note),
        *(("page", page) for page in one.pages),
    ):
        if text and not (one.kind == "here" and label == "key"):
            yield from _hanging(f"  {label:<9}", text, 11, width)
    for pattern, amounts in one.prices.items():
        told = ", ".join(f"${usd:g} a {_UNITS[unit]}" for unit, usd in amounts.items()) or "not known"
        yield from _hanging("  price    ", f"{pattern}: {told}", 11, width)
    for role in one.roles:
        yield ""
        pattern = next((does.models[0] for does in one.does if does.role == role), "*").rstrip("*")
        model = pattern if pattern and "*" not in pattern else "MODEL"
        setting = f"SENSORIUM_{role.upper()}={one.name}{'' if one.kind == 'here' else f':{model}'}"
        yield fit(f"{role}: {setting}", width)
        for does in (each for each in one.does if each.role == role):
            yield from _does(does, width)
    if any("*" in limit for does in one.does for limit in does.limits):
        yield ""
        yield "*: must be given."


def _does(does: Does, width: int) -> Iterator[str]:
    yield from _hanging(f"  {does.task:<10}", ", ".join(does.models), 12, width)
    yield from _hanging(" " * 12, " · ".join(does.limits), 12, width)
    if does.can:
        yield from _hanging(" " * 12, f"can: {', '.join(does.can)}", 12, width)


def _hanging(begun: str, text: str, indent: int, width: int) -> Iterator[str]:
    """Yield text behind how its first line begins, wrapped under itself."""
    # A long address stands whole, so that it can be copied.
    lines = textwrap.wrap(text, max(width - indent, 20), break_long_words=False, break_on_hyphens=False) or [""]
    yield begun + lines[0]
    for line in lines[1:]:
        yield " " * indent + line
