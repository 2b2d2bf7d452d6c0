import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from sensorium.tools.base.call import call, perform
from sensorium.tools.base.errors import ArgumentError, Cancelled
from sensorium.tools.base.run import Run
from sensorium.tools.base.sound import decode_sound, silences
from sensorium.tools.providers.silero import speech_spans
from sensorium.tools.speak import SpokenText, speak, split_text


async def spoken(run: Run, text: str, **more: object) -> SpokenText:
    made: SpokenText = await call("speak", {"text": text, **more}, run)
    return made


def samples_of(run: Run, made: SpokenText) -> np.ndarray:
    return decode_sound(run.path(made.audio.handle), made.audio.name, run).samples


@pytest.mark.parametrize(
    ("text", "language", "seconds"),
    [
        ("Welcome to the quarterly report. Revenue grew twelve percent.", "en", (3.0, 5.0)),
        ("第三季度营业收入同比增长百分之十二，新增客户三百一十家。", "zh", (6.0, 9.0)),
        ("Bonjour à tous, et bienvenue.", "fr", (1.0, 3.0)),
    ],
)
async def test_a_sentence_becomes_sound_that_is_speech(
    run: Run, text: str, language: str, seconds: tuple[float, float]
) -> None:
    made = await spoken(run, text, **({} if language in ("en", "zh") else {"language": language}))
    assert made.languages == [language]
    assert made.engine == "espeak-ng (synthetic, robotic)"
    assert made.audio.media_type == "audio/wav" and made.audio.facts["seconds"] == made.seconds
    sound = samples_of(run, made)
    assert seconds[0] < made.seconds < seconds[1]
    assert len(sound) / 16_000 == pytest.approx(made.seconds, abs=0.01)
    assert 0.03 < float(np.sqrt(np.mean(sound**2))) < 0.3
    [(start, end), *_] = speech_spans(sound, run)
    assert end - start > 0.5


async def test_two_languages_are_said_by_two_voices(run: Run) -> None:
    made = await spoken(run, "We use OCR 来读取文字。")
    assert made.languages == ["en", "zh"]
    english, chinese = await spoken(run, "We use OCR"), await spoken(run, "来读取文字。")
    assert made.seconds == pytest.approx(english.seconds + chinese.seconds + 0.04, abs=0.02)


async def test_a_mark_is_a_pause_of_its_length(run: Run) -> None:
    plain, paused = await spoken(run, "One. Two."), await spoken(run, "One. <#1.5#> Two.")
    [(start, end)] = silences(run.path(paused.audio.handle), "a", run, at_least_seconds=1.0)
    assert end - start == pytest.approx(1.5, abs=0.1)
    assert paused.seconds > plain.seconds + 0.8
    assert paused.text == "One. Two."


async def test_faster_is_shorter(run: Run) -> None:
    text = "The pendulum swings from one side to the other."
    slow, fast = await spoken(run, text, words_per_minute=100), await spoken(run, text, words_per_minute=300)
    assert fast.seconds < 0.5 * slow.seconds


async def test_another_voice_sounds_different(run: Run) -> None:
    usual, other = await spoken(run, "Hello."), await spoken(run, "Hello.", voice="en-us+f3")
    assert usual.audio.handle != other.audio.handle


async def test_the_same_text_is_said_once(run: Run) -> None:
    first, again = [await perform("speak", {"text": "Hello."}, run) for _ in range(2)]
    assert (first.cached, again.cached) == (False, True)
    assert again.result == first.result


async def test_markup_is_read_out_and_not_obeyed(run: Run) -> None:
    marked = await spoken(run, "one <break time='9s'/> two [[h@loU]]")
    assert marked.seconds < 9
    assert marked.seconds > (await spoken(run, "one two")).seconds + 1


async def test_a_long_text_is_said_to_its_end(run: Run) -> None:
    once = await spoken(run, "All work and no play makes a dull day.")
    often = await spoken(run, "All work and no play makes a dull day. " * 60)
    assert often.seconds > 55 * once.seconds
    with wave.open(str(run.path(often.audio.handle)), "rb") as file:
        last = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")[-22_050:]
    assert np.abs(last).max() > 1000


@pytest.mark.parametrize("text", ["", "   ", "<#1#>", "。。！"])
async def test_nothing_to_say_is_refused(run: Run, text: str) -> None:
    with pytest.raises(ArgumentError, match="which has no word to say"):
        await spoken(run, text)


async def test_too_long_a_text_is_refused(run: Run) -> None:
    with pytest.raises(ArgumentError, match=r"`text` has 60,000 characters; the limit is 50,000"):
        await spoken(run, "word, " * 10_000)


async def test_too_much_silence_is_refused(run: Run) -> None:
    with pytest.raises(ArgumentError, match=r"11 pauses in `text` last 660 s together; the limit is 600 s"):
        await spoken(run, "One." + "<#99#>" * 11)


@pytest.mark.parametrize("more", [{"language": "xx"}, {"voice": "../../etc/passwd"}])
async def test_a_voice_that_is_not_there_is_refused_with_those_that_are(run: Run, more: dict[str, str]) -> None:
    with pytest.raises(ArgumentError, match=r"espeak-ng has no voice '.*'\. It has: af, .*cmn, .*en-us"):
        await spoken(run, "Hello.", **more)


async def test_cancelling_stops_it(run: Run) -> None:
    run.cancelled.set()
    with pytest.raises(Cancelled):
        await spoken(run, "Hello.")


async def test_what_is_said_side_by_side_does_not_mix(run: Run) -> None:
    asked = [
        {"text": "The pendulum swings.", "words_per_minute": 100},
        {"text": "The pendulum swings.", "words_per_minute": 300},
        {"text": "The pendulum swings.", "voice": "en-gb"},
        {"text": "第三季度营业收入同比增长。"},
        {"text": "Bonjour à tous.", "language": "fr"},
    ]
    together = await asyncio.gather(*(speak.function(**one, run=run) for one in asked))
    alone = [await speak.function(**one, run=run) for one in asked]
    assert [one.audio.sha256 for one in together] == [one.audio.sha256 for one in alone]
    assert len({one.audio.sha256 for one in alone}) == len(asked)


def test_text_is_split_where_the_script_changes() -> None:
    def parts(text: str) -> list[tuple[str, str]]:
        return [(piece.text, piece.language) for piece in split_text(text) if piece.text]

    assert parts("Hello, 世界 2024。OK? 很好!") == [
        ("Hello,", "en"),
        ("世界 2024。", "zh"),
        ("OK?", "en"),
        ("很好!", "zh"),
    ]
    assert parts("3 dogs 和 5 只猫在这里") == [("3 dogs", "en"), ("和 5 只猫在这里", "zh")]
    assert parts("，hello") == [("，hello", "en")]


async def test_data_at_the_end_of_a_long_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import espeakng_loader

    from sensorium.tools.providers import espeak

    deep = tmp_path / ("a" * 100) / ("b" * 100)
    deep.mkdir(parents=True)
    link = deep / "espeak-ng-data"
    link.symlink_to(espeakng_loader.get_data_path(), target_is_directory=True)
    short = espeak._short(link)
    assert len(str(short)) < 160
    assert (short / "phontab").is_file()
