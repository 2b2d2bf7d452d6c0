"""Good speech recognition in a hundred languages with faster-whisper, whose models are files on disk or a download."""

import hashlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.endpoints import split_model
from ..base.errors import UnavailableError
from ..base.hub import Hub
from ..base.models import Heard, Utterance, Word, installed
from ..base.moments import Span
from ..base.settings import Settings
from ..base.workspace import at_home
from .silero import RATE, speech_spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..base.run import Run

# Size -> where its model lies on the hub (`faster_whisper.utils._MODELS`, which is slow to import).
REPOSITORIES = {
    "tiny": "Systran/faster-whisper-tiny",
    "tiny.en": "Systran/faster-whisper-tiny.en",
    "base": "Systran/faster-whisper-base",
    "base.en": "Systran/faster-whisper-base.en",
    "small": "Systran/faster-whisper-small",
    "small.en": "Systran/faster-whisper-small.en",
    "medium": "Systran/faster-whisper-medium",
    "medium.en": "Systran/faster-whisper-medium.en",
    "large": "Systran/faster-whisper-large-v3",
    "large-v1": "Systran/faster-whisper-large-v1",
    "large-v2": "Systran/faster-whisper-large-v2",
    "large-v3": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-small.en": "Systran/faster-distil-whisper-small.en",
    "distil-medium.en": "Systran/faster-distil-whisper-medium.en",
    "distil-large-v2": "Systran/faster-distil-whisper-large-v2",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
}
AUTOMATIC = ("small", "base", "tiny")
"""Without a setting: the first of these that is in the cache."""
DOWNLOADED = "base"
"""Without a setting and without a cached one; 145 MB."""

_FILES = ("model.bin", "config.json", "tokenizer.json")
# The spectrum of what is handed over is made at once and takes 0.8 MB a second.
_PART_SECONDS = 240.0


def provider(settings: Settings) -> "FasterWhisper":
    return FasterWhisper(settings)


