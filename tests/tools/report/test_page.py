"""The page and the Markdown of a report: what they show, and that text from media does nothing in them."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sensorium.tools import call
from sensorium.tools.base.moments import Coverage, Findings, Moment, Source
from sensorium.tools.base.run import Run


def written(artifact: str, run: Run) -> str:
    return run.path(artifact).read_text(encoding="utf-8")


def _copied(clip: Path, to: Path) -> Path:
    """Return a copy that is another file by its content."""
    to.write_bytes(clip.read_bytes() + b"\0")
    return to


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


async def test_every_link_of_the_page_leads_to_an_anchor_and_nothing_is_loaded_from_elsewhere(
    run: Run, slides: Findings, speech: Findings
) -> None:
    report = await call("write_report", {"findings": [slides, speech]}, run)
    page = Page(written(report.html.handle, run))
    anchors = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    links = [attributes["href"] for _, attributes in page.tags if "href" in attributes]
    assert len(anchors) == len(set(anchors))
    assert links and {str(link).removeprefix("#") for link in links} <= set(anchors)
    assert "#t=20" in links
    sources = {str(attributes["src"])[:11] for _, attributes in page.tags if "src" in attributes}
    assert sources == {"data:image/", "./lecture.m"}
    assert not [tag for tag, _ in page.tags if tag in ("link", "iframe", "object", "base", "form")]


async def test_the_policy_of_the_page_names_its_own_script_and_style(run: Run, slides: Findings) -> None:
    report = await call("write_report", {"findings": [slides]}, run)
    page = written(report.html.handle, run)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy and "default-src 'none'" in policy[1] and "unsafe" not in policy[1]
    for tag in ("script", "style"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert content
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert not re.search(r'\s(?:on\w+|style)="', page)


async def test_the_markdown_shows_the_pictures_that_come_with_it(run: Run, slides: Findings, speech: Findings) -> None:
    report = await call("write_report", {"findings": [slides, speech]}, run)
    markdown = written(report.markdown.handle, run)
    shown = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", markdown)
    assert set(shown) == {one.name for one in report.pictures}
    assert {"chapter-01.jpg", "chapter-03.jpg", "timeline.svg", "speech.svg"} <= set(shown)
    targets = set(re.findall(r"\]\(#([^)]*)\)", markdown))
    assert targets and targets <= set(re.findall(r'<a id="([^"]*)">', markdown))


EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></script><svg onload=alert(1)>",
    "![x](http://evil.example/a.png) [click](javascript:alert(1))",
    "www.evil.example and me@evil.example",
    "# not a heading | not a cell `not code`",
    "$title ${body} {style}",
    "\u202eturned around\u202c \x07 bell",
)


@pytest.mark.parametrize("evil", EVIL)
async def test_text_from_media_is_shown_and_does_nothing(run: Run, handle: str, evil: str) -> None:
    text = Moment(
        kind="text",
        start_seconds=0.0,
        end_seconds=60.0,
        text=evil,
        box=(0.1, 0.1, 0.9, 0.2),
        source=Source(tool="read_text", provider=evil),
    )
    said = Moment(
        kind="speech",
        start_seconds=1.0,
        end_seconds=9.0,
        text=f"I say {evil} to all of you here.",
        source=Source(tool="transcribe", provider=evil, quality="good"),
    )
    found = Findings(media=handle, moments=[text, said], limits=[evil], coverage=Coverage(seconds=60.0))
    steps = [{"id": evil, "tool": evil, "status": evil, "provider": evil, "error": {"message": evil}}]
    facts = {"run_id": "r", "steps": steps}
    report = await call("write_report", {"findings": [found], "request": evil, "run_facts": facts}, run)
    html = written(report.html.handle, run)
    page = Page(html)
    allowed = {
        "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "p", "b", "div", "dl", "dt",
        "dd", "main", "section", "ul", "ol", "li", "span", "svg", "rect", "line", "details", "summary", "table",
        "thead", "tbody", "tr", "th", "td", "footer", "script", "video", "button", "nav", "code",
    }  # fmt: skip
    assert {tag for tag, _ in page.tags} <= allowed
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert "\u202e" not in html and "\x07" not in html
    visible = re.sub(r"\s+", " ", "".join(page.text))
    assert " ".join(evil.replace("\u202e", "").replace("\u202c", "").replace("\x07", "").split()) in visible
    markdown = written(report.markdown.handle, run)
    bare = re.sub(r"`[^`]*`", "", markdown)
    assert not re.search(r"://|www\.|@\w|(?<!\\)\]\((?!#|[\w-]+\.(?:jpg|svg)\))", bare)
    assert not re.search(r"(?<!\\)<(?!/?sup>|a id=\"|/a>)", bare)
    assert "\u202e" not in markdown


async def test_a_name_made_of_markup_does_nothing(run: Run, slides: Findings, clip: Path, tmp_path: Path) -> None:
    named = _copied(clip, tmp_path / "a' b & <i>.mp4")
    handle = run.workspace.adopt(named).handle
    found = slides.model_copy(
        update={"media": handle, "moments": [one.model_copy(update={"media": handle}) for one in slides.moments]}
    )
    report = await call("write_report", {"findings": [found]}, run)
    html = written(report.html.handle, run)
    video = next(attributes for tag, attributes in Page(html).tags if tag == "video")
    assert video["src"] == "./a%27%20b%20%26%20%3Ci%3E.mp4"
    assert "<i>" not in html


async def test_a_name_that_is_no_text_gets_no_player_that_would_not_find_it(
    run: Run, clip: Path, tmp_path: Path
) -> None:
    named = _copied(clip, tmp_path / "bad\ufffd.mp4")
    report = await call("write_report", {"findings": [], "media": [str(named)]}, run)
    page = Page(written(report.html.handle, run))
    assert not [tag for tag, _ in page.tags if tag == "video"]
    assert "bad\ufffd.mp4" in "".join(page.text)
