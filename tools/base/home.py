"""The home folder and its settings file, read without all that the settings stand on."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import SettingsError
from .toml_text import read_toml


def names_servers() -> bool:
    """Tell whether the file of the home folder names MCP servers: only then must a list of tools know its settings."""
    return bool(read_file(home_folder(os.environ) / "sensorium.toml").get("mcp"))


def home_folder(env: Mapping[str, str]) -> Path:
    """Return the folder of the library, the artifacts and the settings.

    Raises:
        SettingsError: It is named by a user that there is not.
    """
    if env.get("SENSORIUM_HOME"):
        try:
            return Path(env["SENSORIUM_HOME"]).expanduser().absolute()
        except RuntimeError as error:
            raise SettingsError(
                f"`SENSORIUM_HOME` is {env['SENSORIUM_HOME']!r}, and there is no such user. Give a folder's path."
            ) from error
    from platformdirs import user_data_path

    return user_data_path("sensorium", appauthor=False)


def read_file(path: Path) -> dict[str, Any]:
    """Return what a file of settings holds; nothing where there is none.

    Raises:
        SettingsError: It cannot be read, or is not TOML.
    """
    try:
        return read_toml(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{str(path)!r} is not valid TOML: {error}. Mend or remove it.") from error
    except OSError as error:
        raise SettingsError(
            f"{str(path)!r} cannot be read: {error.strerror}. It must be a file with your permission to read it."
        ) from error
