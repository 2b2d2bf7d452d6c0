"""How near texts are to a question by what they mean, where a model that knows that is set."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .budget import OverBudget
from .errors import Cancelled, ProviderError, SettingsError, ToolError

if TYPE_CHECKING:
    from .run import Run

MOST_TEXTS = 5000
MOST_PICTURES = 1000
"""A search through more would cost more than whoever asks expects."""
_FEW = 8
# Models spread their values over different ranges, so that only what stands out of the others tells something.
_OUTSTANDING, _NEARLY_BEST = 1.0, 0.85
_RANK_WEIGHT = 60
"""Of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""


async def nearness(query: str, texts: Sequence[str], run: "Run") -> tuple[list[float] | None, list[str]]:
    """Return for each text how near it is to a question, -1 to 1, and what is to be said of it.

    None: only words are compared.

    Raises:
        OutcomeUnknown: The same was ordered before, and may have been paid.
        OverBudget, ProviderError, SettingsError: It could not be ordered, and nothing may take its place.
    """
    told: list[str] = []
    for engine in run.models.ladder("embed"):
        if not hasattr(engine, "embed"):
            if engine.missing() is not None:
                continue
            run.used(engine.identity)
            break
        if (reason := engine.missing()) is None and len(texts) > MOST_TEXTS:
            reason = f"{len(texts):,} moments are more than the {MOST_TEXTS:,} that are compared by meaning."
        if reason is not None or not texts:
            told += [f"{engine.identity}: {reason} Words were compared, not meanings."] if reason else []
            continue
        try:
            rows = await engine.embed([query, *texts], run=run)
        except (OverBudget, ProviderError, SettingsError) as error:
            if not run.settings.degrade:
                raise
            told.append(f"{engine.identity}: {error} Words were compared, not meanings.")
            continue
        return [float(one) for one in rows[1:] @ rows[0]], told
    return None, told


async def nearness_of_pictures(query: str, pictures: Sequence[str], run: "Run") -> tuple[list[float] | None, list[str]]:
    """Return for each picture how near what it shows is to a question, and what is to be said of it.

    None: nobody who is set knows what pictures show, or there are none.
    """
    finder = next((one for one in run.models.usable("embed") if hasattr(one, "nearness")), None)
    if finder is None or not pictures:
        return None, []
    if len(pictures) > MOST_PICTURES:
        return None, [
            f"{len(pictures):,} pictures are more than the {MOST_PICTURES:,} that {finder.identity} looks at."
        ]
    try:
        near = await finder.nearness(query, pictures, run=run)
    except ToolError as error:
        if not run.settings.degrade or isinstance(error, Cancelled):
            raise
        return None, [f"{finder.identity}: {error} What pictures show was not searched."]
    run.used(finder.identity)
    return near, []


def standing_out(near: Sequence[float], limit: int) -> list[int]:
    """Return the positions of texts that are nearer than the others, the nearest first."""
    ranked = sorted(range(len(near)), key=lambda at: -near[at])
    if not near or near[ranked[0]] <= 0:
        return []
    mean = sum(near) / len(near)
    spread = (sum((one - mean) ** 2 for one in near) / len(near)) ** 0.5
    least = mean + _OUTSTANDING * spread if len(near) >= _FEW else _NEARLY_BEST * near[ranked[0]]
    return [at for at in ranked if near[at] >= least][:limit]


def fused(*rankings: Sequence[int]) -> dict[int, float]:
    """Return what stands in several rankings with a score each, the best first."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, at in enumerate(ranking, 1):
            scores[at] = scores.get(at, 0.0) + _RANK_WEIGHT / (_RANK_WEIGHT + rank)
    return dict(sorted(scores.items(), key=lambda one: -one[1]))
