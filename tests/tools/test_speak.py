import asyncio
import wave
from itertools import pairwise
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


@pytest.mark.parametrize(("text", "of_her"), [("Hello.", "en-us+f3"), ("你好。", "cmn+f3")])
async def test_a_voice_is_chosen_by_its_sex(run: Run, text: str, of_her: str) -> None:
    her, him = await spoken(run, text, voice="female"), await spoken(run, text, voice="male")
    assert (her.turns[0].voice, him.turns[0].voice) == (of_her, of_her.removesuffix("+f3"))
    assert her.audio.handle != him.audio.handle
    assert her.limits == him.limits == []


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


async def test_a_dialogue_has_a_voice_and_times_for_each_line(run: Run) -> None:
    text = "Tom: Where is the cat? It was here.\nMia：在箱子里。<#1#> In the box.\n\nTom: Oh."
    made = await spoken(run, text, voices={"tom": "en-gb", "Mia": "en-us+f3"})
    assert [(one.speaker, one.voice, one.text) for one in made.turns] == [
        ("tom", "en-gb", "Where is the cat? It was here."),
        ("Mia", "en-us+f3", "在箱子里。 In the box."),
        ("tom", "en-gb", "Oh."),
    ]
    assert made.text == "Where is the cat? It was here. 在箱子里。 In the box. Oh."
    assert made.turns[0].start_seconds == 0 and made.turns[-1].end_seconds == pytest.approx(made.seconds, abs=0.01)
    quiet = silences(run.path(made.audio.handle), "a", run, at_least_seconds=0.4)
    for before, after in pairwise(made.turns):
        middle = (before.end_seconds + after.start_seconds) / 2
        assert any(start < middle < end for start, end in quiet), "between two turns nobody speaks"
    alone = await spoken(run, "Oh.", voice="en-gb")
    last = samples_of(run, made)[round(made.turns[-1].start_seconds * 16_000) :]
    assert len(last) == pytest.approx(len(samples_of(run, alone)), abs=400)


async def test_a_pause_that_was_cut_is_said(run: Run) -> None:
    said = await spoken(run, "One. <#9999#> Two.")
    assert said.limits == ["A pause of 9999 s was made 60 s, which is the longest."]


async def test_a_text_has_a_turn_for_each_stretch_between_marks_of_pauses(run: Run) -> None:
    made = await spoken(run, "One. Two. <#1#> Three.")
    assert [one.text for one in made.turns] == ["One. Two.", "Three."]
    assert made.turns[1].start_seconds == pytest.approx(made.turns[0].end_seconds + 1, abs=0.01)
    assert {one.speaker for one in made.turns} == {""}


@pytest.mark.parametrize(
    ("text", "voices", "message"),
    [
        ("Anna: Hello.", {"Tom": "en-gb"}, "a line of 'Anna', who is not in `voices`. It has: Tom"),
        ("Hello.", {"Tom": "en-gb"}, "`voices` names Tom, and `text` has no line of theirs"),
        ("Tom: Hello.\nTom: …", {"Tom": "en-gb"}, "A line of 'Tom' in `text` is '…', which has no word to say"),
        ("Tom:", {"Tom": "en-gb"}, "A line of 'Tom' in `text` is '', which has no word to say"),
        ("Tom: <#1#>", {"Tom": "en-gb"}, "A line of 'Tom' in `text` is '<#1#>', which has no word to say"),
        ("Tom: Hello.", {"Tom": " "}, "`voices` gives 'Tom' no voice"),
        ("Tom: Hello.", {"": "en-gb"}, "A name has 1 to 40 letters"),
        ("Tom: Hello.", {"Tom": "en-gb", "TOM": "en"}, "`voices` has a name twice"),
        ("Tom: Hello.", {"Tom": "nobody"}, r"espeak-ng has no voice 'nobody'\. It has: af, "),
    ],
)
async def test_a_dialogue_that_cannot_be_cast_is_refused(
    run: Run, text: str, voices: dict[str, str], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        await spoken(run, text, voices=voices)


@pytest.mark.parametrize("text", ["Tom: Where?\nMia: Here.\nTOM: Oh.", "Tom: Where? / Mia: Here. / tom: Oh."])
async def test_speakers_that_are_found_have_voices_of_their_own(run: Run, text: str) -> None:
    made = await spoken(run, text, voices={})
    assert [(one.speaker, one.text) for one in made.turns] == [("Tom", "Where?"), ("Mia", "Here."), ("Tom", "Oh.")]
    tom, mia, again = (one.voice for one in made.turns)
    assert tom == again != mia and made.limits == []


async def test_a_text_of_one_speaker_is_no_dialogue_that_is_found(run: Run) -> None:
    for text in ("Note: it begins at 10:30 / and http://x.test is open.", "Tom: One.\nTom: Two.", "Tom: One.\nTwo."):
        assert (await spoken(run, text, voices={})).turns[0].speaker == ""


async def test_times_and_addresses_are_no_speakers(run: Run) -> None:
    made = await spoken(run, "Tom: It begins at\n10:30 at\nhttps://example.org", voices={"Tom": "en-gb"})
    assert [one.speaker for one in made.turns] == ["Tom"]


async def test_an_emotion_that_nobody_has_is_left_out_and_said(run: Run) -> None:
    made = await spoken(run, "Hello.", emotion="happy")
    assert made.limits == ["espeak-ng (synthetic, robotic) takes no emotion; 'happy' was left out."]
    with pytest.raises(ArgumentError, match="`emotion` is ' '"):
        await spoken(run, "Hello.", emotion=" ")


async def test_hanzi_are_said_in_chinese_by_a_voice_of_another_language(run: Run) -> None:
    other, usual = await spoken(run, "在箱子里。", voice="en-us+f3"), await spoken(run, "在箱子里。")
    assert other.seconds == pytest.approx(usual.seconds, rel=0.2)
    assert samples_of(run, other).tobytes() != samples_of(run, usual).tobytes()


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
    heard, again = ([samples_of(run, one).tobytes() for one in made] for made in (together, alone))
    assert heard == again
    assert len(set(heard)) == len(asked)


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
