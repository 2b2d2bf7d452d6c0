"""Read subtitles out of SRT and WebVTT files, which anybody may have written."""

import html
import re
from dataclasses import dataclass
from itertools import pairwise

from ..base.errors import MediaError

MOST_BYTES = 8 << 20
MOST_CUES = 20_000
MOST_LETTERS = 1_000
"""Of one subtitle; more does not fit on a screen."""
_TIMES = re.compile(
    r"^\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})\s*-->\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
)
# Markup of SRT and WebVTT (<i>, <v Name>, <c.yellow>, <00:01.000>) and of ASS in braces.
_MARKUP = re.compile(r"</?[A-Za-z0-9][^<>]{0,200}>|\{\\[^{}]{0,200}\}")


@dataclass(frozen=True, kw_only=True)
class Subtitle:
    """What is read at once."""

    start_seconds: float
    end_seconds: float
    text: str
    """Plain, of one or more lines."""


def read_subtitles(content: bytes, name: str) -> list[Subtitle]:
    """Return the subtitles of a file in order of time; empty ones are left out.

    Args:
        content: SRT or WebVTT, in UTF-8 or UTF-16.
        name: What messages call the file.

    Raises:
        MediaError: It has no subtitles.
    """
    if len(content) > MOST_BYTES:
        raise MediaError(f"{name!r} has {len(content):,} bytes; subtitles have at most {MOST_BYTES >> 20} MB.")
    text = _decoded(content, name)
    found: list[Subtitle] = []
    for block in re.split(r"\n[ \t]*\n", text):
        lines = block.strip("\n").split("\n")
        at = next((number for number, line in enumerate(lines[:3]) if _TIMES.match(line)), None)
        if at is None or block.lstrip().startswith(("NOTE", "STYLE", "REGION")):
            continue
        times = _TIMES.match(lines[at])
        assert times is not None
        start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
        words = "\n".join(_plain(line) for line in lines[at + 1 :]).strip()
        if end > start and words:
            found.append(Subtitle(start_seconds=start, end_seconds=end, text=words[:MOST_LETTERS]))
        if len(found) > MOST_CUES:
            raise MediaError(f"{name!r} has more than {MOST_CUES:,} subtitles. Cut it into parts.")
    if not found:
        begins = " ".join(text[:60].split())
        raise MediaError(
            f"{name!r} holds no subtitles: no line with times such as `00:00:01,000 --> 00:00:02,500` was found; it "
            f"begins with {begins!r}. Give an SRT or WebVTT file, for example one that `transcribe` made."
        )
    return sorted(found, key=lambda one: (one.start_seconds, one.end_seconds))


def one_at_a_time(subtitles: list[Subtitle]) -> list[Subtitle]:
    """Return subtitles that never overlap: those that are on the screen together become one of more lines."""
    edges = sorted({edge for one in subtitles for edge in (one.start_seconds, one.end_seconds)})
    found: list[Subtitle] = []
    waiting = list(subtitles)
    shown: list[Subtitle] = []
    for start, end in pairwise(edges):
        while waiting and waiting[0].start_seconds <= start:
            shown.append(waiting.pop(0))
        shown = [one for one in shown if one.end_seconds > start]
        text = "\n".join(one.text for one in shown)[:MOST_LETTERS]
        if not text:
            continue
        if found and found[-1].text == text and found[-1].end_seconds == start:
            found[-1] = Subtitle(start_seconds=found[-1].start_seconds, end_seconds=end, text=text)
        else:
            found.append(Subtitle(start_seconds=start, end_seconds=end, text=text))
    return found


def _decoded(content: bytes, name: str) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise MediaError(
            f"{name!r} is no text in UTF-8 (byte {error.start:,}). Save the subtitles as UTF-8."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{fraction or 0}")


def _plain(line: str) -> str:
    plain = html.unescape(_MARKUP.sub("", line))
    return "".join(letter if letter.isprintable() else " " for letter in plain).strip()
