"""The sound of a film is muted, replaced, mixed and taken out, and stays where it was."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run
from sensorium.tools.base.sound import decode_sound
from sensorium.tools.edit_media import EditedMedia

Edit = Callable[..., Any]


async def test_sound_is_changed_and_the_picture_is_copied(  # noqa: PLR0917
    edit: Edit, run: Run, film: Path, tone: Path, heard: Callable[..., np.ndarray], measuring: ModuleType
) -> None:
    def packets(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(one) for one in container.demux(video=0) if one.size]

    silent = await edit("mute", film)
    hushed = await edit("mute", film, start_seconds=1.9, end_seconds=3)
    new = await edit("replace_sound", film, sound=str(tone), start_seconds=1)
    mixed = await edit("mix_sound", film, sound=str(tone), volume_db=-20)
    for made in (silent, hushed, new, mixed):
        assert packets(run.path(made.file.handle)) == packets(film)
    with av.open(str(run.path(silent.file.handle))) as container:
        assert not container.streams.audio
    assert measuring.onsets(heard(hushed)) == pytest.approx([1.0, 4.5], abs=0.03)
    assert measuring.onsets(heard(new)) == pytest.approx([1.0], abs=0.03)
    assert measuring.pitch(heard(new)[2 * measuring.RATE : 3 * measuring.RATE]) == pytest.approx(880, abs=3)
    assert "then it is silent" in new.limits[0]
    level = np.abs(heard(mixed)[round(0.2 * measuring.RATE) : round(0.8 * measuring.RATE)]).max()
    assert level == pytest.approx(0.03, rel=0.15)
    assert measuring.onsets(heard(mixed)) == pytest.approx(measuring.BEEPS, abs=0.03)


async def test_sound_is_taken_out_as_it_is_or_in_another_format(
    edit: Edit, film: Path, heard: Callable[..., np.ndarray], measuring: ModuleType
) -> None:
    copied = await edit("extract_sound", film)
    assert (copied.file.media_type, copied.items[0].way) == ("audio/mp4", "copied")
    assert measuring.onsets(heard(copied)) == pytest.approx(measuring.BEEPS, abs=0.03)
    part = await edit("extract_sound", film, format="mp3", start_seconds=1.5, end_seconds=3)
    assert part.file.media_type == "audio/mpeg"
    assert part.seconds == pytest.approx(1.5, abs=0.06)
    assert measuring.onsets(heard(part)) == pytest.approx([0.5], abs=0.03)


@pytest.mark.parametrize(
    "asked",
    [
        {"task": "mute", "start_seconds": 4.5, "end_seconds": 4.9},
        {"task": "scale", "height_pixels": 48},
        {"task": "extract_sound", "format": "m4a"},
        {"task": "convert", "format": "webm"},
    ],
)
async def test_sound_that_is_encoded_stays_in_its_place(
    run: Run, making: ModuleType, tmp_path: Path, asked: dict[str, Any]
) -> None:
    rate = 16_000
    sound = np.concatenate([np.zeros(rate, np.float32), making.tone(4, rate=rate)])
    path = making.video(tmp_path / "late.mp4", lambda _: Image.new("RGB", (64, 64)), seconds=5, sound=sound, rate=rate)
    media = str(path)
    for _ in range(2):  # a delay would add up
        made: EditedMedia = await call("edit_media", {"media": media, **asked}, run)
        media = made.file.handle
    heard = decode_sound(run.path(media), "film", run, rate=rate).samples
    assert np.flatnonzero(np.abs(heard) > 0.1)[0] / rate == pytest.approx(1.0, abs=0.005)


async def test_the_cover_of_a_recording_stays(
    edit: Edit, film: Path, tmp_path: Path, run: Run, measuring: ModuleType
) -> None:
    path = tmp_path / "covered.mp4"
    with av.open(str(film)) as source, av.open(str(path), "w") as out:
        copies = {one.index: out.add_stream_from_template(one) for one in source.streams}
        cover = out.add_stream("mjpeg")
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        out.mux(cover.encode(av.VideoFrame(64, 48, "yuvj420p")))
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    made = await edit("extract_sound", path)
    assert (made.items[0].way, made.file.media_type) == ("copied", "audio/mp4")
    with av.open(str(run.path(made.file.handle))) as found:
        assert [one.type for one in found.streams] == ["audio", "video"]
        assert found.streams.video[0].disposition & av.stream.Disposition.attached_pic
    shorter = await edit("trim", made.file.handle, start_seconds=1)
    assert shorter.seconds == pytest.approx(measuring.SECONDS - 1, abs=0.05)
