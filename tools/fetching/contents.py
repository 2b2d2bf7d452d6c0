"""What came from an address: its kind by its content, a name for it, and what of a page can be cited."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..base.moments import Measure, Moment, Source
from ..base.sniff import HEAD_BYTES, Sniffed, is_text, sniff
from .pages import Page

if TYPE_CHECKING:
    from .transport import Fetched

ContentKind = Literal["video", "audio", "picture", "page", "text", "data"]
MOST_MOMENTS = 400
LONGEST_MOMENT = 2000
"""Characters of one paragraph that is cited."""
# How a page begins, after white space and comments (WHATWG MIME sniffing standard), in any set that has ASCII. There is
# one way only to match the comments, for thousands of them would be tried in all ways.
_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?>(?:<!--(?:(?!-->).){0,2000}-->\s*)*)"
    rb"<(?:!doctype\s+html|html|head|body|title|meta|script|style|iframe|h1|div|table|br|p|a)\b",
    re.IGNORECASE | re.DOTALL,
)
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_ENDINGS = {
    # Not as pages and drawings: what a stranger wrote would run when it is opened in a browser.
    "text/html": ".html.txt",
    "text/xml": ".xml.txt",
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/tiff": ".tiff",
    "image/bmp": ".bmp",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
    "audio/aac": ".aac",
    "audio/mp4": ".m4a",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "video/quicktime": ".mov",
    "video/x-msvideo": ".avi",
    "video/ogg": ".ogv",
    "video/mp2t": ".ts",
    "video/x-flv": ".flv",
    "video/x-ms-asf": ".wmv",
}
_SAME_ENDINGS: dict[str, tuple[str, ...]] = {
    ".jpg": (".jpeg",),
    ".tiff": (".tif",),
    ".mp4": (".m4v",),
    ".mov": (".qt",),
    ".wmv": (".asf", ".wma"),
}
_PLAIN_ENDINGS = (
    ".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".srt", ".vtt", ".ass", ".tex", ".log", ".toml", ".yaml", ".yml",
    ".py", ".ipynb", ".c", ".h", ".cpp", ".hpp", ".java", ".go", ".rs", ".rb", ".r", ".sql", ".css", ".ts",
)  # fmt: skip
"""Of texts that do nothing when they are opened, on any system."""
_DATA_ENDINGS = (
    ".zip",
    ".tar",
    ".gz",
    ".bz2",
    ".xz",
    ".7z",
    ".pdf",
    ".epub",
    ".docx",
    ".xlsx",
    ".pptx",
    ".odt",
    ".npy",
)
_TOLD = {
    "application/pdf": "It is a PDF, which no tool here reads. Save its pages as pictures and give those.",
    "text/x-playlist": "It is a playlist; what it names was not fetched. Of a video site give the address of its page.",
    "text/xml": "It is XML or a drawing in it; it can be read as text only.",
    "image/heic": "It is HEIC, which no tool here opens. Save it as JPEG.",
}


def type_of(path: Path, claimed: str) -> str:
    """Return the media type of what was fetched, by its content; the server is believed only where text is a page."""
    with path.open("rb") as file:
        seen: Sniffed = sniff(file)
        head = file.read(HEAD_BYTES)
    if _family(seen.media_type) in ("video", "audio", "image") or seen.media_type == "application/pdf":
        return seen.media_type
    for mark in _MARKS:
        head = head.removeprefix(mark)
    claims_page = claimed in ("text/html", "application/xhtml+xml")
    # Every second byte of UTF-16 is a nul.
    if _PAGE.match(head.replace(b"\x00", b"")) or (claims_page and seen.media_type == "text/plain"):
        return "text/html"
    return seen.media_type


def kind_of(media_type: str) -> ContentKind:
    """Return what can be done with a type."""
    if media_type == "text/html":
        return "page"
    kinds: dict[str, ContentKind] = {"video": "video", "audio": "audio", "image": "picture"}
    return kinds.get(_family(media_type), "text" if is_text(media_type) else "data")


def file_name(named: str, media_type: str) -> str:
    """Return a name for people: what an address calls it, in letters that are safe, with the ending of its type."""
    stem = re.sub(r"[^\w.() -]+", "_", named).strip(" ._")[:100] or "fetched"
    known = _ENDINGS.get(media_type, ".txt" if is_text(media_type) else ".bin")
    same = _SAME_ENDINGS.get(known, ())
    if media_type not in _ENDINGS:
        same = _PLAIN_ENDINGS if known == ".txt" else _DATA_ENDINGS
    if stem.lower().endswith((known, *same)):
        return stem
    first = known.removesuffix(".txt")
    return stem.removesuffix(first) + known


def remarks(fetched: "Fetched", media_type: str) -> list[str]:
    """Return what a reader must know of what was fetched."""
    said = [_TOLD[media_type]] if media_type in _TOLD else []
    claimed = fetched.claimed_type
    families = {_family(claimed), _family(media_type)}
    if claimed and len(families) > 1 and families & {"video", "audio", "image"}:
        said.append(f"The server calls it {claimed}, but its content is {media_type}; the content counts.")
    return said


def cited(page: Page, handle: str) -> tuple[list[Moment], list[Measure]]:
    """Return the paragraphs and the counts of a page, so that an answer can lead to them."""
    source = Source(tool="fetch_url")
    said = [("title", page.title), ("author", page.author), ("published", page.published)]
    texts = [f"{name}: {value}" for name, value in said if value]
    texts += [one for line in page.text.splitlines() if (one := " ".join(line.split()))]
    if len(texts) > MOST_MOMENTS:
        page.limits.append(f"Only the first {MOST_MOMENTS} of {len(texts):,} paragraphs can be cited.")
    moments = [
        Moment(kind="text", start_seconds=None, text=one[:LONGEST_MOMENT], media=handle, confidence=None, source=source)
        for one in texts[:MOST_MOMENTS]
    ]
    counts = {"page_characters": len(page.text), "page_pictures": len(page.pictures), "page_links": len(page.links)}
    return moments, [Measure(name=name, value=float(value), media=handle) for name, value in counts.items()]


def _family(media_type: str) -> str:
    return media_type.partition("/")[0]
