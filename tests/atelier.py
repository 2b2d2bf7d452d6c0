"""A maker of pictures, film and music that gives what a test has put into it."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sensorium.tools.base.makers import TASKS, Fitted, Made, Task, Wish
from sensorium.tools.base.models import Models
from sensorium.tools.base.run import Run
from sensorium.tools.credentials.keeping import Making, keep

EVERYTHING: frozenset[Task] = frozenset(task for tasks in TASKS.values() for task in tasks)


@dataclass
class Studio:
    """Makes whatever lies next in `gives`, and remembers what it was asked."""

    identity: str = "house:studio"
    gives: list[tuple[str, bytes]] = field(default_factory=list)
    """Media type and content of the files of the next wishes; the last one stays."""
    can: frozenset[Task] = EVERYTHING
    lacks: str | None = None
    fails: Exception | None = None
    fit_fails: Exception | None = None
    bends: dict[str, Any] = field(default_factory=dict)
    """Values as it takes them instead."""
    each: int | None = None
    """How many files it makes of a wish; as many as are ordered if left out."""
    job: str = ""
    texts: tuple[str, ...] = ()
    seed: int | None = None
    wishes: list[Wish] = field(default_factory=list)

    def missing(self) -> str | None:
        return self.lacks

    def tasks(self) -> frozenset[Task]:
        return self.can

    def fit(self, wish: Wish) -> Fitted:
        if self.fit_fails:
            raise self.fit_fails
        notes = tuple(f"`{name}` is {value}." for name, value in self.bends.items())
        return Fitted(wish=replace(wish, values={**wish.values, **self.bends}), notes=notes)

    async def make(self, wish: Wish, *, run: Run) -> Made:
        self.wishes.append(wish)
        if self.fails:
            raise self.fails
        files = []
        for number in range(int(wish.values.get("count", 1)) if self.each is None else self.each):
            media_type, content = self.gives.pop(0) if len(self.gives) > 1 else self.gives[0]
            made_of = tuple(handle for handles in wish.files.values() for handle in handles)
            making = Making(kind="model", provider=self.identity, inputs=made_of)
            files.append(await keep(run, content, name=f"made-{number}", media_type=media_type, making=making))
        return Made(files=tuple(files), served_by=self.identity, texts=self.texts, seed=self.seed, job=self.job)

    @property
    def last(self) -> Wish:
        return self.wishes[-1]


def served(run: Run, role: str, studios: Iterable[Any]) -> Run:
    """Return a run in which these serve a role."""
    return replace(run, models=Models(run.settings, _opened={role: list(studios)}))


def picture(width: int = 64, height: int = 48, *, colour: str | None = None, form: str = "PNG") -> bytes:
    """Return a picture with something to see, or of one colour."""
    out = io.BytesIO()
    if colour:
        Image.new("RGB", (width, height), colour).save(out, form)
    else:
        across, down = np.linspace(0, 255, width), np.linspace(0, 255, height)[:, None]
        bands = np.stack([across + 0 * down, down + 0 * across, np.full((height, width), 90)], axis=2)
        Image.fromarray(bands.astype(np.uint8)).save(out, form)
    return out.getvalue()


def lying(folder: Path, name: str, content: bytes) -> str:
    """Return the path of a file with this content."""
    path = folder / name
    path.write_bytes(content)
    return str(path)
