"""Tools that take long, fail, crash, print or make too much; worker processes import them from here."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.run import Run
from sensorium.tools.base.tool import Control, Media, tool
from sensorium.tools.base.workspace import Artifact


class Said(BaseModel):
    """Some words."""

    text: str
    process: int = 0


class Made(BaseModel):
    """Some pictures."""

    pictures: list[Artifact] = Field(default_factory=list)


class Part(BaseModel):
    """Some of what there is."""

    text: str
    partial: bool


@tool(effect="writes")
async def nap(
    seconds: Annotated[float, Field(description="How long.")],
    mark: Annotated[str, Field(description="A file that gets a line with the process and its child.")],
    *,
    run: Run,
) -> Said:
    """Sleep, with a child process that sleeps too."""

    def sleep() -> None:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        _mark(mark, child.pid)
        began = time.monotonic()
        while (slept := time.monotonic() - began) < seconds and not Path(f"{mark}.woken").exists():
            run.progress(slept / seconds, "asleep")
            time.sleep(0.05)
        child.kill()
        child.wait()

    await run.thread(sleep)
    return Said(text=f"slept {seconds:g} s")


@tool(effect="network")
async def post(mark: Annotated[str, Field(description="A file that gets a line.")], *, run: Run) -> Said:
    """Do something outside, slowly."""
    _mark(mark, os.getpid())
    await asyncio.sleep(600)
    return Said(text="posted")


@tool(effect="network")
async def send(
    letter: Annotated[str, Control(), Field(description="What is sent.")],
    mark: Annotated[str, Field(description="A file that gets a line.")],
    *,
    run: Run,
) -> Said:
    """Do something outside, at once."""
    _mark(mark, 0)
    return Said(text=f"sent {letter}", process=os.getpid())


def _mark(mark: str, child: int) -> None:
    with Path(mark).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {child}\n")


@tool(effect="pure")
async def break_down(secret: Annotated[str, Field(description="What it must not tell.")], *, run: Run) -> Said:
    """Raise what it should not."""
    raise KeyError(f"{secret} in /private/place")


@tool(effect="pure")
async def refuse(letters: Annotated[int, Field(description="How long the error is.")], *, run: Run) -> Said:
    """Raise an error that can be acted on."""
    raise MediaError("The film is torn. " + "x" * letters + " Mend it.")


@tool(effect="pure")
async def vanish(*, run: Run) -> Said:
    """End the whole process."""
    os._exit(7)


@tool(effect="pure")
async def chatter(lines: Annotated[int, Field(description="How many.")], *, run: Run) -> Said:
    """Print, and say a lot."""
    print("noise on standard output", flush=True)
    os.write(1, b"more noise\n")
    text = "\n".join(f"line {number} of many, with some words" for number in range(lines))
    return Said(text=text, process=os.getpid())


@tool(effect="pure")
async def paint(
    count: Annotated[int, Field(description="How many pictures.")],
    pixels: Annotated[int, Field(description="Their side.")] = 1600,
    *,
    run: Run,
) -> Made:
    """Make noisy pictures, which compress badly."""
    import numpy as np

    from sensorium.tools.base.pictures import jpeg

    random = np.random.default_rng(1)
    made = []
    for number in range(count):
        noise = random.integers(0, 255, (pixels, pixels, 3), dtype=np.uint8)
        made.append(run.put(jpeg(noise, 95), name=f"noise {number}.jpg", media_type="image/jpeg"))
    return Made(pictures=made)


@tool(effect="pure")
async def weigh(media: Annotated[list[Media], Field(description="Some files.")], *, run: Run) -> Said:
    """Give the size of some files."""
    return Said(text=" ".join(str(run.path(one).stat().st_size) for one in media))


@tool(effect="pure")
async def glance(partial: Annotated[bool, Field(description="Whether it sees only a part.")], *, run: Run) -> Part:
    """Look quickly."""
    return Part(text="seen", partial=partial)
