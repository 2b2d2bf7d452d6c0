"""Recipes by name: those of the house, and the user's own."""

from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize

from ..tools.base.errors import ArgumentError, SensoriumError
from .recipe import Recipe, read_recipe

HOUSE = Path(__file__).resolve().parent.parent / "recipes"


def find_recipe(name: str, home: Path) -> Path:
    """Return the file of a recipe: a user's own before one of the house of the same name; or the file that is named.

    Raises:
        ArgumentError: There is none; the message says which there are.
    """
    if name.endswith(".toml"):
        return Path(name)
    for file in recipe_files(home):
        if normalize("NFC", file.stem) == normalize("NFC", name):
            return file
    known = ", ".join(dict.fromkeys(one.stem for one in recipe_files(home))) or "none"
    raise ArgumentError(
        f"There is no recipe {name!r}. There are: {known}. Your own are NAME.toml in {str(home / 'recipes')!r}."
    )


def recipe_files(home: Path) -> Iterator[Path]:
    """Yield the files of all recipes, each name once: the user's own first."""
    seen: set[str] = set()
    for folder in (home / "recipes", HOUSE):
        for file in sorted(folder.glob("*.toml")):
            if file.is_file() and file.stem not in seen:
                seen.add(file.stem)
                yield file


def all_recipes(home: Path) -> Iterator[tuple[str, Recipe | SensoriumError]]:
    """Yield name and recipe of each, or what is wrong with it."""
    for file in recipe_files(home):
        try:
            yield file.stem, read_recipe(file)
        except SensoriumError as error:
            yield file.stem, error
