"""A shop of jobs on loopback, and runs that order there."""

import io
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.tools.base.run import Call, Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.jobs import downloading


@pytest.fixture
def shop(job_server: ModuleType, making: ModuleType) -> Iterator[Any]:
    """A job API that makes one picture."""
    picture = io.BytesIO()
    making.slide("A kite", width=160, height=90).save(picture, "PNG")
    with job_server.serving() as running:
        running.content = picture.getvalue()
        yield running


@pytest.fixture
def ordering(shop: Any, job_server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Open runs that order at the shop; their file is written anew for each."""
    monkeypatch.setattr(downloading, "WAITS_SECONDS", (0.0, 0.0, 0.0))
    opened: list[Run] = []

    def open_run(run_id: str | None = None, *, env: dict[str, str] | None = None, file: str = "", **more: Any) -> Run:
        home = shop.furnish(tmp_path / "home", **more)
        (home / "sensorium.toml").write_text(file, encoding="utf-8")
        environ = {
            "SENSORIUM_HOME": str(home),
            "SENSORIUM_DRAW": "shop:brush-1",
            "SHOP_KEY": job_server.KEY,
            **(env or {}),
        }
        run = Run.open(Settings.read(environ, tmp_path), run_id=run_id)
        opened.append(run)
        return run.within(Call(id="call", tool="make_image", arguments={}, inputs=[]))

    yield open_run
    for run in opened:
        run.library.close()
