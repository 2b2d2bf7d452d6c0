"""Film: what is asked of whoever films, and what is no film as it was ordered."""

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.call import call, perform
from sensorium.tools.base.catalog import offered
from sensorium.tools.base.errors import ArgumentError, MediaError, UnavailableError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.make_video import make_video

FILES = ("picture", "last_frame", "pictures", "video", "sound")


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory, making: ModuleType, atelier: ModuleType) -> dict[str, Path]:
    """Films of 2 s, 160×90: one with sound, a mute, a silent and a black one; recordings, and a photo."""
    folder = tmp_path_factory.mktemp("films")

    def moving(number: int) -> Image.Image:
        return making.slide(str(number), width=160, height=90, colour=f"hsl({number * 12}, 60%, 50%)")

    def black(number: int) -> Image.Image:
        return Image.new("RGB", (160, 90))

    tone = making.tone(2.0)
    return {
        "loud": making.video(folder / "loud.mp4", moving, seconds=2.0, sound=tone),
        "mute": making.video(folder / "mute.mp4", moving, seconds=2.0),
        "silent": making.video(folder / "silent.mp4", moving, seconds=2.0, sound=np.zeros_like(tone)),
        "black": making.video(folder / "black.mp4", black, seconds=2.0),
        "tone": making.wav(folder / "tone.wav", tone),
        "long tone": making.wav(folder / "long.wav", making.tone(6.0)),
        "cut": Path(atelier.lying(folder, "cut.mp4", (folder / "loud.mp4").read_bytes()[:2000])),
        "photo": Path(atelier.lying(folder, "photo.png", atelier.picture(320, 240))),
    }


def with_paths(given: dict[str, Any], films: dict[str, Path]) -> dict[str, Any]:
    """Return arguments with the paths of the files that they name."""

    def path(value: Any) -> Any:
        return [path(one) for one in value] if isinstance(value, list) else str(films.get(value, value))

    return {name: path(value) if name in FILES else value for name, value in given.items()}


def filming(run: Run, atelier: ModuleType, film: Path, **more: Any) -> tuple[Any, Run]:
    one = atelier.Studio(gives=[("video/mp4", film.read_bytes())], **more)
    return one, atelier.served(run, "film", [one])


@pytest.mark.parametrize(
    ("given", "task"),
    [
        ({"prompt": "a dog runs"}, "video"),
        ({"picture": "photo"}, "animate"),
        ({"picture": "photo", "last_frame": "photo", "prompt": "it grows"}, "animate"),
        ({"pictures": ["photo"], "prompt": "they meet"}, "reference"),
        ({"video": "loud"}, "extend"),
        ({"picture": "photo", "sound": "tone"}, "talk"),
        ({"picture": "photo", "video": "loud"}, "dance"),
    ],
)
async def test_what_is_given_says_what_is_made(
    given: dict[str, Any], task: str, run: Run, atelier: ModuleType, films: dict[str, Path]
) -> None:
    args = with_paths(given, films)
    one, run = filming(run, atelier, films["loud"])
    made = await perform("make_video", args, run)
    assert one.last.task == task
    assert set(one.last.files) == set(given) - {"prompt"}
    assert (made.result.seconds, made.result.width_pixels, made.result.height_pixels) == (2.0, 160, 90)
    assert (made.result.has_sound, made.result.engine) == (True, "house:studio")
    assert made.result.video.facts["seconds"] == 2.0
    assert (await perform("make_video", args, run)).cached


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "There is no `prompt`"),
        ({"pictures": ["photo"]}, "There is no `prompt`"),
        ({"prompt": " "}, "`prompt` has no word"),
        ({"last_frame": "photo", "prompt": "x"}, "A film is not made of `last_frame`"),
        ({"sound": "tone", "prompt": "x"}, "A film is not made of `sound`"),
        ({"sound": "tone", "video": "loud"}, "A film is not made of `sound` and `video`"),
        ({"picture": "photo", "pictures": ["photo"], "prompt": "x"}, "A film is not made of `picture` and `pictures`"),
        ({"prompt": "x", "seconds": 0}, "seconds"),
        ({"prompt": "x", "seconds": 100_000}, "seconds"),
        ({"prompt": "x", "resolution": "high"}, "resolution"),
        ({"prompt": "x", "aspect": "wide"}, "`aspect` is 'wide'"),
    ],
)
async def test_what_does_not_fit_together_is_told_before_anyone_is_asked(
    given: dict[str, Any], told: str, *, run: Run, atelier: ModuleType, films: dict[str, Path]
) -> None:
    args = with_paths(given, films)
    one, run = filming(run, atelier, films["loud"])
    with pytest.raises(ArgumentError) as refused:
        await call("make_video", args, run)
    assert told in str(refused.value)
    assert one.wishes == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"picture": "photo", "sound": "mute"}, "'mute.mp4' has no sound"),
        ({"picture": "photo", "sound": "silent"}, "'silent.mp4' is silent"),
        ({"picture": "photo", "sound": "cut"}, "'cut.mp4'"),
        ({"video": "cut"}, "'cut.mp4'"),
        ({"video": "tone"}, "'tone.wav' is audio/wav, and `make_video` needs video"),
        ({"picture": "tone"}, "needs picture"),
    ],
)
async def test_a_file_that_is_of_no_use_is_found_before_anyone_is_asked(
    given: dict[str, Any], told: str, *, run: Run, atelier: ModuleType, films: dict[str, Path]
) -> None:
    one, run = filming(run, atelier, films["loud"])
    with pytest.raises(MediaError) as refused:
        await call("make_video", with_paths(given, films), run)
    assert told in str(refused.value)
    assert one.wishes == []


