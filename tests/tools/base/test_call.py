"""The door: what every call goes through."""

import asyncio
import errno
import threading
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel

from sensorium.tools.base.call import call, perform
from sensorium.tools.base.errors import ArgumentError, Cancelled, MediaError, StorageError, ToolError, TransientError
from sensorium.tools.base.run import Run
from sensorium.tools.base.tool import AnyFile, Picture, tool
from sensorium.tools.base.workspace import Artifact


class Made(BaseModel):
    """What the small tools give."""

    text: str = ""
    file: Artifact | None = None


@pytest.fixture
def picture(tmp_path: Path, making: ModuleType) -> Path:
    path = tmp_path / "slide.png"
    making.slide("one").save(path)
    return path


async def test_an_unknown_tool_names_the_nearest(run: Run) -> None:
    with pytest.raises(ArgumentError, match="Did you mean `probe_media`"):
        await perform("probe_medium", {}, run)


async def test_half_a_letter_in_a_text_is_no_fault_of_ours(run: Run) -> None:
    spoken = await call("speak", {"text": "\ud83d hello \ud83d\ude00"}, run)
    assert spoken.text == "\ufffd hello \U0001f600"


async def test_a_pure_call_is_free_the_second_time_whatever_the_file_is_called(run: Run, tmp_path: Path) -> None:
    ran = []

    @tool(effect="pure")
    async def measure(file: AnyFile, *, run: Run) -> Made:
        """Measure."""
        ran.append(run.name(file))
        return Made(file=run.put(b"1,2\n", name="n.csv", media_type="text/csv"))

    (tmp_path / "a.txt").write_text("same")
    (tmp_path / "b.txt").write_text("same")
    first = await perform(measure, {"file": str(tmp_path / "a.txt")}, run)
    second = await perform(measure, {"file": tmp_path / "b.txt"}, run)
    assert (first.cached, second.cached, ran) == (False, True, ["a.txt"])
    assert second.result == first.result
    assert [one.name for one in second.artifacts] == ["n.csv"]


async def test_a_remembered_result_whose_artifact_is_gone_is_made_again(run: Run) -> None:
    @tool(effect="pure")
    async def write(*, run: Run) -> Made:
        """Write."""
        return Made(file=run.put(b"x", name="x.txt", media_type="text/plain"))

    first = await perform(write, {}, run)
    run.path(first.artifacts[0].handle).unlink()
    second = await perform(write, {}, run)
    assert not second.cached
    assert run.path(second.artifacts[0].handle).read_bytes() == b"x"


async def test_a_new_version_of_a_tool_does_not_take_the_old_result(run: Run) -> None:
    async def answer(*, run: Run) -> Made:
        """Answer."""
        return Made(text="x")

    await perform(tool(effect="pure", version=1)(answer), {}, run)
    assert not (await perform(tool(effect="pure", version=2)(answer), {}, run)).cached


class Engine:
    """A provider that can be away."""

    def __init__(self, identity: str, reason: str | None = None) -> None:
        self.identity = identity
        self.reason = reason

    def missing(self) -> str | None:
        return self.reason


