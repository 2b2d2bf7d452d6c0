"""What models can take, by their names, and what pictures cost them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base.abilities import Ability, ability_of, read_abilities
from sensorium.tools.base.endpoints import read_endpoints, served_model
from sensorium.tools.base.errors import SettingsError
from sensorium.tools.base.tokens import text_tokens

MODELS = Path(__file__).parents[3] / "tools" / "providers" / "models.toml"


def tokens(model: str, width: int, height: int, detail: Any = "auto") -> int:
    counted = ability_of(model).picture_tokens
    assert counted
    return counted.count(width, height, detail)


@pytest.mark.parametrize(
    ("model", "width", "height", "detail", "wanted"),
    [
        # The examples of OpenAI's page.
        ("gpt-4o", 1024, 1024, "high", 765),
        ("gpt-4o", 2048, 4096, "high", 1105),
        ("gpt-4o", 4096, 8192, "low", 85),
        ("gpt-4.1-mini", 1024, 1024, "auto", 1659),
        ("gpt-4o-mini", 512, 512, "high", 8500),
        # The example of Google's page: a crop unit of 360, 3 by 2 tiles.
        ("gemini-2.5-flash", 960, 540, "auto", 1548),
        ("gemini-2.5-flash", 384, 384, "auto", 258),
        ("gemini-3-flash-preview", 4000, 3000, "auto", 1120),
        ("qwen2.5-vl-72b-instruct", 280, 280, "auto", 102),
        ("qwen3-vl-plus", 1024, 1024, "auto", 1026),
        ("claude-sonnet-4-5", 1000, 1000, "auto", 1334),
    ],
)
def test_pictures_are_counted_as_the_vendors_document(
    model: str, width: int, height: int, detail: str, wanted: int
) -> None:
    assert tokens(model, width, height, detail) == wanted


@pytest.mark.parametrize("model", ["gpt-4.1-mini", "qwen3-vl-plus", "claude-x", "qwen-vl-max"])
def test_a_huge_picture_is_counted_as_it_is_scaled_down(model: str) -> None:
    assert tokens(model, 16_000, 9_000) <= 2562
    assert tokens(model, 160, 90) < tokens(model, 1600, 900) <= tokens(model, 16_000, 9_000)


def test_a_model_is_known_wherever_it_is_served_and_the_users_word_counts_first() -> None:
    assert ability_of("OpenAI/GPT-4o-2024-11-20").takes == ("picture",)
    assert ability_of("google/gemini-2.5-pro").boxes == "thousandths_yx"
    assert ability_of("gpt-4o-transcribe").transcripts == "text"
    assert ability_of("deepseek-chat").takes is None
    own = Ability(pattern="gpt-4o*", takes=())
    assert ability_of("gpt-4o", [own]).takes == ()
    assert ability_of("gpt-4o", [own]).picture_tokens == ability_of("gpt-4o").picture_tokens


def test_what_a_model_takes_can_be_set_for_a_pattern() -> None:
    file = """
        [house]
        base_url = "http://localhost/v1"
        takes = ["audio"]
        [house.models."big-vl*"]
        takes = ["picture"]
        picture_tokens = { rule = "flat", each = 300 }
        boxes = "pixels"
        [house.models."*-blind"]
        takes = []
        """
    endpoints = read_endpoints([], tomllib.loads(file), {})
    seeing = served_model("house:big-vl-7b", "see", endpoints)
    assert (seeing.takes, seeing.ability.boxes) == (("picture",), "pixels")
    assert seeing.ability.picture_tokens and seeing.ability.picture_tokens.count(9, 9) == 300
    assert served_model("house:small", "see", endpoints).takes == ("audio",)
    assert served_model("house:gpt-4o-blind", "see", endpoints).takes == ()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"big": 1}, "must be tables"),
        ({"big": {"takes": ["smell"]}}, "`takes` in .*big.* must be a list of: picture"),
        ({"big": {"take": []}}, "has 'take'"),
        ({"big": {"boxes": "round"}}, "`boxes` of .* must be one of: fractions"),
        ({"big": {"window_tokens": 0}}, "`window_tokens` of .* must be a whole number above 0"),
        ({"big": {"picture_tokens": {"rule": "magic"}}}, "`rule` .* must be one of: tiles"),
        ({"big": {"picture_tokens": {"each": -1}}}, "`each` .* above 0"),
        ({"big": {"picture_tokens": {"colour": 1}}}, "can have: rule, base"),
    ],
)
def test_a_wrong_table_of_models_is_named(table: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_abilities(table, "`[providers.x]`")


def test_no_pattern_of_the_known_models_is_hidden_by_one_before_it() -> None:
    patterns = list(tomllib.loads(MODELS.read_text(encoding="utf-8")))
    for at, pattern in enumerate(patterns):
        name = pattern.replace("[13]", "1").replace("[12]", "1").replace("[5-9]", "5").replace("*", "")
        first = next(one for one in patterns if Ability(pattern=one).fits(name))
        assert patterns.index(first) == at, f"{pattern} is never reached: {first} fits {name} before"


def test_text_is_counted_by_letters_and_hanzi() -> None:
    assert text_tokens("A pendulum of fifteen kilograms.") == 8
    assert text_tokens("十五公斤的摆") == 6
    assert text_tokens("") == 0
