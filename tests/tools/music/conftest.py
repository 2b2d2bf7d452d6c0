"""Pieces that are played once for all tests that listen to them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sensorium.tools.music.reading import read
from sensorium.tools.music.rendering import Rendered, render
from sensorium.tools.music.score import Plan, plan

QUIET: Any = SimpleNamespace(progress=lambda *_: None, check=lambda: None)
"""As much of a run as playing and listening need."""


@pytest.fixture(scope="session")
def quiet() -> Any:
    return QUIET


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Plan, Rendered, Path]]:
    """Return a piece of a description: its plan, what came of it, and the file."""
    folder = tmp_path_factory.mktemp("played")

    @cache
    def play(description: str, seconds: float = 12.0, seed: int = 1) -> tuple[Plan, Rendered, Path]:
        made = plan(seconds=seconds, asked=read(description), seed=seed)
        path = folder / f"{abs(hash((description, seconds, seed)))}.wav"
        return made, render(made, path, folder / "raw", QUIET), path

    return play


@pytest.fixture(scope="session")
def samples_in() -> Callable[[Path], np.ndarray]:
    """Return the samples of a stereo WAV file, of shape (count, 2)."""

    def read_wav(path: Path) -> np.ndarray:
        import wave

        with wave.open(str(path), "rb") as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 44_100)
            content = file.readframes(file.getnframes())
        return np.frombuffer(content, dtype="<i2").reshape(-1, 2).astype(np.float64) / 32768

    return read_wav
