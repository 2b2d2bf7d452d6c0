"""Speech in about 120 languages with espeak-ng, whose library and data come inside the espeakng-loader wheel."""

import atexit
import ctypes
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import ArgumentError, Cancelled, UnavailableError
from ..base.models import Manner, Spoken, installed
from ..base.settings import Settings
from ..base.words import is_han

if TYPE_CHECKING:
    from ..base.run import Run

# From espeak-ng 1.52's `speak_lib.h`.
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1  # and neither SSML (0x10) nor phonemes in brackets (0x100): the text is data
_RATE = 1
_OK = 0
# Longer paths are cut off by the library, which then looks where it was built.
_LONGEST_PATH_BYTES = 159

# Where espeak's name is not the ISO 639-1 code.
_VOICES = {"en": "en-us", "zh": "cmn", "no": "nb"}
_LATIN = ("en", "fr", "de", "es", "it", "pt")
# Of a voice: as it is, and with the formants of another throat.
_VARIANTS = ("", "+f3", "+m3", "+f2", "+m7", "+f4")

# The library has one state for the whole process.
_lock = threading.Lock()


def provider(settings: Settings) -> "Espeak":
    return Espeak()


class Espeak:
    """A formant synthesizer: clear, fast and robotic."""

    identity = "espeak-ng:1.52"
    description = "espeak-ng (synthetic, robotic)"
    multilingual = False
    most_characters = 600
    """So that a cancellation is noticed soon; it takes any length."""
    has_emotions = False

    def missing(self) -> str | None:
        if not installed("espeakng_loader"):
            return "The package `espeakng-loader` is not installed. Run `pip install espeakng-loader`."
        return None

    def stand_in(self, number: int, language: str) -> str | None:
        """Return a voice of another pitch and sex for each speaker."""
        return f"{_VOICES.get(language, language)}{_VARIANTS[number % len(_VARIANTS)]}"

    async def speak(self, text: str, *, manner: Manner, run: "Run") -> Spoken:
        """Say one piece of text.

        Raises:
            ArgumentError: There is no such language or voice.
            UnavailableError: The library cannot be loaded here.
        """
        voice = manner.voice or _VOICES.get(manner.language, manner.language)
        if manner.language == "zh" and voice.partition("-")[0] in _LATIN and is_han(text):
            # A voice that knows no hanzi would name each of them "Chinese letter"; the throat stays the same.
            voice = _VOICES["zh"] + "".join(voice.partition("+")[1:])
        return await run.thread(_speak, text, voice, manner.words_per_minute, run)


def _speak(text: str, voice: str, words_per_minute: int, run: "Run") -> Spoken:
    import numpy as np

    with _lock, _library() as (library, rate):
        if not _usable(library, voice):
            raise ArgumentError(
                f"espeak-ng has no voice {voice!r}. It has: {', '.join(sorted(_identifiers(library)))}."
            )
        library.espeak_SetParameter(_RATE, words_per_minute, 0)
        pieces: list[bytes] = []

        def receive(samples: Any, count: int, events: int | None) -> int:
            if samples and count > 0:
                pieces.append(ctypes.string_at(samples, count * 2))
            return int(run.call.stop.is_set() or run.cancelled.is_set())

        callback = _CALLBACK(receive)  # must live as long as the synthesis
        library.espeak_SetSynthCallback(callback)
        # A zero byte would end the text, other control characters mean something to the library.
        plain = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", text).encode("utf-8", "replace")
        if library.espeak_Synth(plain, len(plain) + 1, 0, 0, 0, _UTF8, None, None) != _OK:
            raise UnavailableError("espeak-ng could not speak the text.")
        library.espeak_Synchronize()
    if run.call.stop.is_set() or run.cancelled.is_set():
        raise Cancelled(f"`{run.call.tool}` was stopped.")
    return Spoken(samples=np.frombuffer(b"".join(pieces), dtype=np.int16), rate=rate)


def _usable(library: Any, voice: str) -> bool:
    # A name with other characters could be a path.
    if not re.fullmatch(r"[A-Za-z0-9_+-]{1,40}", voice):
        return False
    if library.espeak_SetVoiceByName(voice.encode()) == _OK:
        return True
    # `en-gb` is the language of a voice with another name.
    identifier = _identifiers(library).get(voice.lower())
    return identifier is not None and library.espeak_SetVoiceByName(identifier) == _OK


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
_SYNTH_ARGUMENTS = (
    ctypes.c_char_p,
    ctypes.c_size_t,
    ctypes.c_uint,
    ctypes.c_int,
    ctypes.c_uint,
    ctypes.c_uint,
    ctypes.c_void_p,
    ctypes.c_void_p,
)


class _Voice(ctypes.Structure):
    """`espeak_VOICE`, as far as it is read."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),  # a byte of priority, then the name of the language
        ("identifier", ctypes.c_char_p),
    )


def _identifiers(library: Any) -> dict[str, bytes]:
    """Return language -> identifier of each voice."""
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    voices = library.espeak_ListVoices(None)
    found: dict[str, bytes] = {}
    at = 0
    while voices[at]:
        voice = voices[at].contents
        if language := (voice.languages or b"")[1:].decode("utf-8", "replace"):
            found.setdefault(language, voice.identifier or b"")
        at += 1
    return found


@contextmanager
def _library() -> Iterator[tuple[Any, int]]:
    """Load and start the library; give it with its samples a second, and unload it.

    It is loaded anew for every piece (5 ms), because what was said before changes the flutter of its voice: so the same
    text gives the same sound. (A variant such as `en-us+f3` still differed in 1 of 40 trials.)

    Raises:
        UnavailableError: It cannot be loaded, or does not find its data.
    """
    import espeakng_loader

    try:
        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = _short(Path(espeakng_loader.get_data_path()))
    except (OSError, RuntimeError) as error:
        raise UnavailableError(
            f"The library of espeak-ng cannot be loaded: {error}. Run `pip install --force-reinstall espeakng-loader`."
        ) from error
    try:
        rate = library.espeak_Initialize(_SYNCHRONOUS, 0, os.fsencode(data), _DONT_EXIT)
        if rate <= 0:
            raise UnavailableError(
                f"espeak-ng cannot read its data in {str(data)!r}. Run `pip install --force-reinstall espeakng-loader`."
            )
        library.espeak_SetSynthCallback.argtypes = [_CALLBACK]
        library.espeak_Synth.argtypes = _SYNTH_ARGUMENTS
        yield library, rate
    finally:
        library.espeak_Terminate()
        _unload(library._handle)


def _unload(handle: int) -> None:
    import _ctypes

    if sys.platform == "win32":
        _ctypes.FreeLibrary(handle)
    else:
        _ctypes.dlclose(handle)


@cache
def _short(folder: Path) -> Path:
    """Return a way to the folder that is short enough for the library."""
    if len(os.fsencode(folder)) <= _LONGEST_PATH_BYTES:
        return folder
    shorter = Path(tempfile.mkdtemp(prefix="espeak-"))
    atexit.register(shutil.rmtree, shorter, ignore_errors=True)
    link = shorter / folder.name
    link.symlink_to(folder, target_is_directory=True)
    return link
