"""How much those who draw will take, before they are asked."""

from collections.abc import Mapping
from typing import Any

from ..base.estimate import Estimate, between, exactly
from ..base.tokens import text_tokens

PICTURE_TOKENS = (272.0, 1584.0, 6240.0)
"""Of a picture where a provider counts tokens: OpenAI's page for gpt-image-1 at low, medium and high quality."""
GIVEN_TOKENS = 1600.0
"""About what a picture that is given counts as."""
_UNKNOWN_LETTERS = 400


def of_pictures(args: Mapping[str, Any], *, given: int = 0) -> Estimate:
    """Return what so many pictures take that a call asks for.

    Args:
        args: Of the call; what is known only while a plan runs is no number.
        given: How many pictures go in.
    """
    count = args.get("count", 1)
    pictures = float(count) if isinstance(count, int) else 1.0
    prompt = args.get("prompt")
    words = text_tokens(prompt) if isinstance(prompt, str) else _UNKNOWN_LETTERS / 4
    taken = (words + given * GIVEN_TOKENS) * pictures
    low, likely, high = (one * pictures for one in PICTURE_TOKENS)
    return (
        exactly(calls=pictures, pictures=pictures)
        + between(taken / 2, taken, 2 * taken, "input_tokens")
        + between(low, likely, high, "output_tokens")
    )
