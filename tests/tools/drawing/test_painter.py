"""Cards as they come out: large enough to be read, inside their margins, in colours that everyone can tell apart."""

import io
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageColor

from sensorium.tools.base import fonts
from sensorium.tools.base.errors import ArgumentError, UnavailableError
from sensorium.tools.drawing import faces
from sensorium.tools.drawing.asking import Asked, read_card
from sensorium.tools.drawing.card import DiagramCard, ListCard
from sensorium.tools.drawing.faces import Face
from sensorium.tools.drawing.layouts import layouts_of
from sensorium.tools.drawing.painter import check_words_left, paint, without
from sensorium.tools.drawing.palettes import PALETTES
from sensorium.tools.drawing.sheet import Block, Sheet, length
from sensorium.tools.film.lines import wrapped

Part = tuple[tuple[float, float], tuple[float, float]]
Texts = Callable[..., list[tuple[str, tuple[float, float, float, float]]]]
PROMPTS = [
    "title card: Sensorium | See, hear, make",
    "title card: A rather long title about how whales learn songs from one another across oceans",
    'quote: "The only way out is through." — Robert Frost',
    "list of rules: Be kind; Be brief; Say what you measured; Leave it cleaner than you found it",
    "bar chart: Jan 312, Feb 458, Mar 921",
    "bar chart: Profit north 12, Profit south -5, Profit overseas territories 8",
    "line chart of revenue: 2019: 1,200, 2020: 900, 2021: 1,500",
    "pie chart: Chrome 65%, Safari 18%, Others 17%",
    "flow chart of shipping: Write -> Review -> Merge -> Deploy",
    "diagram: Plan -> Do -> Check -> Act -> Plan",
    "diagram: " + " -> ".join(f"n{number}" for number in range(20)) + " -> n0",
    "diagram: Client -> Gateway; Gateway -> Auth; Gateway -[all]-> Orders; Auth -> Database; Client -> Database",
]


def card(prompt: str) -> Asked:
    asked = read_card(prompt)
    assert asked is not None
    return asked


def painted(prompt: str, width: int = 960, height: int = 540, seed: int | None = None) -> Image.Image:
    png, _ = paint(card(prompt), width_pixels=width, height_pixels=height, seed=seed, number=0)
    return Image.open(io.BytesIO(png)).convert("RGB")


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Texts:
    """Return what is written on a card, and in which box."""

    def found(prompt: str, width: int = 960, height: int = 540) -> list[tuple[str, tuple[float, float, float, float]]]:
        boxes = []
        set_down = Sheet.text

        def text(sheet: Sheet, block: Block, left: float, top: float, fill: str, **how: Any) -> float:
            free = how.get("width", 0.0) - block.width
            at = left + {"right": free, "middle": free / 2}.get(how.get("align", "left"), 0.0)
            boxes.append((" ".join(block.lines), (at, top, at + block.width, top + block.height)))
            return set_down(sheet, block, left, top, fill, **how)

        with monkeypatch.context() as patched:
            patched.setattr(Sheet, "text", text)
            painted(prompt, width, height)
        return boxes

    return found


def inked(picture: Image.Image) -> tuple[int, int, int, int]:
    """Return the box of all that is not ground."""
    ground = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    box = ImageChops.difference(picture, ground).getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("size", [(960, 540), (540, 960), (600, 600)])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_all_that_is_set_lies_inside_the_margins(prompt: str, size: tuple[int, int]) -> None:
    left, top, right, bottom = inked(painted(prompt, *size))
    free = min(size) * 0.055
    assert left >= free
    assert top >= free
    assert right <= size[0] - free
    assert bottom <= size[1] - free
    # A card is no postage stamp on a table.
    assert (right - left) * (bottom - top) >= 0.07 * size[0] * size[1]


def test_colours_stand_far_enough_apart_to_be_read() -> None:
    def light(colour: str) -> float:
        # Relative luminance, WCAG 2.2.
        parts = [one / 255 for one in ImageColor.getrgb(colour)[:3]]
        red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, other: str) -> float:
        low, high = sorted((light(one), light(other)))
        return (high + 0.05) / (low + 0.05)

    for palette in PALETTES:
        assert contrast(palette.ink, palette.ground) >= 12, palette.name
        assert contrast(palette.ink, palette.surface) >= 10, palette.name
        assert contrast(palette.muted, palette.ground) >= 4.5, palette.name
        assert contrast(palette.accent, palette.ground) >= 3, palette.name


def test_the_same_words_give_the_same_card_and_another_seed_other_colours() -> None:
    one, again, other = (painted(PROMPTS[0], seed=seed) for seed in (1, 1, 2))
    assert ImageChops.difference(one, again).getbbox() is None
    assert one.getpixel((0, 0)) != other.getpixel((0, 0))


