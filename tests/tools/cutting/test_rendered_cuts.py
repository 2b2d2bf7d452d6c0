"""What must be encoded anew is cut where it would be if it were copied: at the nearest frame, with its sound."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import av
import pytest

from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run
from sensorium.tools.cutting.edits import exact_rate, snapped
from sensorium.tools.edit_media import EditedMedia

Numbers = Callable[[EditedMedia], list[int]]


@pytest.fixture
def numbers(run: Run, broken: ModuleType) -> Numbers:
    """Return the numbers of all frames of a result, which must follow each other evenly."""

    def read(made: EditedMedia) -> list[int]:
        found, times = [], []
        with av.open(str(run.path(made.file.handle))) as container:
            rate = container.streams.video[0].average_rate
            for frame in container.decode(video=0):
                found.append(broken.number_in(frame.to_ndarray(format="rgb24")))
                times.append(frame.time)
        assert times == pytest.approx([number / rate for number in range(len(times))], abs=1e-3)
        return found

    return read


@pytest.mark.parametrize("rate", [25, Fraction(30_000, 1001)])
async def test_parts_begin_and_end_at_the_nearest_frames(
    run: Run, broken: ModuleType, numbers: Numbers, tmp_path: Path, rate: Fraction | int
) -> None:
    options = {"sc_threshold": "1000000000"}  # no more key frames than every 30th
    source = broken.numbered(tmp_path / "film.mkv", 60, codec="mpeg4", rate=rate, options=options)

    def at(frame: float) -> float:
        return float(frame / rate)

    # Cuts in the middle of a frame's time: the second part must neither lose its first frame nor show one twice.
    parts = [(0.0, at(10.3)), (at(20.4), at(30.6)), (at(45.7), at(60))]
    made = await call("edit_media", {"task": "remove", "media": str(source), "parts": parts}, run)
    assert numbers(made) == [*range(10, 20), *range(31, 46)]
    (one,) = made.items
    assert (one.way, one.start_seconds, one.end_seconds) == ("encoded", round(at(10), 3), round(at(46), 3))


def test_rates_of_american_television_are_exact() -> None:
    assert exact_rate(29.97) == Fraction(30_000, 1001)
    assert exact_rate(23.976) == Fraction(24_000, 1001)
    assert exact_rate(25.0) == 25
    assert exact_rate(12.5) == Fraction(25, 2)


def test_of_two_frames_as_near_the_earlier_one_is_cut_at() -> None:
    assert [snapped(one, Fraction(10)) for one in (0.0, 0.26, 0.25, 0.24)] == [0.0, 0.3, 0.2, 0.2]


async def test_a_copy_has_the_rate_of_its_source(
    run: Run, broken: ModuleType, numbers: Numbers, tmp_path: Path
) -> None:
    source = broken.numbered(tmp_path / "film.mkv", 30, codec="mpeg4", rate=Fraction(30_000, 1001), gop=5)
    made = await call("edit_media", {"task": "trim", "media": str(source), "start_seconds": 0.334}, run)
    assert made.items[0].way == "copied"
    assert numbers(made) == list(range(10, 30))


@pytest.mark.parametrize(
    ("name", "codec", "way"), [("film.flv", "libx264", "partly encoded"), ("film.wmv", "wmv2", "encoded")]
)
async def test_films_of_old_kinds_are_cut_into_new_ones(  # noqa: PLR0917
    run: Run, broken: ModuleType, numbers: Numbers, tmp_path: Path, name: str, codec: str, way: str
) -> None:
    source = broken.numbered(tmp_path / name, 40, codec=codec, gop=20, options={"b": "1500000"})
    made = await call("edit_media", {"task": "trim", "media": str(source), "start_seconds": 0.33}, run)
    assert (made.items[0].way, made.file.media_type) == (way, "video/mp4")
    assert numbers(made) == list(range(8, 40))


@pytest.mark.parametrize(("task", "more"), [("scale", {"width_pixels": 80}), ("reverse", {})])
async def test_interlaced_pictures_are_made_whole_when_they_are_encoded(
    run: Run, broken: ModuleType, tmp_path: Path, task: str, more: dict[str, int]
) -> None:
    source = broken.numbered(tmp_path / "film.mp4", 10, options={"x264-params": "tff=1"})
    made = await call("edit_media", {"task": task, "media": str(source), **more}, run)
    assert made.limits == ["The picture was interlaced; its frames were made whole."]
    with av.open(str(run.path(made.file.handle))) as container:
        frames = list(container.decode(video=0))
    found = [broken.number_in(one.to_ndarray(format="rgb24")) for one in frames]
    assert (found if task == "scale" else found[::-1]) == list(range(10))
    assert not any(one.interlaced_frame for one in frames)


async def test_interlaced_pictures_may_change_their_size_on_the_way(
    run: Run, broken: ModuleType, tmp_path: Path
) -> None:
    source = tmp_path / "film.ts"
    with source.open("wb") as whole:
        for start, height in ((0, 96), (10, 112)):
            part = tmp_path / f"{start}.ts"
            with av.open(str(part), "w") as container:
                stream = container.add_stream("libx264", rate=25, options={"x264-params": "tff=1", "bf": "0"})
                stream.width, stream.height, stream.pix_fmt = 160, height, "yuv420p"
                for number in range(start, start + 10):
                    frame = av.VideoFrame.from_ndarray(broken.painted(number), format="rgb24")
                    frame = frame.reformat(width=160, height=height)
                    frame.pts, frame.time_base = number, Fraction(1, 25)
                    container.mux(stream.encode(frame))
                container.mux(stream.encode(None))
            whole.write(part.read_bytes())
    made = await call("edit_media", {"task": "rotate", "media": str(source), "mirror": True}, run)
    with av.open(str(run.path(made.file.handle))) as container:
        pictures = [one.to_ndarray(format="rgb24")[:, ::-1] for one in container.decode(video=0)]
    assert [broken.number_in(one) for one in pictures] == list(range(20))
    assert "The picture was interlaced; its frames were made whole." in made.limits
