"""Look at pictures and videos."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from .base.budget import OverBudget
from .base.errors import ArgumentError, MediaError, ProviderError, SettingsError
from .base.estimate import Estimate
from .base.media import MediaFacts, examine
from .base.models import Vision
from .base.moments import Box, Findings, Span, flatten
from .base.run import Run
from .base.tool import Picture, Seen, tool
from .base.words import Language, answer_language
from .looking.account import Account
from .looking.asked import Task
from .looking.findings import as_findings
from .looking.gallery import FRAME_SIDE_PIXELS, Gallery, Subject
from .looking.looking import MOST_LOOKS, Looking
from .looking.plainly import ENGINE, look_plainly
from .looking.result import Looked

USUAL_PICTURES, USUAL_TEXT_TOKENS = 10, 3_000
"""What the budget does for when none is given: pictures of a usual size, and text."""
MOST_PICTURES = 16
PICTURE_TOKENS = 800
"""What a picture of a usual size takes at most models, for an estimate."""
USUAL_TOKENS = USUAL_PICTURES * PICTURE_TOKENS + USUAL_TEXT_TOKENS


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    others = args.get("compare_with")
    pictures = 1 + (len(others) if isinstance(others, list) else 0)
    is_film = files.get("media", {}).get("kind") != "picture"
    most = args.get("budget_tokens") or USUAL_TOKENS
    likely = min(most, (pictures + 4 * is_film) * PICTURE_TOKENS + 1_000)
    return Estimate(
        low={"calls": 1, "pictures": pictures, "input_tokens": min(likely, 500), "output_tokens": 50},
        likely={"calls": 1 + is_film, "pictures": pictures + 4 * is_film, "input_tokens": likely, "output_tokens": 500},
        high={
            "calls": MOST_LOOKS,  # parts of a still picture may be wanted, too
            "pictures": pictures + USUAL_PICTURES,
            "input_tokens": most,
            "output_tokens": 2_000 * MOST_LOOKS,
        },
    )


@tool(effect="pure", resource="network", roles=("see",), units=_units)
async def look_at(
    media: Annotated[Seen, Field(description="A picture, or a video.")],
    task: Annotated[
        Task,
        Field(
            description="`describe`; `answer` the question; `read` text, tables and formulas; `chart`: its data; "
            "`count` what the question names; `ground`: where it is."
        ),
    ] = "describe",
    question: Annotated[str, Field(description="What to answer, count or find, in the user's language.")] = "",
    *,
    compare_with: Annotated[
        list[Picture] | None, Field(description="More pictures, to be looked at together with a picture.")
    ] = None,
    start_seconds: Annotated[float | None, Field(ge=0, description="Look only at this part of a video.")] = None,
    end_seconds: Annotated[float | None, Field(gt=0, description="Its end.")] = None,
    region: Annotated[
        Box | None, Field(description="Only this part of the picture: left, top, right, bottom from 0 to 1.")
    ] = None,
    findings: Annotated[
        list[Findings],
        BeforeValidator(flatten),
        Field(description="What is known: results of transcribe, read_text, find_scenes; they save looking."),
    ] = [],  # noqa: B006 - never changed
    language: Annotated[
        str | None, Field(description="ISO 639-1 code of the answer; the question's when left out.")
    ] = None,
    budget_tokens: Annotated[
        int | None, Field(ge=200, description="Most tokens to send; about ten pictures when left out.")
    ] = None,
    run: Run,
) -> Looked:
    """Look at a picture, at several, or at a video with a model that sees: describe, answer, read, count, find things.

    Of a video it sees frames that differ on one sheet first, then what it wants to see closer, within `budget_tokens`;
    the result says what was looked at and what was not. Give it the `findings` of `transcribe` and `read_text`.
    """
    language = language or (answer_language(question) if question.strip() else "en")
    if task in ("answer", "count", "ground") and not question.strip():
        raise ArgumentError(f"`look_at` was asked to `{task}` without a question. Say in `question` what to look for.")
    facts = await run.decode(examine, run.path(media), run.name(media))
    subject = _subject(media, facts, run, others=compare_with or [], region=region, window=(start_seconds, end_seconds))
    tried: list[str] = []
    for engine in run.models.ladder("see"):
        if reason := engine.missing():
            tried.append(f"{engine.identity}: {reason}")
            continue
        if engine.identity == ENGINE:
            spoken: Language = "zh" if language.startswith("zh") else "en"
            return await look_plainly(subject, task, question, spoken, tried=tried, run=run)
        looking = Looking(
            gallery=Gallery(subject=subject, eye=engine, task=task, run=run),
            question=question,
            language=language,
            findings=findings,
            account=Account(budget_tokens or _usual_budget(engine)),
        )
        try:
            await looking.look()
        except (ProviderError, SettingsError, OverBudget) as error:
            if not run.settings.degrade:
                raise
            tried.append(f"{engine.identity}: {error}")
            continue
        looked = as_findings(looking, seconds=facts.seconds, partial=facts.partial, tried=tried)
        if looking.broken:  # what failed on its way may succeed next time, so it is not remembered
            run.call.providers[:] = [f"{looked.engine} (in part)"]
        return looked
    raise SettingsError(f"Nothing here can look. {' '.join(tried)} Set `SENSORIUM_SEE=openai:gpt-4o-mini`.")


def _subject(
    media: str,
    facts: MediaFacts,
    run: Run,
    *,
    others: list[str],
    region: Box | None,
    window: tuple[float | None, float | None],
) -> Subject:
    """Return what is to be looked at.

    Raises:
        ArgumentError, MediaError: What is asked for does not fit the file.
    """
    name = run.name(media)
    if region is not None and not (0 <= region[0] < region[2] <= 1 and 0 <= region[1] < region[3] <= 1):
        raise ArgumentError(
            f"`region` is {list(region)}; it must be left, top, right and bottom as fractions from 0 to 1, for example "
            "[0.5, 0, 1, 0.5] for the upper right quarter."
        )
    if facts.kind == "picture":
        if window != (None, None):
            raise ArgumentError(f"{name!r} is a picture, and has no time. Leave out `start_seconds` and `end_seconds`.")
        if len(others) >= MOST_PICTURES:
            raise ArgumentError(f"{len(others) + 1} pictures are too many at once; at most {MOST_PICTURES} are.")
        return Subject(media=(media, *others), region=region)
    if facts.video is None:
        raise MediaError(f"{name!r} has no picture to look at. It has: {'; '.join(facts.streams)}.")
    if others:
        raise ArgumentError(f"{name!r} is a video; `compare_with` is for pictures. Take frames with `extract_frames`.")
    return Subject(media=(media,), region=region, span=_span(window, facts.seconds or 0.0, name))


def _span(window: tuple[float | None, float | None], seconds: float, name: str) -> Span:
    start = window[0] or 0.0
    end = seconds if window[1] is None else min(window[1], seconds)
    if not start < end:
        raise ArgumentError(
            f"`start_seconds` and `end_seconds` are {start:g} and {end if window[1] is None else window[1]:g}, and "
            f"{name!r} has {seconds:.1f} s. Give a start that lies before the end and inside the video."
        )
    return start, end


def _usual_budget(eye: Vision) -> int:
    each = eye.picture_tokens(FRAME_SIDE_PIXELS, FRAME_SIDE_PIXELS * 9 // 16, "auto")
    return USUAL_PICTURES * each + USUAL_TEXT_TOKENS
