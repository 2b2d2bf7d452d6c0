"""Where models are served: presets, the user's own, and keys that are never shown."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sensorium.tools.base.endpoints import Endpoint, Quirks, ServedModel, presets, read_endpoints, served_model
from sensorium.tools.base.errors import SettingsError
from sensorium.tools.base.settings import Settings

CANARY = "sk-canary-0a1b2c3d"


def read(tmp_path: Path, env: Mapping[str, str], file: str = "") -> Settings:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sensorium.toml").write_text(file, encoding="utf-8")
    return Settings.read({"SENSORIUM_HOME": str(tmp_path / "home"), **env}, tmp_path)


def think(settings: Settings) -> ServedModel:
    return served_model(settings.models["think"], "think", settings.endpoints)


def test_a_bare_key_is_enough(tmp_path: Path) -> None:
    settings = read(tmp_path, {"SENSORIUM_THINK": "openai:gpt-5-mini", "OPENAI_API_KEY": CANARY})
    served = think(settings)
    assert (served.name, served.full_name, served.setting) == ("gpt-5-mini", "openai:gpt-5-mini", "SENSORIUM_THINK")
    assert replace(served.endpoint, jobs=None, prices={}) == Endpoint(
        name="openai",
        base_url="https://api.openai.com/v1",
        key="OPENAI_API_KEY",
        address="OPENAI_BASE_URL",
        quirks=Quirks(max_tokens="max_completion_tokens"),
        secret=CANARY,
    )


def test_openais_address_comes_from_its_variable(tmp_path: Path) -> None:
    env = {"SENSORIUM_THINK": "openai:m", "OPENAI_API_KEY": CANARY, "OPENAI_BASE_URL": "https://gate.test/v1/"}
    assert think(read(tmp_path, env, '[providers.openai]\nbase_url = "https://file.test"')).endpoint.base_url == (
        "https://gate.test/v1"
    )


def test_jobs_are_ordered_where_the_variable_leads_and_the_key_goes(tmp_path: Path) -> None:
    env = {
        "SENSORIUM_FILM": "openai:sora-2",
        "OPENAI_API_KEY": CANARY,
        "OPENAI_BASE_URL": "https://gate.test/openai/v1",
    }
    jobs = read(tmp_path, env).endpoints["openai"].jobs
    assert jobs is not None and jobs.base_url == "https://gate.test/openai/v1"


def test_a_local_server_needs_no_key(tmp_path: Path) -> None:
    env = {"SENSORIUM_THINK": "openai:m", "OPENAI_BASE_URL": "http://localhost:8000/v1"}
    assert think(read(tmp_path, env)).endpoint.secret is None


def test_a_models_name_may_hold_colons(tmp_path: Path) -> None:
    assert think(read(tmp_path, {"SENSORIUM_THINK": "ollama:qwen3:8b"})).name == "qwen3:8b"


def test_the_file_adds_endpoints_and_overrides_presets(tmp_path: Path) -> None:
    file = """
        [models]
        think = "house:big"
        [providers.house]
        base_url = "https://house.test/v1/chat/completions"
        key = "HOUSE_KEY"
        takes = ["picture"]
        timeout_seconds = 20
        quirks = { usage = false, body = { top_k = 1 } }
        [providers.deepseek]
        base_url = "https://proxy.test"
        """
    settings = read(tmp_path, {"HOUSE_KEY": f" {CANARY}\n"}, file)
    assert think(settings).endpoint == Endpoint(
        name="house",
        base_url="https://house.test/v1",
        key="HOUSE_KEY",
        takes=("picture",),
        timeout_seconds=20.0,
        quirks=Quirks(usage=False, body={"top_k": 1}),
        secret=CANARY,
    )
    changed = settings.endpoints["deepseek"]
    assert (changed.base_url, changed.key, changed.quirks.reasoning) == (
        "https://proxy.test",
        "DEEPSEEK_API_KEY",
        "field",
    )


@pytest.mark.parametrize("name", sorted(presets()))
def test_every_preset_can_be_read_and_says_where_it_is_documented(name: str) -> None:
    endpoint = read_endpoints([f"{name}:m"], {}, {})[name]
    assert endpoint.base_url.startswith("https://") or endpoint.is_local
    assert (endpoint.key is None) == endpoint.is_local
    assert "(2026-" in presets()[name]["page"]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("gpt-5", "must be `provider:model`"),
        ("nowhere:m", "openrouter.*vllm"),
        ("openai:", "must be `provider:model`"),
        ("openai:m", "Set `OPENAI_API_KEY`"),
    ],
)
def test_a_model_that_cannot_be_served_names_the_setting(tmp_path: Path, model: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as raised:
        think(read(tmp_path, {"SENSORIUM_THINK": model}))
    assert "SENSORIUM_THINK" in str(raised.value)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ('[providers.x]\nkey = "X_KEY"', "`base_url` in .*must be an address"),
        ('[providers.x]\nbase_url = "ftp://x"', "must be an address"),
        ('[providers.x]\nbase_url = "https://x:port/v1"', "must be an address"),
        ('[providers.x]\nbase_url = "https://x/v1?api-version=1"', "must be an address"),
        ('[providers.x]\nbase_url = "https://x"\nkeys = "A"', "has 'keys'"),
        ('[providers.x]\nbase_url = "https://x"\ntakes = ["smell"]', "must be a list of: picture"),
        ('[providers.x]\nbase_url = "https://x"\ntimeout_seconds = true', "above 0"),
        ('[providers.x]\nbase_url = "https://x"\nquirks = { odd = 1 }', "can have: usage"),
        ('[providers.x]\nbase_url = "https://x"\nquirks = { reasoning = "yes" }', "must be one of"),
        ("[providers]\nx = 1", "must be a table"),
        ("providers = 1", "must be tables"),
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, file: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read(tmp_path, {}, file)


@pytest.mark.parametrize(
    ("file", "env"),
    [
        (f'[providers.x]\nbase_url = "https://x"\nkey = "{CANARY}"', {}),
        (f'[providers.x]\nbase_url = "https://user:{CANARY}@x/v1"', {}),
        ('[providers.x]\nbase_url = "https://x"\nkey = "X_KEY"', {"X_KEY": f"{CANARY} with words"}),
        ('[providers.x]\nbase_url = "https://x"\nkey = "X_KEY"', {"X_KEY": f"{CANARY}é"}),
    ],
)
def test_a_key_in_the_wrong_place_is_not_repeated(tmp_path: Path, file: str, env: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, env, file)
    assert CANARY not in str(raised.value)


def test_a_key_is_not_part_of_what_is_printed(tmp_path: Path) -> None:
    settings = read(tmp_path, {"SENSORIUM_THINK": "openai:m", "OPENAI_API_KEY": CANARY})
    assert CANARY not in repr(settings)
    assert CANARY not in repr(think(settings))
