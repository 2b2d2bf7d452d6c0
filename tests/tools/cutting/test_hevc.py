"""HEVC is cut to the frame by encoding one group of pictures, whose parameters stand beside those of the rest."""

from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run
from sensorium.tools.cutting import hevc, nal

LAYERED = bytes([1 << 4 | 1 << 1]) + bytes(11) + b"\x5d" + b"\x40\x00" + b"\x5a" + b"\x40"
"""Of a set with two layers of time, whose level is told: as much as there is up to its number, which is 1."""


def extradata_of(path: Path) -> bytes:
    with av.open(str(path)) as container:
        return bytes(container.streams.video[0].codec_context.extradata or b"")


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("ending", "gop"),
    [("mp4", "open-gop=1:bframes=3"), ("mkv", "open-gop=0:bframes=2"), ("ts", "open-gop=1:bframes=3")],
)
async def test_a_cut_to_the_frame_leaves_all_other_groups_as_they_are(
    run: Run, broken: ModuleType, tmp_path: Path, ending: str, gop: str
) -> None:
    options = {"preset": "ultrafast", "x265-params": f"log-level=none:scenecut=0:{gop}"}
    source = broken.numbered(tmp_path / f"film.{ending}", 60, codec="libx265", gop=20, options=options)
    made = await call("edit_media", {"task": "remove", "media": str(source), "parts": [(0, 0.32), (1.0, 1.8)]}, run)
    (one,) = made.items
    assert (one.way, made.limits) == ("partly encoded", [])
    assert one.encoded_frames < 20 + 15  # what is left of the first group, and of the third one
    old, new = decoded(source), decoded(run.path(one.file.handle))
    wanted = [*range(8, 25), *range(45, 60)]
    assert [broken.number_in(picture) for picture in new] == wanted
    far = [int(np.abs(picture.astype(int) - old[number]).max()) for picture, number in zip(new, wanted, strict=True)]
    assert max(far) < 60
    assert far.count(0) >= len(wanted) - one.encoded_frames


async def test_pieces_join_again_and_players_of_apple_show_them(run: Run, broken: ModuleType, tmp_path: Path) -> None:
    options = {"preset": "ultrafast", "x265-params": "log-level=none:scenecut=0:open-gop=1:bframes=3"}
    source = broken.numbered(tmp_path / "film.mkv", 40, codec="libx265", gop=20, options=options)
    pieces = await call("edit_media", {"task": "split", "media": str(source), "at_seconds": [0.4]}, run)
    made = await call("edit_media", {"task": "join", "files": [one.handle for one in pieces.files]}, run)
    assert made.items[0].way == "copied"
    assert [broken.number_in(one) for one in decoded(run.path(made.file.handle))] == list(range(40))
    shown = await call("edit_media", {"task": "convert", "media": made.file.handle, "format": "mp4"}, run)
    assert shown.items[0].way == "copied"
    with av.open(str(run.path(shown.file.handle))) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory, broken: ModuleType) -> bytes:
    path = tmp_path_factory.mktemp("hevc") / "film.mp4"
    return extradata_of(broken.numbered(path, 2, codec="libx265", options={"x265-params": "log-level=none"}))


def test_new_sets_stand_beside_the_old_ones(boxed: bytes) -> None:
    old = hevc.sets_of(boxed)
    assert [hevc.kind(one) for one in old] == [hevc.VPS, hevc.SPS, hevc.PPS]
    numbers = hevc.Numbers.beside(boxed)
    new = [numbers.on(one) for one in old]
    assert hevc.picture_id(new[2]) == numbers.picture == 30
    both = hevc.with_sets(boxed, new)
    assert hevc.sets_of(both) == [old[0], new[0], old[1], new[1], old[2], new[2]]
    # Beside these again: the numbers of pictures are others, those of sequences are at their end.
    with pytest.raises(ValueError, match="all numbers"):
        hevc.Numbers.beside(both)


def test_start_codes_hold_the_same_sets(boxed: bytes) -> None:
    streamed = b"".join(b"\x00\x00\x00\x01" + one for one in hevc.sets_of(boxed))
    assert hevc.sets_of(streamed) == hevc.sets_of(boxed)
    assert hevc.sets_of(hevc.with_sets(streamed, [b"\x44\x01\xc0"]))[3:] == [b"\x44\x01\xc0"]


def test_the_number_behind_layers_of_time_is_found() -> None:
    assert hevc.sequence_id(b"\x42\x01" + LAYERED) == 1


@pytest.mark.parametrize("damage", [slice(0, 25), slice(0, 60)])
def test_a_damaged_header_is_refused(boxed: bytes, damage: slice) -> None:
    with pytest.raises((ValueError, IndexError)):
        hevc.Numbers.beside(boxed[damage])


def test_slices_get_a_longer_number_and_keep_the_rest() -> None:
    numbers = hevc.Numbers(picture=15)
    # First of its picture, number 0, then data that must not look like a start code.
    unit = b"\x02\x01" + bytes([0b11_101101]) + b"\x00\x00\x03\x01\xff"
    made = numbers.on(unit)
    assert nal.plain(made)[2:] == bytes([0b1_0000100, 0b00_101101]) + b"\x00\x00\x01\xff"
    assert made.endswith(b"\x00\x00\x03\x01\xff")


def test_a_picture_that_begins_in_the_middle_is_told_so() -> None:
    assert hevc.kind(hevc.alone(bytes([21 << 1, 1, 0xE0]))) == 18
    assert hevc.alone(bytes([19 << 1, 1, 0xE0])) == bytes([19 << 1, 1, 0xE0])
