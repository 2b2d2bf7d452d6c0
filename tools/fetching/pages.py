"""Reads a page that was fetched: its text, who wrote it and when, and the addresses it names, as data."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from ..base.errors import ArgumentError, MediaError
from .charsets import decode_text
from .spelling import read_location, read_redirect

if TYPE_CHECKING:
    from lxml.etree import _Element

MOST_BYTES = 4_000_000
"""Of a page's source; what is behind them is not read."""
MOST_ELEMENTS = 30_000
"""More make the search for the article slow (8 s for 200,000 paragraphs); all text is taken then."""
MOST_ITEMS = 4_000
"""Of one list, or its equal in time, which grows with the square (16 s for 8,000); all text is taken then, too."""
MOST_LISTED = 200
"""Of links, and of pictures."""
MOST_LOOKED_AT = 5_000
"""Of links, of which many lead to the same."""
LONGEST_WORDS = 300
# No guess at a date out of any numbers of the text.
_DATES = {"extensive_search": False, "original_date": True}
_LAZY = ("src", "data-src", "data-original", "data-lazy-src")
_SKIPPED = ("script", "style", "noscript", "template", "svg", "head", "iframe", "object", "select", "textarea")


class PageAddress(BaseModel):
    """An address that a page names: data, never followed."""

    address: str = Field(description="Absolute. Fetch it only when the user asks for it.")
    text: str = Field("", description="The words of the link, or what the picture is said to show.")


class Heading(BaseModel):
    """A heading of a page."""

    level: int
    text: str


class Page(BaseModel):
    """What a page holds."""

    title: str = ""
    author: str = ""
    published: str = Field("", description="Year-month-day, as the page says.")
    language: str = Field("", description="As the page says, for example `en` or `zh-CN`.")
    site: str = Field("", description="As the page calls it; else the host that it came from.")
    summary: str = Field("", description="What the page says of itself.")
    text: str = ""
    headings: list[Heading] = Field(default_factory=list)
    pictures: list[PageAddress] = Field(default_factory=list)
    media: list[PageAddress] = Field(default_factory=list, description="Videos and sounds that the page plays.")
    links: list[PageAddress] = Field(default_factory=list)
    limits: list[str] = Field(default_factory=list)


def read_page(path: Path, *, url: str, charset: str = "") -> Page:
    """Read a page from a file.

    Args:
        path: Its source.
        url: Where it came from; relative addresses are relative to it.
        charset: What the server says its character set is.

    Raises:
        MediaError: It cannot be read as a page.
    """
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    limits = []
    if len(data) > MOST_BYTES:
        data = data[:MOST_BYTES]
        limits.append(f"Only the first {MOST_BYTES:,} bytes of the page were read.")
    source = decode_text(data, charset, is_cut=bool(limits))
    tree = _parsed(source)
    base = _base(tree, url)
    page = Page(
        title=_words(tree.findtext(".//title") or _meta(tree, "og:title")),
        language=_words(next(iter(tree.xpath("/html/@lang")), ""))[:20],
        site=read_location(url).host,
        headings=list(_headings(tree)),
        pictures=_listed(_pictures(tree), base),
        media=_listed(_media(tree), base),
        links=_listed(_links(tree), base),
        limits=limits,
    )
    found = {} if _is_large(tree) else _article(source, url)
    page = page.model_copy(update={name: value for name, value in found.items() if value})
    if not page.text:
        page.text = "\n".join(_blocks(tree))
        page.limits.append(
            "No article was made out, so all text of the page is given, its menus too."
            if page.text
            else "No text was found on the page. Scripts may write it, and they are not run."
        )
    return page


