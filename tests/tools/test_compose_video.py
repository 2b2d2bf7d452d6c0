import asyncio
import errno
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image, ImageDraw

from sensorium.tools.base import outputs
from sensorium.tools.base.call import call, perform
from sensorium.tools.base.errors import ArgumentError, Cancelled, MediaError, StorageError, UnavailableError
from sensorium.tools.base.fonts import find_cjk_font
from sensorium.tools.base.run import Run
from sensorium.tools.compose_video import ComposedVideo
from sensorium.tools.drawing import faces

SMALL = {"height_pixels": 144, "frames_per_second": 10}
RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 160, 40), (30, 40, 190), (110, 110, 110)


@pytest.fixture
def plain(tmp_path: Path) -> Callable[..., str]:
    """Return the path of a picture of one colour."""

    def make(colour: tuple[int, int, int], size: tuple[int, int] = (320, 180)) -> str:
        path = tmp_path / f"{'-'.join(map(str, colour + size))}.png"
        Image.new("RGB", size, colour).save(path)
        return str(path)

    return make


@pytest.fixture
def disc(tmp_path: Path) -> Callable[[tuple[int, int]], str]:
    """Return the path of a picture with a white disc in its middle, on a dark ground."""

    def make(size: tuple[int, int]) -> str:
        path = tmp_path / f"disc-{size[0]}x{size[1]}.png"
        picture = Image.new("RGB", size, (20, 30, 40))
        radius = min(size) * 0.2
        middle = size[0] / 2, size[1] / 2
        box = (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius)
        ImageDraw.Draw(picture).ellipse(box, fill="white")
        picture.save(path)
        return str(path)

    return make


async def composed(run: Run, scenes: Sequence[dict[str, Any]], **more: Any) -> ComposedVideo:
    film: ComposedVideo = await call("compose_video", {"scenes": list(scenes), **SMALL, **more}, run)
    return film


