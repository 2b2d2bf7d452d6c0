"""Settings: the environment over the file, and wrong values named."""

from pathlib import Path

import pytest

from sensorium.tools.base.budget import Caps
from sensorium.tools.base.errors import SettingsError
from sensorium.tools.base.settings import Settings


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "sensorium.toml").write_text('offline = true\n[models]\nhear = "faster-whisper:tiny"\n')
    env = {"SENSORIUM_HOME": str(tmp_path / "home"), "SENSORIUM_HEAR": "faster-whisper:small"}
    settings = Settings.read(env, tmp_path)
    assert settings == Settings(home=tmp_path / "home", offline=True, models={"hear": "faster-whisper:small"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[models]\nsmell = 'x:y'", "The roles are"),
        ("models = 'x'", r"`models` in sensorium.toml must be a table: `\[models\]`"),
        ("= 1", "not valid TOML"),
        ("step_timeout = -1", "above 0"),
        ("step_timeout = nan", "above 0"),
        ("max_bytes = nan", "above 0"),
        ("max_bytes = inf", "above 0"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "sensorium.toml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        Settings.read({"SENSORIUM_HOME": str(tmp_path)}, tmp_path)


def test_a_settings_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "sensorium.toml").mkdir()
    with pytest.raises(SettingsError, match=r"sensorium\.toml' cannot be read"):
        Settings.read({"SENSORIUM_HOME": str(tmp_path / "home")}, tmp_path)


def test_a_home_of_a_user_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="`SENSORIUM_HOME` is '~nobody-has-this-name/x'"):
        Settings.read({"SENSORIUM_HOME": "~nobody-has-this-name/x"}, tmp_path)


def test_the_folder_one_is_in_wins_over_the_home_but_cannot_send_keys_elsewhere(tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    for folder, text in ((home, "offline = true\nstep_timeout = 9"), (here, "step_timeout = 5")):
        folder.mkdir()
        (folder / "sensorium.toml").write_text(text)
    env = {"SENSORIUM_HOME": str(home)}
    settings = Settings.read(env, here)
    assert (settings.offline, settings.step_timeout_seconds) == (True, 5.0)
    (here / "sensorium.toml").write_text('[providers.openai]\nbase_url = "https://example.org/v1"')
    with pytest.raises(SettingsError, match="of the folder you are in, where it is not believed"):
        Settings.read(env, here)


def test_a_budget_is_believed_only_in_the_users_own_file(tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    for folder in (home, here):
        folder.mkdir()
    env = {"SENSORIUM_HOME": str(home)}
    (home / "sensorium.toml").write_text("[budget]\nusd = 2.5\naudio_minutes = 60")
    assert Settings.read(env, here).caps == Caps(usd=2.5, units={"audio_minutes": 60})
    (here / "sensorium.toml").write_text("[budget]\nusd = 1000")
    with pytest.raises(SettingsError, match=r"`\[budget\]` stands in the sensorium.toml of the folder you are in"):
        Settings.read(env, here)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[budget]\nmoney = 1", r"`\[budget\]` in sensorium.toml has 'money'. It can have: usd, calls"),
        ("[budget]\nusd = -1", "`usd` is -1; it must be a number from 0 up"),
        ("budget = 5", r"`\[budget\]` in sensorium.toml must be a table"),
        ('[models]\nthink = ["a:m", ""]', "The role 'think' is empty"),
        ("[models]\nthink = []", "The role 'think' is empty"),
    ],
)
def test_a_budget_or_a_fallback_that_cannot_be_understood_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "sensorium.toml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        Settings.read({"SENSORIUM_HOME": str(tmp_path)}, tmp_path)


def test_a_role_may_have_fallbacks(tmp_path: Path) -> None:
    (tmp_path / "sensorium.toml").write_text('[models]\nthink = ["openai:a", "deepseek:b"]\nsee = "google:c"')
    env = {"SENSORIUM_HOME": str(tmp_path), "SENSORIUM_SEE": "openai:c, openrouter:d/e:free"}
    settings = Settings.read(env, tmp_path)
    assert settings.models == {"think": "openai:a", "see": "openai:c"}
    assert settings.fallbacks == {"think": ("deepseek:b",), "see": ("openrouter:d/e:free",)}
    assert set(settings.endpoints) == {"openai", "deepseek", "openrouter"}