async def test_a_result_is_remembered_for_the_model_that_served(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    good, draft = Engine("good", "The network is down."), Engine("draft")
    monkeypatch.setattr(type(run.models), "ladder", lambda self, role: [good, draft])

    @tool(effect="pure", roles=("hear",))
    async def listen(*, run: Run) -> Made:
        """Listen."""
        engine = run.models.usable("hear")[0]
        run.used(engine.identity)
        good.reason = None  # the network is back while the draft is written
        return Made(text=engine.identity)

    assert (await call(listen, {}, run)).text == "draft"
    assert (await call(listen, {}, run)).text == "good"
    assert (await perform(listen, {}, run)).cached
    good.reason = "The network is down."
    again = await perform(listen, {}, run)
    assert (again.result.text, again.provider, again.cached) == ("draft", "draft", True)


async def test_a_result_is_not_remembered_when_nobody_knows_who_served(run: Run) -> None:
    @tool(effect="pure", roles=("hear",))
    async def listen(*, run: Run) -> Made:
        """Listen."""
        return Made()

    await perform(listen, {}, run)
    assert not (await perform(listen, {}, run)).cached


async def test_a_file_of_the_wrong_kind_is_refused_by_its_content(run: Run, tmp_path: Path) -> None:
    @tool(effect="pure")
    async def look(picture: Picture, *, run: Run) -> Made:
        """Look."""
        raise AssertionError("must not run")

    (tmp_path / "holiday.png").write_text("not a picture at all")
    with pytest.raises(MediaError, match=r"'holiday.png' is text/plain, and `look` needs picture"):
        await perform(look, {"picture": str(tmp_path / "holiday.png")}, run)


@pytest.mark.parametrize("name", ["missing.mp4", "empty.mp4", "folder"])
async def test_what_is_no_file_is_said(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "folder").mkdir()
    words = {"missing.mp4": "does not exist", "empty.mp4": r"is empty \(0 bytes\)", "folder": "is a folder"}[name]
    with pytest.raises(MediaError, match=f"{name}.*{words}"):
        await perform("probe_media", {"media": str(tmp_path / name)}, run)


async def test_an_artifacts_json_can_be_passed_on(run: Run, picture: Path) -> None:
    seen = []

    @tool(effect="pure")
    async def look(pictures: list[Picture], *, run: Run) -> Made:
        """Look."""
        seen.extend(pictures)
        return Made()

    known = run.workspace.adopt(picture)
    await perform(look, {"pictures": [known, known.model_dump(), known.handle, picture]}, run)
    assert seen == [known.handle] * 4


async def test_a_transient_failure_is_tried_again_and_others_are_not(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensorium.tools.base.call.RETRY_WAITS_SECONDS", (0.0, 0.0))
    tries = []

    @tool(effect="writes")
    async def shaky(wrong: bool = False, *, run: Run) -> Made:
        """Shake."""
        tries.append(wrong)
        raise (ToolError if wrong else TransientError)("no luck")

    with pytest.raises(TransientError):
        await perform(shaky, {}, run)
    with pytest.raises(ToolError):
        await perform(shaky, {"wrong": True}, run)
    assert tries == [False, False, False, True]


async def test_a_call_that_takes_too_long_is_stopped_in_its_thread_too(run: Run) -> None:
    stopped = threading.Event()

    @tool(effect="writes", timeout_seconds=0.05)
    async def loop(*, run: Run) -> Made:
        """Loop until stopped."""

        def spin() -> None:
            try:
                while not stopped.wait(0.01):
                    run.check()
            except Cancelled:
                stopped.set()

        await run.thread(spin)
        return Made()

    with pytest.raises(Cancelled, match=r"`loop` took longer than 0.05 s"):
        await perform(loop, {}, run)
    assert await asyncio.to_thread(stopped.wait, 10)


async def test_a_full_disk_is_said_in_words(run: Run) -> None:
    @tool(effect="writes")
    async def save(*, run: Run) -> Made:
        """Save."""
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match=r"`save` could not write its files: No space left on device. Free the disk"):
        await perform(save, {}, run)


async def test_a_network_drive_that_does_not_answer_is_not_the_time_limit(run: Run) -> None:
    @tool(effect="writes")
    async def read(*, run: Run) -> Made:
        """Read."""
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    with pytest.raises(TimeoutError, match="Connection timed out"):
        await perform(read, {}, run)


async def test_a_tool_that_lies_about_its_file_fails(run: Run) -> None:
    @tool(effect="writes")
    async def lie(*, run: Run) -> Made:
        """Lie."""
        put = run.put(b"\x89PNG\r\n\x1a\n....", name="film.mp4", media_type="video/mp4")
        return Made(file=put)

    with pytest.raises(ToolError, match="said to be video/mp4, but its content is image/png"):
        await perform(lie, {}, run)


async def test_where_an_artifact_came_from_is_known(run: Run, picture: Path) -> None:
    @tool(effect="pure")
    async def copy(picture: Picture, *, run: Run) -> Made:
        """Copy."""
        return Made(file=run.put(run.path(picture).read_bytes() + b"!", name="copy.png", media_type="image/png"))

    made = await perform(copy, {"picture": str(picture)}, run)
    origin = run.workspace.provenance(made.artifacts[0].handle)[0]
    assert (origin.tool, origin.run, origin.inputs) == ("copy", run.id, [run.workspace.adopt(picture).handle])
