"""Settings: the environment over the file, and wrong values named."""

from pathlib import Path

import pytest

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
