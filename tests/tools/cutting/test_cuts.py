"""Films and recordings are cut to the frame and to the sample, and split and joined without a loss."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.run import Run

Edit = Callable[..., Any]
Shown = list[tuple[float, int]]


async def test_a_cut_to_the_frame_encodes_only_what_is_around_it(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray], measuring: ModuleType
) -> None:
    made = await edit("trim", film, start_seconds=1.6, end_seconds=5.2)
    measuring.even(shown(made), list(range(40, 130)))
    (one,) = made.items
    assert (one.way, one.start_seconds, one.end_seconds) == ("partly encoded", 1.6, 5.2)
    assert 20 <= one.encoded_frames <= measuring.GOP
    assert measuring.onsets(heard(made)) == pytest.approx([0.4, 2.9], abs=1 / measuring.FPS)
    assert made.limits == []


async def test_a_cut_at_a_key_frame_is_a_copy(
    edit: Edit, film: Path, shown: Callable[..., Shown], measuring: ModuleType
) -> None:
    made = await edit("trim", film, start_seconds=2 * measuring.GOP / measuring.FPS)
    measuring.even(shown(made), list(range(60, 150)))
    assert (made.items[0].way, made.items[0].encoded_frames) == ("copied", 0)


async def test_a_cut_that_need_not_be_exact_says_where_it_really_is(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray], measuring: ModuleType
) -> None:
    made = await edit("trim", film, start_seconds=1.6, end_seconds=3.0, exact=False)
    numbers = [number for _, number in shown(made)]
    assert (made.items[0].way, numbers[0]) == ("copied", 30)
    assert made.items[0].start_seconds == 1.2
    assert made.items[0].end_seconds == (numbers[-1] + 1) / measuring.FPS
    assert measuring.onsets(heard(made)) == pytest.approx([0.0, 0.8], abs=0.25)


@pytest.mark.parametrize(
    ("ending", "codec", "options", "way"),
    [
        ("mkv", "libx264", {"bf": "3", "b-pyramid": "normal"}, "partly encoded"),
        ("ts", "libx264", {"bf": "2"}, "partly encoded"),
        ("webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}, "partly encoded"),
        ("mp4", "libx264", {"bf": "2", "x264-params": "open-gop=1"}, "encoded"),
        ("avi", "libx264", {"bf": "2"}, "encoded"),
        ("mkv", "mpeg4", {"bf": "2", "sc_threshold": "1000000000"}, "encoded"),
    ],
)
async def test_other_codecs_and_containers_are_cut_to_the_frame(  # noqa: PLR0917
    edit: Edit,
    broken: ModuleType,
    tmp_path: Path,
    shown: Callable[..., Shown],
    ending: str,
    codec: str,
    options: dict[str, str],
    way: str,
    measuring: ModuleType,
) -> None:
    source = broken.numbered(tmp_path / f"film.{ending}", 100, codec=codec, options=options)
    made = await edit("trim", source, start_seconds=0.6, end_seconds=3.4)
    measuring.even(shown(made), list(range(15, 85)))
    assert made.items[0].way == way


async def test_a_turned_film_with_times_of_its_own_stays_so(
    edit: Edit, broken: ModuleType, tmp_path: Path, shown: Callable[..., Shown]
) -> None:
    times = [number * 40 + (number // 10) * 500 for number in range(60)]
    source = broken.numbered(tmp_path / "film.mp4", 60, times_ms=times, turn=90)
    made = await edit("remove", source, parts=[(1.02, 2.2)])
    # Frame 12 is shown up to 1.02 s; 29, which is cut in two, from 2.16 to 2.7 s.
    assert [number for _, number in shown(made)] == [*range(13), *range(29, 60)]
    found = [at for at, _ in shown(made)]
    assert found[10] - found[9] == pytest.approx(0.54, abs=0.002)
    assert found[13:15] == pytest.approx([1.02, 1.02 + 0.5], abs=0.002)
    assert found[-1] == pytest.approx(times[-1] / 1000 - 1.18, abs=0.002)


async def test_pieces_hold_every_frame_once_and_join_to_the_whole_again(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray], measuring: ModuleType
) -> None:
    made = await edit("split", film, at_seconds=[4.0, 1.48])
    pieces = [[number for _, number in shown(made, item)] for item in range(3)]
    assert pieces == [list(range(37)), list(range(37, 100)), list(range(100, 150))]
    again = await edit("join", files=[one.handle for one in made.files])
    measuring.even(shown(again), list(range(150)))
    assert again.items[0].way == "copied"
    assert measuring.onsets(heard(again)) == pytest.approx(measuring.BEEPS, abs=2 / measuring.FPS)


async def test_films_are_split_and_shortened_at_silences(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray], measuring: ModuleType
) -> None:
    pieces = await edit("split", film, keep_seconds=0.1)
    spans = [(one.start_seconds, one.end_seconds) for one in pieces.items]
    assert spans == [pytest.approx((at - 0.1, at + 0.5), abs=0.06) for at in measuring.BEEPS]
    short = await edit("remove", film, keep_seconds=0.1)
    assert short.seconds == pytest.approx(3 * 0.6, abs=0.15)
    assert len(measuring.onsets(heard(short))) == 3
    numbers = [number for _, number in shown(short)]
    assert numbers == sorted(set(numbers)) and 60 not in [*numbers[:10]]
    loud = await edit("remove", film, min_silence_seconds=10)
    assert loud.seconds == pytest.approx(measuring.SECONDS, abs=0.1)
    assert "nothing was cut" in loud.limits[0]


async def test_a_part_is_left_out(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray], measuring: ModuleType
) -> None:
    made = await edit("remove", film, parts=[(1.92, 4.0), (0.0, 0.4)])
    measuring.even(shown(made), [*range(10, 48), *range(100, 150)])
    assert measuring.onsets(heard(made)) == pytest.approx([0.6, 2.02], abs=1 / measuring.FPS)


async def test_sound_stays_with_its_picture_over_many_cuts(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray], measuring: ModuleType
) -> None:
    made = await edit("remove", film, parts=[(0.12 + 0.2 * number, 0.2 + 0.2 * number) for number in range(24)])
    times = {number: at for at, number in shown(made)}
    wanted = [times[25], times[50], times[112] + 0.02]
    assert measuring.onsets(heard(made)) == pytest.approx(wanted, abs=1 / measuring.FPS)


async def test_films_of_other_kinds_are_joined_in_the_size_of_the_first(  # noqa: PLR0917
    edit: Edit,
    run: Run,
    film: Path,
    making: ModuleType,
    tmp_path: Path,
    heard: Callable[..., np.ndarray],
    measuring: ModuleType,
) -> None:
    square = making.video(tmp_path / "square.mp4", lambda _: Image.new("RGB", (100, 100), "#ff0000"), seconds=1, fps=10)
    made = await edit("join", film, files=[str(square)])
    assert made.seconds == pytest.approx(measuring.SECONDS + 1, abs=0.1)
    assert any("black bars" in one for one in made.limits)
    with av.open(str(run.path(made.file.handle))) as container:
        last = list(container.decode(video=0))[-1]
    picture = last.to_ndarray(format="rgb24")
    assert picture.shape == (96, 160, 3)
    assert picture[48, 80, 0] > 200 and picture[48, 4].max() < 40
    assert np.abs(heard(made)[round(6.1 * measuring.RATE) :]).max() < 0.01


async def test_sound_without_loss_is_cut_to_the_sample(
    edit: Edit, run: Run, making: ModuleType, tmp_path: Path
) -> None:
    import wave

    rate = 16_000
    source = making.wav(tmp_path / "ramp.wav", np.arange(rate) / rate, rate=rate)
    made = await edit("remove", source, parts=[(0.25, 0.5)])
    with wave.open(str(run.path(made.file.handle))) as file:
        assert (file.getframerate(), file.getnchannels()) == (rate, 1)
        got = np.frombuffer(file.readframes(rate), "<i2")
    with wave.open(str(source)) as file:
        given = np.frombuffer(file.readframes(rate), "<i2")
    assert np.abs(got.astype(int) - np.concatenate([given[:4000], given[8000:]])).max() <= 1
    assert made.items[0].way == "copied"


async def test_a_film_that_was_cut_off_is_edited_as_far_as_it_goes(
    edit: Edit, film: Path, broken: ModuleType, tmp_path: Path, shown: Callable[..., Shown]
) -> None:
    half = broken.halved(broken.remuxed(film, tmp_path / "whole.mkv"), tmp_path / "half.mkv")
    made = await edit("trim", half, start_seconds=0.48, end_seconds=1.52)
    assert [number for _, number in shown(made)] == list(range(12, 38))
    with pytest.raises(MediaError, match="moov"):
        await edit("trim", broken.halved(film, tmp_path / "half.mp4"), end_seconds=1)


async def test_an_mp3_is_cut_where_it_says(
    edit: Edit, film: Path, heard: Callable[..., np.ndarray], measuring: ModuleType
) -> None:
    whole = await edit("extract_sound", film, format="mp3")
    for start in (0.5, 3.21):
        part = await edit("trim", whole.file.handle, start_seconds=start, end_seconds=5)
        assert part.items[0].way == "copied"
        first = np.flatnonzero(np.abs(heard(part)) > 0.1)[0] / measuring.RATE
        # The nearest packet of 24 ms.
        assert first == pytest.approx(next(one for one in measuring.BEEPS if one > start) - start, abs=0.02)


async def test_sound_stays_where_the_clock_of_a_broadcast_goes_round(  # noqa: PLR0917
    edit: Edit,
    film: Path,
    broken: ModuleType,
    tmp_path: Path,
    heard: Callable[..., np.ndarray],
    measuring: ModuleType,
) -> None:
    # The clock of MPEG-TS has 33 bits and goes round after 26.5 hours, here within the film.
    path = broken.remuxed(film, tmp_path / "round.ts", output_ts_offset=str(2**33 // 90_000 - 3))
    made = await edit("trim", path, start_seconds=0.8, end_seconds=2.6)
    sound = heard(made)
    assert np.abs(sound[round(0.25 * measuring.RATE) : round(0.55 * measuring.RATE)]).mean() > 0.1
    assert np.abs(sound[round(0.7 * measuring.RATE) : round(1.1 * measuring.RATE)]).mean() < 0.01
