"""What is said as data of models that draw."""

from typing import Any

import pytest

from sensorium.tools.base.abilities import ability_of
from sensorium.tools.base.draws import Draws, read_draws
from sensorium.tools.base.endpoints import read_endpoints, served_model
from sensorium.tools.base.errors import SettingsError


@pytest.mark.parametrize(
    ("model", "api", "given"),
    [
        ("gpt-image-1.5", "images", "form"),
        ("gpt-image-2.5-flare-2026-09-08", "images", "form"),
        ("dall-e-3", "images", "none"),
        ("doubao-seedream-4-0-250828", "images", "json"),
        ("ByteDance/Seedream-5.0-lite", "images", "json"),
        ("google/gemini-2.5-flash-image-preview", "chat", "form"),
        ("gemini-3.1-flash-image", "chat", "form"),
        ("black-forest-labs/flux.2-pro", "chat", "form"),
    ],
)
def test_a_models_name_says_how_it_is_asked(model: str, api: str, given: str) -> None:
    draws = ability_of(model).draws
    assert draws is not None and (draws.api, draws.given) == (api, given)


def test_what_is_not_known_is_asked_as_servers_of_open_models_are() -> None:
    assert ability_of("my-own-model").draws is None
    assert (Draws().api, Draws().count, Draws().format) == ("images", 1, "")


def test_an_endpoint_may_ask_all_its_models_in_its_own_way() -> None:
    served = served_model(
        "google:gemini-2.5-flash-image",
        "draw",
        read_endpoints(["google:gemini-2.5-flash-image"], {}, {"GEMINI_API_KEY": "k" * 20}),
    )
    draws = served.ability.draws
    assert draws is not None and (draws.api, draws.has_sizes, draws.given) == ("images", False, "none")
    assert (draws.tasks, draws.format, draws.tokens) == (("image",), "b64_json", 1290)


def test_a_user_says_it_of_a_model_of_their_own() -> None:
    table = {"base_url": "http://127.0.0.1:8000/v1", "models": {"mine*": {"draws": {"sizes": ["640x480"], "count": 4}}}}
    served = served_model("house:mine-2", "draw", read_endpoints([], {"house": table}, {}))
    assert served.ability.draws == Draws(sizes=("640x480",), count=4)


def test_a_user_changes_one_field_and_the_rest_stays() -> None:
    table = {"models": {"gpt-image-2*": {"draws": {"count": 2, "body": {"background": "transparent"}}}}}
    served = served_model(
        "openai:gpt-image-2", "draw", read_endpoints([], {"openai": table}, {"OPENAI_API_KEY": "k" * 20})
    )
    draws, usual = served.ability.draws, ability_of("gpt-image-2").draws
    assert draws is not None and usual is not None
    assert (draws.count, draws.body, draws.free_sizes) == (2, {"background": "transparent"}, usual.free_sizes)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("images", "must be a table"),
        ({"sise": []}, "has 'sise'. It can have: api, given"),
        ({"api": "video"}, "`api` .* is 'video'; it must be one of"),
        ({"sizes": ["large"]}, "a list of texts like '1024x1024'"),
        ({"tasks": ["dance"]}, "a list of texts like 'edit'"),
        ({"count": 0}, "`count` .* is 0; it must be a whole number above 0"),
        ({"seed": "yes"}, "must be true or false"),
        ({"free_sizes": {"steps": 8}}, "`free_sizes` .* can have: step"),
        ({"free_sizes": {"steepest": 0.5}}, "`steepest` .* from 1 up"),
    ],
)
def test_what_cannot_be_understood_names_the_field(table: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_draws(table, '`models."x"`')