@pytest.mark.parametrize(
    ("film", "args", "told"),
    [
        ("loud", {"seconds": 5}, "it lasts 2.0 s, and 5 s were ordered"),
        ("loud", {"seconds": 1}, "it lasts 2.0 s, and 1 s were ordered"),
        ("mute", {"with_sound": True}, "it has no sound, and was ordered with sound"),
        ("silent", {"with_sound": True}, "its sound is silence"),
        ("black", {}, "all of it is black"),
        ("loud", {"aspect": "9:16"}, "160×90 px, and 9:16 was ordered"),
        ("loud", {"resolution": "720p"}, "160×90 px, and 720p was ordered"),
    ],
)
async def test_a_film_that_is_not_as_ordered_is_no_result(
    film: str, args: dict[str, Any], told: str, *, run: Run, atelier: ModuleType, films: dict[str, Path]
) -> None:
    one, run = filming(run, atelier, films[film])
    with pytest.raises(MediaError) as failed:
        await call("make_video", {"prompt": "a dog", **args}, run)
    assert told in str(failed.value)
    assert "kept as artifact://sha256/" in str(failed.value)
    assert len(one.wishes) == 1


async def test_a_picture_that_says_a_recording_says_all_of_it(
    run: Run, atelier: ModuleType, films: dict[str, Path]
) -> None:
    _, run = filming(run, atelier, films["loud"])
    with pytest.raises(MediaError, match=r"it lasts 2.0 s, and 6 s were ordered"):
        await call("make_video", {"picture": str(films["photo"]), "sound": str(films["long tone"])}, run)
    _, mute = filming(run, atelier, films["mute"])
    with pytest.raises(MediaError, match="ordered with sound"):
        await call("make_video", {"picture": str(films["photo"]), "sound": str(films["tone"])}, mute)


async def test_something_else_than_a_film_is_no_result(run: Run, atelier: ModuleType, films: dict[str, Path]) -> None:
    still = atelier.Studio(gives=[("image/png", atelier.picture())])
    with pytest.raises(MediaError, match=r"a picture \(image/png\) came, and a film was ordered"):
        await call("make_video", {"prompt": "a dog"}, atelier.served(run, "film", [still]))
    cut = atelier.Studio(gives=[("video/mp4", films["loud"].read_bytes()[:2000])])
    with pytest.raises(MediaError, match="kept as artifact"):
        await call("make_video", {"prompt": "a dog"}, atelier.served(run, "film", [cut]))


async def test_sound_that_nobody_ordered_is_noted(run: Run, atelier: ModuleType, films: dict[str, Path]) -> None:
    _, run = filming(run, atelier, films["loud"])
    made = await call("make_video", {"prompt": "a dog", "with_sound": False, "seconds": 2.2, "aspect": "16:9"}, run)
    assert made.limits == ["It has sound, though none was ordered; `edit_media` takes it out."]


async def test_a_film_goes_on_from_the_job_that_its_provider_knows(
    settings: Settings, atelier: ModuleType, films: dict[str, Path]
) -> None:
    run = Run.open(replace(settings, models={"film": "house:studio"}))
    one, served = filming(run, atelier, films["loud"], job="k-1")
    first = await call("make_video", {"prompt": "a dog"}, served)
    await call("make_video", {"video": first.video.handle, "prompt": "it sleeps"}, served)
    assert one.last.values["job"] == "k-1"
    run.library.close()


async def test_a_clip_longer_than_the_provider_makes_is_refused_with_limit_and_fix(
    run: Run, atelier: ModuleType, films: dict[str, Path]
) -> None:
    says = "`house:studio` makes clips of 5 or 10 s, and 30 s were asked for: make several and join them."
    one, run = filming(run, atelier, films["loud"], fit_fails=ArgumentError(says))
    with pytest.raises(ArgumentError, match="clips of 5 or 10 s, and 30 s were asked for"):
        await call("make_video", {"prompt": "a dog", "seconds": 30}, run)
    assert one.wishes == []


async def test_without_a_model_the_error_says_who_films_and_what_is_made_here(run: Run) -> None:
    with pytest.raises(UnavailableError) as refused:
        await call("make_video", {"prompt": "a dog"}, run)
    for part in ("Nothing here makes film from words", "SENSORIUM_FILM=kling:", "`compose_video`"):
        assert part in str(refused.value)
    assert "make_video" not in offered(run.settings)


def test_the_seconds_of_a_film_are_known_before_it_is_made() -> None:
    assert make_video.units is not None
    assert make_video.units({"seconds": 8}, {}).high == {"calls": 1.0, "video_seconds": 8.0}
    assert make_video.units({"sound": "x"}, {"sound": {"seconds": 12.5}}).high["video_seconds"] == 12.5
    dance = make_video.units({"picture": "x", "video": "y"}, {"video": {"seconds": 8.5}})
    assert dance.high["video_seconds"] == 8.5
    assert make_video.units({}, {}).low["video_seconds"] < make_video.units({}, {}).high["video_seconds"]
