"""Read subtitles: SubRip and WebVTT, as people and programs write them."""

import re
from dataclasses import dataclass

from ..base.errors import MediaError
from ..base.words import join

MOST_BYTES = 4 << 20
MOST_CUES = 20_000
_TIMES = re.compile(
    r"^\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})\s*-->\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
)
_MARKS = re.compile(r"</?[^<>\n]{0,100}>|\{\\[^{}\n]{0,100}\}")
_NAMED = {"&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&lrm;": "", "&rlm;": "", "&amp;": "&"}


@dataclass(frozen=True, kw_only=True)
class Said:
    """Words and when they are shown."""

    start_seconds: float
    end_seconds: float
    text: str
    """Its lines joined, but for those that begin with a dash, which are of several speakers."""


def read_cues(content: bytes, name: str) -> list[Said]:
    """Return the subtitles of a file in order of time, without marks of style.

    Raises:
        MediaError: There are none in it, or too many.
    """
    if len(content) > MOST_BYTES:
        raise MediaError(f"{name!r} has {len(content):,} bytes; subtitles have {MOST_BYTES:,} at most.")
    found: list[Said] = []
    times: re.Match[str] | None = None
    lines: list[str] = []
    for line in [*_decoded(content).splitlines(), "", "0:00:00.000 --> 0:00:00.000"]:
        now = _TIMES.match(line)
        if now is None:
            lines.append(line)
            continue
        if times is not None and (said := _said(times, lines)):
            found.append(said)
            if len(found) > MOST_CUES:
                raise MediaError(f"{name!r} has more than {MOST_CUES:,} subtitles. Give those of the film alone.")
        times, lines = now, []
    if not found:
        raise MediaError(f"{name!r} has no subtitles in it: neither SubRip (.srt) nor WebVTT (.vtt) times were found.")
    return sorted(found, key=lambda one: one.start_seconds)


def _said(times: re.Match[str], lines: list[str]) -> Said | None:
    """Return a subtitle of what follows its times, up to an empty line."""
    kept: list[str] = []
    for line in lines:
        if not line.strip():
            if kept:
                break
            continue
        kept.append(_plain(line))
    start, end = (_seconds(list(times.groups("0"))[at : at + 4]) for at in (0, 4))
    text = ""
    for line in filter(None, kept):
        text = f"{text}\n{line}" if text and line.startswith(("-", "–", "—")) else join([text, line]) if text else line
    return Said(start_seconds=start, end_seconds=end, text=text) if text and end > start else None


def _seconds(clock: list[str]) -> float:
    hours, minutes, seconds, fraction = clock
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + float(f"0.{fraction}")


def _plain(line: str) -> str:
    plain = _MARKS.sub("", line)
    for named, letter in _NAMED.items():
        plain = plain.replace(named, letter)
    return " ".join("".join(one if one.isprintable() else " " for one in plain).split())


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")
