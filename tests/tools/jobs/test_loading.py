"""Job files join the endpoints of the settings: ours, the user's own, and broken ones."""

from pathlib import Path
from typing import Any

import jwt
import pytest

from sensorium.tools.base.endpoints import served_model
from sensorium.tools.base.errors import SettingsError
from sensorium.tools.base.settings import Settings
from sensorium.tools.jobs.asking import asking
from sensorium.tools.jobs.tokens import signed
from sensorium.tools.providers.remote_maker import provider

CANARY = "sk-canary-0a1b2c3d4e5f"


@pytest.fixture
def home(tmp_path: Path, job_server: Any) -> Path:
    made: Path = job_server.JobServer(url="https://shop.test/v1").furnish(tmp_path / "home")
    return made


def read(home: Path, file: str = "", **env: str) -> Settings:
    (home / "sensorium.toml").write_text(file, encoding="utf-8")
    return Settings.read({"SENSORIUM_HOME": str(home), **env}, home)


def test_a_users_file_makes_a_provider(home: Path) -> None:
    endpoint = read(home, SENSORIUM_DRAW="shop:brush-1", SHOP_KEY=CANARY).endpoints["shop"]
    assert (endpoint.wire, endpoint.base_url, endpoint.key, endpoint.secret) == (
        "jobs", "https://shop.test/v1", "SHOP_KEY", CANARY
    )  # fmt: skip
    assert endpoint.prices == {"*": {"calls": 0.5}}
    assert endpoint.jobs
    assert CANARY not in repr(endpoint)


def test_settings_lay_over_a_file(home: Path) -> None:
    file = """
        [providers.shop]
        base_url = "https://proxy.test/v9"
        key = "OTHER_KEY"
        price = { calls = 2 }
        webhook = "https://public.test/hook/"
        """
    endpoint = read(home, file, SENSORIUM_DRAW="shop:brush-1", OTHER_KEY=CANARY).endpoints["shop"]
    assert endpoint.jobs
    assert (endpoint.base_url, endpoint.jobs.base_url) == ("https://proxy.test/v9",) * 2
    assert (endpoint.key, endpoint.secret, endpoint.webhook) == ("OTHER_KEY", CANARY, "https://public.test/hook")
    assert endpoint.prices["*"] == {"calls": 2.0}


def test_a_file_of_the_users_wins_over_ours(home: Path) -> None:
    text = (home / "providers" / "shop.toml").read_text()
    (home / "providers" / "kling.toml").write_text(text)
    endpoint = read(home, SENSORIUM_DRAW="kling:brush-1").endpoints["kling"]
    assert endpoint.jobs
    assert endpoint.jobs.title == "The shop"


@pytest.mark.parametrize("text", ["name = ", "\x00", "name = 'x'", "[operations.x]\nrole = 'fly'"])
def test_a_broken_file_troubles_only_who_uses_it(home: Path, text: str) -> None:
    (home / "providers" / "shop.toml").write_text(text)
    assert read(home).endpoints == {}
    settings = read(home, SENSORIUM_DRAW="shop:brush-1")
    with pytest.raises(SettingsError, match="cannot be used"):
        served_model("shop:brush-1", "draw", settings.endpoints)
    assert "cannot be used" in str(provider(settings, "shop:brush-1", "draw").missing())


def test_what_is_no_file_is_not_waited_for(home: Path) -> None:
    (home / "providers" / "shop.toml").unlink()
    (home / "providers" / "shop.toml").mkdir()
    settings = read(home, SENSORIUM_DRAW="shop:brush-1")
    assert "is no regular file" in str(provider(settings, "shop:brush-1", "draw").missing())


