"""Twenty jobs of a provider that are waited for at once: connections, requests and CPU of a minute.

python benchmarks/jobs.py [SECONDS]

The provider is `tests/job_server.py` in a process of its own, on loopback; its jobs never end.
"""

import asyncio
import importlib.util
import multiprocessing
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sensorium.tools.base.errors import ProviderError
from sensorium.tools.base.makers import Wish
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.providers.remote_maker import provider

JOBS = 20
SECONDS = 60.0
PAUSES = "[5, 20]"
"""As the files of Kling and others have them."""
SETTLING_SECONDS = 3.0
"""Ordering is over by then, and is not what is measured."""


def serve(home: Path, connection: Connection) -> None:
    """Serve until told to stop, then say what was asked."""
    path = Path(__file__).parent.parent / "tests" / "job_server.py"
    spec = importlib.util.spec_from_file_location("job_server", path)
    assert spec and spec.loader
    module = sys.modules["job_server"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.serving() as server:
        server.never_ends = True
        text = server.description(deadline=3600).replace("[0.01, 0.05]", PAUSES)
        (home / "providers").mkdir()
        (home / "providers" / "shop.toml").write_text(text, encoding="utf-8")
        connection.send(module.KEY)
        connection.recv()
        connection.send((server.connections, len(server.of("submit")), len(server.of("poll"))))


async def wait_for(run: Run, seconds: float) -> float:
    """Order the jobs, wait for them, and return the share of a core that the waiting took."""
    maker = provider(run.settings, "shop:brush-1", "draw")

    async def one(number: int) -> None:
        wish = Wish(task="image", values={"prompt": f"kite {number}"})
        await maker.make(maker.fit(wish).wish, run=run)

    tasks = [asyncio.create_task(one(number)) for number in range(JOBS)]
    await asyncio.sleep(SETTLING_SECONDS)
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    share = (time.process_time() - cpu) / (time.perf_counter() - began)
    assert not any(task.done() for task in tasks), [task.exception() for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return share


def measured(seconds: float = SECONDS) -> dict[str, Any]:
    """Return what waiting for the jobs takes."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(home, theirs), daemon=True)
        process.start()
        key = ours.recv()
        run = Run.open(Settings.read({"SENSORIUM_HOME": str(home), "SHOP_KEY": key, "SENSORIUM_DRAW": "shop:brush-1"}))
        try:
            share = asyncio.run(wait_for(run, seconds))
        except ProviderError as error:
            raise SystemExit(str(error)) from None
        finally:
            run.library.close()
        ours.send("stop")
        connections, orders, polls = ours.recv()
        process.join()
    return {"connections": connections, "orders": orders, "polls": polls, "core": share}


def main() -> None:
    found = measured(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    print(
        f"{JOBS} jobs: {found['connections']} connections, {found['orders']} orders, {found['polls']} polls, "
        f"{found['core']:.2%} of a core"
    )


if __name__ == "__main__":
    main()
