import asyncio
import json
import re
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sensorium.tools.base.call import call, perform
from sensorium.tools.base.errors import ArgumentError, Cancelled, MediaError, SettingsError
from sensorium.tools.base.run import Progress, Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.providers.pocketsphinx import PocketSphinx
from sensorium.tools.transcribe import Transcript

ENGLISH = "The pendulum swings from one side to the other. It never comes higher than it started."


def opened(settings: Settings, hear: str, *, offline: bool = True) -> Run:
    return Run.open(replace(settings, models={"hear": hear}, offline=offline))


async def said(run: Run, text: str, **more: object) -> str:
    """The handle of a WAV file in which a text is said."""
    return str((await call("speak", {"text": text, **more}, run)).audio.handle)


@pytest.fixture
def speech(run: Run) -> str:
    """The path of a file with two seconds of speech; another run may use it."""
    return str(run.path(asyncio.run(said(run, "The pendulum swings to the other side."))))


def test_a_local_whisper_model_gives_segments_words_and_a_language(
    settings: Settings, tiny_whisper: Path, speech: str
) -> None:
    run = opened(settings, f"faster-whisper:{tiny_whisper}")
    outcome = asyncio.run(perform("transcribe", {"media": speech}, run))
    heard: Transcript = outcome.result
    assert outcome.provider.startswith(f"faster-whisper:{tiny_whisper.name}@")
    assert (heard.quality, heard.tried, heard.limits) == ("good", [], [])
    assert re.fullmatch("[a-z]{2,3}", heard.language or "")
    assert heard.moments
    for moment in heard.moments:
        assert moment.start_seconds is not None and moment.end_seconds is not None
        assert 0 <= moment.start_seconds < moment.end_seconds <= heard.seconds + 0.1
        assert moment.text and moment.source.provider == heard.engine and moment.source.quality == "good"
    segments = json.loads(run.path(heard.transcript.handle).read_text(encoding="utf-8"))["segments"]
    assert [one["text"] for one in segments] == [one.text for one in heard.moments]
    assert all(isinstance(word["start_seconds"], float) for one in segments for word in one["words"])
    assert heard.coverage and heard.coverage.heard == [(0.0, heard.seconds)]
    run.library.close()


def test_the_language_asked_for_is_the_one_used(settings: Settings, tiny_whisper: Path, speech: str) -> None:
    run = opened(settings, f"faster-whisper:{tiny_whisper}")
    assert asyncio.run(call("transcribe", {"media": speech, "language": "de-AT"}, run)).language == "de"
    run.library.close()


def test_asked_again_it_hears_nothing_anew(settings: Settings, tiny_whisper: Path, speech: str) -> None:
    run = opened(settings, f"faster-whisper:{tiny_whisper}")
    first = asyncio.run(perform("transcribe", {"media": speech}, run))
    again = asyncio.run(perform("transcribe", {"media": speech}, run))
    assert (first.cached, again.cached) == (False, True)
    assert again.result == first.result
    run.library.close()


async def test_without_a_model_it_falls_to_a_draft_and_says_so(run: Run) -> None:
    heard: Transcript = await call("transcribe", {"media": await said(run, ENGLISH)}, run)
    assert (heard.engine, heard.quality, heard.language) == ("pocketsphinx:en-us", "draft", "en")
    assert len(heard.tried) == 1
    assert heard.tried[0].startswith("faster-whisper:base: The model `base` is not on this machine, and downloads are")
    assert "SENSORIUM_HEAR=faster-whisper:small" in heard.limits[0]
    assert heard.moments and all(one.source.quality == "draft" for one in heard.moments)
    assert heard.text_file and run.path(heard.text_file.handle).read_text() == heard.text + "\n"


async def test_known_english_is_recognized(run: Run, samples: Path) -> None:
    path = samples / "audio" / "sense_and_sensibility_01_austen_64kb-0930.wav"
    heard: Transcript = await call("transcribe", {"media": str(path)}, run)
    assert heard.text.startswith("he might even have been made amiable")
    assert heard.moments[0].confidence is not None and 0.2 < heard.moments[0].confidence <= 1
    words = json.loads(run.path(heard.transcript.handle).read_text())["segments"][0]["words"]
    assert [word["text"] for word in words] == heard.text.split()
    starts = [word["start_seconds"] for word in words]
    assert starts == sorted(starts) and 0 < starts[0] < starts[-1] < 3.3


async def test_another_language_without_a_model_is_only_known_to_be_speech(run: Run) -> None:
    media = await said(run, "第三季度营业收入同比增长百分之十二，新增客户三百一十家。")
    heard: Transcript = await call("transcribe", {"media": media, "language": "zh"}, run)
    assert (heard.engine, heard.text, heard.language) == ("silero-vad", "", "zh")
    assert [one.text for one in heard.moments] == [""]
    assert heard.tried[1] == "pocketsphinx:en-us: pocketsphinx knows English only, and the language is 'zh'."
    assert heard.limits[0].startswith("Speech from ") and "not transcribed" in heard.limits[0]
    assert heard.srt is None and heard.vtt is None and heard.text_file is None
    assert {one.name: one.value for one in heard.measures} == {"speech_seconds": pytest.approx(7.5, abs=0.5)}


async def test_a_provider_can_be_chosen(settings: Settings, speech: str) -> None:
    run = opened(settings, "silero")
    heard = await call("transcribe", {"media": speech}, run)
    assert (heard.engine, heard.tried) == ("silero-vad", [])
    run.library.close()


