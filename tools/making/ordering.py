"""Has something made by the best that can make it, and looks at it before it is given out."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from ..base.budget import OverBudget
from ..base.endpoints import split_model
from ..base.errors import ArgumentError, ProviderError, SensoriumError, SettingsError, UnavailableError
from ..base.makers import FileName, Fitted, Made, Maker, Task, Value, ValueName, Wish
from ..base.models import LADDERS
from .proof import prove_made

if TYPE_CHECKING:
    from ..base.run import Run

WHO = {
    "draw": "`SENSORIUM_DRAW=openai:gpt-image-2` with `OPENAI_API_KEY`, or a Stable Diffusion WebUI on this machine",
    "film": "`SENSORIUM_FILM=kling:kling-v2-6` with `KLING_API_KEY`, or `google:veo-3.1-generate-preview` with "
    "`GEMINI_API_KEY` (`compose_video` makes films of pictures, titles, narration and music here)",
    "play": "`SENSORIUM_PLAY=minimax:music-2.5` with `MINIMAX_API_KEY`",
    "speak": "`SENSORIUM_SPEAK=openai:gpt-4o-mini-tts` with `OPENAI_API_KEY`",
}
"""Role -> what would serve it, for people."""
TASK_WORDS: dict[Task, str] = {
    "image": "draws pictures",
    "edit": "changes pictures",
    "inpaint": "draws into a part of a picture",
    "outpaint": "draws on beyond the edges of a picture",
    "vary": "makes variations of a picture",
    "blend": "blends pictures",
    "upscale": "enlarges pictures",
    "pick": "goes on from one of a grid of pictures",
    "describe": "describes pictures",
    "swap_face": "puts one face in the place of another",
    "video": "makes film from words",
    "animate": "makes film from a first picture",
    "reference": "makes film with given characters",
    "extend": "makes a film longer",
    "talk": "lets a picture speak",
    "dance": "lets a picture move as a film does",
    "speech": "speaks",
    "clone": "learns a voice from a sample",
    "music": "makes music",
    "continue": "goes on with a piece of music",
}

GOES_ON: Mapping[Task, FileName] = {"pick": "picture", "vary": "picture", "upscale": "picture", "extend": "video"}
"""What a provider may do to what it made itself, known by its own id -> the file that it may be told of instead."""


class _Begun(Exception):
    """A part of it was made, and paid: nobody else makes it all again, and in this run it is not paid again."""

    def __init__(self, error: SensoriumError) -> None:
        super().__init__(str(error))
        self.error = error


async def make(role: str, wish: Wish, run: "Run") -> Made:
    """Return what was made of a wish, proved, by the best of a role that can make it.

    Whoever stands first refuses what it cannot make with its limit. One that has no such task, is down or too dear is
    passed over, and the notes say so; where `degrade` is off, it is not. Nor is one whose order may have been paid.

    Raises:
        ArgumentError: The wish cannot be had; the message names the limit and what to ask for instead.
        OverBudget, OutcomeUnknown, ProviderError, SettingsError: As for any paid order.
        MediaError: What came is not what was ordered.
        UnavailableError: Nothing that is set or installed makes such a thing; the message says what would.
    """
    tried: list[str] = []
    failed: SensoriumError | None = None
    ladder, chosen = run.models.ladder(role), run.settings.models.get(role)
    for number, maker in enumerate(ladder, 1):
        if reason := _passed_over(maker, wish):
            # What somebody would have to install says nothing to who never named it.
            tried += [f"{maker.identity}: {reason}"] if not maker.missing() or _is_named(maker, run, chosen) else []
            continue
        try:
            orders = parts(maker, wish)
        except UnavailableError as error:
            tried.append(f"{maker.identity}: {error}")
            continue
        try:
            made = await _made(maker, orders, run)
        except _Begun as begun:
            raise begun.error from begun
        except (OverBudget, ProviderError, SettingsError, UnavailableError) as error:
            if isinstance(error, ProviderError) and error.may_be_paid:
                raise  # a job may go on there, and another would be paid beside it
            if not run.settings.degrade and not any(_is_far(one, run) for one in ladder[number:]):
                raise
            failed = failed or error
            tried.append(f"{maker.identity}: {error}")
            continue
        instead = [f"Another than `{chosen}` made it. {' '.join(tried)}"] if chosen and tried else []
        return replace(made, notes=tuple(dict.fromkeys([*instead, *made.notes])))
    if failed is not None:
        raise failed
    raise UnavailableError(
        f"Nothing here {TASK_WORDS[wish.task]}. Set {WHO[role]}; `sensorium providers` lists all that there are. "
        f"{' '.join(tried)}".strip()
    )


async def make_here(role: str, wish: Wish, run: "Run") -> Made:
    """Return what the last of a role, which needs no model, makes of a wish, whatever the settings name.

    Raises:
        ArgumentError, MediaError: It cannot be had; the message names the limit and what to ask for instead.
    """
    module = import_module(f"..providers.{LADDERS[role][-1]}", __package__)
    maker: Maker = module.provider(run.settings)
    return await _made(maker, parts(maker, wish), run)


async def _made(maker: Maker, orders: Sequence[Fitted], run: "Run") -> Made:
    """Return what was made of one order after the other, each proved before the next one is paid."""
    done: list[Made] = []
    for fitted in orders:
        served = len(run.call.providers)
        try:
            made = await maker.make(fitted.wish, run=run)
        except (OverBudget, ProviderError, SettingsError) as error:
            if done:
                raise _Begun(error) from error
            raise
        if len(run.call.providers) == served:  # what is behind an endpoint says so itself, for it may be its fallback
            run.used(maker.identity)
        made = await prove_made(made, fitted.wish, run)
        done.append(replace(made, notes=(*fitted.notes, *made.notes)))
    if len(done) == 1:
        return done[0]
    return replace(
        done[0],
        files=tuple(file for one in done for file in one.files),
        texts=tuple(text for one in done for text in one.texts),
        notes=tuple(note for one in done for note in one.notes),
    )


def parts(maker: Maker, wish: Wish) -> list[Fitted]:
    """Return the orders of a wish: one, or several where it wants more pictures than a maker makes at once.

    Raises:
        ArgumentError, UnavailableError: As of `fit`.
    """
    seed, count = wish.values.get("seed"), int(wish.values.get("count", 1))
    wish = replace(wish, salt="" if seed is None else str(seed))
    try:
        return [fit(maker, wish)]
    except ArgumentError:
        for most in range(count - 1, 0, -1):
            sizes = [most] * (count // most) + [count % most] * (count % most > 0)
            with suppress(ArgumentError):
                return [fit(maker, _part(wish, size, number)) for number, size in enumerate(sizes)]
        raise


def _part(wish: Wish, count: int, number: int) -> Wish:
    values: dict[ValueName, Value] = {name: one for name, one in wish.values.items() if name != "count"}
    if count > 1:
        values["count"] = count
    if "seed" in values:  # each part is another picture
        values["seed"] = (int(values["seed"]) + number) % 2**32
    return replace(wish, values=values, salt=f"{wish.salt} {number}")


def fit(maker: Maker, wish: Wish) -> Fitted:
    """Return a wish as a maker takes it; what goes on from something, by the provider's own id of it or by the file.

    Raises:
        ArgumentError: It cannot be had; the message names the limit and what to ask for instead.
        UnavailableError: It goes on only from what was made there.
    """
    if wish.task not in GOES_ON:
        return _salted(maker.fit(wish), wish)
    by_id = replace(wish, files={name: one for name, one in wish.files.items() if name != GOES_ON[wish.task]})
    by_file = replace(wish, values={name: one for name, one in wish.values.items() if name != "job"})
    if "job" in wish.values:
        for one in (wish, by_id):
            with suppress(ArgumentError):
                return _salted(maker.fit(one), wish)
    try:
        return _salted(maker.fit(by_file), wish)
    except ArgumentError:
        if "job" not in wish.values and _fits(maker, replace(by_id, values={**wish.values, "job": "?"})):
            raise UnavailableError("it goes on only from what it made itself, and it did not make this.") from None
        raise


def _salted(fitted: Fitted, wish: Wish) -> Fitted:
    return replace(fitted, wish=replace(fitted.wish, salt=wish.salt))


def _fits(maker: Maker, wish: Wish) -> bool:
    try:
        maker.fit(wish)
    except ArgumentError:
        return False
    return True


def _is_named(maker: Maker, run: "Run", chosen: str | None) -> bool:
    return _is_far(maker, run) or (chosen or "").split(":")[0] == maker.identity.split(":")[0]


def _is_far(maker: Maker, run: "Run") -> bool:
    """Return whether a maker is behind an endpoint, and so was named by the user."""
    return split_model(maker.identity)[0] in run.settings.endpoints


def _passed_over(maker: Maker, wish: Wish) -> str | None:
    """Return why a maker is not asked at all."""
    if reason := maker.missing():
        return reason
    if wish.task not in maker.tasks():
        does = ", ".join(sorted(one.replace("_", " ") for one in maker.tasks()))
        return f"it has no task `{wish.task}`; it has: {does}."
    return None
