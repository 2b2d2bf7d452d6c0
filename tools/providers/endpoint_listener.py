"""Asks a chat model that takes sound what it hears, behind an OpenAI-compatible endpoint."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..base.endpoints import served_model, split_model
from ..base.errors import ProviderError, SettingsError
from ..base.paid import request_json
from ..base.price import quote_of
from ..base.settings import Settings
from .at_endpoint import AtEndpoint

if TYPE_CHECKING:
    from ..base.run import Run

MOST_SECONDS = 300.0
"""Of sound in one request: 10 MB of WAV at 16 kHz, which every server takes."""
TOKENS_A_SECOND = 32
"""What a second of sound is to Gemini (its documentation on audio); others count less."""
ANSWER_TOKENS = 1_000
_FIELD = {"type": "input_audio"}


def listener(settings: Settings) -> "EndpointListener | None":
    """Return the model of the role `hear`, where it is one that takes sound in a chat; None where it is not."""
    chosen = settings.models.get("hear")
    if chosen is None or split_model(chosen)[0] not in settings.endpoints:
        return None
    try:
        served = served_model(chosen, "hear", settings.endpoints)
    except SettingsError:
        return None
    if served.endpoint.wire != "openai" or "audio" not in served.takes:
        return None
    return EndpointListener(settings, chosen)


class EndpointListener(AtEndpoint):
    """A chat model that listens."""

    role = "hear"

    async def answer(self, prompt: str, wav: bytes, seconds: float, *, run: "Run") -> str:
        """Return what the model says of a WAV file; its words are those of a model, and no measure.

        Raises:
            OverBudget, OutcomeUnknown, ProviderError, SettingsError: It could not be asked, or says nothing.
        """
        served = self._served()
        content = [
            {"type": "text", "text": prompt},
            {**_FIELD, "input_audio": {"data": base64.b64encode(wav).decode(), "format": "wav"}},
        ]
        tokens = seconds * TOKENS_A_SECOND + len(prompt) / 3
        high = {"calls": 1.0, "input_tokens": tokens, "output_tokens": float(ANSWER_TOKENS)}
        quote = quote_of(served, high, likely={**high, "output_tokens": ANSWER_TOKENS / 4})
        body = {
            "model": served.name,
            "messages": [{"role": "user", "content": content}],
            **served.endpoint.quirks.body,
        }
        answered = await request_json(run, served, "/chat/completions", body, quote=quote)
        said = _said(answered)
        if not said:
            raise ProviderError(f"`{served.full_name}` answered without a word.")
        return said


def _said(answer: Mapping[str, Any]) -> str:
    choices = answer.get("choices")
    choice = next(iter(choices), None) if isinstance(choices, list) else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, list):
        content = "".join(str(one.get("text", "")) for one in content if isinstance(one, Mapping))
    return " ".join(str(content or "").split())
