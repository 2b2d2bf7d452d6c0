"""Looks at pictures through a chat model behind an OpenAI-compatible endpoint."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from ..base.abilities import Boxes
from ..base.answers import MOST_SHOWN, AnswerError, BrokenAnswer, read_answer
from ..base.endpoints import ServedModel
from ..base.errors import ProviderError
from ..base.models import Viewed
from ..base.paid import request_json
from ..base.price import counted, quote_of
from ..base.settings import Settings
from ..base.showing import Shown, show
from ..base.tokens import Detail, PictureTokens, text_tokens
from ..looking.asked import Answer
from .at_endpoint import AtEndpoint

if TYPE_CHECKING:
    from ..base.run import Run

T = TypeVar("T", bound=BaseModel)

ANSWER_TOKENS = 2000
"""Reserved for an answer; a long table is about so many."""
_TRIAL = 'Which colour is this picture? Answer with JSON: {"answer": "one English word"}'
_JSON = {"response_format": {"type": "json_object"}}


def provider(settings: Settings, model: str) -> "EndpointVision":
    return EndpointVision(settings, model)


class EndpointVision(AtEndpoint):
    """A chat model that takes pictures."""

    role = "see"

    @property
    def boxes(self) -> Boxes:
        return self._served().ability.boxes or "fractions"

    def missing(self) -> str | None:
        if reason := super().missing():
            return reason
        served = self._served()
        # What nothing is known of is believed to see: the user chose it to.
        if "picture" not in (served.takes or ("picture",)):
            return (
                f"`{self._model}` takes no pictures. Set `SENSORIUM_SEE` to a model that does, or say what it takes in "
                f'`[providers.{served.endpoint.name}.models."{served.name}"]` of sensorium.toml: `takes = ["picture"]`.'
            )
        return None

    def picture_tokens(self, width_pixels: int, height_pixels: int, detail: Detail) -> int:
        counted = self._served().ability.picture_tokens or PictureTokens()
        return counted.count(width_pixels, height_pixels, detail)

    async def look(self, prompt: str, pictures: Sequence[Shown], *, schema: type[T], run: "Run") -> Viewed[T]:
        """Ask once, and once more for the data alone when the answer was not that.

        Raises:
            AnswerError: The second answer is not what was asked for, either.
            ProviderError, SettingsError: The model cannot be asked.
        """
        served = self._served()
        content: list[dict[str, Any]] = [{"type": "text", "text": prompt}]
        for one in pictures:
            content += [{"type": "text", "text": one.label}, one.part] if one.label else [one.part]
        tokens = text_tokens(prompt) + sum(
            self.picture_tokens(one.width_pixels, one.height_pixels, one.detail) for one in pictures
        )
        first = await _ask(run, served, [{"role": "user", "content": content}], tokens, len(pictures))
        counts = [_counts(first)]
        text, ended = _said(first)
        try:
            return _viewed(read_answer(text, schema), counts)
        except BrokenAnswer as error:
            problem = str(error)
        if ended == "length":
            raise AnswerError(f"`{served.full_name}` was cut off in its answer: it is too long. Ask for less at once.")
        # Without the pictures, which were paid for: only the writing is to be mended.
        mending = f"{_mend(schema, problem)}\n\n{text}"
        again = await _ask(run, served, [{"role": "user", "content": mending}], text_tokens(mending), 0)
        counts.append(_counts(again))
        text, _ = _said(again)
        try:
            return _viewed(read_answer(text, schema), counts)
        except BrokenAnswer as error:
            shown = " ".join(served.endpoint.hide(text).split())[:MOST_SHOWN]
            raise AnswerError(
                f"`{served.full_name}` did not answer as it was asked to, nor when asked again: {error} It said: "
                f"{shown!r}. Set another model as `{served.setting}`."
            ) from None

    async def try_out(self, run: "Run") -> str | None:
        """Show it one tiny red picture, and return what is wrong with what it says; None when it sees.

        Raises:
            SensoriumError: It cannot be asked, or does not answer with data.
        """
        from PIL import Image

        picture = show(Image.new("RGB", (64, 64), (230, 0, 0)), detail="low")
        viewed = await self.look(_TRIAL, [picture], schema=Answer, run=run)
        return (
            None if "red" in viewed.answer.answer.lower() else f"it said {viewed.answer.answer[:80]!r} of a red picture"
        )


async def _ask(
    run: "Run", served: ServedModel, messages: list[dict[str, Any]], tokens: int, pictures: int
) -> dict[str, Any]:
    """Return the answer to messages; a server that does not know how JSON is asked for is asked without."""
    high = {"calls": 1, "input_tokens": 2 * tokens, "output_tokens": ANSWER_TOKENS, "pictures": pictures}
    likely = {**high, "input_tokens": tokens, "output_tokens": ANSWER_TOKENS / 4}
    quote = quote_of(served, high, likely=likely, low={**likely, "input_tokens": tokens / 2})
    body = {"model": served.name, "messages": messages, **served.endpoint.quirks.body}
    wanted = _JSON if served.endpoint.quirks.json else {}
    try:
        return await request_json(run, served, "/chat/completions", {**body, **wanted}, quote=quote)
    except ProviderError as error:
        # It was refused for a field, so nothing was worked on.
        if not wanted or error.may_be_paid or "response_format" not in str(error):
            raise
        return await request_json(run, served, "/chat/completions", body, quote=quote)


def _said(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Return the text of an answer, and why it ended."""
    choices = answer.get("choices")
    choice = next(iter(choices), None) if isinstance(choices, list) else None
    if not isinstance(choice, Mapping):
        return "", ""
    message = choice.get("message")
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, list):
        content = "".join(str(one.get("text", "")) for one in content if isinstance(one, Mapping))
    return str(content or ""), str(choice.get("finish_reason") or "")


def _mend(schema: type[BaseModel], problem: str) -> str:
    written = json.dumps(schema.model_json_schema(), ensure_ascii=False)
    return (
        "The answer below was to be one JSON object of this schema, and cannot be read. Write the same as that object, "
        f"and nothing else. What is wrong: {problem}\n\nSchema: {written}\n\nAnswer:"
    )


def _counts(answer: Mapping[str, Any]) -> tuple[int | None, int | None]:
    usage = answer.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    taken, given = (usage.get(name) for name in ("prompt_tokens", "completion_tokens"))
    # No request has nothing in it.
    return _count(taken) or None, _count(given)


def _count(value: Any) -> int | None:
    number = counted(value)
    return None if number is None else int(number)


def _viewed(answer: T, counts: Sequence[tuple[int | None, int | None]]) -> Viewed[T]:
    taken, given = ([one[at] for one in counts] for at in (0, 1))
    return Viewed(
        answer=answer,
        input_tokens=None if None in taken else sum(filter(None, taken)),
        output_tokens=None if None in given else sum(filter(None, given)),
        requests=len(counts),
    )