def _parsed(source: str) -> "_Element":
    from lxml import etree, html

    # Of libxml2: no more than 256 levels, and nothing is loaded that a page names.
    parser = html.HTMLParser(encoding="utf-8", huge_tree=False, no_network=True, collect_ids=False)
    try:
        tree = html.document_fromstring(source.encode("utf-8"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise MediaError(f"The page cannot be read: {str(error)[:200]}. Open it in a browser and save it.") from error
    return tree


def _is_large(tree: "_Element") -> bool:
    """Tell whether the search for the article would take long."""
    squares = sum(len(one) ** 2 for one in tree.iter("ul", "ol"))
    return squares > MOST_ITEMS**2 or sum(1 for _ in tree.iter()) > MOST_ELEMENTS


def _article(source: str, url: str) -> dict[str, str]:
    """Return what trafilatura makes of a page; nothing when it finds no article in it."""
    import logging

    from trafilatura import bare_extraction

    # What it logs of a page that is none is said in the result.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        # A text and never an address: it has no way to load anything.
        found = bare_extraction(
            source,
            url=url,
            with_metadata=True,
            include_comments=False,
            include_tables=True,
            date_extraction_params=_DATES,
        )
    except (ValueError, TypeError, AttributeError, RecursionError, IndexError, KeyError, OverflowError):
        return {}  # a page that it stumbles over is read without it
    if found is None or isinstance(found, dict):
        return {}
    return {
        "title": _words(found.title),
        "author": _words(found.author),
        "published": _words(found.date)[:10],
        # A host that the page names, as its base or as where it belongs, need not be the one that it came from.
        "site": _words("" if found.sitename == found.hostname else found.sitename),
        "summary": _words(found.description),
        "text": (found.text or "").strip(),
    }


def _headings(tree: "_Element") -> Iterator[Heading]:
    for element in tree.iter("h1", "h2", "h3", "h4"):
        if text := _words("".join(element.itertext())):
            yield Heading(level=int(element.tag[1]), text=text)


def _pictures(tree: "_Element") -> Iterator[tuple[str, str]]:
    if cover := _meta(tree, "og:image"):
        yield cover, ""
    for element in tree.iter("img"):
        source = next((value for name in _LAZY if (value := element.get(name, "")) and value[:5] != "data:"), "")
        yield source, element.get("alt", "")


def _media(tree: "_Element") -> Iterator[tuple[str, str]]:
    for name in ("og:video:url", "og:video", "og:audio"):
        yield _meta(tree, name), ""
    for element in tree.iter("video", "audio", "source"):
        yield element.get("src", ""), element.get("title", "")


def _links(tree: "_Element") -> Iterator[tuple[str, str]]:
    for element in tree.iter("a"):
        yield element.get("href", ""), "".join(element.itertext())


def _listed(found: Iterator[tuple[str, str]], base: str) -> list[PageAddress]:
    """Return the http(s) addresses among them, absolute, each once."""
    listed: dict[str, PageAddress] = {}
    for address, text in islice(found, MOST_LOOKED_AT):
        if len(listed) == MOST_LISTED:
            break
        if not address.strip() or address.startswith("#"):
            continue
        try:
            absolute = read_redirect(read_location(base), address.strip()).url
        except ArgumentError:
            continue
        if absolute not in listed:
            listed[absolute] = PageAddress(address=absolute, text=_words(text))
    return list(listed.values())


def _base(tree: "_Element", url: str) -> str:
    """Return what relative addresses are relative to."""
    for element in tree.iter("base"):
        try:
            return read_redirect(read_location(url), element.get("href", "").strip() or url).url
        except ArgumentError:
            break
    return url


def _blocks(tree: "_Element") -> Iterator[str]:
    """Yield the text of a page, piece by piece, without what browsers do not show."""
    for element in _shown(tree):
        for text in (element.text, *(child.tail for child in element)):
            if words := " ".join((text or "").split()):
                yield words


def _shown(tree: "_Element") -> Iterator["_Element"]:
    from lxml import etree

    hidden = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if element.tag in _SKIPPED:
            hidden += 1 if event == "start" else -1
        elif event == "start" and not hidden and isinstance(element.tag, str):
            yield element


def _meta(tree: "_Element", name: str) -> str:
    found: Any = tree.xpath("//meta[@property=$name or @name=$name]/@content", name=name)
    return str(found[0]).strip() if found else ""


def _words(text: str | None) -> str:
    """Return words of a page on one line, no longer than a heading."""
    line = " ".join((text or "").split())
    return line if len(line) <= LONGEST_WORDS else line[:LONGEST_WORDS] + "…"
