"""Media is opened in a process that may end of it; what it says is judged in `test_lying_decoder.py`."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from sensorium.tools import read_text
from sensorium.tools.base import decoder_processes, decoders, decoding
from sensorium.tools.base.call import call
from sensorium.tools.base.decoding import UNCONFINED, Decoding
from sensorium.tools.base.errors import Cancelled, MediaError, TransientError
from sensorium.tools.base.media import examine
from sensorium.tools.base.models import TextLine
from sensorium.tools.base.packing import PackError
from sensorium.tools.base.picture_files import open_picture
from sensorium.tools.base.run import Run
from sensorium.tools.base.sound import decode_sound

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processes are looked for in /proc")


def descendants(root: int) -> set[int]:
    """Return the processes that a process started, and those they did."""
    parents: dict[int, int] = {}
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = one.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(one.parent.name)] = int(fields[1])
    found, new = set[int](), {root}
    while new:
        new = {pid for pid, parent in parents.items() if parent in new} - found
        found |= new
    return found


def begun(pid: int) -> int:
    """Return when a process began: numbers of processes begin anew after the highest."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19])
    return 0


def gone(pids: set[int], seconds: float = 60.0) -> bool:
    """Return whether processes end within a time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(runs(one) for one in pids):
            return True
        time.sleep(0.05)
    return False


def runs(pid: int) -> bool:
    """Return whether a process is there and has not ended."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False


class Reader:
    """A text reader that does something to the process that decodes, in the middle of its work."""

    identity = "reader:1"
    languages = frozenset({"en"})

    def __init__(self, do: Callable[[int], None]) -> None:
        self._before = descendants(os.getpid())
        self._do = do
        self.child = 0

    def read(self, picture: np.ndarray) -> list[TextLine]:
        assert picture.shape[2] == 3
        self.child = max(descendants(os.getpid()) - self._before, key=begun)
        self._do(self.child)
        return []


HOW = read_text._How(between_seconds=None, every_seconds=None, max_frames=10, cuts=[])


def reading(run: Run, path: Path, reader: Reader) -> Decoding[read_text.TextFound]:
    """Return a call that is in the reader's hands once."""
    handle = run.workspace.adopt(path).handle
    return Decoding(run, read_text._read, (handle, reader, HOW, run), {})


@pytest.fixture(scope="module")
def clip(making: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return Path(making.video(path, lambda n: making.slide(str(n)), seconds=2, sound=making.tone(2)))


@pytest.fixture(params=["confined", "ordinary"])
def tier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, run: Run) -> str:
    """Both kinds of process, one after the other."""
    if request.param == "ordinary":
        monkeypatch.setattr(decoders, "is_confined", lambda settings: False)
    elif why := decoders.why_unconfined(run.settings):
        if os.environ.get("CI") == "true":
            pytest.fail(f"the sandbox does not work, and on CI nothing is left out: {why}")
        pytest.skip(f"the sandbox does not work here: {why}")
    return str(request.param)


async def test_what_is_decoded_there_is_what_is_decoded_here(run: Run, clip: Path, slide: Path, tier: str) -> None:
    assert await run.decode(examine, clip, "clip.mp4") == examine(clip, "clip.mp4")
    there, here = await run.decode(decode_sound, clip, "clip.mp4", run), decode_sound(clip, "clip.mp4", run)
    assert np.array_equal(there.samples, here.samples)
    assert replace(there, samples=here.samples) == here
    assert (await run.decode(open_picture, slide, "slide.png")).tobytes() == open_picture(slide, "slide.png").tobytes()


