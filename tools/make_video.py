"""Film from words, pictures and recordings."""

from collections.abc import Mapping, Set
from typing import Annotated, Any

from pydantic import Field

from .base.errors import ArgumentError
from .base.estimate import Estimate, between, exactly
from .base.makers import Task
from .base.models import Models
from .base.run import Run
from .base.tool import Foreseen, Picture, Sounding, Video, tool
from .making.foreseeing import SOME_WORDS, foreseen, foreseen_wish
from .making.inputs import MOST_PICTURES, check_words, hear_recording, job_of, see_film, see_pictures, wish_of
from .making.ordering import make
from .making.results import MadeVideo
from .making.sizes import check_size

MOST_SECONDS = 600.0
"""No model makes as much in one piece; which makes how much, it says itself."""
USUAL_SECONDS = (4.0, 6.0, 10.0)
"""What models make where no length is asked for: the shortest, the usual and the longest."""

# What is given -> what is made of it.
_TASKS: Mapping[frozenset[str], Task] = {
    frozenset(): "video",
    frozenset({"picture"}): "animate",
    frozenset({"picture", "last_frame"}): "animate",
    frozenset({"pictures"}): "reference",
    frozenset({"video"}): "extend",
    frozenset({"picture", "sound"}): "talk",
    frozenset({"picture", "video"}): "dance",
}
_FILES = frozenset(name for names in _TASKS for name in names)
_NEEDS_WORDS = frozenset({"video", "reference"})


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    seconds = args.get("seconds")
    if not isinstance(seconds, int | float):
        # What is said, or danced, lasts as long as the recording or the film.
        lasting = "sound" if args.get("sound") else "video" if args.get("video") and args.get("picture") else ""
        seconds = files.get(lasting, {}).get("seconds")
    if isinstance(seconds, int | float):
        return exactly(calls=1.0, video_seconds=float(seconds))
    return exactly(calls=1.0) + between(*USUAL_SECONDS, "video_seconds")


def _foresee(args: Mapping[str, Any], given: Set[str], models: Models) -> Foreseen:
    try:
        task = _task(args.get("prompt", SOME_WORDS if "prompt" in given else None), given & _FILES)
        check_size(args.get("aspect"), None, None)
    except ArgumentError as error:
        return Foreseen(problem=str(error))
    return foreseen("film", foreseen_wish(task, args, given), models)


@tool(
    effect="pure",
    resource="network",
    version=1,
    roles=("film",),
    units=_units,
    timeout_seconds=3600.0,
    foresee=_foresee,
)
async def make_video(
    prompt: Annotated[str | None, Field(description="What happens, and how the camera moves.")] = None,
    picture: Annotated[
        Picture | None, Field(description="The first frame; with `sound` or `video`, who moves.")
    ] = None,
    last_frame: Annotated[Picture | None, Field(description="Where it ends; it needs `picture`.")] = None,
    pictures: Annotated[
        list[Picture] | None,
        Field(max_length=MOST_PICTURES, description="Who and what is in it, where no first frame is given."),
    ] = None,
    video: Annotated[Video | None, Field(description="Goes on after its end; with `picture`, whose movement.")] = None,
    *,
    sound: Annotated[Sounding | None, Field(description="A recording that the picture says or sings.")] = None,
    seconds: Annotated[float | None, Field(gt=0, le=MOST_SECONDS, description="The model's own if left out.")] = None,
    aspect: Annotated[str | None, Field(description="Width to height, such as `16:9`, `9:16` or `1:1`.")] = None,
    resolution: Annotated[
        str | None, Field(pattern=r"^\d{3,4}[pP]$|^[248][kK]$", description="`720p`, `1080p` …")
    ] = None,
    with_sound: Annotated[bool | None, Field(description="The model's own habit if left out.")] = None,
    seed: Annotated[int | None, Field(ge=0, le=2**32 - 1, description="Another one gives another film.")] = None,
    negative_prompt: Annotated[str | None, Field(description="What must not be seen.")] = None,
    run: Run,
) -> MadeVideo:
    """Make a short film with a model: from words, a first (and last) frame, with given characters, or on from a video.

    `picture` with `sound` gives a picture that speaks or sings, `picture` with `video` one that moves as the person in
    it does. It takes a model that films (`SENSORIUM_FILM`). Without one, `compose_video` makes films of pictures,
    titles, narration and music on this machine. Most models make 4 to 10 s: make several and join them with
    `edit_media`.
    """
    given = {"picture": picture, "last_frame": last_frame, "pictures": pictures, "video": video, "sound": sound}
    task = _task(prompt, frozenset(name for name, one in given.items() if one))
    check_words("prompt", prompt)
    check_words("negative_prompt", negative_prompt)
    check_size(aspect, None, None)
    await see_pictures([one for one in (picture, last_frame, *(pictures or ())) if one], run)
    if video:
        await see_film(video, run)
    if sound:
        await hear_recording(sound, run)
    wish = wish_of(
        task,
        {
            "prompt": prompt,
            "negative_prompt": negative_prompt,
            "seconds": seconds,
            "aspect": aspect,
            "resolution": resolution.lower() if resolution else None,
            "with_sound": with_sound,
            "seed": seed,
            "job": job_of(video, "film", run) if task == "extend" and video else None,
        },
        {"picture": picture, "last_frame": last_frame, "pictures": pictures, "video": video, "sound": sound},
    )
    return MadeVideo.of(await make("film", wish, run))


def _task(prompt: str | None, given: Set[str]) -> Task:
    """Return what is to be made of what is given.

    Raises:
        ArgumentError: There is nothing to make a film of, or too much.
    """
    task = _TASKS.get(frozenset(given))
    if task is None:
        names = " and ".join(f"`{name}`" for name in sorted(given))
        raise ArgumentError(
            f"A film is not made of {names}. Give one of: a `prompt` alone; `picture` as the first frame, with "
            "`last_frame` or without; `pictures` of who is in it; `picture` and `sound` for a picture that speaks; "
            "`picture` and `video` for one that moves as the video does; `video` alone to go on after its end."
        )
    if prompt is None and task in _NEEDS_WORDS:
        raise ArgumentError("There is no `prompt`. Say what happens in the film.")
    return task
