"""Make hostile files and do with each what a user would: `python tests/safety/hostile_media.py BATCH FOLDER`."""

import asyncio
import ctypes
import importlib
import io
import json
import os
import re
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "hostile"))

from case import SECRET, Case, Place

CPU_SECONDS, WALL_SECONDS = 5.0, 30.0
"""Most for one call. The clock is wide: other tests run beside this one."""
_OPENED, _ACCESSED = 0x20, 0x1


class Watch:
    """Hears of every opening of files in some folders, by whatever library (inotify)."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queue = self._libc.inotify_init1(os.O_NONBLOCK)
        self._watched: list[int] = []

    def only(self, *paths: Path) -> None:
        for one in self._watched:
            self._libc.inotify_rm_watch(self._queue, one)
        self.opened()
        self._watched = [
            self._libc.inotify_add_watch(self._queue, os.fsencode(path), _OPENED | _ACCESSED) for path in paths
        ]

    def opened(self) -> set[str]:
        """Return the names of what was opened since the last time; of a file that is watched itself, `.`."""
        names = set()
        try:
            while events := os.read(self._queue, 1 << 16):
                at = 0
                while at < len(events):
                    _, mask, _, length = struct.unpack_from("iIII", events, at)
                    name = events[at + 16 : at + 16 + length].rstrip(b"\0").decode("utf-8", "replace")
                    if mask & (_OPENED | _ACCESSED) and not mask & 0x40000000:
                        names.add(name or ".")
                    at += 16 + length
        except BlockingIOError:
            return names
        return names


class Peak:
    """Follows how much memory this process, and each that it started, takes at most."""

    def __init__(self) -> None:
        self._most_bytes = 0
        self._looking = threading.Lock()
        threading.Thread(target=self._follow, daemon=True).start()

    def reset(self) -> None:
        with self._looking:  # what is being read would be that of the call before
            for one in _tree(os.getpid()):
                with suppress(OSError):  # another user's, or one that has ended
                    Path(f"/proc/{one}/clear_refs").write_text("5")
            self._most_bytes = 0

    def bytes(self) -> int:
        self._look()
        return self._most_bytes

    def _look(self) -> None:
        with self._looking:
            self._most_bytes = max(self._most_bytes, *(_memory(one, "VmHWM") for one in _tree(os.getpid())), 0)

    def _follow(self) -> None:
        while True:
            self._look()
            time.sleep(0.02)


def _memory(pid: int, field: str) -> int:
    try:
        found = re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _tree(int(child))


def _cpu(pid: int) -> float:
    """Return the processor seconds that a process, those it started, and those of them that ended have used."""
    total = 0.0
    for one in _tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


@contextmanager
def trap() -> Iterator[tuple[str, list[str]]]:
    """Give the address of a server that nobody may dial, and the list of those who did."""
    listener = socket.create_server(("127.0.0.1", 0))
    dialled: list[str] = []

    def listen() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            dialled.append(repr(caller.recv(200)))
            caller.close()

    threading.Thread(target=listen, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", dialled
    listener.close()


def small_files(folder: Path) -> None:
    """Write the honest files that others are made from."""
    import av
    import numpy as np
    from PIL import Image

    folder.mkdir()
    picture = Image.fromarray(np.arange(64 * 48 * 3, dtype=np.uint32).reshape(48, 64, 3).astype(np.uint8))
    for ending in ("png", "jpg", "gif", "webp", "tif", "bmp", "avif"):
        picture.save(folder / f"a.{ending}")
    for ending, video, audio in (
        ("mp4", "libx264", "aac"), ("mov", "libx264", "aac"), ("mkv", "libx264", "aac"), ("webm", "libvpx", "libopus"),
        ("avi", "mpeg4", "libmp3lame"), ("ts", "libx264", "aac"),
        ("wav", "", "pcm_s16le"), ("mp3", "", "libmp3lame"), ("ogg", "", "libopus"), ("flac", "", "flac"),
        ("aac", "", "aac"),
    ):  # fmt: skip
        _film(folder / f"a.{ending}", video, audio, av, np)


def _film(path: Path, video: str, audio: str, av: Any, np: Any, *, size: tuple[int, int] = (64, 48)) -> None:
    with av.open(str(path), "w", format={".ts": "mpegts", ".aac": "adts", ".mkv": "matroska"}.get(path.suffix)) as out:
        moving = out.add_stream(video, rate=10) if video else None
        sound = out.add_stream(audio, rate=48_000 if audio == "libopus" else 16_000, layout="mono")
        if moving:
            moving.width, moving.height, moving.pix_fmt, moving.gop_size = *size, "yuv420p", 5
            for number in range(20):
                frame = av.VideoFrame.from_ndarray(
                    np.full((size[1], size[0], 3), number * 10, np.uint8), format="rgb24"
                )
                frame.pts = number
                out.mux(moving.encode(frame))
            out.mux(moving.encode(None))
        samples = (np.sin(np.arange(2 * sound.rate) / 9) * 9000).astype(np.int16)
        resampler = av.AudioResampler(
            format=sound.format.name, layout="mono", rate=sound.rate, frame_size=sound.frame_size
        )
        whole = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        whole.sample_rate, whole.pts = sound.rate, 0
        for frame in [*resampler.resample(whole), *resampler.resample(None)]:
            out.mux(sound.encode(frame))
        out.mux(sound.encode(None))


def neighbours(folder: Path) -> None:
    """Write the files that stand beside each hostile one: 222 × 124 pixels, and the secret."""
    import av
    import numpy as np
    from PIL import Image

    folder.mkdir()
    _film(folder / "neighbour.mp4", "libx264", "aac", av, np, size=(222, 124))
    (folder / "neighbour.wav").write_bytes((folder.parent / "small" / "a.wav").read_bytes())
    Image.new("RGB", (222, 124), "red").save(folder / "neighbour.png")
    (folder / "neighbour.txt").write_text(SECRET)


class Trial:
    """Does with each file what a user would, and notes what went wrong."""

    def __init__(self, folder: Path, dialled: list[str]) -> None:
        from sensorium.tools.base.run import Run
        from sensorium.tools.base.settings import Settings

        self.folder, self.dialled = folder, dialled
        self.secret = folder / "elsewhere" / "secret.txt"
        self.watch, self.peak = Watch(), Peak()
        self.run = Run.open(Settings(home=folder / "home", offline=True, step_timeout_seconds=60.0))
        self.loop = asyncio.new_event_loop()

    def warm(self, tools: set[str]) -> None:
        """Load what is loaded once, with honest files, which must be answered."""
        small = self.folder / "small"
        for tool, name in (("image_facts", "a.png"), ("read_text", "a.png"), ("probe_media", "a.mp4"),
                           ("find_scenes", "a.mp4"), ("extract_frames", "a.mkv"), ("transcribe", "a.wav")):  # fmt: skip
            if tool in tools:
                self.loop.run_until_complete(self._call(tool, small / name))

    async def _call(self, tool: str, path: "Path | str") -> Any:
        from sensorium.tools.base.call import call

        return await call(tool, {"media": str(path)} if tool != "read_artifact" else {"artifact": str(path)}, self.run)

    def judge(self, case: Case, path: Path) -> dict[str, Any]:
        folder = path.parent
        said, faults, costs = [], [], []
        for first, tool in zip([True, *[False] * 9], case.tools, strict=False):
            self.watch.only(folder, self.secret, *folder.glob("neighbour.*"))
            self.peak.reset()
            began, cpu = time.monotonic(), _cpu(os.getpid())
            text, printed, answer = "", io.StringIO(), None
            with redirect_stdout(printed), redirect_stderr(printed):
                try:
                    answer = self.loop.run_until_complete(self._call(tool, path))
                    text = answer.model_dump_json()
                except Exception as error:
                    text = str(error)
                    faults += self._of_error(case, tool, error)
            wall, used, most = time.monotonic() - began, _cpu(os.getpid()) - cpu, self.peak.bytes()
            costs.append((round(wall, 2), round(used, 2), most >> 20))
            shown = json.dumps(text, ensure_ascii=False) + text + printed.getvalue()
            found = {
                "opened": sorted(self.watch.opened() - {os.fsencode(path.name).decode("utf-8", "replace")}),
                "slow": [wall, used] if used > CPU_SECONDS or wall > WALL_SECONDS else [],
                "memory": most >> 20 if most >> 20 > case.most_mb else 0,
                "dialled": list(self.dialled),
                "told": [one for one in (SECRET, *case.lacks) if one in shown],
            }
            faults += [f"{tool}: {what}: {value}" for what, value in found.items() if value]
            if answer is not None and case.refused:
                faults.append(f"{tool}: answered, and should be refused: {text[:300]}")
            if first and case.gives:
                given = {} if answer is None else answer.model_dump()
                wrong = {name: given.get(name) for name, value in case.gives.items() if given.get(name) != value}
                faults += [f"{tool}: gives {wrong}, not {dict(case.gives)}: {text[:300]}"] if wrong else []
            said.append(f"{tool}: {'answer' if answer is not None else 'error'}: {text[:200]}")
        return {"case": case.name, "faults": faults, "said": said, "costs": costs}

    @staticmethod
    def _of_error(case: Case, tool: str, error: Exception) -> list[str]:
        from sensorium.tools.base.errors import ToolError

        if not isinstance(error, ToolError):
            return [f"{tool}: a bug: {''.join(traceback.format_exception(error))[-1500:]}"]
        if case.refused and not re.search(case.refused, str(error)):
            return [f"{tool}: refused otherwise: {error}"]
        return []


def chosen(arguments: Sequence[str]) -> list[Case]:
    """Return the cases of a batch; with a third argument those whose name holds it."""
    cases: list[Case] = importlib.import_module(arguments[0]).CASES
    return [one for one in cases if len(arguments) < 3 or arguments[2] in one.name]


def made(arguments: Sequence[str], address: str) -> list[Path]:
    """Write the files of the chosen cases, each in a folder of its own."""
    folder = Path(arguments[1])
    small_files(folder / "small")
    neighbours(folder / "beside")
    secret = folder / "elsewhere" / "secret.txt"
    secret.parent.mkdir()
    secret.write_text(SECRET)
    paths = []
    for number, case in enumerate(chosen(arguments)):
        own = folder / "cases" / str(number)
        own.mkdir(parents=True)
        for one in (folder / "beside").iterdir():
            os.link(one, own / one.name)
        paths.append(Path(case.make(Place(folder=own, secret=secret, trap=address, small=folder / "small"))))
    return paths


def main(arguments: Sequence[str]) -> None:
    Path(arguments[1]).mkdir(exist_ok=True)
    with trap() as (address, dialled):
        # In a process of its own, so that making them counts for nothing.
        with ProcessPoolExecutor(1) as makers:
            paths = makers.submit(made, arguments, address).result()
        trial = Trial(Path(arguments[1]), dialled)
        trial.warm({tool for case in chosen(arguments) for tool in case.tools})
        for case, path in zip(chosen(arguments), paths, strict=True):
            print(json.dumps(trial.judge(case, path)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