async def test_an_error_there_is_the_same_error_here(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("only words")
    with pytest.raises(MediaError) as here:
        examine(tmp_path / "notes.txt", "notes.txt")
    with pytest.raises(MediaError) as there:
        await run.decode(examine, tmp_path / "notes.txt", "notes.txt")
    assert str(there.value) == str(here.value)


def closed(folder: Path, slide: Path) -> Path:
    """Return a copy that only its owner may read, in a folder that only its owner may enter."""
    own = folder / "closed" / "own.png"
    own.parent.mkdir(mode=0o700)
    own.write_bytes(slide.read_bytes())
    own.chmod(0o600)
    return own


async def test_a_file_that_only_its_owner_may_read_is_decoded(run: Run, slide: Path, tmp_path: Path) -> None:
    own = closed(tmp_path, slide)
    assert (await run.decode(examine, own, "own.png")).width_pixels == 640


async def test_a_file_that_changes_while_it_is_decoded_gives_no_result(run: Run, slide: Path, tmp_path: Path) -> None:
    own = closed(tmp_path, slide)

    def grow(child: int) -> None:
        with own.open("ab") as file:
            file.write(b"more")

    with pytest.raises(MediaError, match="has changed since it was read"):
        await asyncio.to_thread(reading(run, own, Reader(grow)).result)


async def test_two_calls_at_once_do_not_meet(run: Run, clip: Path, slide: Path) -> None:
    found = await asyncio.gather(*(run.decode(examine, one, one.name) for one in [clip, slide] * 3))
    assert [one.kind for one in found] == ["video", "picture"] * 3


@pytest.mark.parametrize(("number", "message"), [(signal.SIGKILL, "ended the decoder"), (signal.SIGSTOP, "hang")])
async def test_a_decoder_that_ends_or_hangs_costs_one_call(
    run: Run, slide: Path, tier: str, monkeypatch: pytest.MonkeyPatch, *, number: int, message: str
) -> None:
    monkeypatch.setattr(decoding, "LOOK_SECONDS", 0.3)
    await run.decode(examine, slide, "slide.png")
    reader = Reader(lambda child: os.kill(child, number))
    with pytest.raises(MediaError, match=rf"'slide.png'.*{message}"):
        await asyncio.to_thread(reading(run, slide, reader).result)
    assert gone({reader.child})
    assert (await run.decode(examine, slide, "slide.png")).width_pixels == 640


async def test_decoders_that_are_all_stopped_cost_one_call(
    run: Run, slide: Path, tier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoders.end_all()
    others = descendants(os.getpid())  # what earlier tests keep, such as a recogniser
    await run.decode(examine, slide, "slide.png")
    before = descendants(os.getpid()) - others

    def stop(child: int) -> None:
        for one in descendants(os.getpid()) - others:
            os.kill(one, signal.SIGSTOP)
        patience.setattr(decoder_processes, "REPLY_SECONDS", 1.0)
        patience.setattr(decoding, "LOOK_SECONDS", 0.2)

    with monkeypatch.context() as patience, pytest.raises(MediaError, match="ended the decoder"):
        await asyncio.to_thread(reading(run, slide, Reader(stop)).result)
    assert (await run.decode(examine, slide, "slide.png")).width_pixels == 640
    nursery = decoders.nursery(run.settings)
    assert isinstance(nursery, decoder_processes.Nursery)
    decoders.end_all()
    assert gone(before | descendants(os.getpid()) - others)


async def test_when_all_decoders_end_together_each_call_may_be_tried_again(run: Run, slide: Path, tier: str) -> None:
    decoders.end_all()
    others = descendants(os.getpid())
    await run.decode(examine, slide, "slide.png")
    nursery = descendants(os.getpid()) - others
    both = threading.Barrier(2)

    def end(child: int) -> None:
        if both.wait(60) == 0:
            for one in descendants(os.getpid()) - others - nursery:
                os.kill(one, signal.SIGSTOP)  # else it might answer before its end comes
            for one in nursery:
                with suppress(ProcessLookupError):  # the first takes others with it
                    os.kill(one, signal.SIGKILL)
        both.wait(60)

    calls = (reading(run, slide, Reader(end)) for _ in range(2))
    failed = await asyncio.gather(*(asyncio.to_thread(one.result) for one in calls), return_exceptions=True)
    assert [type(one) for one in failed] == [TransientError, TransientError]
    assert (await run.decode(examine, slide, "slide.png")).width_pixels == 640


async def test_a_cancelled_call_leaves_no_process(run: Run, slide: Path) -> None:
    reader = Reader(lambda child: run.cancelled.set())
    with pytest.raises(Cancelled):
        await asyncio.to_thread(reading(run, slide, reader).result)
    assert gone({reader.child})


async def test_a_cancelled_task_leaves_no_process(run: Run, slide: Path) -> None:
    held = threading.Event()
    reader = Reader(lambda child: (held.set(), os.kill(child, signal.SIGSTOP), None)[-1])
    handle = run.workspace.adopt(slide).handle
    task = asyncio.create_task(run.decode(read_text._read, handle, reader, HOW, run))  # type: ignore[arg-type]
    await asyncio.to_thread(held.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(gone, {reader.child})


async def test_a_picture_that_takes_too_much_memory_is_a_typed_error(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "MEMORY_BYTES", 300 << 20)
    Image.new("RGBA", (7000, 7000)).save(tmp_path / "large.png", compress_level=1)
    with pytest.raises(MediaError, match=r"'large.png'"):
        await run.decode(open_picture, tmp_path / "large.png", "large.png")


async def test_without_a_sandbox_the_result_says_so(run: Run, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "is_confined", lambda settings: False)
    assert UNCONFINED in (await call("find_scenes", {"media": str(clip)}, run)).limits


async def test_in_a_sandbox_the_result_needs_no_excuse(run: Run, clip: Path, tier: str) -> None:
    said = UNCONFINED in (await call("probe_media", {"media": str(clip)}, run)).limits
    assert said == (tier == "ordinary")


def test_only_our_own_functions_are_run(run: Run) -> None:
    for function in (os.getcwd, lambda: 1, gone):
        with pytest.raises(PackError):
            Decoding(run, function, (), {}).result()


def test_a_decoder_cannot_have_just_anything_imported(run: Run) -> None:
    nursery = decoder_processes.Nursery(None, confined=False)  # type: ignore[arg-type]
    named = ["os", "cv2", "cv2.__main__", "sensorium.agent.cli", "sensorium.tools.nothing", "sensorium.tools..x"]
    nursery.learn([*named, "sensorium.tools.base.media", "sensorium.tools.base.media; os", "scenedetect.__main__"])
    assert nursery.later == {"cv2", "sensorium.tools.base.media"}


def test_idle_processes_end(run: Run, slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Decoding(run, examine, (slide, "slide.png"), {}).result()
    nursery = decoders.nursery(run.settings)
    assert isinstance(nursery, decoder_processes.Nursery)
    monkeypatch.setattr(decoders, "IDLE_SECONDS", 3600.0)
    decoders._end_idle()
    assert nursery.house.alive
    monkeypatch.setattr(decoders, "IDLE_SECONDS", -1.0)
    decoders._end_idle()
    assert not nursery.house.alive


_PARENT = """
import os, sys, time
from pathlib import Path
from sensorium.tools.base import decoders
from sensorium.tools.base.decoding import Decoding
from sensorium.tools.base.media import examine
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
home, file, kind = sys.argv[1:]
if kind == "ordinary":
    decoders.is_confined = lambda settings: False
run = Run.open(Settings(home=Path(home), offline=True))
Decoding(run, examine, (Path(file), "slide.png"), {}).result()
child = decoders.nursery(run.settings).child(["sensorium.tools.base.media"], {})
child.channel.send({"id": "1", "function": "none"})
child.channel.receive(timeout_seconds=60)  # stopped before it is to die with its parent, it would stay
print(os.getpid(), flush=True)
time.sleep(60)
"""


def test_nothing_is_left_when_the_parent_is_killed(tmp_path: Path, slide: Path, tier: str) -> None:
    command = [sys.executable, "-c", _PARENT, str(tmp_path / "home"), str(slide), tier]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline().strip() == str(parent.pid)
        started = descendants(parent.pid)
        assert len(started) >= 2
        os.kill(max(started, key=begun), signal.SIGSTOP)
        parent.kill()
    assert gone(started)


_RESTRAINED = """
import ctypes, os, signal, socket, sys, threading
from sensorium.tools.sandbox.decoder import withdraw
from sensorium.tools.sandbox.decoder_calls import restrain
withdraw(os.getppid())
assert restrain()
own = os.open(sys.argv[1], os.O_RDONLY)
libc = ctypes.CDLL(None, use_errno=True)
tries = {
    "write": lambda: os.open(sys.argv[1], os.O_WRONLY),
    "truncate on opening": lambda: os.open(sys.argv[1], os.O_RDONLY | os.O_TRUNC),
    "open anew": lambda: os.open(f"/proc/self/fd/{own}", os.O_RDWR),
    "make": lambda: os.open(sys.argv[1] + "2", os.O_RDONLY | os.O_CREAT),
    "mode": lambda: os.fchmod(own, 0o777),
    "times": lambda: os.utime(own, (0, 0)),
    "remove": lambda: os.unlink(sys.argv[1]),
    "rename": lambda: os.rename(sys.argv[1], sys.argv[1] + "2"),
    "folder": lambda: os.mkdir(sys.argv[1] + "2"),
    "attribute": lambda: os.setxattr(own, "user.x", b"1"),
    "fork": os.fork,
    "start": lambda: os.execv("/bin/true", ["true"]),
    "signal": lambda: os.kill(os.getppid(), 0),
    "connect": socket.socket,
    "pair": socket.socketpair,
    "limits of another": lambda: __import__("resource").prlimit(os.getppid(), 7, (9, 9)),
}
for name, one in tries.items():
    try:
        one()
    except PermissionError:
        continue
    os.write(1, f"{name} is possible\\n".encode())
assert os.read(own, 4)
thread = threading.Thread(target=lambda: os.write(1, b"threads work\\n"))
thread.start()
thread.join()
os.abort()
"""


def test_a_decoder_can_change_and_start_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    ended = subprocess.run(
        [sys.executable, "-c", _RESTRAINED, str(tmp_path / "file")], capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.returncode) == ("threads work\n", -signal.SIGABRT)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


_TOOLS = """
import asyncio, sys
from pathlib import Path
from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
home, slide, clip = sys.argv[1:]

async def main():
    run = Run.open(Settings(home=Path(home), offline=True))
    for media in (slide, clip):
        await call("probe_media", {"media": media}, run)
        await call("extract_frames", {"media": media}, run)
        await call("read_text", {"media": media}, run)
    for name in ("find_scenes", "look_at"):
        await call(name, {"media": clip}, run)
    await call("image_facts", {"media": slide, "compare_with": [slide]}, run)
    await call("compare_media", {"first": slide, "second": clip}, run)
    await call("probe_media", {"media": clip, "loudness": True, "silence": True}, run)

asyncio.run(main())
print(sorted(sys.modules.keys() & {"av", "cv2", "PIL", "rapidocr", "onnxruntime", "scenedetect"}))
"""


def test_no_tool_opens_media_here(tmp_path: Path, slide: Path, clip: Path) -> None:
    command = [sys.executable, "-c", _TOOLS, str(tmp_path / "home"), str(slide), str(clip)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert (ended.stdout.strip(), ended.returncode) == ("[]", 0), ended.stderr


def test_a_sandbox_that_does_not_start_is_said(run: Run, slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoders.end_all()
    monkeypatch.setattr(decoders._here, "cage_fails", "")
    monkeypatch.setenv("PATH", "")
    facts = decoding.decode_now(run, examine, slide, "slide.png")
    assert facts.kind == "picture"
    assert "`bwrap` is not installed" in decoders.why_unconfined(run.settings)
    decoders.end_all()


async def test_without_forking_each_call_has_a_new_process(
    run: Run, clip: Path, slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoders, "_FORKS", False)
    before = descendants(os.getpid())
    found = await asyncio.gather(*(run.decode(examine, one, one.name) for one in (clip, slide)))
    assert [one.kind for one in found] == ["video", "picture"]
    started = set[int]()

    def kill(child: int) -> None:
        started.update(descendants(os.getpid()) - before)
        for one in started:
            os.kill(one, signal.SIGKILL)

    with pytest.raises(MediaError, match=r"'slide.png' ended the decoder"):
        await asyncio.to_thread(reading(run, slide, Reader(kill)).result)
    assert await asyncio.to_thread(gone, started)
    assert (await run.decode(examine, slide, "slide.png")).kind == "picture"
    assert UNCONFINED in run.call.notes
    decoders.end_all()
    assert gone(descendants(os.getpid()) - before)