async def test_an_unknown_provider_is_a_settings_error(settings: Settings, speech: str) -> None:
    run = opened(settings, "whispering")
    with pytest.raises(SettingsError, match=r"`SENSORIUM_HEAR` is 'whispering'\. Set it to one of: faster-whisper, "):
        await call("transcribe", {"media": speech}, run)
    run.library.close()


async def test_a_model_folder_that_is_not_there_is_named(settings: Settings, speech: str, tmp_path: Path) -> None:
    run = opened(settings, f"faster-whisper:{tmp_path / 'gone'}")
    heard = await call("transcribe", {"media": speech}, run)
    assert heard.engine == "pocketsphinx:en-us"
    assert "names the folder" in heard.tried[0] and "which is not there" in heard.tried[0]
    run.library.close()


async def test_a_broken_model_falls_through_with_its_reason(settings: Settings, speech: str, tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    run = opened(settings, f"faster-whisper:{tmp_path}")
    heard = await call("transcribe", {"media": speech}, run)
    assert heard.engine == "pocketsphinx:en-us"
    assert "cannot be loaded" in heard.tried[0]
    run.library.close()


async def test_the_draft_of_a_broken_model_is_used_again_until_the_model_is_mended(
    settings: Settings, tiny_whisper: Path, speech: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(tiny_whisper, tmp_path / "model")
    vocabulary = folder / "vocabulary.json"
    words = vocabulary.read_bytes()
    vocabulary.unlink()
    run = opened(settings, f"faster-whisper:{folder}")
    draft = await call("transcribe", {"media": speech}, run)
    listened = []
    monkeypatch.setattr(PocketSphinx, "transcribe", lambda *args, **more: listened.append(args))
    again = await call("transcribe", {"media": speech}, run)
    assert (draft.engine, again, listened) == ("pocketsphinx:en-us", draft, [])
    vocabulary.write_bytes(words)
    assert (await call("transcribe", {"media": speech}, run)).engine.startswith("faster-whisper:model@")
    run.library.close()


@pytest.mark.parametrize("level", [0.0, 0.3])
async def test_without_a_voice_the_transcript_is_empty(
    run: Run, making: ModuleType, tmp_path: Path, level: float
) -> None:
    path = making.wav(tmp_path / "tone.wav", making.tone(5.0, level=level))
    heard: Transcript = await call("transcribe", {"media": str(path)}, run)
    assert (heard.text, heard.moments, heard.language, heard.srt) == ("", [], None, None)
    assert heard.limits == ["No speech was found in 5.0 s of sound."]
    assert heard.coverage and heard.coverage.heard == [(0.0, 5.0)]


async def test_speech_in_a_video_keeps_the_times_of_the_picture(run: Run, making: ModuleType, tmp_path: Path) -> None:
    import wave

    with wave.open(str(run.path(await said(run, ENGLISH))), "rb") as file:
        voice = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float32) / 32768
        rate = file.getframerate()
    sound = np.concatenate([np.zeros(3 * rate, np.float32), voice, np.zeros(rate, np.float32)])
    path = making.video(
        tmp_path / "talk.mp4", lambda n: making.slide("A"), seconds=len(sound) / rate, sound=sound, rate=rate
    )
    heard: Transcript = await call("transcribe", {"media": str(path)}, run)
    assert heard.moments[0].start_seconds == pytest.approx(3.0, abs=0.4)
    assert heard.moments[-1].end_seconds == pytest.approx(len(sound) / rate - 1, abs=0.6)


async def test_a_video_without_sound_is_refused(run: Run, making: ModuleType, tmp_path: Path) -> None:
    path = making.video(tmp_path / "mute.mp4", lambda n: making.slide("A"), seconds=1)
    with pytest.raises(MediaError, match=r"'mute\.mp4' has no audio track, so there is nothing to hear"):
        await call("transcribe", {"media": str(path)}, run)


async def test_a_language_that_is_none_is_refused(run: Run, speech: str) -> None:
    with pytest.raises(ArgumentError, match="`language` is 'the usual'; give an ISO 639-1 code"):
        await call("transcribe", {"media": speech, "language": "the usual"}, run)


async def test_cancelling_ends_the_recognizers(run: Run, children: "Children") -> None:
    media = await said(run, ENGLISH * 12)
    reached = threading.Event()

    def on_progress(progress: Progress) -> None:
        if progress.note == "recognizing speech" and children():
            reached.set()
            run.cancelled.set()

    with pytest.raises(Cancelled):
        await call("transcribe", {"media": media}, replace(run, on_progress=on_progress))
    assert reached.is_set()
    assert children() == []


async def test_what_lies_in_the_current_folder_is_not_run(
    run: Run, speech: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pocketsphinx", "json", "re"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('this must not be imported')")
    monkeypatch.chdir(tmp_path)
    assert (await call("transcribe", {"media": speech}, run)).engine == "pocketsphinx:en-us"


class Children:
    """The processes of the recognizer that this process has started and not yet ended."""

    def __init__(self, started: "list[object]") -> None:
        self._started = started

    def __call__(self) -> "list[object]":
        return [one for one in self._started if one.poll() is None]


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Children:
    started: list[object] = []
    start = subprocess.Popen.__init__

    def noted(self: object, *args: object, **more: object) -> None:
        start(self, *args, **more)
        started.append(self)

    monkeypatch.setattr(subprocess.Popen, "__init__", noted)
    return Children(started)
