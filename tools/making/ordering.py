"""Has something made by the best that can make it, and looks at it before it is given out."""

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from ..base.budget import OverBudget
from ..base.errors import ProviderError, SensoriumError, SettingsError, UnavailableError
from ..base.makers import Made, Maker, Task, Wish
from ..base.models import LADDERS
from .proof import prove_made

if TYPE_CHECKING:
    from ..base.run import Run

WHO = {
    "draw": "`SENSORIUM_DRAW=openai:gpt-image-1` with `OPENAI_API_KEY`, or a Stable Diffusion WebUI on this machine",
    "film": "`SENSORIUM_FILM=kling:kling-v1-6`, `luma:ray-2` or `minimax:MiniMax-Hailuo-02` with its key "
    "(`compose_video` makes films of pictures, titles, narration and music here)",
    "play": "`SENSORIUM_PLAY=minimax:music-1.5` with its key",
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


async def make(role: str, wish: Wish, run: "Run") -> Made:
    """Return what was made of a wish, proved, by the best of a role that can make it.

    Whoever stands first refuses what it cannot make with its limit. One that has no such task, is down or too dear is
    passed over, and the notes say so; where `degrade` is off, it is not.

    Raises:
        ArgumentError: The wish cannot be had; the message names the limit and what to ask for instead.
        OverBudget, OutcomeUnknown, ProviderError, SettingsError: As for any paid order.
        MediaError: What came is not what was ordered.
        UnavailableError: Nothing that is set or installed makes such a thing; the message says what would.
    """
    tried: list[str] = []
    failed: SensoriumError | None = None
    for maker in run.models.ladder(role):
        if reason := _passed_over(maker, wish):
            tried.append(f"{maker.identity}: {reason}")
            continue
        served = len(run.call.providers)
        try:
            fitted = maker.fit(wish)
            made = await maker.make(fitted.wish, run=run)
        except UnavailableError as error:
            tried.append(f"{maker.identity}: {error}")
            continue
        except (OverBudget, ProviderError, SettingsError) as error:
            if not run.settings.degrade:
                raise
            failed = failed or error
            tried.append(f"{maker.identity}: {error}")
            continue
        if len(run.call.providers) == served:  # what is behind an endpoint says so itself, for it may be its fallback
            run.used(maker.identity)
        made = await prove_made(made, fitted.wish, run)
        chosen = run.settings.models.get(role)
        instead = [f"Another than `{chosen}` made it. {one}" for one in tried] if chosen else []
        return replace(made, notes=(*instead, *fitted.notes, *made.notes))
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
    fitted = maker.fit(wish)
    made = await maker.make(fitted.wish, run=run)
    run.used(maker.identity)
    made = await prove_made(made, fitted.wish, run)
    return replace(made, notes=(*fitted.notes, *made.notes))


def _passed_over(maker: Maker, wish: Wish) -> str | None:
    """Return why a maker is not asked at all."""
    if reason := maker.missing():
        return reason
    if wish.task not in maker.tasks():
        does = ", ".join(sorted(one.replace("_", " ") for one in maker.tasks()))
        return f"it has no task `{wish.task}`; it has: {does}."
    return None
