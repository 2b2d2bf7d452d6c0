"""No file is lost where who made it cannot be written into it or signed."""

import asyncio
import io
import os
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from sensorium.tools.base.run import Run
from sensorium.tools.base.workspace import Artifact
from sensorium.tools.credentials.chosen import Credentials
from sensorium.tools.credentials.keeping import Making, keep


async def test_a_file_that_cannot_be_marked_is_stored_as_it_came(
    run: Run, credited: ModuleType, tmp_path: Path
) -> None:
    empty = await keep(run, b"", name="paid", media_type="video/mp4", making=credited.BY_MODEL)
    assert run.path(empty.handle).read_bytes() == b""
    for content, media_type in [(b"\x89PNG\r\n\x1a\nbroken", "image/png"), (b"RIFF1234WAVE", "audio/wav")]:
        run.call.notes.clear()
        file = tmp_path / "made"
        file.write_bytes(content)
        kept = await keep(run, file, name="paid", media_type=media_type, making=credited.BY_MODEL)
        assert run.path(kept.handle).read_bytes() == content
        assert run.call.notes and run.call.notes[0].startswith("Who made 'paid' is not all written in it: ")
        assert not file.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes everywhere")
async def test_a_folder_that_cannot_be_written_costs_the_signature_alone(run: Run, credited: ModuleType) -> None:
    folder = run.settings.home / "credentials"
    folder.mkdir()
    folder.chmod(0o500)
    kept = await keep(run, credited.picture(), name="a.png", media_type="image/png", making=credited.BY_MODEL)
    assert "No certificate can be made" in run.call.notes[0]
    assert (await credited.told(run, kept)).maker.proof == "said"


async def test_a_file_in_the_place_of_the_folder_costs_the_signature_alone(run: Run, credited: ModuleType) -> None:
    (run.settings.home / "credentials").write_text("not a folder")
    kept = await keep(run, credited.picture(), name="a.png", media_type="image/png", making=credited.BY_MODEL)
    assert "is not all written in it: " in run.call.notes[0]
    assert (await credited.told(run, kept)).maker.proof == "said"


async def test_a_full_disk_costs_the_credentials_and_not_the_file(
    run: Run, credited: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sensorium.tools.base.outputs import OutputFile

    def full(self: OutputFile, mode: str = "x+b") -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(OutputFile, "open", full)
    file = tmp_path / "paid.png"
    file.write_bytes(credited.picture())
    kept = await keep(run, file, name="paid.png", media_type="image/png", making=Making(kind="algorithm"))
    assert run.path(kept.handle).read_bytes() == credited.picture()
    assert len(run.call.notes) == 1


async def test_what_may_be_paid_is_stored_as_it_came_when_it_is_stopped(run: Run, credited: ModuleType) -> None:
    stored: list[Artifact] = []

    async def paid() -> None:
        stored.append(
            await keep(run, credited.picture(), name="a.png", media_type="image/png", making=credited.BY_MODEL)
        )
        await asyncio.sleep(60)

    task = asyncio.create_task(paid())
    await asyncio.sleep(0)  # so far that it waits for the signer
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.path(stored[0].handle).read_bytes() == credited.picture()
    assert stored[0].facts == {"digital_source_type": "trainedAlgorithmicMedia"}
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await paid()
    run.cancelled.set()
    kept = await keep(run, credited.picture(), name="b.png", media_type="image/png", making=credited.BY_MODEL)
    assert run.path(kept.handle).read_bytes() == credited.picture()


async def test_nothing_is_written_where_it_is_not_wanted(run: Run, credited: ModuleType) -> None:
    run = replace(run, settings=replace(run.settings, credentials=Credentials(enabled=False)))
    kept = await keep(run, credited.picture(), name="a.png", media_type="image/png", making=credited.BY_MODEL)
    assert run.path(kept.handle).read_bytes() == credited.picture()
    text = await keep(run, b"words", name="a.txt", media_type="text/plain", making=credited.BY_MODEL)
    assert (run.path(text.handle).read_bytes(), run.call.notes) == (b"words", [])
    assert not (run.settings.home / "credentials").exists()


@pytest.mark.parametrize("said", ["image/png", "image/gif", "image/jpeg", "image/tiff", "audio/mpeg", "video/mp4"])
async def test_a_file_of_another_kind_than_is_said_stays_as_it_came(run: Run, credited: ModuleType, said: str) -> None:
    content = credited.picture("AVIF")
    kept = await keep(run, content, name="paid", media_type=said, making=credited.BY_MODEL)
    assert run.path(kept.handle).read_bytes() == content
    assert "of another kind than is said of it" in run.call.notes[0]


async def test_a_file_that_takes_too_long_to_sign_or_is_too_large_has_metadata_alone(
    run: Run, credited: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sensorium.tools.credentials import telling

    theirs = await keep(
        run, credited.picture("JPEG"), name="theirs.jpg", media_type="image/jpeg", making=credited.BY_MODEL
    )
    making = Making(kind="composite", inputs=(theirs.handle,))
    tried: list[tuple[bool, bool]] = []
    write = telling._written

    async def slow(run: Run, order: Any, making: Making, pen: Any, *, looks: bool) -> Any:
        tried.append((pen is not None, looks))
        if looks:
            monkeypatch.setattr(telling, "MOST_SECONDS", 60.0 if len(tried) == 2 else 0.0)  # of the next try
            await asyncio.Event().wait()
        return await write(run, order, making, pen, looks=looks)

    monkeypatch.setattr(telling, "MOST_SECONDS", 0.0)
    monkeypatch.setattr(telling, "_written", slow)
    kept = await keep(run, credited.picture(), name="a.png", media_type="image/png", making=making)
    assert tried == [(True, True), (False, True), (False, False)]
    found = await credited.told(run, kept)
    assert (found.maker.proof, found.maker.digital_source_type) == ("said", "compositeWithTrainedAlgorithmicMedia")
    assert "takes more than" in run.call.notes[0]
    run.call.notes.clear()
    monkeypatch.setattr(telling, "_written", write)
    monkeypatch.setattr(telling, "most_bytes", lambda media_type: 50)
    kept = await keep(run, credited.picture(), name="a.png", media_type="image/png", making=credited.BY_MODEL)
    assert (await credited.told(run, kept)).maker.proof == "said"
    assert run.call.notes[0].endswith("No signed manifest could be put in: it has more than 0 MB.")


async def test_a_picture_of_several_pages_keeps_them(run: Run, credited: ModuleType) -> None:
    pages, out = [Image.new("RGB", (20 + number, 20), (50 * number, 0, 0)) for number in range(3)], io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    kept = await keep(run, out.getvalue(), name="a.tif", media_type="image/tiff", making=credited.BY_MODEL)
    with Image.open(run.path(kept.handle)) as opened:
        assert [(opened.seek(number), opened.size)[1] for number in range(opened.n_frames)] == [  # type: ignore[func-returns-value]
            page.size for page in pages
        ]
    assert "only one would be left" in run.call.notes[0]