def test_bars_are_as_long_as_their_numbers() -> None:
    picture = np.asarray(painted("bar chart: Low 25, High 100", 1200, 600)).astype(int)
    accent = np.array(ImageColor.getrgb(next(one.accent for one in PALETTES if one.name == "plain")))
    is_bar = np.abs(picture - accent).sum(axis=2) < 6
    heights = is_bar.sum(axis=0)
    low, high = heights[:600].max(), heights[600:].max()
    assert abs(low / high - 0.25) < 0.02


@pytest.mark.parametrize(
    ("points", "above"), [("a 8, b 4, c 2", 1.33), ("a 5, b -3, c 2", 0.625), ("a 100, b 102, c 101", None)]
)
def test_the_axis_under_a_line_stands_at_zero_or_not_at_all(points: str, above: float | None) -> None:
    """`above`: how far zero lies under the highest point, in heights of the line."""
    axis, line = rows_of(f"line chart: {points}")
    if above is None:
        assert not len(axis)
    else:
        assert (axis.mean() - line.min()) / (line.max() - line.min()) == pytest.approx(above, abs=0.05)


def test_a_line_of_equal_numbers_does_not_lie_on_its_axis() -> None:
    axis, line = rows_of("line chart: a 5, b 5, c 5")
    assert axis.mean() > line.max() + 100


