"""A model's answer as the data that was asked for."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from .errors import ToolError
from .letters import whole

T = TypeVar("T", bound=BaseModel)

MOST_SHOWN = 200
"""Letters of an answer that are shown in an error."""
_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.S | re.I)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.S)
_MOST_PROBLEMS = 5


class AnswerError(ToolError):
    """A model's answer could not be used, nor could the one it gave when it was asked to mend it."""


class BrokenAnswer(ValueError):
    """An answer is not the data that was asked for; the message says what is wrong with it, for the model."""


def read_answer(text: str, schema: type[T]) -> T:
    """Return the answer in a text: JSON alone, in a fence, or with words around it; thoughts before it do not count.

    Raises:
        BrokenAnswer: There is no JSON object in it, or none that fits.
    """
    text = _THOUGHT.sub("", text)
    problems = ""
    for found in sorted(_objects(text), key=lambda one: -len(str(one))):
        try:
            return schema.model_validate(found)
        except ValidationError as error:
            problems = problems or _problems(error)
    if problems:
        raise BrokenAnswer(problems)
    raise BrokenAnswer("There is no JSON object in the answer." if text.strip() else "The answer is empty.")


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects that stand in a text, each with what is in it only once."""
    decoder = json.JSONDecoder(strict=False)  # line breaks inside strings are common
    for mended in (text, _TRAILING_COMMA.sub(lambda found: found[1] or "", text)):
        position, any_found = 0, False
        while (start := mended.find("{", position)) >= 0:
            try:
                value, position = decoder.raw_decode(mended, start)
            except (ValueError, RecursionError):
                position = start + 1
                continue
            if isinstance(value, dict):
                any_found = True
                yield whole(value)
        if any_found:
            return


def _problems(error: ValidationError) -> str:
    told = [f"`{'.'.join(map(str, one['loc'])) or 'the object'}`: {one['msg']}" for one in error.errors()]
    return "; ".join(told[:_MOST_PROBLEMS]) + ("; …" if len(told) > _MOST_PROBLEMS else "")