def pictures(run: Run, film: ComposedVideo) -> list[tuple[float, np.ndarray]]:
    with av.open(str(run.path(film.video.handle))) as container:
        return [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def picture_at(run: Run, film: ComposedVideo, seconds: float) -> np.ndarray:
    return next(picture for at, picture in reversed(pictures(run, film)) if at <= seconds + 1e-6)


def sound_of(run: Run, film: ComposedVideo) -> np.ndarray:
    """Return stereo samples at 48 kHz."""
    with av.open(str(run.path(film.video.handle))) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


def box_of(bright: np.ndarray) -> tuple[int, int]:
    """Return width and height of what is bright."""
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def left_behind(run: Run) -> list[Path]:
    return [one for one in (run.settings.home / "scratch").rglob("*") if one.is_file()]


def level_db(samples: np.ndarray, hertz: float) -> float:
    """Return how loud one tone is in mono samples at 48 kHz."""
    wave = np.exp(-2j * np.pi * hertz * np.arange(samples.shape[-1]) / 48_000)
    return float(20 * np.log10(abs((samples * wave * np.hanning(len(samples))).mean()) + 1e-9))


async def test_pictures_are_shown_in_their_order_and_for_their_time(run: Run, plain: Callable[..., str]) -> None:
    scenes = [{"picture": plain(colour), "seconds": 1} for colour in (RED, GREEN, BLUE)]
    film = await composed(run, scenes, transition="cut")
    seen = pictures(run, film)
    assert [round(at, 3) for at, _ in seen] == [number / 10 for number in range(30)]
    for number, (_, picture) in enumerate(seen):
        expected = (RED, GREEN, BLUE)[number // 10]
        assert np.abs(picture.mean(axis=(0, 1)) - expected).max() < 6, number
    assert (film.width_pixels, film.height_pixels, film.seconds) == (256, 144, 3.0)
    assert not film.has_sound and film.srt is None and film.scene_starts_seconds == [0, 1, 2]
    assert film.video.facts["seconds"] == 3.0 and film.limits == []


async def test_a_fade_goes_evenly_from_one_scene_into_the_next(run: Run, plain: Callable[..., str]) -> None:
    scenes = [{"picture": plain(colour), "seconds": 2} for colour in (RED, BLUE)]
    film = await composed(run, scenes, transition_seconds=1.0)
    reds = [picture[..., 0].mean() for at, picture in pictures(run, film) if 1.4 <= at <= 2.6]
    assert film.seconds == 4.0
    assert reds[0] > 190 and reds[-1] < 40 and (np.diff(reds) <= 2).all()
    assert abs(reds[6] - (RED[0] + BLUE[0]) / 2) < 10  # at the middle


@pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1"])
async def test_nothing_is_distorted_in_any_shape(
    run: Run, disc: Callable[[tuple[int, int]], str], making: ModuleType, tmp_path: Path, aspect: str
) -> None:
    wide, tall = disc((640, 360)), disc((300, 640))
    with Image.open(tall) as picture:
        clip = making.video(tmp_path / "clip.mp4", lambda n: picture.copy(), seconds=0.5)
    scenes = [{"picture": wide, "seconds": 0.5}, {"picture": tall, "seconds": 0.5}, {"video": str(clip)}]
    film = await composed(run, scenes, aspect=aspect, height_pixels=242, transition="cut")
    assert film.width_pixels % 2 == 0 and film.height_pixels == 242
    wanted = {"16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1}[aspect]
    assert abs(film.width_pixels / film.height_pixels - wanted) < 0.01
    for at in (0.2, 0.7, 1.2):
        width, height = box_of(picture_at(run, film, at)[..., 0] > 180)
        assert abs(width - height) <= 4 and width > 20, (at, width, height)


@pytest.mark.parametrize("size", [(106, 100), (100, 100), (100, 213)])
async def test_no_size_of_a_picture_is_beyond_what_can_be_shown(
    run: Run, plain: Callable[..., str], size: tuple[int, int]
) -> None:
    film = await composed(run, [{"picture": plain(RED, size), "seconds": 0.5}])
    middle = picture_at(run, film, 0)[60:84, 116:140]
    assert np.abs(middle.mean(axis=(0, 1)) - RED).max() < 6


async def test_the_camera_moves_as_it_is_told(run: Run, disc: Callable[[tuple[int, int]], str]) -> None:
    picture = disc((640, 360))

    async def seen(move: str) -> list[tuple[float, int]]:
        film = await composed(run, [{"picture": picture, "seconds": 3, "move": move}])
        bright = [frame[..., 0] > 140 for _, frame in pictures(run, film)]
        return [(float(np.nonzero(one)[1].mean()), int(one.sum())) for one in bright]

    into, right, still = await seen("in"), await seen("right"), await seen("none")
    areas = [area for _, area in into]
    assert areas[-1] > 1.1 * areas[0] and (np.diff(areas) > -0.02 * areas[0]).all()
    places = [place for place, _ in right]
    assert places[0] - places[-1] > 8 and (np.diff(places) <= 0.3).all()
    assert np.ptp([place for place, _ in still]) < 0.5 and np.ptp([area for _, area in still]) < 0.02 * areas[0]


async def test_a_photograph_stands_upright(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    picture = Image.new("RGB", (360, 640), RED)
    picture.paste(BLUE, (0, 0, 180, 640))  # blue on the left of what is stored
    exif = Image.Exif()
    exif[0x0112] = 6  # turned clockwise for display, so that the left is on top
    picture.save(path, exif=exif, quality=95)
    film = await composed(run, [{"picture": str(path), "seconds": 0.5, "move": "none"}])
    shown = picture_at(run, film, 0.2)
    assert np.abs(shown[20:50, 60:200].mean(axis=(0, 1)) - BLUE).max() < 12
    assert np.abs(shown[100:130, 60:200].mean(axis=(0, 1)) - RED).max() < 12


@pytest.mark.parametrize(("words", "style"), [("Hello, world!", "outline"), ("你好，世界！", "box")])
async def test_a_caption_is_there_at_its_time_and_only_then(
    run: Run, plain: Callable[..., str], words: str, style: str
) -> None:
    if not words.isascii() and find_cjk_font() is None:
        pytest.skip("no font here has Chinese letters")
    grey = plain(GREY)
    scenes = [{"picture": grey, "seconds": 1}, {"picture": grey, "seconds": 1, "caption": words}, {"picture": grey}]
    film = await composed(run, scenes, caption_style=style)
    for at, picture in pictures(run, film):
        lower = picture[100:, 20:-20].astype(int)
        is_written = lower.max() > 200 and lower.min() < 60
        assert is_written == (1.0 <= at < 2.0), at
        assert np.abs(picture[:80].astype(int) - 110).max() < 12, at
    assert film.srt is not None
    text = run.path(film.srt.handle).read_text(encoding="utf-8")
    assert text == f"1\n00:00:01,000 --> 00:00:02,000\n{words}\n"


@pytest.mark.parametrize("container", ["mp4", "mkv", "webm"])
async def test_soft_subtitles_have_their_times_and_language(
    run: Run, plain: Callable[..., str], tmp_path: Path, container: str
) -> None:
    written = tmp_path / "said.srt"
    written.write_text("1\n00:00:00,500 --> 00:00:01,200\n<i>Hello</i>\n\n2\n00:00:01,500 --> 00:00:09,000\n你好\n")
    scenes = [{"picture": plain(RED), "seconds": 2}]
    film = await composed(run, scenes, captions=str(written), show_captions="soft", container=container, language="zh")
    with av.open(str(run.path(film.video.handle))) as opened:
        (track,) = opened.streams.subtitles
        found = [
            (float(one.pts * one.time_base), float(one.duration * one.time_base), bytes(one))
            for one in opened.demux(track)
            if one.pts is not None
        ]
        assert track.language == "zho"
    shown = [(at, seconds, text) for at, seconds, text in found if len(text.lstrip(b"\0")) > 1]
    assert [(round(at, 2), round(seconds, 2)) for at, seconds, _ in shown] == [(0.5, 0.7), (1.5, 0.5)]
    assert shown[0][2].endswith(b"Hello") and shown[1][2].endswith("你好".encode())
    assert np.abs(picture_at(run, film, 0.8).astype(int) - RED).max() < 12  # nothing is drawn


async def test_music_gets_softer_under_speech_and_comes_back(
    run: Run, plain: Callable[..., str], making: ModuleType, tmp_path: Path
) -> None:
    quiet = np.zeros(3 * 16_000, np.float32)
    spoken = np.concatenate([quiet, making.tone(2, hertz=1000), quiet])
    narration = making.wav(tmp_path / "narration.wav", spoken)
    music = making.wav(tmp_path / "music.wav", making.tone(5, hertz=300))
    scenes = [{"picture": plain(RED), "seconds": 9}]
    film = await composed(run, scenes, narration=str(narration), music=str(music))
    heard = sound_of(run, film)[0]
    at = {second: level_db(heard[int(second * 48_000) :][:24_000], 300) for second in (1.0, 4.0, 7.4)}
    assert 9 < at[1.0] - at[4.0] < 15 and abs(at[1.0] - at[7.4]) < 3
    # It was over after 5 s and plays again; at the end it fades.
    assert level_db(heard[-4800:], 300) < at[1.0] - 12
    assert abs(len(heard) / 48_000 - 9) < 0.1


async def test_any_sound_becomes_as_loud_as_it_should_be(
    run: Run, plain: Callable[..., str], making: ModuleType, tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    bursts = random.standard_normal(4 * 16_000).astype(np.float32) * 0.01
    bursts[::4000] = 0.9  # peaks far above what is heard
    narration = making.wav(tmp_path / "narration.wav", bursts)
    film = await composed(run, [{"picture": plain(RED), "narration": str(narration)}])
    assert film.loudness_lufs is not None and abs(film.loudness_lufs + 16) < 1
    whole = np.fft.rfft(sound_of(run, film), axis=1)
    four_times = np.fft.irfft(np.pad(whole, ((0, 0), (0, 3 * (whole.shape[1] - 1)))), axis=1) * 4
    assert 20 * np.log10(np.abs(four_times).max()) < -1.0
    assert film.seconds == pytest.approx(4.5, abs=0.11)


async def test_a_clip_keeps_its_pace_its_place_and_its_sound(run: Run, making: ModuleType, tmp_path: Path) -> None:
    levels = [20 * number for number in range(12)]

    def paint(number: int) -> Image.Image:
        return Image.new("RGB", (320, 180), (levels[number // 6],) * 3)

    clip = making.video(tmp_path / "clip.mp4", paint, seconds=3, fps=24, sound=making.tone(3, hertz=600))
    silent = making.video(tmp_path / "silent.mp4", paint, seconds=1, fps=24)
    scenes = [
        {"video": str(clip), "start_seconds": 1.0, "end_seconds": 2.5},
        {"video": str(silent)},
        {"video": str(clip), "end_seconds": 1.0, "with_sound": False},
    ]
    film = await composed(run, scenes, transition="cut", frames_per_second=20)
    assert film.seconds == 3.5
    for at, picture in pictures(run, film):
        inside = 1.0 + at if at < 1.5 else at - 1.5 if at < 2.5 else at - 2.5
        near = {levels[min(11, max(0, int((inside + slack) * 4)))] for slack in (-0.06, 0, 0.06)}
        assert min(abs(picture.mean() - level) for level in near) < 6, at
    heard = sound_of(run, film)[0]
    assert level_db(heard[10_000:60_000], 600) > -40
    assert np.abs(heard[90_000:]).max() < 0.01


async def test_frames_of_uneven_length_stay_at_their_times(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "uneven.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for milliseconds, level in ((0, 20), (100, 60), (900, 120), (1000, 180), (1900, 240)):
            frame = av.VideoFrame.from_image(Image.new("RGB", (320, 180), (level,) * 3))
            frame.pts, frame.time_base = milliseconds, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    film = await composed(run, [{"video": str(path)}])
    seen = {round(at, 1): picture.mean() for at, picture in pictures(run, film)}
    expected = {0.0: 20, 0.1: 60, 0.5: 60, 0.8: 60, 0.9: 120, 1.0: 180, 1.5: 180, 1.8: 180}
    assert {at: round(seen[at] / 20) * 20 for at in expected} == expected


async def test_surround_and_one_channel_are_heard_on_both_sides(
    run: Run, plain: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "surround.flac"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=48_000, layout="5.1")
        samples = np.zeros((1, 48_000 * 6), np.int16)
        samples[0, 2::6] = 8000 * np.sin(2 * np.pi * 500 * np.arange(48_000) / 48_000)  # in the middle
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="5.1")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    film = await composed(run, [{"picture": plain(RED), "narration": str(path)}])
    left, right = (level_db(one[4800:40_000], 500) for one in sound_of(run, film))
    assert left > -40 and abs(left - right) < 0.5


async def test_what_a_scene_says_is_spoken_and_captioned(run: Run, plain: Callable[..., str]) -> None:
    scenes = [{"picture": plain(RED), "say": "Hello there."}, {"title": "Good", "text": "bye", "say": "That is all."}]
    film = await composed(run, scenes)
    assert film.srt is not None and film.has_sound
    text = run.path(film.srt.handle).read_text(encoding="utf-8")
    assert "Hello there." in text and "That is all." in text
    first, second = film.scene_starts_seconds
    assert first == 0 and 1 < second < film.seconds
    assert abs(sound_of(run, film).shape[1] / 48_000 - film.seconds) < 0.1
    assert picture_at(run, film, film.seconds)[40:110].max() > 200  # the title


async def test_words_end_with_their_film(run: Run) -> None:
    scenes = [{"title": "Good", "seconds": 2, "caption": "A caption of many words that goes over a line. " * 4}]
    film = await composed(run, scenes, show_captions="both", container="mkv")
    with av.open(str(run.path(film.video.handle))) as found:
        assert found.duration == pytest.approx(2_000_000, abs=1_000)


async def test_the_same_film_is_asked_for_again_for_free(run: Run, plain: Callable[..., str]) -> None:
    given = {"scenes": [{"picture": plain(RED), "seconds": 0.3}], **SMALL}
    first, again = await perform("compose_video", given, run), await perform("compose_video", given, run)
    assert (first.cached, again.cached) == (False, True)
    assert again.result == first.result
    other = {"scenes": [{"picture": plain(BLUE), "seconds": 0.3}], **SMALL}
    assert not (await perform("compose_video", other, run)).cached


async def test_two_hundred_scenes_are_no_trouble(run: Run, plain: Callable[..., str]) -> None:
    colours = [plain(colour, (64, 36)) for colour in (RED, GREEN, BLUE)]
    scenes = [{"picture": colours[number % 3], "seconds": 0.1} for number in range(200)]
    film = await composed(run, scenes, transition="cut")
    seen = [picture.mean(axis=(0, 1)) for _, picture in pictures(run, film)]
    assert len(seen) == 200
    assert all(int(one.argmax()) == number % 3 for number, one in enumerate(seen))


async def test_signs_that_no_font_has_are_left_out_and_letters_are_not(
    run: Run, plain: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faces, "_faces", lambda *_: [faces.Face(path=None)])
    monkeypatch.setattr(faces, "find_script_font", lambda letter: None)
    film = await composed(run, [{"picture": plain(GREY), "seconds": 0.3, "caption": "Well done \U0001f600"}])
    assert any("\U0001f600" in one for one in film.limits)
    with pytest.raises(UnavailableError, match=r"你好.*fonts-noto-cjk"):
        await composed(run, [{"picture": plain(GREY), "seconds": 0.3, "caption": "你好", "say": "Not spoken."}])
    assert not [one for (one,) in run.library.rows("SELECT name FROM artifacts") if one == "speech.wav"]


@pytest.mark.parametrize(
    ("scene", "more", "kind", "message"),
    [
        ({"picture": "GREY", "video": "CLIP"}, {}, ArgumentError, "not both"),
        ({"seconds": 2}, {}, ArgumentError, "needs a `picture`"),
        ({"picture": "GREY", "start_seconds": 2}, {}, ArgumentError, "use `seconds`"),
        ({"picture": "TEXT"}, {}, MediaError, "needs picture"),
        ({"picture": "CUT"}, {}, MediaError, "damaged or cut off"),
        ({"video": "CLIP", "start_seconds": 5}, {}, ArgumentError, "lasts 1.0 s"),
        ({"video": "CLIP", "end_seconds": 3}, {}, ArgumentError, "lasts 1.0 s"),
        ({"picture": "GREY", "narration": "EMPTY"}, {}, MediaError, "EMPTY.wav"),
        ({"picture": "GREY", "narration": "CLIP"}, {}, MediaError, "no sound"),
        ({"picture": "GREY", "seconds": 1, "narration": "TONE"}, {}, ArgumentError, "lasts 2.0 s"),
        ({"picture": "GREY", "seconds": 1}, {"narration": "TONE"}, ArgumentError, "the scenes 1.0 s together"),
        ({"picture": "GREY", "seconds": 1}, {"music": "CLICK"}, ArgumentError, "0.5 s at least"),
        ({"picture": "GREY", "seconds": 1}, {"captions": "LATE"}, ArgumentError, "begin at 60.0 s"),
        ({"picture": "GREY", "seconds": 1}, {"captions": "TEXT"}, MediaError, "holds no subtitles"),
        ({"picture": "GREY", "seconds": 1}, {"captions": "LONG"}, ArgumentError, "fewer words"),
        ({"title": "x", "seconds": 3000}, {"repeat": 3}, ArgumentError, "limit is 7,200 s"),
    ],
)
async def test_what_cannot_be_is_said_with_its_limit_before_anything_is_made(
    run: Run,
    plain: Callable[..., str],
    making: ModuleType,
    tmp_path: Path,
    *,
    scene: dict[str, Any],
    more: dict[str, Any],
    kind: type[Exception],
    message: str,
) -> None:
    whole = io.BytesIO()
    Image.effect_noise((300, 200), 60).save(whole, "PNG")
    (tmp_path / "CUT.png").write_bytes(whole.getvalue()[:-5000])
    (tmp_path / "TEXT.png").write_text("a picture, it says")
    (tmp_path / "LATE.srt").write_text("1\n00:01:00,000 --> 00:01:02,000\nLate\n")
    (tmp_path / "LONG.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\n" + "far too long " * 60 + "\n")
    made = {
        "GREY": plain(GREY),
        "CUT": str(tmp_path / "CUT.png"),
        "TEXT": str(tmp_path / "TEXT.png"),
        "LATE": str(tmp_path / "LATE.srt"),
        "LONG": str(tmp_path / "LONG.srt"),
        "EMPTY": str(making.wav(tmp_path / "EMPTY.wav", np.zeros(0, np.float32))),
        "TONE": str(making.wav(tmp_path / "TONE.wav", making.tone(2))),
        "CLICK": str(making.wav(tmp_path / "CLICK.wav", making.tone(0.1))),
        "CLIP": str(making.video(tmp_path / "CLIP.mp4", lambda n: Image.new("RGB", (64, 36)), seconds=1)),
    }
    more = dict(more)
    scenes = [{name: made.get(str(value), value) for name, value in scene.items()}] * more.pop("repeat", 1)
    with pytest.raises(kind, match=message):
        await composed(run, scenes, **{name: made[value] for name, value in more.items()})
    assert left_behind(run) == []


async def test_a_full_disk_leaves_nothing_half_written(
    run: Run, plain: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    real = outputs.OutputFile.open
    opened: list[Any] = []

    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file
            self.seek, self.close, self.write = file.seek, file.close, full

    def open_it(self: outputs.OutputFile, mode: str = "x+b") -> Any:
        opened.append(Full(real(self, mode)))
        return opened[-1]

    monkeypatch.setattr(outputs.OutputFile, "open", open_it)
    with pytest.raises(StorageError, match="No space left"):
        await composed(run, [{"picture": plain(RED), "seconds": 1}])
    assert len(opened) == 1 and left_behind(run) == []


async def test_a_film_that_is_cancelled_ends_and_leaves_nothing(run: Run, plain: Callable[..., str]) -> None:
    seen: list[float] = []

    def stop(progress: Any) -> None:
        seen.append(progress.fraction or 0.0)
        if seen[-1] > 0.1:
            run.cancelled.set()

    scenes = [{"picture": plain(RED), "seconds": 3600}]
    with pytest.raises(Cancelled):
        await asyncio.wait_for(composed(replace(run, on_progress=stop), scenes), 60)
    assert seen[-1] < 0.9 and left_behind(run) == []


@pytest.mark.parametrize(("turn", "mirror"), [(90, False), (180, False), (270, False), (0, True)])
async def test_a_clip_of_a_telephone_stands_upright(
    run: Run, broken: ModuleType, tmp_path: Path, turn: int, mirror: bool
) -> None:
    path = broken.numbered(tmp_path / "clip.mp4", frames=5, turn=turn, mirror=mirror)
    film = await composed(run, [{"video": str(path)}], height_pixels=180, aspect="16:9", frames_per_second=25)
    seen = [broken.number_in(picture) for _, picture in pictures(run, film)]
    assert seen and seen == sorted(seen) and set(seen) <= set(range(5))


async def test_the_brightness_of_hdr_is_brought_to_the_usual_one(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hdr.mkv"
    said = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=error"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx265", rate=10, options={"preset": "ultrafast", "x265-params": said})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p10le"
        stored = np.full((270, 320), 512, np.uint16)
        stored[:180] = np.repeat([64, 300, 509, 720], 80)  # 0, 5, 100 and 750 candela a square metre
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(stored, format="yuv420p10le")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    film = await composed(run, [{"video": str(path)}])
    black, dark, white, glaring = picture_at(run, film, 0.2)[72, [32, 96, 160, 224]].mean(axis=1)
    # Taken as it is stored, white would be a middle grey of 130.
    assert black < 10 and 30 < dark < 90 and white > 170 and glaring > 240


async def test_a_clip_that_is_shorter_than_its_scene_ends_with_its_last_frame(
    run: Run, making: ModuleType, tmp_path: Path
) -> None:
    levels = [10, 60, 110, 160, 210, 250]
    clip = making.video(tmp_path / "clip.mp4", lambda n: Image.new("RGB", (64, 36), (levels[n // 10],) * 3), seconds=6)
    scene = {"video": str(clip), "start_seconds": 1.0, "end_seconds": 3.0, "seconds": 4.0}
    film = await composed(run, [scene])
    seen = [round(picture.mean()) for _, picture in pictures(run, film)]
    assert [min(levels, key=lambda level: abs(level - one)) for one in seen] == [60] * 10 + [110] * 30
    assert any("last frame" in one for one in film.limits)


async def test_a_damaged_clip_is_shown_as_far_as_it_goes(run: Run, making: ModuleType, tmp_path: Path) -> None:
    clip = making.video(tmp_path / "clip.mp4", lambda n: making.slide(f"{n}"), seconds=4, gop=5)
    content = bytearray(clip.read_bytes())
    middle = content.index(b"mdat") + len(content) // 3
    content[middle : middle + 3000] = bytes(3000)
    clip.write_bytes(content)
    film = await composed(run, [{"video": str(clip)}])
    assert film.seconds == pytest.approx(4.0, abs=0.11)
    assert any("damaged" in one for one in film.limits)


@pytest.mark.parametrize("container", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize(("shown", "is_default"), [("soft", True), ("both", False)])
async def test_players_show_words_of_their_own_only_where_none_are_drawn(
    run: Run, plain: Callable[..., str], container: str, shown: str, is_default: bool
) -> None:
    scenes = [{"picture": plain(GREY), "seconds": 1, "caption": "Hello"}]
    film = await composed(run, scenes, container=container, show_captions=shown)
    with av.open(str(run.path(film.video.handle))) as opened:
        (track,) = opened.streams.subtitles
        assert bool(track.disposition & Disposition.default) == is_default
        assert opened.streams.video[0].disposition & Disposition.default
    is_drawn = picture_at(run, film, 0.5)[100:].max() > 200
    assert is_drawn != is_default
