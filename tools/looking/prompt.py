"""What the model that looks is told."""

from collections.abc import Sequence

from ...prompts import load
from ..base.abilities import Boxes
from .asked import Task
from .boxes import ASKED
from .known import Known
from .views import Plate

_LANGUAGES = {
    "en": "English", "zh": "Chinese (simplified)", "de": "German", "es": "Spanish", "fr": "French", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "pt": "Portuguese", "ru": "Russian",
}  # fmt: skip


def write_prompt(
    *,
    task: Task,
    question: str,
    plates: Sequence[Plate],
    known: Known,
    notes: str,
    language: str,
    boxes: Boxes,
    more: int,
    moving: bool,
) -> str:
    """Return the prompt of one request.

    Args:
        task: What to do.
        question: The user's words.
        plates: What is shown with it.
        known: What is known without looking, as far as it is told this time.
        notes: What was seen before.
        language: Of the answer, as a code.
        boxes: How the model writes boxes.
        more: About how many more pictures can be shown after these.
        moving: Whether it is a video.
    """
    told, _, fields = load(f"look_{task}").partition("\n---\n")
    ways = load("look_windows" if moving else "look_crops", n=str(more)) if more > 0 else load("look_last")
    before = f"You were shown other pictures before, and said:\n{notes}" if notes else ""
    facts = [one for one in (known.text, before) if one]
    return load(
        "look",
        task=told.strip(),
        question=f"<question>\n{question}\n</question>" if question else "",
        shown="\n".join(f"- {line}" for plate in plates for line in plate.lines),
        known="\n\n".join(["## What is known already", *facts]) if facts else "",
        boxes=ASKED[boxes],
        language=_LANGUAGES.get(language, f"the language with the code {language!r}"),
        more=ways.strip(),
        fields=fields.strip(),
    )
