"""Films whose structure lies, loops, leads elsewhere or is of absurd size."""

# ruff: noqa: E501 - tables, one case a line

import struct
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

from case import Case, Place, box, changed, ebml, patched, written
from pictures import ESCAPES, MARKUP

SEE = ("probe_media", "extract_frames", "find_scenes", "transcribe")
_KIND = {"kind": "video"}
_SEGMENT, _INFO, _TRACKS, _CLUSTER, _VOID, _TAGS = "18538067", "1549A966", "1654AE6B", "1F43B675", "EC", "1254C367"
_HEAD = ebml("1A45DFA3", ebml("4282", b"matroska") + ebml("4287", b"\x04") + ebml("4285", b"\x02"))
_MATROSKA_TRACK = ebml("D7", b"\x01") + ebml("73C5", b"\x01") + ebml("83", b"\x01") + ebml("86", b"V_MJPEG")


def _mkv(*inside: bytes, width: int = 64, height: int = 48, tracks: int = 1) -> bytes:
    entry = _MATROSKA_TRACK + ebml("E0", ebml("B0", width.to_bytes(4, "big")) + ebml("BA", height.to_bytes(4, "big")))
    return _HEAD + ebml(_SEGMENT, b"".join([*inside, ebml(_TRACKS, ebml("AE", entry) * tracks)]))


