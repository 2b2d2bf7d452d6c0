"""Where the weights of a model lie: a folder, or the hub's cache, or the hub."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import UnavailableError
from ..base.hub import Hub
from ..base.models import installed
from ..base.settings import Settings
from ..base.workspace import at_home

if TYPE_CHECKING:
    from ..base.run import Run

ADD = 'Run `pip install "sensorium[local]"`.'
# Weights as safetensors only: the other form, `.bin`, is a program that runs when it is loaded.
_WANTED = ("*.json", "*.txt", "*.model", "*.safetensors")
_UNWANTED = ("*.fp16.safetensors", "*.non_ema.safetensors")
_MOST_CONFIG_BYTES = 1 << 20


@dataclass(frozen=True)
class Weights:
    """The weights that a setting names."""

    settings: Settings
    role: str
    provider: str
    model: str
    """A folder, or `owner/name` on the hub."""
    index: str
    """The file that tells what the folder holds: `model_index.json` of a pipeline, else `config.json`."""
    packages: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the model is called, without where it lies; empty where none is named."""
        return at_home(Path(self.model)).name if self._is_folder else self.model

    @property
    def identity(self) -> str:
        """Name the model and the files it is made of: it changes when they do."""
        if not self.model:
            return self.provider
        return f"{self.provider}:{self._version}"

    @property
    def _version(self) -> str:
        if (folder := self.folder()) is None:
            return f"{self.name} (to be downloaded)"
        state = [f"{one.relative_to(folder)} {_state(one)}" for one in sorted(folder.rglob("*.safetensors"))]
        return f"{self.name}@{hashlib.sha256(chr(10).join(state).encode()).hexdigest()[:8]}"

    def missing(self) -> str | None:
        """Return what is missing and what adds it; cheap."""
        setting = f"`SENSORIUM_{self.role.upper()}`"
        if not self.model:
            return (
                f"{setting} names no model for it. Set it to `{self.provider}:FOLDER` or `{self.provider}:owner/name`; "
                'it takes `pip install "sensorium[local]"`.'
            )
        for package in self.packages:
            if not installed(package):
                return f"The package `{package}` is not installed. {ADD}"
        folder = self.folder()
        if folder is not None:
            return self._incomplete(folder) if any(folder.rglob("*.safetensors")) else _no_safetensors(folder)
        if self._is_folder:
            return (
                f"{setting} names the folder {self.model!r}, which is not there or has no `{self.index}`. Name one "
                "that was saved with `save_pretrained`, or `owner/name` on the hub."
            )
        if reason := Hub(self.settings).unreachable():
            return (
                f"The model {self.model!r} is not on this machine, and {reason}. Download it where there is a network, "
                f"with `hf download {self.model} --local-dir FOLDER`, and set {setting} to that folder."
            )
        return None

    def folder(self) -> Path | None:
        """Return where the model lies on this machine."""
        if self._is_folder:
            folder = at_home(Path(self.model))
            return folder if (folder / self.index).is_file() else None
        return Hub(self.settings).cached(self.model, (self.index,))

    def fetched(self, run: "Run") -> Path:
        """Return where the model lies, downloading it when that was not done before; blocking.

        Raises:
            UnavailableError: It is not here and cannot be downloaded, or has no weights that are safe to load.
        """
        folder = self.folder()
        if folder is None or not any(folder.rglob("*.safetensors")) or _lost(folder):
            if self._is_folder:
                raise UnavailableError(self.missing() or _no_safetensors(Path(self.model)))
            if folder is not None and (reason := self._incomplete(folder)):
                raise UnavailableError(reason)
            Hub(self.settings).download(self.model, _WANTED, run, unwanted=_UNWANTED)
            folder = self.folder()
        if folder is None:
            raise UnavailableError(
                f"The download of {self.model!r} has no `{self.index}`: it is no model of this kind."
            )
        if not any(folder.rglob("*.safetensors")):
            raise UnavailableError(_no_safetensors(folder))
        if lost := _lost(folder):
            raise UnavailableError(
                f"The weights of {self.name!r} are incomplete: {lost} did not come. Try again later."
            )
        return folder

    def config(self, part: str = "") -> dict[str, Any]:
        """Return the configuration of a part (`unet`), or the index; empty when it cannot be read."""
        folder = self.folder()
        file = None if folder is None else folder / part / "config.json" if part else folder / self.index
        try:
            if file is None or file.stat().st_size > _MOST_CONFIG_BYTES:
                return {}
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _incomplete(self, folder: Path) -> str | None:
        """Return which part of the weights is not there and what adds it; None where a download adds it anyway."""
        if (lost := _lost(folder)) is None:
            return None
        what = f"The weights of {self.name!r} are incomplete: {lost} in {str(folder)!r} leads to a file that is gone"
        if self._is_folder:
            return f"{what}. Copy the folder again, with the files that its links lead to."
        if reason := Hub(self.settings).unreachable():
            return f"{what}, and {reason}. Where there is a network, run `hf download {self.model}`."
        return None

    @property
    def _is_folder(self) -> bool:
        is_name = re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", self.model)
        return bool(self.model) and (not is_name or at_home(Path(self.model)).is_dir())


def chosen(settings: Settings, role: str, provider: str) -> str:
    """Return the model that a role's settings name for a provider, first as its model, then among its fallbacks."""
    asked: Sequence[str] = (settings.models.get(role, ""), *settings.fallbacks.get(role, ()))
    return next((one.partition(":")[2].strip() for one in asked if one.partition(":")[0].strip() == provider), "")


def _lost(folder: Path) -> str | None:
    """Return a file of weights that is only a link to nothing; the hub's cache is made of links."""
    return next((f"`{one.relative_to(folder)}`" for one in folder.rglob("*.safetensors") if not one.is_file()), None)


def _state(file: Path) -> str:
    try:
        seen = file.stat()
    except OSError:
        return "gone"
    return f"{seen.st_size} {seen.st_mtime_ns}"


def _no_safetensors(folder: Path) -> str:
    return (
        f"The model in {str(folder)!r} has no weights in `.safetensors`. Others are not loaded, because they can run "
        "code: save it again with `save_pretrained(FOLDER, safe_serialization=True)`."
    )