def rows_of(prompt: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a painted line chart with its axis, and those with its line."""
    picture = np.asarray(painted(prompt, 1200, 600)).astype(int)
    plain = next(one for one in PALETTES if one.name == "plain")
    is_axis, is_line = (
        np.abs(picture - ImageColor.getrgb(colour)).sum(axis=2) < 6 for colour in (plain.line, plain.accent)
    )
    return np.flatnonzero(is_axis.sum(axis=1) > 600), np.flatnonzero(is_line.any(axis=1))


def test_more_than_can_be_read_is_refused_with_what_to_do() -> None:
    with pytest.raises(ArgumentError, match=r"cannot be read on a card of this size.*larger `width_pixels`"):
        painted("title card: " + "word " * 700, 400, 300)
    with pytest.raises(ArgumentError, match="150 entries"):
        painted("list: " + "; ".join(["a rather long item"] * 150))


def test_without_a_chinese_font_the_error_names_the_fix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fonts, "_folders", lambda: [tmp_path])
    caches = (fonts.find_font, faces._faces, faces._missing)
    for one in caches:
        one.cache_clear()
    try:
        with pytest.raises(UnavailableError, match=r"No font here has '你好'.*fonts-noto-cjk"):
            painted("标题卡：你好")
        assert inked(painted("title card: Hello"))
    finally:
        for one in caches:
            one.cache_clear()


@pytest.mark.parametrize(
    "prompt",
    [
        "title card: \u202eabc\u0000\u200b",
        "title card: " + "a" * 3900,
        "quote: " + "字" * 3000,
        "diagram: A -> B; C -> D; B -> A",
        "diagram: " + "; ".join(f"n{start} -> n{start * 7 % 40}" for start in range(1, 200)),
        "bar chart: A 999999999999999, B 1",
        "bar chart: A 0, B 0",
        "line chart: A 5, B 5",
        "pie chart: A 0, B 0",
        "line chart: " + ", ".join(f"n{number} {number}" for number in range(300)),
        "标题卡，" + "写着" * 1000 + "猫“x”",
        "list: " + "1. " * 1200,
        "list of " + " " * 3900 + "x!",
        "标题卡" + " \n" * 1900 + '"',
    ],
)
def test_the_oddest_prompts_give_a_card_or_an_error_that_can_be_acted_on(prompt: str) -> None:
    asked = read_card(prompt)
    if asked is not None:
        try:
            png, _ = paint(asked, width_pixels=640, height_pixels=360, seed=None, number=0)
        except ArgumentError as error:
            assert any(fix in str(error) for fix in ("larger `width_pixels`", "Ask for a `bar chart: …`"))
        else:
            assert Image.open(io.BytesIO(png)).size == (640, 360)


def test_a_chinese_line_breaks_between_its_clauses() -> None:
    from sensorium.tools.drawing.faces import face_for
    from sensorium.tools.drawing.sheet import fitted

    words = "你好，世界和平"
    face = face_for(words, "sans", "bold")
    narrow = length("世界和平", face, 40) + 2
    block = fitted(words, face, width=narrow, height=500, largest=40, smallest=40)
    assert block.lines == ("你好，", "世界和平")


@pytest.mark.parametrize("prompt", ["title card: {} | {}", 'quote: "{}" — {}', "list: {}; {}", "numbered list: {}; {}"])
def test_what_runs_to_the_left_stands_on_the_right(prompt: str) -> None:
    if not faces._can_join():
        pytest.skip("libfribidi is not installed here")
    left, _, right, _ = inked(painted(prompt.format("Abc def", "Ghi")))
    left2, _, right2, _ = inked(painted(prompt.format("אבגד הוז", "חטי")))
    assert left <= 60 and right < 900
    assert left2 > 60 and right2 >= 900


def test_no_japanese_line_begins_with_a_small_kana_or_a_long_vowel() -> None:
    words = "アプリケーションについてのショートガイド"
    for width in range(60, 400, 7):
        lines = wrapped(words, width, lambda line: 20.0 * len(line))
        assert not any(line[0] in "ョーィッャ" for line in lines), lines
        assert "".join(lines) == words


def test_letters_that_one_font_lacks_are_set_in_another() -> None:
    dejavu = fonts.find_font(("dejavusans.",))
    if dejavu is None:
        pytest.skip("DejaVu Sans is not installed here")
    latin, wide = Face(path=None), Face(path=dejavu)
    both = replace(latin, others=(wide,))
    assert both.runs("Hi שלום, ok") == [("Hi", latin), (" ", latin), ("שלום", wide), (", ok", latin)]
    parts = length("Hi ", latin, 40) + length("שלום", wide, 40) + length(", ok", latin, 40)
    assert length("Hi שלום, ok", both, 40) == pytest.approx(parts)


def test_languages_that_no_single_font_has_stand_on_one_card(texts: Texts) -> None:
    if not faces._can_join() or not fonts.find_cjk_font() or not fonts.find_font(("dejavusans.",)):
        pytest.skip("no fonts for Chinese and for Hebrew here, or no libfribidi")
    assert [words for words, _ in texts("list: English; 中文; Ελληνικά; שלום")] == [
        "English",
        "中文",
        "Ελληνικά",
        "שלום",
    ]


def test_what_joined_pictures_that_no_font_has_leaves_no_gap() -> None:
    signs = "\U0001f469\U0001f467"
    assert (
        without("Hi \U0001f469\u200d\U0001f467 you \u0915\u094d\u200d\u0937", signs)
        == "Hi you \u0915\u094d\u200d\u0937"
    )


def test_signs_that_no_font_has_are_left_out_and_named() -> None:
    _, signs = paint(card("title card: Hi 🎉"), width_pixels=400, height_pixels=300, seed=None, number=0)
    assert signs in ("🎉", "")  # some machines have a font with it


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ('title card: "   "', "^Nothing stands on the card. Give it words.$"),
        (
            "diagram: A -> \U000f0000 -> \U000f0001",
            "^2 of 3 entries would be empty: nothing to read stands in them. Give them words.$",
        ),
        ("list: \u200b\u200b; milk; eggs", "^1 of 3 entries would be empty"),
        ("bar chart: \U000f0000 3, Feb 5", "^1 of 2 entries would be empty"),
    ],
)
def test_a_card_with_nothing_to_read_in_a_place_of_it_is_refused(prompt: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        painted(prompt)


def test_an_entry_of_signs_that_no_font_has_is_refused_with_them() -> None:
    full, bare = (ListCard(title="", items=(one, "milk"), numbered=False) for one in ("\U0001f389", ""))
    with pytest.raises(
        ArgumentError, match="1 of 2 entries would be empty: no font here has '\U0001f389', and nothing"
    ):
        check_words_left(full, bare, "\U0001f389")


@pytest.mark.parametrize("count", [3, 7, 12, 13, 20, 32, 40])
def test_boxes_on_a_ring_do_not_lie_over_each_other(count: int) -> None:
    edges = tuple((number, (number + 1) % count, "") for number in range(count))
    (ring,) = layouts_of(DiagramCard(nodes=("n",) * count, edges=edges), (0, 0, 1100, 580), 7.2)
    wide, high = ring.box
    for number, (x, y) in enumerate(ring.centres):
        assert all(abs(x - x1) >= wide or abs(y - y1) >= high for x1, y1 in ring.centres[:number])
        assert wide / 2 <= x + 1e-6 and x <= 1100 - wide / 2 + 1e-6


def test_words_at_arrows_that_meet_stand_at_the_part_that_is_their_own(texts: Texts) -> None:
    set_down = texts("diagram: A -[reads]-> X; B -[writes]-> X; B -[asks]-> Y; C -[tells]-> Y; C -> Z")
    rows = {words: (top + bottom) / 2 for words, (_, top, _, bottom) in set_down}
    assert rows["A"] < rows["writes"] < rows["B"] < rows["tells"] < rows["C"]


def test_words_between_the_same_boxes_stand_on_either_side(texts: Texts) -> None:
    rows = {words: top for words, (_, top, _, _) in texts("diagram: A -[x]-> B; A -[y]-> B; B -> C")}
    assert rows["x"] < rows["A"] < rows["y"]


LONG = "Donaudampfschifffahrtsgesellschaftskapitaenswitwenrente"


@pytest.mark.parametrize("size", [(960, 540), (540, 960), (600, 600), (1600, 300)])
@pytest.mark.parametrize(
    "prompt",
    [
        f"bar chart: {LONG} -999,999,999,999.99 dollars, {LONG} 999,999,999,999.99 dollars",
        "bar chart of profit: Q1 5, Q2 -3, Q3 0, Q4 12",
        "bar chart: " + ", ".join(f"n{number} {number}99,999,999,999.99 dollars" for number in range(1, 12)),
        "bar chart: " + ", ".join(f"n{number} {number}" for number in range(24)),
        f"pie chart: {LONG} 65%, Safari 18%, Others 17%",
        "line chart: A -5, B -3, C -8, D 4",
        "line chart: " + ", ".join(f"number{number} {number * 37 % 100}" for number in range(12)),
        "diagram: A -[a label of some thirty characters]-> B; A -[one more of this length]-> C; B -> D; C -[3rd]-> D",
        "diagram: Start -[a label of some thirty characters]-> Middle -[no]-> End",
        "diagram: A -[yes]-> B -[no]-> A; B -[maybe later]-> C; C -[x]-> D; D -[y]-> A",
    ],
)
def test_no_words_lie_on_others_or_reach_over_the_edge(prompt: str, size: tuple[int, int], texts: Texts) -> None:
    try:
        boxes = texts(prompt, *size)
    except ArgumentError as error:
        assert "cannot be read on a card of this size" in str(error)
        return
    for number, (words, (left, top, right, bottom)) in enumerate(boxes):
        assert left >= 0.04 * min(size) and right <= size[0] - 0.04 * min(size), words
        assert top >= 0.04 * min(size) and bottom <= size[1] - 0.04 * min(size), words
        for other, (left2, top2, right2, bottom2) in boxes[:number]:
            assert left >= right2 or left2 >= right or top >= bottom2 or top2 >= bottom, (words, other)


def test_values_are_made_smaller_before_bars_are_gone() -> None:
    picture = np.asarray(painted(f"bar chart: {LONG} -999,999,999,999 dollars, {LONG} 999,999,999,999 dollars")).astype(
        int
    )
    accent = np.array(ImageColor.getrgb(next(one.accent for one in PALETTES if one.name == "plain")))
    is_bar = np.abs(picture - accent).sum(axis=2) < 6
    assert is_bar.any(axis=0).sum() >= 0.12 * 960


def test_as_many_bars_as_have_room_are_drawn(texts: Texts) -> None:
    assert len(texts("bar chart: " + ", ".join(f"n{number} {number}" for number in range(24)))) == 48


def test_words_in_narrow_boxes_are_whole(texts: Texts) -> None:
    set_down = texts("diagram: " + "; ".join(f"Root -> Leaf {number}" for number in range(15)), 1920, 1080)
    assert {words.split()[0] for words, _ in set_down} == {"Root", "Leaf"}


@pytest.mark.parametrize("area", [(0, 0, 1100, 580), (0, 0, 580, 1100)])
@pytest.mark.parametrize(
    "prompt",
    [
        "diagram: A -> X; A -> Z; B -> X; B -> Y; C -> Z",
        "diagram: a -> c; a -> d; b -> c; b -> d; b -> e",
        "diagram: a0 -> b0; a0 -> b1; a1 -> b1; a1 -> b2; a2 -> b0; a2 -> b2",
        "diagram: A -> X; A -> Y; A -> Z; B -> Z; C -> Y; C -> Z; Z -> E; X -> E",
    ],
)
def test_arrows_from_other_boxes_to_others_do_not_run_on_one_line(
    prompt: str, area: tuple[float, float, float, float]
) -> None:
    made = card(prompt).card
    assert isinstance(made, DiagramCard)
    for layout in layouts_of(made, area, 7.2):
        ways = [(edge, set(pairwise(route))) for edge, route in zip(made.edges, layout.routes, strict=True)]
        for (start, end, _), way in ways:
            for (other_start, other_end, _), other_way in ways:
                if start != other_start and end != other_end:
                    assert not any(on_one_line(one, other) for one in way for other in other_way), (start, end)


def on_one_line(one: Part, other: Part) -> bool:
    """Return whether parts of arrows, upright or level, lie on each other for more than a point."""
    for along, across in ((0, 1), (1, 0)):
        level = {round(point[across], 3) for point in (*one, *other)}
        (first, last), (first2, last2) = (sorted(point[along] for point in part) for part in (one, other))
        if len(level) == 1 and min(last, last2) - max(first, first2) > 1:
            return True
    return False
