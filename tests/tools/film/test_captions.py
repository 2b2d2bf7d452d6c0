from pathlib import Path

import numpy as np
import pytest
from PIL import features

from sensorium.tools.base.errors import ArgumentError, UnavailableError
from sensorium.tools.base.fonts import find_cjk_font
from sensorium.tools.drawing import faces
from sensorium.tools.drawing.faces import Face
from sensorium.tools.film.captions import Overlay, draw_caption, draw_title, face_for, without
from sensorium.tools.film.lines import wrapped
from sensorium.tools.film.planes import Planes

SIZE = {"width_pixels": 640, "height_pixels": 360}


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three four", 10, ["one two", "three four"]),
        ("short", 10, ["short"]),
        ("first\nsecond", 20, ["first", "second"]),
        ("你好，世界！再见。", 6, ["你好，世界！", "再见。"]),
        ("他说（真的吗）然后走了", 7, ["他说（真的吗）", "然后走了"]),
        ("用 Python 写代码", 9, ["用 Python", "写代码"]),
        ("abcdefghijkl", 5, ["abcd", "efgh", "ijkl"]),
    ],
)
def test_lines_break_where_their_script_does(text: str, width: int, lines: list[str]) -> None:
    broken = wrapped(text, width, len)
    assert "".join("".join(broken).split()) == "".join(text.split())
    assert max(map(len, broken)) <= width
    assert not any(line[0] in "，。！？）" or line[-1] in "（" for line in broken)
    assert len(broken) == len(lines)
    if text.isascii():
        assert broken == lines


def test_lines_are_about_as_long_as_each_other() -> None:
    lines = wrapped("the quick brown fox jumps over the lazy dog again", 40, len)
    assert len(lines) == 2 and abs(len(lines[0]) - len(lines[1])) < 8


def test_no_word_is_broken_for_even_lines() -> None:
    lines = wrapped("The quiet life of lighthouses — A film by Ann", 12, len)
    assert "lighthouses" in " ".join(lines).split()


def test_hanzi_are_drawn_and_not_boxes() -> None:
    if find_cjk_font() is None:
        pytest.skip("no font here has Chinese letters")
    face, gone = face_for("你好世界")
    assert gone == ""
    shapes = set()
    for letter in "你好世界":
        drawn = draw_caption(letter, face, **SIZE)
        assert drawn is not None
        luma, _ = drawn.planes()
        shapes.add(luma.tobytes())
    assert len(shapes) == 4  # boxes are alike


def test_a_font_without_the_letters_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "_faces", lambda *_: [Face(path=None)])
    monkeypatch.setattr(faces, "find_script_font", lambda letter: None)
    with pytest.raises(UnavailableError, match=r"'世界'.*fonts-noto-cjk"):
        face_for("hello 世界")
    assert face_for("Hello, world!")[1] == ""
    assert face_for("fine \U0001f680") == (Face(path=None), "\U0001f680")
    assert without("fine \U0001f680\n\x07 day ", "\U0001f680") == "fine\nday"


def test_a_font_that_is_made_for_a_script_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # There is none of Thai here for sure, so this one is said to be one.
    monkeypatch.setattr(faces, "_missing", lambda face, letters: letters if face.path is None else frozenset())
    monkeypatch.setattr(faces, "_faces", lambda *_: [Face(path=None)])
    monkeypatch.setattr(faces, "find_script_font", lambda letter: Path("thai.ttf") if letter in "สวัดี" else None)
    assert face_for("สวัสดี") == (Face(path=Path("thai.ttf")), "")


@pytest.mark.skipif(not features.check("raqm"), reason="nothing here sets what runs from right to left")
def test_what_runs_to_the_left_begins_at_the_right() -> None:
    def drawn(words: str) -> bytes:
        made = draw_caption(words, face_for(words)[0], **SIZE)
        assert made is not None
        return made.planes()[0].tobytes()

    try:
        face_for("של")
    except UnavailableError:
        pytest.skip("no font here has Hebrew letters")
    # The first letter says where all begins, or the mark before it.
    assert drawn("\u200fABC של") != drawn("ABC של")


def test_scripts_that_cannot_be_set_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check_feature", lambda name: False)
    with pytest.raises(UnavailableError, match=r"libfribidi0.*show_captions=\"soft\""):
        face_for("مرحبا")


def test_a_letter_keeps_its_marks_and_a_family_stays_together() -> None:
    assert wrapped("e\u0301" * 6, 5, len) == ["e\u0301" * 2] * 3
    assert wrapped("👩\u200d👧👩\u200d👧", 4, len) == ["👩\u200d👧"] * 2
    assert without("می\u200cخواهم a\u202eb", "") == "می\u200cخواهم a b"


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (360, 360)])
@pytest.mark.parametrize("style", ["outline", "box"])
def test_a_caption_stays_in_the_safe_area_and_keeps_the_rest(width: int, height: int, style: str) -> None:
    words = "A caption of some words that needs more than one line on a narrow picture"
    drawn = draw_caption(words, face_for(words)[0], width_pixels=width, height_pixels=height, style=style)  # type: ignore[arg-type]
    assert drawn is not None
    assert drawn.left_pixels >= 0.02 * width and drawn.left_pixels + drawn.width_pixels <= 0.98 * width
    assert drawn.top_pixels > 0.55 * height and drawn.top_pixels + drawn.height_pixels < 0.95 * height
    for ground in (20, 128, 230):
        picture = Planes.blank(width, height, (ground, 90, 170))
        before = picture.copy()
        Overlay(drawn).lay_on(picture)
        luma = picture.all[0].astype(int)
        inside = np.zeros(luma.shape, bool)
        inside[
            drawn.top_pixels : drawn.top_pixels + drawn.height_pixels,
            drawn.left_pixels : drawn.left_pixels + drawn.width_pixels,
        ] = True
        assert (luma[~inside] == ground).all()
        # Light letters on a dark edge or box, whatever is behind them.
        assert luma[inside].max() > 220 and luma[inside].min() < (150 if style == "box" else 40)
        changed = [(one != other).any() for one, other in zip(picture.all, before.all, strict=True)]
        assert all(changed)


def test_what_does_not_fit_is_refused_and_nothing_is_nothing() -> None:
    face = face_for("a")[0]
    with pytest.raises(ArgumentError, match="fewer words"):
        draw_caption("many words " * 100, face, **SIZE)
    assert draw_caption(" \n ", face, **SIZE) is None


def test_a_title_stands_in_the_middle_with_smaller_words_below() -> None:
    face = face_for("Title below")[0]
    drawn = draw_title("Title", "below", face, **SIZE)
    assert abs(drawn.top_pixels + drawn.height_pixels / 2 - 180) < 4
    rows = np.flatnonzero((drawn.planes()[0] > 100).any(axis=1))
    heights = [len(part) for part in np.split(rows, np.flatnonzero(np.diff(rows) > 3) + 1)]
    assert len(heights) == 2 and heights[0] > 1.4 * heights[1]
    assert draw_title("", "below", face, **SIZE).height_pixels < drawn.height_pixels
