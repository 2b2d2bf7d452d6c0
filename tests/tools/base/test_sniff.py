"""What a file is, is told by its content."""

import io
from pathlib import Path
from types import ModuleType

import pytest

from sensorium.tools.base.sniff import sniff


def told(content: bytes) -> str:
    return sniff(io.BytesIO(content)).media_type


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.mp4", "video/mp4"),
        ("a.mov", "video/quicktime"),
        ("a.mkv", "video/x-matroska"),
        ("a.webm", "video/webm"),
        ("a.ts", "video/mp2t"),
        ("a.avi", "video/x-msvideo"),
        ("a.flv", "video/x-flv"),
        ("a.wmv", "video/x-ms-asf"),
    ],
)
def test_containers_are_told_by_their_first_bytes(name: str, found: str, broken: ModuleType, tmp_path: Path) -> None:
    codec = "libvpx" if name.endswith("webm") else "libx264"
    assert told(broken.numbered(tmp_path / name, 40, codec=codec).read_bytes()) == found


@pytest.mark.parametrize(
    ("brands", "found"),
    [
        (b"isom\0\0\0\0isommp42", "video/mp4"),
        (b"qt  \0\0\0\0qt  ....", "video/quicktime"),
        (b"M4A \0\0\0\0isommp42", "audio/mp4"),
        (b"avif\0\0\0\0mif1miaf", "image/avif"),
        (b"mif1\0\0\0\0avifmiaf", "image/avif"),
        (b"mif1\0\0\0\0heicmiaf", "image/heic"),
    ],
)
def test_files_of_boxes_are_told_by_their_brands(brands: bytes, found: str) -> None:
    assert told(b"\0\0\0\x18ftyp" + brands + b"\0" * 100) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Good morning. " * 60, "text/plain"),
        ("BMW and others", "text/plain"),
        ("[build-system]\nrequires = []\n", "text/plain"),
        ('[{"a": 1}]', "text/json"),
        ("{}", "text/json"),
        ('{"a": 1}', "text/json"),
        ("\ufeff#EXTM3U\n", "text/x-playlist"),
        ('<?xml version="1.0"?><a/>', "text/xml"),
        ("", "text/plain"),
        ("汉字" * 2000, "text/plain"),
        ("a\0b", "application/octet-stream"),
        ("%PDF-1.7\n", "application/pdf"),
    ],
)
def test_text_is_told_from_data(text: str, found: str) -> None:
    assert told(text.encode()) == found


def test_the_read_position_is_left_at_the_start() -> None:
    file = io.BytesIO(b"RIFF\0\0\0\0WAVE")
    file.seek(5)
    assert (sniff(file).demuxer, file.tell()) == ("wav", 0)


def test_a_broadcast_that_begins_within_a_packet_is_one() -> None:
    packets = (b"G" + bytes(range(1, 71)) + b"\xff" * 117) * 20
    assert told(packets[57:]) == "video/mp2t"
    assert told(b"\xff" * 57 + packets[:900]) == "application/octet-stream"
