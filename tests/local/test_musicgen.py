"""Music from a model on this machine: the real loading code, on a tiny random model."""

import io
import wave
from dataclasses import replace
from pathlib import Path

import pytest

from sensorium.tools.base.errors import ArgumentError, Cancelled
from sensorium.tools.base.makers import Made, Wish
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.local.rules import LocalRules
from sensorium.tools.providers.musicgen import MusicGen

pytest.importorskip("torch", reason="the extra `local` is not installed")
RATE = 8000


def plays(settings: Settings, folder: Path) -> MusicGen:
    return MusicGen(replace(settings, models={"play": f"musicgen:{folder}"}, local=LocalRules(device="cpu")))


async def made(maker: MusicGen, run: Run, wish: Wish) -> Made:
    return await maker.make(maker.fit(wish).wish, run=run)


def sound(run: Run, made: Made) -> wave.Wave_read:
    return wave.open(io.BytesIO(run.path(made.files[0].handle).read_bytes()))


async def test_a_description_becomes_music_of_the_length_that_was_asked_for(
    settings: Settings, run: Run, tiny_musicgen: Path
) -> None:
    maker = plays(settings, tiny_musicgen)
    assert maker.missing() is None
    found = await made(maker, run, Wish(task="music", values={"prompt": "calm piano", "seconds": 0.5, "seed": 1}))
    with sound(run, found) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE, RATE // 2)
    assert "cpu" in found.notes[0]


async def test_the_same_seed_gives_the_same_music(settings: Settings, run: Run, tiny_musicgen: Path) -> None:
    maker = plays(settings, tiny_musicgen)
    values = {"prompt": "calm piano", "seconds": 0.2}
    found = [await made(maker, run, Wish(task="music", values={**values, "seed": seed})) for seed in (1, 1, 2)]
    samples = [sound(run, one).readframes(RATE) for one in found]
    assert [one == samples[0] for one in samples] == [True, True, False]


async def test_music_goes_on_from_a_sample(settings: Settings, run: Run, tiny_musicgen: Path) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        out.writeframes(bytes(range(256)) * (RATE // 128))
    sample = run.put(file.getvalue(), name="sample.wav", media_type="audio/wav").handle
    wish = Wish(task="continue", values={"prompt": "calm", "seconds": 0.5}, files={"sound": (sample,)})
    with sound(run, await made(plays(settings, tiny_musicgen), run, wish)) as made_of_it:
        assert made_of_it.getnframes() == pytest.approx(RATE * 1.5, abs=RATE * 0.05)


async def test_a_cancelled_run_stops_between_two_steps(settings: Settings, run: Run, tiny_musicgen: Path) -> None:
    maker = plays(settings, tiny_musicgen)
    await made(maker, run, Wish(task="music", values={"prompt": "x", "seconds": 0.1}))
    run.cancelled.set()
    with pytest.raises(Cancelled):
        await made(maker, run, Wish(task="music", values={"prompt": "x", "seconds": 30}))


def test_more_than_the_model_can_keep_up_is_refused(settings: Settings, tiny_musicgen: Path) -> None:
    with pytest.raises(ArgumentError, match="up to 30 s of music at once, and 31 s were asked for"):
        plays(settings, tiny_musicgen).fit(Wish(task="music", values={"prompt": "x", "seconds": 31}))


def test_what_the_model_does_not_take_is_told(settings: Settings, tiny_musicgen: Path) -> None:
    values = {"prompt": "calm", "lyrics": "la la", "instrumental": False, "beats_per_minute": 90}
    fitted = plays(settings, tiny_musicgen).fit(Wish(task="music", values=values))
    assert fitted.wish.values == {"prompt": "calm, 90 bpm", "seconds": 10.0}
    assert len(fitted.notes) == 2
