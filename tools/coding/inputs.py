"""What files and packages are called for code that runs in the sandbox."""

import functools
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, distribution

from ..base.errors import ArgumentError
from ..sandbox.collect import safe_name

AT_HAND = ("numpy", "pandas", "matplotlib", "pillow", "scipy")
"""Packages that code always has."""
MOST_PACKAGES = 50
_NO_DISTRIBUTION = re.compile(r"[^A-Za-z0-9._-]")


def input_names(names: Iterable[str]) -> list[str]:
    """Return the names that files have in `/work/in`: safe ones, each only once."""
    taken: list[str] = []
    for name in map(safe_name, names):
        stem, dot, ending = name.rpartition(".")
        free, number = name, 1
        while free.casefold() in map(str.casefold, taken):
            number += 1
            free = f"{stem}-{number}{dot}{ending}" if stem else f"{ending}-{number}"
        taken.append(safe_name(free))
    return taken


def check_packages(asked: Sequence[str]) -> list[str]:
    """Return the packages that code has: those that are always there and those it asked for.

    Raises:
        ArgumentError: One is not installed; nothing is ever downloaded.
    """
    missing = [one for one in asked[:MOST_PACKAGES] if not _is_installed(one)]
    if missing or len(asked) > MOST_PACKAGES:
        named = ", ".join(repr(one[:100]) for one in missing) or f"more than {MOST_PACKAGES}"
        raise ArgumentError(
            f"`packages` asks for {named}, not installed here; nothing is downloaded for code. "
            f"There are: {', '.join(at_hand())}. Do without, or install it where Sensorium is: `pip install NAME`."
        )
    return [*at_hand(), *(one for one in asked if one.lower() not in AT_HAND)]


@functools.cache
def at_hand() -> tuple[str, ...]:
    """Return the packages that code always has, as far as they are installed."""
    return tuple(one for one in AT_HAND if _is_installed(one))


def _is_installed(name: str) -> bool:
    if not name or _NO_DISTRIBUTION.search(name):  # a path or a requirement is no name
        return False
    try:
        return bool(distribution(name).version)
    except (PackageNotFoundError, ValueError):
        return False
