"""Films, sound and pictures are cut to the frame, and nothing else of them changes."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.call import call
from sensorium.tools.base.errors import ArgumentError, Cancelled, MediaError, ToolError
from sensorium.tools.base.run import Run
from sensorium.tools.base.sound import decode_sound
from sensorium.tools.edit_media import EditedMedia

RATE, FPS, GOP, SECONDS = 16_000, 25, 30, 6
FILM_RATE = 48_000
BEEPS = (1.0, 2.0, 4.5)
"""Where a tone of 0.4 s is heard; else it is silent."""

Edit = Callable[..., Any]
Shown = list[tuple[float, int]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edit")


@pytest.fixture(scope="module")
def beeps(making: ModuleType) -> np.ndarray:
    sound = np.zeros(SECONDS * FILM_RATE, np.float32)
    for at in BEEPS:
        start = round(at * FILM_RATE)
        sound[start : start + round(0.4 * FILM_RATE)] = making.tone(0.4, rate=FILM_RATE)
    return sound


@pytest.fixture(scope="module")
def film(folder: Path, making: ModuleType, broken: ModuleType, beeps: np.ndarray) -> Path:
    """Six seconds whose frames carry their number, with B-frames, and beeps."""
    path: Path = making.video(
        folder / "film.mp4",
        lambda number: Image.fromarray(broken.painted(number)),
        seconds=SECONDS,
        fps=FPS,
        sound=beeps,
        rate=FILM_RATE,
        options={"preset": "veryfast", "bf": "2", "sc_threshold": "0"},
        gop=GOP,
    )
    return path


@pytest.fixture(scope="module")
def tone(folder: Path, making: ModuleType) -> Path:
    path: Path = making.wav(folder / "tone.wav", making.tone(3, hertz=880))
    return path


@pytest.fixture(scope="module")
def subtitles(folder: Path) -> Path:
    path = folder / "words.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello <b>there</b>\n\n2\n00:00:03,500 --> 00:00:04,250\nBye\n")
    return path


@pytest.fixture
def edit(run: Run) -> Edit:
    async def do(task: str, media: object = None, **more: Any) -> EditedMedia:
        given = {"task": task, **more} | ({} if media is None else {"media": str(media)})
        made: EditedMedia = await call("edit_media", given, run)
        return made

    return do


@pytest.fixture
def shown(run: Run, broken: ModuleType) -> Callable[[EditedMedia], Shown]:
    """Return the times and numbers of all frames of a result."""

    def read(made: EditedMedia, item: int = 0) -> Shown:
        found: Shown = []
        with av.open(str(run.path(made.items[item].file.handle))) as container:
            for frame in container.decode(video=0):
                picture = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
                found.append((frame.time, broken.number_in(picture)))
        return found

    return read


@pytest.fixture
def heard(run: Run) -> Callable[..., np.ndarray]:
    def read(made: EditedMedia, item: int = 0) -> np.ndarray:
        handle = made.items[item].file.handle
        return decode_sound(run.path(handle), "made", run, rate=RATE).samples

    return read


def onsets(sound: np.ndarray) -> list[float]:
    """Return when tones begin, to 10 ms."""
    step = RATE // 100
    loud = np.abs(sound[: len(sound) // step * step]).reshape(-1, step).max(axis=1) > 0.1
    starts = np.flatnonzero(loud & ~np.concatenate([[False], loud[:-1]]))
    return [start / 100 for start in starts if start == 0 or not loud[max(0, start - 10) : start].any()]


def pitch(sound: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))).argmax() * RATE / len(sound))


def even(found: Shown, numbers: list[int]) -> None:
    assert [number for _, number in found] == numbers
    assert np.allclose([at for at, _ in found], np.arange(len(found)) / FPS, atol=2e-3)


async def test_a_cut_to_the_frame_encodes_only_what_is_around_it(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray]
) -> None:
    made = await edit("trim", film, start_seconds=1.6, end_seconds=5.2)
    even(shown(made), list(range(40, 130)))
    (one,) = made.items
    assert (one.way, one.start_seconds, one.end_seconds) == ("partly encoded", 1.6, 5.2)
    assert 20 <= one.encoded_frames <= GOP
    assert onsets(heard(made)) == pytest.approx([0.4, 2.9], abs=1 / FPS)
    assert made.limits == []


async def test_a_cut_at_a_key_frame_is_a_copy(edit: Edit, film: Path, shown: Callable[..., Shown]) -> None:
    made = await edit("trim", film, start_seconds=2 * GOP / FPS)
    even(shown(made), list(range(60, 150)))
    assert (made.items[0].way, made.items[0].encoded_frames) == ("copied", 0)


async def test_a_cut_that_need_not_be_exact_says_where_it_really_is(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray]
) -> None:
    made = await edit("trim", film, start_seconds=1.6, end_seconds=3.0, exact=False)
    numbers = [number for _, number in shown(made)]
    assert (made.items[0].way, numbers[0]) == ("copied", 30)
    assert made.items[0].start_seconds == 1.2
    assert made.items[0].end_seconds == (numbers[-1] + 1) / FPS
    assert onsets(heard(made)) == pytest.approx([0.0, 0.8], abs=0.25)


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
) -> None:
    source = broken.numbered(tmp_path / f"film.{ending}", 100, codec=codec, options=options)
    made = await edit("trim", source, start_seconds=0.6, end_seconds=3.4)
    even(shown(made), list(range(15, 85)))
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
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray]
) -> None:
    made = await edit("split", film, at_seconds=[4.0, 1.48])
    pieces = [[number for _, number in shown(made, item)] for item in range(3)]
    assert pieces == [list(range(37)), list(range(37, 100)), list(range(100, 150))]
    again = await edit("join", files=[one.handle for one in made.files])
    even(shown(again), list(range(150)))
    assert again.items[0].way == "copied"
    assert onsets(heard(again)) == pytest.approx(BEEPS, abs=2 / FPS)


async def test_films_are_split_and_shortened_at_silences(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray]
) -> None:
    pieces = await edit("split", film, keep_seconds=0.1)
    spans = [(one.start_seconds, one.end_seconds) for one in pieces.items]
    assert spans == [pytest.approx((at - 0.1, at + 0.5), abs=0.06) for at in BEEPS]
    short = await edit("remove", film, keep_seconds=0.1)
    assert short.seconds == pytest.approx(3 * 0.6, abs=0.15)
    assert len(onsets(heard(short))) == 3
    numbers = [number for _, number in shown(short)]
    assert numbers == sorted(set(numbers)) and 60 not in [*numbers[:10]]
    loud = await edit("remove", film, min_silence_seconds=10)
    assert loud.seconds == pytest.approx(SECONDS, abs=0.1)
    assert "nothing was cut" in loud.limits[0]


async def test_a_part_is_left_out(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray]
) -> None:
    made = await edit("remove", film, parts=[(1.92, 4.0), (0.0, 0.4)])
    even(shown(made), [*range(10, 48), *range(100, 150)])
    assert onsets(heard(made)) == pytest.approx([0.6, 2.02], abs=1 / FPS)


async def test_sound_stays_with_its_picture_over_many_cuts(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray]
) -> None:
    made = await edit("remove", film, parts=[(0.12 + 0.2 * number, 0.2 + 0.2 * number) for number in range(24)])
    times = {number: at for at, number in shown(made)}
    wanted = [times[25], times[50], times[112] + 0.02]
    assert onsets(heard(made)) == pytest.approx(wanted, abs=1 / FPS)


async def test_films_of_other_kinds_are_joined_in_the_size_of_the_first(  # noqa: PLR0917
    edit: Edit, run: Run, film: Path, making: ModuleType, tmp_path: Path, heard: Callable[..., np.ndarray]
) -> None:
    square = making.video(tmp_path / "square.mp4", lambda _: Image.new("RGB", (100, 100), "#ff0000"), seconds=1, fps=10)
    made = await edit("join", film, files=[str(square)])
    assert made.seconds == pytest.approx(SECONDS + 1, abs=0.1)
    assert any("black bars" in one for one in made.limits)
    with av.open(str(run.path(made.file.handle))) as container:
        last = list(container.decode(video=0))[-1]
    picture = last.to_ndarray(format="rgb24")
    assert picture.shape == (96, 160, 3)
    assert picture[48, 80, 0] > 200 and picture[48, 4].max() < 40
    assert np.abs(heard(made)[round(6.1 * RATE) :]).max() < 0.01


async def test_a_film_is_cropped_where_it_was_asked(edit: Edit, run: Run, making: ModuleType, tmp_path: Path) -> None:
    def paint(_: int) -> Image.Image:
        picture = Image.new("RGB", (320, 180), "#0000ff")
        picture.paste("#00ff00", (100, 40, 201, 141))
        return picture

    source = making.video(tmp_path / "colours.mp4", paint, seconds=1, fps=10)
    made = await edit("crop", source, left_pixels=100, top_pixels=40, width_pixels=101, height_pixels=100)
    with av.open(str(run.path(made.file.handle))) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.shape == (100, 100, 3)
    assert np.abs(picture.astype(int) - (0, 255, 0)).mean() < 6
    assert "made even" in made.limits[0]
    upright = await edit("crop", source, aspect="9:16")
    assert (upright.file.facts["width_pixels"], upright.file.facts["height_pixels"]) == (100, 180)


@pytest.mark.parametrize(
    ("task", "more", "size"),
    [
        ("scale", {"width_pixels": 80}, (80, 48)),
        ("scale", {"height_pixels": 48}, (80, 48)),
        ("rotate", {"degrees": 90}, (96, 160)),
        ("rotate", {"degrees": 180}, (160, 96)),
        ("rotate", {"mirror": True}, (160, 96)),
    ],
)
async def test_films_are_scaled_and_turned(  # noqa: PLR0917
    edit: Edit, run: Run, film: Path, broken: ModuleType, task: str, more: dict[str, Any], size: tuple[int, int]
) -> None:
    from sensorium.tools.base.frames import frame_at

    made = await edit(task, film, **more)
    picture = frame_at(run.path(made.file.handle), "made", 2.0, run).image
    assert picture.shape[:2] == (size[1], size[0])
    back = np.rot90(picture, more.get("degrees", 0) // 90)
    assert broken.number_in(np.fliplr(back) if more.get("mirror") else back) == 50


async def test_speed_keeps_the_pitch(
    edit: Edit, film: Path, tone: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray]
) -> None:
    fast = await edit("speed", film, speed=2)
    assert fast.seconds == pytest.approx(SECONDS / 2, abs=0.06)
    assert onsets(heard(fast)) == pytest.approx([at / 2 for at in BEEPS], abs=0.06)
    numbers = [number for _, number in shown(fast)]
    assert numbers == list(range(0, 150, 2))
    slow = await edit("speed", tone, speed=0.5)
    assert slow.seconds == pytest.approx(6.0, abs=0.05)
    assert pitch(heard(slow)[RATE : 4 * RATE]) == pytest.approx(880, abs=8)


async def test_a_film_runs_backwards(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray]
) -> None:
    made = await edit("reverse", film)
    even(shown(made), list(range(149, -1, -1)))
    ends = sorted(SECONDS - at - 0.4 for at in BEEPS)
    assert onsets(heard(made)) == pytest.approx(ends, abs=0.05)


async def test_sound_is_changed_and_the_picture_is_copied(
    edit: Edit, run: Run, film: Path, tone: Path, heard: Callable[..., np.ndarray]
) -> None:
    def packets(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(one) for one in container.demux(video=0) if one.size]

    silent = await edit("mute", film)
    hushed = await edit("mute", film, start_seconds=1.9, end_seconds=3)
    new = await edit("replace_sound", film, sound=str(tone), start_seconds=1)
    mixed = await edit("mix_sound", film, sound=str(tone), volume_db=-20)
    for made in (silent, hushed, new, mixed):
        assert packets(run.path(made.file.handle)) == packets(film)
    with av.open(str(run.path(silent.file.handle))) as container:
        assert not container.streams.audio
    assert onsets(heard(hushed)) == pytest.approx([1.0, 4.5], abs=0.03)
    assert onsets(heard(new)) == pytest.approx([1.0], abs=0.03)
    assert pitch(heard(new)[2 * RATE : 3 * RATE]) == pytest.approx(880, abs=3)
    assert "then it is silent" in new.limits[0]
    level = np.abs(heard(mixed)[round(0.2 * RATE) : round(0.8 * RATE)]).max()
    assert level == pytest.approx(0.03, rel=0.15)
    assert onsets(heard(mixed)) == pytest.approx(BEEPS, abs=0.03)


async def test_sound_is_taken_out_as_it_is_or_in_another_format(
    edit: Edit, film: Path, heard: Callable[..., np.ndarray]
) -> None:
    copied = await edit("extract_sound", film)
    assert (copied.file.media_type, copied.items[0].way) == ("audio/mp4", "copied")
    assert onsets(heard(copied)) == pytest.approx(BEEPS, abs=0.03)
    part = await edit("extract_sound", film, format="mp3", start_seconds=1.5, end_seconds=3)
    assert part.file.media_type == "audio/mpeg"
    assert part.seconds == pytest.approx(1.5, abs=0.06)
    assert onsets(heard(part)) == pytest.approx([0.5], abs=0.03)


async def test_sound_without_loss_is_cut_to_the_sample(
    edit: Edit, run: Run, making: ModuleType, tmp_path: Path
) -> None:
    import wave

    source = making.wav(tmp_path / "ramp.wav", np.arange(RATE) / RATE)
    made = await edit("remove", source, parts=[(0.25, 0.5)])
    with wave.open(str(run.path(made.file.handle))) as file:
        assert (file.getframerate(), file.getnchannels()) == (RATE, 1)
        got = np.frombuffer(file.readframes(RATE), "<i2")
    with wave.open(str(source)) as file:
        given = np.frombuffer(file.readframes(RATE), "<i2")
    assert np.abs(got.astype(int) - np.concatenate([given[:4000], given[8000:]])).max() <= 1
    assert made.items[0].way == "copied"


@pytest.mark.parametrize("form", ["mp4", "mkv", "webm", "mov"])
async def test_subtitles_can_be_switched_on(  # noqa: PLR0917
    edit: Edit, run: Run, film: Path, subtitles: Path, form: str, shown: Callable[..., Shown]
) -> None:
    made = await edit("add_subtitles", film, subtitles=str(subtitles), language="en", format=form)
    with av.open(str(run.path(made.file.handle))) as container:
        (track,) = container.streams.subtitles
        assert track.language == "eng"
        found = [
            (float(one.pts * one.time_base), float((one.duration or 0) * one.time_base), bytes(one))
            for one in container.demux(track)
            if one.size > 2
        ]
    assert [(start, length) for start, length, _ in found] == [(1.0, 1.0), (3.5, 0.75)]
    assert b"Hello there" in found[0][2] and b"Bye" in found[1][2]
    assert [number for _, number in shown(made)] == list(range(150))


async def test_burned_subtitles_are_seen_at_their_time(
    edit: Edit, run: Run, making: ModuleType, tmp_path: Path, subtitles: Path
) -> None:
    source = making.video(tmp_path / "grey.mp4", lambda _: Image.new("RGB", (320, 180), "#808080"), seconds=5, fps=10)
    made = await edit("burn_subtitles", source, subtitles=str(subtitles))
    with av.open(str(run.path(made.file.handle))) as container:
        frames = {round(one.time, 1): one.to_ndarray(format="gray") for one in container.decode(video=0)}
    changed = sorted(at for at, one in frames.items() if np.abs(one.astype(int) - 128).max() > 60)
    assert changed == [one / 10 for one in [*range(10, 20), *range(35, 43)]]
    assert np.abs(frames[1.5][:90].astype(int) - 128).max() < 20, "words stand in the lower half"


async def test_what_a_file_says_of_itself_stays(edit: Edit, run: Run, film: Path, tmp_path: Path) -> None:
    source = tmp_path / "told.mkv"
    with av.open(str(film)) as given, av.open(str(source), "w") as out:
        copies = {one.index: out.add_stream_from_template(one, opaque=True) for one in given.streams}
        copies[1].metadata["language"] = "fra"
        out.metadata["title"] = "A film"
        out.set_chapters([_chapter(1, 0, 2000, "one"), _chapter(2, 2000, 6000, "two")])
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    made = await edit("trim", source, start_seconds=1.0, end_seconds=3.0)
    assert made.file.media_type == "video/x-matroska"
    with av.open(str(run.path(made.file.handle))) as container:
        assert container.metadata["title"] == "A film"
        assert container.streams.audio[0].language == "fra"
        chapters = [(one["start"] * one["time_base"], one["metadata"]["title"]) for one in container.chapters()]
    assert [title for _, title in chapters] == ["one", "two"]
    assert [float(at) for at, _ in chapters] == pytest.approx([0, 1], abs=0.03)
    fast = await edit("speed", source, speed=2)
    assert fast.limits == ["What was encoded anew does not have any more: 2 chapters."]


def _chapter(number: int, start: int, end: int, title: str) -> Any:
    from fractions import Fraction

    return {"id": number, "start": start, "end": end, "time_base": Fraction(1, 1000), "metadata": {"title": title}}


@pytest.mark.parametrize(("form", "way"), [("mkv", "copied"), ("mov", "copied"), ("webm", "encoded")])
async def test_films_are_converted_and_encoded_only_where_they_must(
    edit: Edit, film: Path, shown: Callable[..., Shown], form: str, way: str
) -> None:
    made = await edit("convert", film, format=form)
    assert [number for _, number in shown(made)] == list(range(150))
    assert (made.items[0].way, made.file.name) == (way, f"film.{form}")


@pytest.mark.parametrize("form", ["gif", "webp"])
async def test_short_films_become_animated_pictures(
    edit: Edit, run: Run, film: Path, broken: ModuleType, form: str
) -> None:
    made = await edit("convert", film, format=form, start_seconds=1, end_seconds=3, frames_per_second=10)
    with Image.open(run.path(made.file.handle)) as picture:
        assert picture.size == (160, 96)
        lengths, numbers = [], []
        for number in range(picture.n_frames):
            picture.seek(number)
            numbers.append(broken.number_in(np.asarray(picture.convert("RGB"))))
            lengths.append(picture.info["duration"])
    assert sum(lengths) == pytest.approx(2000, abs=20)
    assert numbers[0] == 25
    assert numbers == pytest.approx([25 + 2.5 * one for one in range(20)], abs=1)


@pytest.mark.parametrize("form", ["gif", "webp", "jpeg"])
async def test_pictures_are_made_smaller_until_they_fit(
    edit: Edit, making: ModuleType, tmp_path: Path, form: str
) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (180, 320, 3), np.uint8))
    path = tmp_path / "noise.png"
    noise.save(path)
    if form != "jpeg":
        path = making.video(tmp_path / "noise.mp4", lambda number: noise.rotate(90 * number), seconds=1)
    made = await edit("convert", path, format=form, max_bytes=60_000)
    assert made.file.bytes <= 60_000
    assert "to keep to" in made.limits[0].lower()


@pytest.mark.parametrize(
    "asked",
    [
        {"task": "mute", "start_seconds": 4.5, "end_seconds": 4.9},
        {"task": "scale", "height_pixels": 48},
        {"task": "extract_sound", "format": "m4a"},
        {"task": "convert", "format": "webm"},
    ],
)
async def test_sound_that_is_encoded_stays_in_its_place(
    run: Run, making: ModuleType, tmp_path: Path, asked: dict[str, Any]
) -> None:
    sound = np.concatenate([np.zeros(RATE, np.float32), making.tone(4)])
    path = making.video(tmp_path / "late.mp4", lambda _: Image.new("RGB", (64, 64)), seconds=5, sound=sound)
    media = str(path)
    for _ in range(2):  # a delay would add up
        made: EditedMedia = await call("edit_media", {"media": media, **asked}, run)
        media = made.file.handle
    heard = decode_sound(run.path(media), "film", run).samples
    assert np.flatnonzero(np.abs(heard) > 0.1)[0] / RATE == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize("form", ["gif", "webp"])
async def test_an_animated_picture_stays_animated(edit: Edit, run: Run, tmp_path: Path, form: str) -> None:
    first, *others = [Image.new("RGB", (80, 60), (60 * one, 0, 255 - 60 * one)) for one in range(4)]
    path = tmp_path / f"moving.{form}"
    first.save(path, save_all=True, append_images=others, duration=[100, 200, 300, 400], loop=0)
    for made in (await edit("crop", path, aspect="1:1"), await edit("convert", path, format="webp")):
        with Image.open(run.path(made.file.handle)) as picture:
            lengths = []
            for number in range(picture.n_frames):
                picture.seek(number)
                assert picture.convert("RGB").getpixel((10, 10))[0] == pytest.approx(60 * number, abs=8)
                lengths.append(picture.info["duration"])
        assert (lengths, made.limits) == ([100, 200, 300, 400], [])
    still = await edit("convert", path, format="png")
    assert still.limits == ["Only the first of its 4 pictures was taken."]


async def test_an_animated_picture_becomes_a_film(
    edit: Edit, run: Run, film: Path, shown: Callable[..., Shown]
) -> None:
    made = await edit("convert", film, format="gif", end_seconds=2, frames_per_second=10)
    back = await edit("convert", made.file.handle, format="mp4")
    assert back.seconds == pytest.approx(2.0, abs=0.06)
    assert shown(back)[10][1] == pytest.approx(25, abs=1)


async def test_pictures_are_edited_with_what_is_transparent(edit: Edit, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    picture = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (10, 5, 30, 25))
    picture.save(path)
    cut = await edit("crop", path, left_pixels=10, top_pixels=5, width_pixels=30, height_pixels=20)
    turned = await edit("rotate", path, degrees=90)
    white = await edit("convert", path, format="jpeg")
    with Image.open(run.path(cut.file.handle)) as one:
        assert (one.size, one.mode) == ((30, 20), "RGBA")
        assert one.getpixel((0, 0)) == (255, 0, 0, 255) and one.getpixel((25, 5))[3] == 0
    with Image.open(run.path(turned.file.handle)) as one:
        assert one.size == (40, 60)
        assert one.getpixel((34, 10)) == (255, 0, 0, 255)  # what was at the top left is at the top right
    with Image.open(run.path(white.file.handle)) as one:
        assert one.getpixel((50, 30)) == (255, 255, 255)
    assert "is white" in white.limits[0]


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"task": "trim", "start_seconds": 5, "end_seconds": 3}, ArgumentError, "is not after"),
        ({"task": "trim", "start_seconds": 60}, ArgumentError, "lasts 6.00 s"),
        ({"task": "trim", "end_seconds": 60}, ArgumentError, "Leave the end out"),
        ({"task": "trim", "speed": 2}, ArgumentError, "`trim` does not take `speed`"),
        ({"task": "speed", "speed": 0}, ArgumentError, "greater than or equal to 0.1"),
        ({"task": "speed"}, ArgumentError, "needs `speed`"),
        ({"task": "split", "at_seconds": [9]}, ArgumentError, "from 0 to 6.00 s"),
        ({"task": "remove", "parts": [(0, 6)]}, ArgumentError, "nothing would be left"),
        ({"task": "remove", "parts": [(0, 3), (2, 4)]}, ArgumentError, "overlap"),
        ({"task": "crop", "width_pixels": 999, "height_pixels": 20}, ArgumentError, "160×96"),
        ({"task": "crop", "aspect": "wide"}, ArgumentError, "Give two numbers"),
        ({"task": "join"}, ArgumentError, "needs `files`"),
        ({"task": "convert"}, ArgumentError, "needs `format`"),
        ({"task": "convert", "format": "png"}, ArgumentError, "extract_frames"),
        ({"task": "rotate"}, ArgumentError, "needs `degrees`"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_limit(
    edit: Edit, film: Path, given: dict[str, Any], error: type[ToolError], says: str
) -> None:
    with pytest.raises(error, match=says):
        await edit(media=film, **given)


async def test_files_that_lack_what_is_needed_are_named(  # noqa: PLR0917
    edit: Edit, run: Run, film: Path, tone: Path, broken: ModuleType, tmp_path: Path
) -> None:
    mute = broken.numbered(tmp_path / "mute.mp4", 30)
    picture = tmp_path / "still.png"
    Image.new("RGB", (20, 20)).save(picture)
    with pytest.raises(MediaError, match="no sound to extract"):
        await edit("extract_sound", mute)
    with pytest.raises(MediaError, match="at_seconds"):
        await edit("split", mute)
    with pytest.raises(MediaError, match="no picture to crop"):
        await edit("crop", tone, aspect="1:1")
    with pytest.raises(MediaError, match="is a still picture"):
        await edit("trim", picture, end_seconds=1)
    with pytest.raises(MediaError, match="compose_video"):
        await edit("join", film, files=[str(picture)])
    with pytest.raises(MediaError, match="is no text"):
        await edit("burn_subtitles", film, subtitles=str(picture))
    with pytest.raises(MediaError, match="Are they of this film"):
        late = tmp_path / "late.srt"
        late.write_text("1\n00:10:00,000 --> 00:10:02,000\nlater\n")
        await edit("add_subtitles", film, subtitles=str(late))


async def test_a_film_that_was_cut_off_is_edited_as_far_as_it_goes(
    edit: Edit, film: Path, broken: ModuleType, tmp_path: Path, shown: Callable[..., Shown]
) -> None:
    half = broken.halved(broken.remuxed(film, tmp_path / "whole.mkv"), tmp_path / "half.mkv")
    made = await edit("trim", half, start_seconds=0.48, end_seconds=1.52)
    assert [number for _, number in shown(made)] == list(range(12, 38))
    with pytest.raises(MediaError, match="moov"):
        await edit("trim", broken.halved(film, tmp_path / "half.mp4"), end_seconds=1)


async def test_an_mp3_is_cut_where_it_says(edit: Edit, film: Path, run: Run) -> None:
    whole = await edit("extract_sound", film, format="mp3")
    for start in (0.5, 3.21):
        part = await edit("trim", whole.file.handle, start_seconds=start, end_seconds=5)
        assert part.items[0].way == "copied"
        sound = decode_sound(run.path(part.file.handle), "made", run, rate=RATE).samples
        first = np.flatnonzero(np.abs(sound) > 0.1)[0] / RATE
        # The nearest packet of 24 ms.
        assert first == pytest.approx(next(one for one in BEEPS if one > start) - start, abs=0.02)


async def test_the_cover_of_a_recording_stays(edit: Edit, film: Path, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "covered.mp4"
    with av.open(str(film)) as source, av.open(str(path), "w") as out:
        copies = {one.index: out.add_stream_from_template(one) for one in source.streams}
        cover = out.add_stream("mjpeg")
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        out.mux(cover.encode(av.VideoFrame(64, 48, "yuvj420p")))
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    made = await edit("extract_sound", path)
    assert (made.items[0].way, made.file.media_type) == ("copied", "audio/mp4")
    with av.open(str(run.path(made.file.handle))) as found:
        assert [one.type for one in found.streams] == ["audio", "video"]
        assert found.streams.video[0].disposition & av.stream.Disposition.attached_pic
    shorter = await edit("trim", made.file.handle, start_seconds=1)
    assert shorter.seconds == pytest.approx(SECONDS - 1, abs=0.05)


async def test_sound_stays_where_the_clock_of_a_broadcast_goes_round(
    edit: Edit, film: Path, broken: ModuleType, tmp_path: Path, run: Run
) -> None:
    # The clock of MPEG-TS has 33 bits and goes round after 26.5 hours, here within the film.
    path = broken.remuxed(film, tmp_path / "round.ts", output_ts_offset=str(2**33 // 90_000 - 3))
    made = await edit("trim", path, start_seconds=0.8, end_seconds=2.6)
    sound = decode_sound(run.path(made.file.handle), "made", run, rate=RATE).samples
    assert np.abs(sound[round(0.25 * RATE) : round(0.55 * RATE)]).mean() > 0.1
    assert np.abs(sound[round(0.7 * RATE) : round(1.1 * RATE)]).mean() < 0.01


async def test_nothing_is_left_of_an_edit_that_fails(run: Run, tone: Path) -> None:
    from dataclasses import replace

    small = replace(run, settings=replace(run.settings, max_bytes=200_000))
    with pytest.raises(ToolError, match="SENSORIUM_MAX_BYTES"):
        await call("edit_media", {"task": "speed", "media": str(tone), "speed": 0.1}, small)
    scratch = run.settings.home / "scratch"
    assert not scratch.exists() or not list(scratch.rglob("*.*"))


async def test_an_edit_that_is_cancelled_leaves_nothing(run: Run, film: Path) -> None:
    from dataclasses import replace

    watched = replace(run, on_progress=lambda progress: run.cancelled.set())
    with pytest.raises(Cancelled):
        await call("edit_media", {"task": "reverse", "media": str(film)}, watched)
    assert not list((run.settings.home / "scratch").rglob("*.*"))