class FasterWhisper:
    """Whisper on the CPU in 8-bit numbers; nothing is downloaded when a model is there."""

    def __init__(self, settings: Settings) -> None:
        asked = [split_model(one) for one in (settings.models.get("hear", ""), *settings.fallbacks.get("hear", ()))]
        self._chosen = next((model for name, model in asked if name == "faster-whisper"), "")
        self._settings = settings
        self._hub = Hub(settings)
        self._lock = threading.Lock()
        self._loaded: tuple[Path, Any] | None = None

    @property
    def identity(self) -> str:
        """Name the model and the files it is made of: it changes when a model arrives or is exchanged."""
        if not installed("faster_whisper"):
            return "faster-whisper"
        name, folder = self._name(), self._folder()
        if folder is None:
            return f"faster-whisper:{name} (to be downloaded)"
        state = (folder / "model.bin").stat()
        made_of = hashlib.sha256(f"{state.st_size} {state.st_mtime_ns}".encode()).hexdigest()[:8]
        return f"faster-whisper:{name}@{made_of}"

    def missing(self) -> str | None:
        for package in ("faster_whisper", "ctranslate2", "onnxruntime"):
            if not installed(package):
                return f"The package `{package}` is not installed. Run `pip install faster-whisper onnxruntime`."
        if self._folder() is not None:
            return None
        if _is_path(self._chosen):
            return (
                f"`SENSORIUM_HEAR` names the folder {self._chosen!r}, which is not there or lacks one of "
                f"{', '.join(_FILES)}. Name a model converted for CTranslate2, or a size such as `small`."
            )
        if self._chosen and self._chosen not in REPOSITORIES and "/" not in self._chosen:
            return f"`SENSORIUM_HEAR` names the model {self._chosen!r}. The sizes are: {', '.join(REPOSITORIES)}."
        if reason := self._hub.unreachable():
            return (
                f"The model `{self._name()}` is not on this machine, and {reason}. With a network, "
                "`SENSORIUM_HEAR=faster-whisper:small` downloads one; or set it to a model's folder: "
                "`SENSORIUM_HEAR=faster-whisper:/path/to/model`."
            )
        return None

    async def transcribe(self, sound: "NDArray[np.float32]", *, language: str | None, run: "Run") -> Heard:
        """Write down speech with the time of every word.

        Raises:
            UnavailableError: The model is not here and cannot be downloaded, or cannot be loaded.
        """
        return await run.thread(self._transcribe, sound, language, run)

    def _transcribe(self, sound: "NDArray[np.float32]", language: str | None, run: "Run") -> Heard:
        spans = speech_spans(sound, run, longest_seconds=_PART_SECONDS)
        parts = list(_parts(spans, len(sound) / RATE))
        if not parts:  # and nothing is downloaded or loaded
            return Heard(utterances=(), language=None, quality="good")
        model = self._load(run)
        if language is not None and language not in model.supported_languages:
            raise UnavailableError(f"The model `{self._name()}` does not know the language {language!r}.")
        seconds = len(sound) / RATE
        utterances: list[Utterance] = []
        for start, end in parts:
            heard, info = model.transcribe(
                sound[round(start * RATE) : round(end * RATE)],
                language=language,
                vad_filter=True,
                word_timestamps=True,
            )
            for part in heard:
                utterances.append(_utterance(part, start))
                run.progress(min(1.0, (start + part.end) / seconds), "recognizing speech")
            language = language or info.language
        return Heard(utterances=utterances, language=language if utterances else None, quality="good")

    def _load(self, run: "Run") -> Any:
        """Return the model, downloading and loading it when that was not done before."""
        with self._lock:
            folder = self._folder() or self._download(run)
            if self._loaded and self._loaded[0] == folder:
                return self._loaded[1]
            from faster_whisper import WhisperModel

            run.progress(None, f"loading the speech model {self._name()}")
            try:
                # A folder, never a name: a name would make the loader ask the hub.
                model = WhisperModel(str(folder), device="cpu", compute_type="int8", local_files_only=True)
            except (RuntimeError, ValueError, OSError) as error:
                raise UnavailableError(f"The model in {str(folder)!r} cannot be loaded: {error}") from error
            self._loaded = (folder, model)
            return model

    def _download(self, run: "Run") -> Path:
        self._hub.download(
            REPOSITORIES.get(self._name(), self._name()), (*_FILES, "preprocessor_config.json", "vocabulary.*"), run
        )
        folder = self._folder()
        if folder is None:
            raise UnavailableError(f"The download of {self._name()!r} has no {' or no '.join(_FILES)}.")
        return folder

    def _name(self) -> str:
        if self._chosen:
            return Path(self._chosen).name if _is_path(self._chosen) else self._chosen
        return next((size for size in AUTOMATIC if self._hub.cached(REPOSITORIES[size], _FILES)), DOWNLOADED)

    def _folder(self) -> Path | None:
        """Return where the model lies on this machine."""
        if _is_path(self._chosen):
            folder = at_home(Path(self._chosen))
            return folder if all((folder / file).is_file() for file in _FILES) else None
        name = self._name()
        return self._hub.cached(REPOSITORIES.get(name, name), _FILES)


def _is_path(model: str) -> bool:
    """Tell a folder from a size or a name on the hub (`owner/model`)."""
    return bool(model) and (at_home(Path(model)).is_dir() or not re.fullmatch(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)?", model))


def _parts(spans: list[Span], seconds: float) -> Iterator[Span]:
    """Cut sound into parts between stretches of speech; the parts without any are left out."""
    start, end = None, 0.0
    for one in spans:
        if start is not None and one[1] - start > _PART_SECONDS:
            yield start, end
            start = None
        if start is None:
            start = max(end, one[0] - 1.0)
        end = one[1]
    if start is not None:
        yield start, min(end + 1.0, seconds)


def _utterance(part: Any, offset_seconds: float) -> Utterance:
    """Turn a segment into plain numbers: its word times are of a numpy type that JSON does not know."""
    from math import exp

    return Utterance(
        text=part.text.strip(),
        start_seconds=float(part.start) + offset_seconds,
        end_seconds=float(part.end) + offset_seconds,
        confidence=min(1.0, exp(float(part.avg_logprob))),
        words=tuple(
            Word(
                text=word.word.strip(),
                start_seconds=float(word.start) + offset_seconds,
                end_seconds=float(word.end) + offset_seconds,
                confidence=float(word.probability),
            )
            for word in part.words or ()
        ),
    )
