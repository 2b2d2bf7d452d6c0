"""Fonts for Chinese."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import ImageFont

from sensorium.tools.base import fonts


def test_a_found_font_draws_chinese_characters_each_in_its_own_way() -> None:
    path = fonts.find_cjk_font()
    if path is None:
        pytest.skip("no font for Chinese is installed here")
    font = ImageFont.truetype(str(path), 40, index=fonts.simplified_chinese_face(path))
    drawn = {bytes(font.getmask(letter)) for letter in "字体检查\uffff"}
    assert len(drawn) == 5


@pytest.fixture
def fresh() -> Iterator[None]:
    """Look for fonts anew, and let nothing of it be remembered."""
    fonts.find_font.cache_clear()
    yield
    fonts.find_font.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_the_better_font_wins_and_a_latin_one_is_never_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Arial.ttf", "simsun.ttc", "NotoSansCJK-Regular.ttc", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr(fonts, "_folders", lambda: [tmp_path, tmp_path / "missing"])
    assert fonts.find_cjk_font() == tmp_path / "NotoSansCJK-Regular.ttc"
    for path in tmp_path.glob("*.ttc"):
        path.unlink()
    fonts.find_font.cache_clear()
    assert fonts.find_cjk_font() is None


@pytest.mark.usefixtures("fresh")
def test_where_the_machine_has_no_font_there_is_one_that_came_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_of_machine", list)
    found = fonts.find_font(("dejavusans.",))
    assert found is not None
    assert found.name == "DejaVuSans.ttf"
    assert fonts.find_cjk_font() is None


@pytest.mark.usefixtures("fresh")
def test_a_font_is_found_by_the_script_it_is_made_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NotoSansThai-Regular.ttf", "Nirmala.ttc"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr(fonts, "_folders", lambda: [tmp_path])
    assert fonts.find_script_font("ส") == tmp_path / "NotoSansThai-Regular.ttf"
    assert fonts.find_script_font("न") == tmp_path / "Nirmala.ttc"
    assert fonts.find_script_font("ქ") is None
