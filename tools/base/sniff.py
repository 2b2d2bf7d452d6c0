"""What a file is, by its content: names and declared types are never believed."""

import re
from dataclasses import dataclass
from typing import BinaryIO

HEAD_BYTES = 4096


@dataclass(frozen=True)
class Sniffed:
    """A media type and, for what may be opened, which decoder to open it with."""

    media_type: str
    demuxer: str | None = None
    """libav's name, to be passed to `av.open(format=…)`, so that nothing else is guessed."""
    picture_format: str | None = None
    """Pillow's name."""


_UNKNOWN = Sniffed("application/octet-stream")
_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", Sniffed("image/png", picture_format="PNG")),
    (b"\xff\xd8\xff", Sniffed("image/jpeg", picture_format="JPEG")),
    (b"GIF87a", Sniffed("image/gif", picture_format="GIF")),
    (b"GIF89a", Sniffed("image/gif", picture_format="GIF")),
    (b"II*\x00", Sniffed("image/tiff", picture_format="TIFF")),
    (b"MM\x00*", Sniffed("image/tiff", picture_format="TIFF")),
)
_STREAMS = (
    (b"fLaC", Sniffed("audio/flac", "flac")),
    (b"FLV\x01", Sniffed("video/x-flv", "flv")),
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), Sniffed("video/x-ms-asf", "asf")),  # WMV and WMA
)
_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"F4A ")
# Still pictures in the same container; Pillow opens AVIF, HEIC needs another library.
_AVIF_BRANDS = (b"avif", b"avis")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
# Types of text that are not called so.
_WRITTEN = ("application/json", "application/x-subrip", "application/csv", "image/svg+xml")


def is_text(media_type: str) -> bool:
    """Tell whether a file of this type can be read as text."""
    return media_type.startswith("text/") or media_type in _WRITTEN


def sniff(file: BinaryIO) -> Sniffed:
    """Return what the content is; the file's position is left at its start."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return _media(head) or _text(head) or _begun(head) or _UNKNOWN


def _media(head: bytes) -> Sniffed | None:
    for magic, sniffed in (*_PICTURES, *_STREAMS):
        if head.startswith(magic):
            return sniffed
    if head[:4] == b"RIFF":
        return {
            b"WEBP": Sniffed("image/webp", picture_format="WEBP"),
            b"WAVE": Sniffed("audio/wav", "wav"),
            b"AVI ": Sniffed("video/x-msvideo", "avi"),
        }.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _box_file(head)
    if head[4:8] in (b"moov", b"mdat", b"wide", b"skip", b"free") and int.from_bytes(head[:4], "big") >= 8:
        return Sniffed("video/quicktime", "mov")
    if head[:4] == b"\x1aE\xdf\xa3":
        return Sniffed("video/webm" if b"webm" in head[:64] else "video/x-matroska", "matroska")
    if head[:4] == b"OggS":
        return Sniffed("video/ogg" if b"theora" in head[:512] else "audio/ogg", "ogg")
    if head[:3] == b"ID3" or (len(head) > 3 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2):
        return Sniffed("audio/mpeg", "mp3")
    if len(head) > 3 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return Sniffed("audio/aac", "aac")
    if head[0:565:188] == b"GGGG":  # the mark of each packet of 188 bytes
        return Sniffed("video/mp2t", "mpegts")
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 64, 108, 124):
        return Sniffed("image/bmp", picture_format="BMP")
    return None


def _begun(head: bytes) -> Sniffed | None:
    """Return what was cut out of the middle of a broadcast, where the first packet is not whole."""
    is_stream = any(head[at : at + 1317 : 188] == b"G" * 8 for at in range(1, 188))
    return Sniffed("video/mp2t", "mpegts") if is_stream else None


def _box_file(head: bytes) -> Sniffed:
    """Return which of the formats that share the boxes of MP4 a file is, by its brands."""
    brand = head[8:12]
    brands = [brand, *(head[at : at + 4] for at in range(16, min(int.from_bytes(head[:4], "big"), len(head)), 4))]
    if brand in _AVIF_BRANDS or (brand in _HEIC_BRANDS and any(one in _AVIF_BRANDS for one in brands)):
        return Sniffed("image/avif", picture_format="AVIF")
    if brand in _HEIC_BRANDS:
        return Sniffed("image/heic")
    if brand in _AUDIO_BRANDS:
        return Sniffed("audio/mp4", "mov")
    return Sniffed("video/quicktime" if brand == b"qt  " else "video/mp4", "mov")


def _text(head: bytes) -> Sniffed | None:
    if head.startswith(b"%PDF-"):
        return Sniffed("application/pdf")
    try:
        # A cut in the middle of the last character is not an error of the file.
        text = head.decode("utf-8") if len(head) < HEAD_BYTES else head[:-4].decode("utf-8", errors="strict")
    except UnicodeDecodeError as error:
        if len(head) < HEAD_BYTES or error.start < len(head) - 8:
            return None
        text = head[: error.start].decode("utf-8")
    if any(ord(letter) < 32 and letter not in "\t\n\r\f\x1b" for letter in text):
        return None
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped.startswith("#EXTM3U"):
        return Sniffed("text/x-playlist")
    if stripped[:5] == "<?xml" or stripped[:4] == "<svg":
        return Sniffed("text/xml")
    if re.match(r'\{\s*["}]|\[\s*[\["{\d\]-]', stripped):
        return Sniffed("text/json")
    return Sniffed("text/plain")
