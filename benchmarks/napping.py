"""A server with a tool that only takes its time.

    PYTHONPATH=benchmarks python -c "import napping; napping.main()" HOME

Workers import the tool from here, so this is no script.
"""

import sys
import time
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import build_server
from sensorium.mcp_server.groups import ALL
from sensorium.mcp_server.serve_stdio import serve_stdio
from sensorium.mcp_server.service import Options
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import tool


class Slept(BaseModel):
    """What was done."""

    text: str


@tool(effect="writes", timeout_seconds=3600)
async def nap(seconds: Annotated[float, Field(gt=0, description="How long.")], *, run: Run) -> Slept:
    """Take a long time, as a film does."""

    def sleep() -> None:
        began = time.monotonic()
        while (slept := time.monotonic() - began) < seconds:
            run.progress(slept / seconds, "asleep")
            time.sleep(0.5)

    await run.thread(sleep)
    return Slept(text=f"slept {seconds:g} s")


def main() -> None:
    """Serve on standard input."""
    home = Path(sys.argv[1])
    options = Options(groups=frozenset({ALL}))
    serve_stdio(build_server(Settings(home=home, offline=True), {nap.name: nap}, Access.to([home.parent]), options))
