"""What servers of models write into a file of what they were asked, which who asked may not want told."""

import re
import struct

PROGRAMS = {
    "parameters": "a Stable Diffusion WebUI",
    "prompt": "ComfyUI",
    "workflow": "ComfyUI",
    "invokeai_metadata": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "Dream": "Stable Diffusion",
}
"""Text chunks of PNG in which these keep it."""
_HARMLESS = frozenset({"Software", "Author", "Copyright", "Creation Time", "Disclaimer", "Source", "Warning"})
"""Of PNG's own keywords. Title, Description and Comment are where Midjourney and NovelAI write prompts."""
_DESCRIPTION, _MAKE, _MODEL, _EXIF_TABLE, _USER_COMMENT = 0x010E, 0x010F, 0x0110, 0x8769, 0x9286
_WORDS = frozenset({_DESCRIPTION, _USER_COMMENT, 0x927C, 0x9C9B, 0x9C9C, 0x9C9E, 0x9C9F})
"""Tags of EXIF for words about a picture: a maker's note, and Windows' title, comment, keywords and subject, too."""
_BYTES_OF_KIND = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_IN_MAKER = re.compile(r"(prompt|workflow|extra_pnginfo):|\s*\{")
"""How ComfyUI begins the maker and the model of a camera in WebP, where it writes its graph."""
_IN_XMP = re.compile(rb"(?i)prompt|UserComment|dc:description|dc:title|parameters|workflow")


def is_asked(keyword: str) -> bool:
    """Tell whether a text of a PNG that a model made may hold words of who asked for it."""
    return keyword not in _HARMLESS


def is_graph(text: str) -> bool:
    """Tell whether a maker or model of a camera is none."""
    return bool(_IN_MAKER.match(text))


def is_asked_in_xmp(packet: bytes) -> bool:
    """Tell whether a packet of XMP may hold words of who asked."""
    return bool(_IN_XMP.search(packet))


def without_words(exif: bytes) -> bytes:
    """Return a block of EXIF with zeros in place of words about the picture; nothing of a damaged one."""
    kept, waiting = bytearray(exif), list[int]()
    try:
        order = {b"II": "<", b"MM": ">"}[exif[:2]]
        waiting += struct.unpack_from(order + "I", exif, 4)
        for table in waiting:  # the first, and the one of EXIF that it names
            (count,) = struct.unpack_from(order + "H", exif, table)
            for at in range(table + 2, table + 2 + 12 * count, 12):
                tag, kind, number, place = struct.unpack_from(order + "HHII", exif, at)
                length = number * _BYTES_OF_KIND.get(kind, 1)
                start = place if length > 4 else at + 8
                is_words = tag in _WORDS or (
                    tag in (_MAKE, _MODEL) and is_graph(exif[start : start + 40].decode("latin-1"))
                )
                if is_words:
                    kept[start : start + length] = bytes(len(kept[start : start + length]))
                if tag == _EXIF_TABLE and len(waiting) == 1:
                    waiting.append(place)
    except (struct.error, KeyError):
        return b""
    return bytes(kept)
