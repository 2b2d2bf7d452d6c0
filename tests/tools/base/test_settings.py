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
    [("[models]\nsmell = 'x:y'", "The roles are"), ("= 1", "not valid TOML"), ("step_timeout = -1", "above 0")],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "sensorium.toml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        Settings.read({"SENSORIUM_HOME": str(tmp_path)}, tmp_path)
