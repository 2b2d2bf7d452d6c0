"""Fixtures of the tests of decoding."""

from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def slide(making: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of a slide."""
    path = tmp_path_factory.mktemp("slide") / "slide.png"
    making.slide("Budget 2026").save(path)
    return path