def test_an_api_beside_another_keeps_its_own_address(home: Path) -> None:
    text = (home / "providers" / "shop.toml").read_text().replace('key = "SHOP_KEY"', "")
    (home / "providers" / "deepseek.toml").write_text(text)
    env = {"SENSORIUM_THINK": "deepseek:chat", "DEEPSEEK_API_KEY": CANARY}
    endpoint = read(home, **env).endpoints["deepseek"]
    assert endpoint.jobs
    assert (endpoint.wire, endpoint.base_url, endpoint.jobs.base_url) == (
        "openai", "https://api.deepseek.com", "https://shop.test/v1"
    )  # fmt: skip
    assert endpoint.secret == CANARY
    moved = read(home, '[providers.deepseek]\njobs_url = "https://jobs.test"', **env).endpoints["deepseek"]
    assert moved.jobs
    assert moved.jobs.base_url == "https://jobs.test"


def test_another_region_holds_for_the_jobs_of_the_same_host(home: Path) -> None:
    text = (home / "providers" / "shop.toml").read_text().replace('key = "SHOP_KEY"', "")
    text = text.replace("https://shop.test/v1", "https://api.deepseek.com/jobs")
    (home / "providers" / "deepseek.toml").write_text(text)
    file = '[providers.deepseek]\nbase_url = "https://intl.deepseek.test/v1"'
    endpoint = read(home, file, DEEPSEEK_API_KEY=CANARY).endpoints["deepseek"]
    assert endpoint.jobs
    assert endpoint.jobs.base_url == "https://intl.deepseek.test/jobs"


def test_a_key_of_another_name_beside_another_api_is_refused(home: Path) -> None:
    (home / "providers" / "deepseek.toml").write_text((home / "providers" / "shop.toml").read_text())
    settings = read(home, SENSORIUM_DRAW="deepseek:brush-1", DEEPSEEK_API_KEY=CANARY)
    with pytest.raises(SettingsError, match="the key of `deepseek` is in `DEEPSEEK_API_KEY`"):
        served_model("deepseek:brush-1", "draw", settings.endpoints)
    served_model("deepseek:chat", "think", settings.endpoints)  # what it is not for goes on


def test_a_key_may_be_signed_anew_each_time(home: Path) -> None:
    path = home / "providers" / "shop.toml"
    path.write_text(
        path.read_text().replace(
            'key = "SHOP_KEY"', 'key = "SHOP_KEY"\njwt = { issuer = "SHOP_ID", secret = "SHOP_WORD" }'
        )
    )
    env = {"SENSORIUM_DRAW": "shop:brush-1", "SHOP_ID": "me-and-myself", "SHOP_WORD": CANARY}
    settings = read(home, **env)
    served = served_model("shop:brush-1", "draw", settings.endpoints)
    assert served.endpoint.jobs
    (name, value), = asking(served.endpoint.jobs, served, None).headers_of_key().items()  # fmt: skip
    assert (name, value.split(" ")[0], value.count("."), CANARY in value) == ("Authorization", "Bearer", 2, False)
    assert read(home, **env, SHOP_KEY="plain-key-123456").endpoints["shop"].key == "SHOP_KEY"
    lacking = read(home, SENSORIUM_DRAW="shop:brush-1", SHOP_WORD=CANARY)
    assert "`SHOP_ID`" in str(provider(lacking, "shop:brush-1", "draw").missing())


def test_a_signed_key_is_a_json_web_token() -> None:
    secret = "a-secret-of-many-letters-0123456789"
    token = signed("issuer-name", secret, 1800)
    claims = jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp", "nbf", "iss"]})
    assert (claims["iss"], claims["exp"] - claims["nbf"]) == ("issuer-name", 1805)
    made = {signed("issuer-name", secret, 1800, now=1_800_000_000.0 + second) for second in range(3600)}
    assert len(made) == 4, "each is one more secret to look for"


def test_a_model_that_nobody_describes_is_missing(home: Path) -> None:
    settings = read(home, SENSORIUM_DRAW="shop:pencil", SHOP_KEY=CANARY)
    assert "has no model 'pencil' here; it has: brush*" in str(provider(settings, "shop:pencil", "draw").missing())


def test_who_only_draws_does_not_think(home: Path) -> None:
    settings = read(home, SENSORIUM_THINK="shop:brush-1", SHOP_KEY=CANARY)
    with pytest.raises(SettingsError, match="`shop` serves draw only"):
        served_model("shop:brush-1", "think", settings.endpoints)
