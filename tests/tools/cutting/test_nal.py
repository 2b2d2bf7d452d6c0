"""Headers of H.264 are read and joined as decoders need them."""

import contextlib
from pathlib import Path
from types import ModuleType

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.tools.cutting import nal


@pytest.fixture(scope="module")
def extradata(broken: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path: Path = broken.numbered(tmp_path_factory.mktemp("nal") / "one.mp4", 3)
    with av.open(str(path)) as container:
        found = container.streams.video[0].codec_context.extradata
    assert found
    return found


def test_a_header_is_written_as_it_was_read(extradata: bytes) -> None:
    found = nal.header(extradata)
    assert found is not None
    header, ending = found
    assert header.packed(ending) == extradata
    assert (header.ids(), header.profile, header.length_bytes) == ({0}, 100, 4)


def test_a_header_of_two_streams_has_the_sets_of_both_and_the_higher_level(extradata: bytes) -> None:
    found = nal.header(extradata)
    assert found is not None
    header, ending = found
    # Level 5.1, and the number 7 instead of 0 (00010 is 1, 0001000 is 7 in the code of H.264).
    other = nal.Header(length_bytes=4, sequence=(b"\x67\x64\x00\x33\x10\x80",), picture=(b"\x68\x10\x22",))
    again = nal.header(header.joined(other).packed(ending))
    assert again is not None
    assert again[0].ids() == {0, 7}
    assert header.joined(other).packed(ending)[3] == 0x33


def test_units_survive_both_ways_of_storing_them() -> None:
    units = [b"\x65abc", b"\x41defg"]
    stream = b"".join(b"\x00\x00\x00\x01" + one for one in units)
    assert list(nal.split(stream)) == units
    assert nal.units(nal.joined(units, 4), 4) == units


@pytest.mark.parametrize("content", [b"\x00\x00\x00\x09ab", b"\x00\x00\x00\x00", b"\x00\x00\x00"])
def test_damaged_packets_have_no_units(content: bytes) -> None:
    assert nal.units(content, 4) is None


@given(st.binary(max_size=60))
def test_no_header_makes_the_reader_fail(content: bytes) -> None:
    for prefix in (b"", b"\x01\x64\x00\x1f\xff\xe1", b"\x00\x00\x01\x67"):
        found = nal.header(prefix + content)
        assert found is None or found[0].sequence


@pytest.mark.parametrize("frames", [0, 1, 27])
def test_a_picture_that_becomes_whole_later_says_when(frames: int) -> None:
    before = b"\x06" + b"\x05\x14" + bytes(range(1, 21))
    number = f"{frames + 1:b}"
    bits = ("0" * (len(number) - 1) + number).ljust(16, "1")
    said = before + b"\x06\x02" + int(bits, 2).to_bytes(2, "big") + b"\x80"
    assert nal.recovery_frames(said) == frames
    assert nal.recovery_frames(before + b"\x80") == 0


@given(st.binary(max_size=60))
def test_no_message_makes_the_reader_hang(content: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert nal.recovery_frames(b"\x06" + content) >= 0