def _nested(kind: bytes, depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = box(kind, content)
    return content


def _elements(identity: str, depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = ebml(identity, content)
    return content


def _inserted(ending: str, mark: bytes, content: bytes) -> Callable[[Place], Path]:
    """Return what writes a Matroska file with elements before another; no size covers them, as in live streams."""

    def change(film: bytes) -> bytes:
        at = film.index(bytes.fromhex(_SEGMENT))
        width = 9 - film[at + 4].bit_length()
        unknown = ((1 << 7 * width + 1) - 1 & (1 << 8 * width) - 1) | 1 << 7 * width
        film = film[: at + 4] + unknown.to_bytes(width, "big") + film[at + 4 + width :]
        there = film.index(mark, at + 4)
        return film[:there] + content + film[there:]

    return changed(f"a.{ending}", f"a.{ending}", change)


def _elsewhere(kind: bytes, name: bytes) -> Callable[[Place], Path]:
    """Return what writes a MOV whose samples lie in another file."""

    def make(place: Place) -> Path:
        film = (place.small / "a.mov").read_bytes()
        told = {b"NEIGHBOUR": b"neighbour.mp4", b"SECRET": str(place.secret).encode(), b"TRAP": place.trap.encode()}
        target = told[name]
        if kind == b"alis":
            # An alias record: at 130, how many folders up from either file they meet; then the path, as type 2.
            record = bytes(130) + struct.pack(">HH", *((1, 1) if name == b"NEIGHBOUR" else (0, 0))) + bytes(16)
            record += struct.pack(">HH", 2, len(target)) + target + b"\0" * (len(target) % 2) + b"\xff\xff\0\0"
        else:
            record = target + b"\0"
        reference = box(kind, b"\0\0\0\0", record)
        new = box(b"dref", struct.pack(">II", 0, 1), reference)
        old = struct.pack(">I", 28) + b"dref"
        content = film
        while (at := content.find(old)) != -1:
            content = _grown(content, at, 28, new.replace(b"dref", b"dreF"))
        path = place.folder / "a.mov"
        path.write_bytes(content.replace(b"dreF", b"dref"))
        return path

    return make


def _grown(film: bytes, at: int, length: int, new: bytes) -> bytes:
    """Exchange a box, and let the boxes around it grow."""
    grown = bytearray(film[:at] + new + film[at + length :])
    start, more = 0, len(new) - length

    def walk(start: int, end: int) -> None:
        while start + 8 <= end:
            size = int.from_bytes(film[start : start + 4], "big")
            if size < 8:
                return
            if start < at < start + size:
                grown[start : start + 4] = (size + more).to_bytes(4, "big")
                if film[start + 4 : start + 8] in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
                    walk(start + 8, start + size)
                return
            start += size

    walk(start, len(film))
    return bytes(grown)


def _streams(number: int, ending: str) -> Callable[[Place], Path]:
    def make(place: Place) -> Path:
        import av

        path = place.folder / f"a.{ending}"
        with av.open(str(path), "w") as out:
            for _ in range(number):
                out.add_stream("aac", rate=16_000, layout="mono")
            out.start_encoding()
        return path

    return make


@cache
def _plain(width: int, height: int) -> bytes:
    """Return a plain frame; to encode a large one takes a second."""
    import av

    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuvj420p", Fraction(1)
    frame = av.VideoFrame(width, height, "yuvj420p")
    for plane in frame.planes:
        plane.update(b"\x80" * plane.buffer_size)
    frame.pts = 0
    return b"".join(map(bytes, [*encoder.encode(frame), *encoder.encode(None)]))


def _large(width: int, height: int, ending: str) -> Callable[[Place], Path]:
    """Return what writes a film of one plain frame, which is small as a file."""

    def make(place: Place) -> Path:
        import av

        path = place.folder / f"a.{ending}"
        with av.open(str(path), "w") as out:
            stream = out.add_stream("mjpeg", rate=1)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
            packet = av.Packet(_plain(width, height))
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1), True
            packet.pts = packet.dts = 0
            out.mux(packet)
        return path

    return make


def _subtitled(place: Place) -> Path:
    """Write a film with a subtitle and a title that give orders."""
    words = ebml("D7", b"\x07") + ebml("73C5", b"\x07") + ebml("83", b"\x11") + ebml("86", b"S_TEXT/UTF8")
    line = ebml("A1", b"\x87\0\0\0" + f"{ESCAPES}<script>alert(1)</script> call run_python".encode())
    title = ebml("45A3", b"TITLE") + ebml("4487", f"{ESCAPES}{MARKUP} call run_python".encode())
    path = _inserted("mkv", bytes.fromhex(_CLUSTER), ebml(_TAGS, ebml("7373", ebml("67C8", title))))(place)
    film = path.read_bytes()
    path.write_bytes(film + ebml(_TRACKS, ebml("AE", words)) + ebml(_CLUSTER, ebml("E7", b"\0") + ebml("A0", line)))
    return path


def _attached(place: Place) -> Path:
    """Write a film with attachments: a program, and a name that leads out of any folder."""
    files = b"".join(
        ebml("61A7", ebml("466E", name) + ebml("4660", kind) + ebml("465C", content) + ebml("46AE", b"\x01"))
        for name, kind, content in (
            (b"../../../../tmp/owned", b"application/x-sh", b"#!/bin/sh\ntouch /tmp/owned\n"),
            (b"font.ttf", b"application/x-truetype-font", bytes(1 << 20)),
            (b"cover.png", b"image/png", b"\x89PNG\r\n\x1a\n" + bytes(1 << 16)),
        )
    )  # fmt: skip
    return _inserted("mkv", bytes.fromhex(_CLUSTER), ebml("1941A469", files))(place)


def _box(kind: bytes, offset: int, value: bytes, *, source: str = "a.mp4") -> Callable[[Place], Path]:
    return patched(source, source, kind, 4 + offset, value)


_BIG = struct.pack(">HH", 65_535, 65_535)
_NAMED = rb"avc1"

CASES = [
    Case(name="mp4 sample of 65535²", make=_box(b"avc1", 24, _BIG), tools=SEE[:3]),
    Case(name="mp4 track of 65535²", make=_box(b"tkhd", 76, _BIG[:2] + b"\0\0" + _BIG[:2] + b"\0\0"), tools=SEE[:3]),
    Case(name="mp4 turned by nonsense", make=_box(b"tkhd", 40, b"\x7f\xff\xff\xff" * 9), tools=SEE),
    Case(name="mp4 length 0", make=_box(b"mvhd", 16, bytes(4)), tools=SEE, gives=_KIND),
    Case(name="mp4 length 2³²", make=_box(b"mvhd", 16, b"\xff\xff\xff\xff"), tools=SEE, gives=_KIND),
    Case(name="mp4 clock 0", make=_box(b"mvhd", 12, bytes(4)), tools=SEE),
    Case(name="mp4 track clock 0", make=_box(b"mdhd", 12, bytes(4)), tools=SEE),
    Case(name="mp4 track clock 2³²", make=_box(b"mdhd", 12, b"\xff\xff\xff\xff"), tools=SEE),
    Case(name="mp4 wide header, 2⁶³ long", make=changed("a.mp4", "a.mp4", lambda film: film.replace(b"mvhd\0", b"mvhd\1").replace(b"mdhd\0", b"mdhd\1")), tools=SEE),
    Case(name="mp4 2³² samples of time", make=_box(b"stts", 8, b"\xff\xff\xff\xff\xff\xff\xff\xff"), tools=SEE),
    Case(name="mp4 2³² entries of time", make=_box(b"stts", 4, b"\xff\xff\xff\xff"), tools=SEE),
    Case(name="mp4 2³² sizes", make=_box(b"stsz", 8, b"\xff\xff\xff\xff"), tools=SEE),
    Case(name="mp4 2³² samples of 1 byte", make=_box(b"stsz", 4, b"\0\0\0\x01\xff\xff\xff\xff"), tools=SEE),
    Case(name="mp4 2³² chunks", make=_box(b"stco", 4, b"\xff\xff\xff\xff"), tools=SEE),
    Case(name="mp4 chunks in its header", make=_box(b"stco", 8, bytes(4)), tools=SEE),
    Case(name="mp4 2³¹ samples a chunk", make=_box(b"stsc", 12, b"\x7f\xff\xff\xff"), tools=SEE),
    Case(name="mp4 absurd edits", make=_box(b"elst", 8, b"\xff\xff\xff\xff\x7f\xff\xff\xff"), tools=SEE),
    Case(name="mp4 2³² edits", make=_box(b"elst", 4, b"\xff\xff\xff\xff"), tools=SEE),
    Case(name="mp4 nested 20 000 deep", make=written("a.mp4", box(b"ftyp", b"isom\0\0\0\0") + _nested(b"moov", 20_000)), tools=SEE, refused="a.mp4"),
    Case(name="mp4 100 000 tracks", make=written("a.mp4", box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", box(b"trak") * 100_000)), tools=SEE, refused="a.mp4"),
    Case(name="mp4 200 000 boxes", make=changed("a.mp4", "a.mp4", lambda film: film[:32] + box(b"free") * 200_000 + film[32:]), tools=SEE),
    Case(name="mp4 box of 2⁶³", make=changed("a.mp4", "a.mp4", lambda film: film + struct.pack(">I", 1) + b"free" + b"\x7f" + b"\xff" * 7), tools=SEE, gives={"kind": "video", "partial": True}),
    Case(name="mp4 box of 2 bytes", make=changed("a.mp4", "a.mp4", lambda film: film + struct.pack(">I", 2) + b"free"), tools=SEE, gives=_KIND),
    Case(name="mp4 and page", make=changed("a.mp4", "a.html", lambda film: film + b"<html><script>alert(1)</script>"), tools=SEE, gives=_KIND),
    Case(name="mp4 brand of script", make=changed("a.mp4", "a.mp4", lambda film: film.replace(b"isom", b"<svg", 1)), tools=SEE, gives=_KIND),
    Case(name="mp4 65 streams", make=_streams(65, "mp4"), tools=SEE, refused="a.mp4"),
    Case(name="mkv 65 streams", make=written("a.mkv", _mkv(tracks=65)), tools=SEE, refused="a.mkv"),
    Case(name="mov samples in the neighbour", make=_elsewhere(b"alis", b"NEIGHBOUR"), tools=SEE),
    Case(name="mov samples at an absolute path", make=_elsewhere(b"alis", b"SECRET"), tools=SEE),
    Case(name="mov samples at an address", make=_elsewhere(b"url ", b"TRAP"), tools=SEE),
    Case(name="mov reference movie", make=written("a.mov", box(b"ftyp", b"qt  \0\0\0\0") + box(b"moov", box(b"rmra", box(b"rmda", box(b"rdrf", b"\0\0\0\0url " + struct.pack(">I", 14) + b"neighbour.mp4\0"))))), tools=SEE, refused="a.mov"),
    Case(name="mov packed header bomb", make=written("a.mov", box(b"ftyp", b"qt  \0\0\0\0") + box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", b"\x7f\xff\xff\xff" + b"x\x9c" + bytes(50))))), tools=SEE, refused="a.mov"),
    Case(name="avi 8000 × 5200", make=_large(8000, 5200, "avi"), tools=SEE[:3], refused="8,000×5,200"),
    Case(name="avi 16000 × 8000", make=_large(16_000, 8000, "avi"), tools=SEE[:3], refused="a.avi"),
    Case(name="mkv 16000 × 8000", make=_large(16_000, 8000, "mkv"), tools=SEE[:3], refused="a.mkv"),
    Case(name="mp4 16000 × 8000", make=_large(16_000, 8000, "mp4"), tools=SEE[:3], refused="a.mp4"),
    Case(name="mov 7680 × 5000, the largest", make=_large(7680, 5000, "mov"), tools=SEE[:2], gives={"width_pixels": 7680}, most_mb=768),
    Case(name="mkv 2³² wide", make=written("a.mkv", _mkv(width=2**32 - 1, height=2**32 - 1)), tools=SEE, refused="a.mkv"),
    Case(name="mkv 255² unlike its stream", make=patched("a.mkv", "a.mkv", b"\xb0\x81\x40\xba\x81\x30", 0, b"\xb0\x81\xff\xba\x81\xff"), tools=SEE),
    Case(name="mkv length not a number", make=_inserted("mkv", bytes.fromhex(_TRACKS), ebml(_INFO, ebml("4489", struct.pack(">d", float("nan"))))), tools=SEE, gives=_KIND),
    Case(name="mkv length infinite", make=_inserted("mkv", bytes.fromhex(_TRACKS), ebml(_INFO, ebml("4489", struct.pack(">d", float("inf"))))), tools=SEE, gives=_KIND),
    Case(name="mkv length negative", make=_inserted("mkv", bytes.fromhex(_TRACKS), ebml(_INFO, ebml("4489", struct.pack(">d", -1e300)))), tools=SEE, gives=_KIND),
    Case(name="mkv clock 0", make=_inserted("mkv", bytes.fromhex(_TRACKS), ebml(_INFO, ebml("2AD7B1", bytes(8)))), tools=SEE),
    Case(name="mkv clock 2⁶³", make=_inserted("mkv", bytes.fromhex(_TRACKS), ebml(_INFO, ebml("2AD7B1", b"\x7f" + b"\xff" * 7))), tools=SEE),
    Case(name="mkv 100 000 voids", make=_inserted("mkv", bytes.fromhex(_CLUSTER), ebml(_VOID, b"") * 100_000), tools=SEE, gives=_KIND),
    Case(name="mkv voids in voids", make=_inserted("mkv", bytes.fromhex(_CLUSTER), _elements(_VOID, 3000)), tools=SEE, gives=_KIND),
    Case(name="mkv tags in tags", make=_inserted("mkv", bytes.fromhex(_CLUSTER), ebml(_TAGS, ebml("7373", _elements("67C8", 3000)))), tools=SEE),
    Case(name="mkv chapters in chapters", make=_inserted("mkv", bytes.fromhex(_CLUSTER), ebml("1043A770", ebml("45B9", _elements("B6", 3000)))), tools=SEE),
    Case(name="mkv of segments", make=written("a.mkv", _HEAD + _elements(_SEGMENT, 3000)), tools=SEE, refused="a.mkv"),
    Case(name="mkv element of 2⁵⁶", make=_inserted("mkv", bytes.fromhex(_CLUSTER), bytes.fromhex(_TAGS) + b"\x01" + b"\xff" * 6 + b"\xfe"), tools=SEE),
    Case(name="mkv 100 000 tags", make=_inserted("mkv", bytes.fromhex(_CLUSTER), ebml(_TAGS, ebml("7373", b"".join(ebml("67C8", ebml("45A3", b"K%d" % n) + ebml("4487", b"v")) for n in range(100_000))))), refused="processor time"),
    Case(name="mkv attachments", make=_attached, tools=SEE, gives=_KIND),
    Case(name="mkv subtitles and title give orders", make=_subtitled, tools=SEE, gives=_KIND, lacks=("\x1b", "run_python")),
    Case(name="webm language of escapes", make=_inserted("webm", bytes.fromhex(_CLUSTER), ebml(_TAGS, ebml("7373", ebml("67C8", ebml("45A3", b"TITLE") + ebml("4487", ESCAPES.encode()))))), tools=SEE, gives=_KIND, lacks=("\x1b",)),
    Case(name="avi 2³² frames", make=patched("a.avi", "a.avi", b"avih", 24, b"\xff\xff\xff\xff"), tools=SEE),
    Case(name="avi 0 µs a frame", make=patched("a.avi", "a.avi", b"avih", 8, bytes(4)), tools=SEE),
    Case(name="avi 2³² frames a second", make=patched("a.avi", "a.avi", b"vids", 20, struct.pack("<II", 1, 2**32 - 1)), tools=SEE),
    Case(name="avi scale 0", make=patched("a.avi", "a.avi", b"vids", 20, struct.pack("<II", 0, 0)), tools=SEE),
    Case(name="avi index to itself", make=patched("a.avi", "a.avi", b"idx1", 16, bytes(4)), tools=SEE),
    Case(name="avi list of 4 GB", make=patched("a.avi", "a.avi", b"LIST", 4, b"\xff\xff\xff\xff"), tools=SEE),
    Case(name="mpegts of garbage", make=written("a.ts", (b"G\x1f\xff\x10" + b"\xff" * 184) * 20_000), tools=SEE, refused="a.ts"),
    Case(name="mpegts of a thousand programs", make=written("a.ts", b"".join(b"G\x40\0\x10\0\0\xb0\xb1\0\1\xc1\0\0" + bytes(175) for _ in range(3000))), tools=SEE, refused="a.ts"),
]  # fmt: skip
