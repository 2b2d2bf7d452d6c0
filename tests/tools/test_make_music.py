import wave
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import mido
import numpy as np
import pytest

from sensorium.tools.base.call import call, perform
from sensorium.tools.base.errors import ArgumentError, Cancelled
from sensorium.tools.base.run import Run
from sensorium.tools.make_music import Music


async def made(run: Run, description: str, **more: Any) -> Music:
    music: Music = await call("make_music", {"description": description, "seconds": 6, **more}, run)
    return music


async def test_music_is_made_without_any_model_and_says_so(run: Run) -> None:
    music = await made(run, "calm piano", key="A major", beats_per_minute=72)
    assert music.engine == "rules-music (composed by rules, no model)"
    assert music.seconds == 6 and music.audio.media_type == "audio/wav" and music.audio.facts["seconds"] == 6
    assert music.texts[0].startswith("Composed by rules, no model: calm, A major, 72.0 beats a minute in 4/4")
    assert music.limits == []
    with wave.open(str(run.path(music.audio.handle)), "rb") as file:
        assert file.getnframes() == 6 * 44_100
        assert np.abs(np.frombuffer(file.readframes(44_100), dtype="<i2")).max() > 1000
    assert music.midi is not None and music.midi.media_type == "audio/midi"
    tempo = next(one for one in mido.MidiFile(str(run.path(music.midi.handle))).tracks[0] if one.type == "set_tempo")
    assert mido.tempo2bpm(tempo.tempo) == pytest.approx(72)


async def test_asked_again_it_is_free_and_another_seed_is_another_piece(run: Run) -> None:
    asked = {"description": "happy", "seconds": 3}
    first, again = [await perform("make_music", asked, run) for _ in range(2)]
    assert (first.cached, again.cached) == (False, True)
    assert first.provider == "rules-music"
    other = await made(run, "happy", seconds=3, seed=5)
    assert other.audio.handle != first.result.audio.handle and other.seed == 5


async def test_chinese_words_are_read(run: Run) -> None:
    music = await made(run, "欢快的吉他曲，每分钟120拍", seconds=8)
    assert "happy" in music.texts[0] and "120.0 beats" in music.texts[0] and "guitar" in music.texts[0]


async def test_lyrics_are_not_sung_without_a_model_that_sings(run: Run) -> None:
    music = await made(run, "happy song", lyrics="La la la")
    assert music.limits == [
        "The lyrics are not sung: nothing here sings, and the music was made without them. "
        "`SENSORIUM_PLAY=minimax:music-2.5` with its key would."
    ]


async def test_a_description_without_a_mood_is_played_calmly_and_said(run: Run) -> None:
    music = await made(run, "background for my film")
    assert music.limits[0].startswith("No mood was read in the description, so it is calm. It can be: calm, happy")
    assert "sad" in (await made(run, "background for my film", mood="sad")).texts[0]


async def test_a_tempo_that_nobody_plays_is_said(run: Run) -> None:
    music = await made(run, "300 bpm techno")
    assert music.limits == [
        "300 beats a minute are not played: rules play 40 to 220, and the mood's own tempo was taken."
    ]


async def test_it_goes_on_in_the_key_and_tempo_of_a_sample(run: Run) -> None:
    sample = await made(run, "happy in D major, 120 bpm", seconds=14)
    after = await made(run, "calm, 300 bpm", sample=sample.audio.handle)
    assert "D major" in after.texts[0] and "beats a minute" in after.texts[0]
    beats = float(after.texts[0].split(" beats a minute")[0].split()[-1])
    assert min(abs(beats / one - 1) for one in (60, 120)) < 0.02
    said = "300 beats a minute are not played: rules play 40 to 220, and another tempo was taken."
    assert said in after.limits
    assert any(one.startswith("Of the sample it takes up the key (D major) and the tempo (") for one in after.limits)


async def test_a_sample_without_key_or_tempo_is_said(run: Run, making: ModuleType, tmp_path: Path) -> None:
    silent = making.wav(tmp_path / "none.wav", making.tone(6.0, level=0.0))
    music = await made(run, "calm", sample=str(silent), seconds=2)
    assert music.limits[0].startswith("Neither key nor tempo was found in the sample")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"description": " "}, "`description` has no word in it"),
        ({"description": "x" * 2001}, "`description` has 2,001 characters; the limit is 2,000"),
        ({"key": "H dur"}, "`key` is 'H dur', which is no key. Give one such as `C major`"),
        ({"lyrics": " "}, "`lyrics` has no word in it"),
        ({"lyrics": "La", "instrumental": True}, "`instrumental` music has no voice. Leave out one of them"),
        ({"seconds": 1.0}, "`seconds` is 1; music by rules is 2 to 1800 s long"),
        ({"seconds": 1e9}, "seconds"),
        ({"mood": "angry"}, "mood"),
        ({"beats_per_minute": 900}, "beats_per_minute"),
    ],
)
async def test_what_cannot_be_had_is_refused(run: Run, more: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        await made(run, **{"description": "calm", **more})


async def test_cancelling_stops_it(run: Run) -> None:
    run.cancelled.set()
    with pytest.raises(Cancelled):
        await made(run, "calm")


async def test_no_file_is_left_in_the_scratch_folder(run: Run) -> None:
    await made(run, "calm", seconds=2)
    left = {"raw", "music.wav", "music.mid"} & {one.name for one in run.settings.home.rglob("*")}
    assert left == set()


SHOP = """
name = "Songs"
page = "https://songs.test (2026-11-21)"
base_url = "{url}"
key = "SHOP_KEY"
[price]
calls = 0.1
[operations.music]
role = "play"
task = "music"
models = ["song-*"]
[operations.music.takes]
prompt = {{ most = 200, needed = true }}
lyrics = {{}}
seconds = {{ least = 1, most = 60 }}
[operations.music.submit]
path = "/sing"
body = {{ prompt = "{{prompt}}", words = "{{lyrics}}", length = "{{seconds}}" }}
[operations.music.result]
files = "sound"
as = "hex"
"""


async def test_a_model_of_music_is_asked_in_words(
    job_server: ModuleType, making: ModuleType, tmp_path: Path, run: Run
) -> None:
    tone = making.wav(tmp_path / "song.wav", making.tone(6.0)).read_bytes()
    with job_server.serving() as songs:
        songs.answering = lambda asked: job_server.Reply(body={"sound": tone.hex()})
        (tmp_path / "songs" / "providers").mkdir(parents=True)
        (tmp_path / "songs" / "providers" / "songs.toml").write_text(SHOP.format(url=songs.url), encoding="utf-8")
        environ = {"SENSORIUM_HOME": str(tmp_path / "songs"), "SENSORIUM_PLAY": "songs:song-2", "SHOP_KEY": "k" * 20}
        singing = Run.open(replace(type(run.settings).read(environ, tmp_path), degrade=False))
        music = await made(singing, "happy song", key="F", mood="happy", beats_per_minute=100, lyrics="La la")
        assert [one.body for one in songs.asked] == [
            {
                "prompt": "happy song Mood: happy. Key: F major. Tempo: 100 beats per minute.",
                "words": "La la",
                "length": 6.0,
            }
        ]
        assert (music.engine, music.midi, music.seconds) == ("songs:song-2", None, pytest.approx(6.0, abs=0.1))
        singing.library.close()
