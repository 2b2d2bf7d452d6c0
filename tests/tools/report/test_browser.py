"""A report in a real browser: its script runs under its own policy."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sensorium.tools import call
from sensorium.tools.base.moments import Findings
from sensorium.tools.base.run import Run

QUIET = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")
Browse = Callable[..., str]


@pytest.fixture
async def page(run: Run, slides: Findings, speech: Findings, tmp_path: Path) -> Path:
    """A report in a folder of its own, without the video it is about; its evidence is too long to stand open."""
    lines = [moment.model_copy(update={"text": f"{moment.text} {n}"}) for n in range(8) for moment in speech.moments]
    report = await call("write_report", {"findings": [slides, speech.model_copy(update={"moments": lines})]}, run)
    folder = tmp_path / "out"
    folder.mkdir()
    return shutil.copyfile(run.path(report.html.handle), folder / "report.html")


@pytest.fixture
def browse(needs_program: Callable[..., str], page: Path, tmp_path: Path) -> Browse:
    """Open the page and return what it has become; what the browser complains of fails the test."""
    program = needs_program("chromium", "chromium-browser", "google-chrome")

    def open_page(fragment: str = "") -> str:
        flags = [*QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--timeout=2000"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium has none for root
        command = [program, "--headless", *flags, "--dump-dom", page.as_uri() + fragment]
        done = subprocess.run(command, capture_output=True, timeout=60, check=True)
        # Only the missing video may be complained of.
        complaints = [line for line in done.stderr.decode().splitlines() if "CONSOLE" in line]
        assert [line for line in complaints if "lecture.mp4" not in line and "ERR_FILE_NOT_FOUND" not in line] == []
        return done.stdout.decode()

    return open_page


def test_the_player_shows_the_first_chapter_when_the_video_lies_beside_the_page(
    browse: Browse, page: Path, clip: Path
) -> None:
    shutil.copyfile(clip, page.parent / clip.name)
    became = browse("#t=20")
    assert re.search(r'<div class="player" data-file="1"><div class="stage">', became)
    poster = re.search(r'poster="([^"]*)"', became)
    picture = re.search(r'<section id="chapter-1".*?<img src="([^"]*)"', became, re.DOTALL)
    assert poster and picture and poster[1] == picture[1]
    assert '<p class="note absent" hidden="">' in became


def test_without_the_video_no_player_is_shown_and_the_page_says_why(browse: Browse) -> None:
    became = browse()
    assert '<div class="player" data-file="1" hidden="">' in became
    assert re.search(r'<p class="note absent">[^<]*lecture\.mp4', became)
    assert "poster=" not in became


def test_a_link_to_a_moment_opens_the_list_it_stands_in(browse: Browse) -> None:
    closed, opened = browse(), browse("#m3")
    appendix, row = '<details class="appendix" open="">', re.compile(r'<tr id="m3" class="[^"]*\blit\b')
    assert appendix in opened and row.search(opened)
    assert appendix not in closed and not row.search(closed)
