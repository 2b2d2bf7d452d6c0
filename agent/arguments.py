"""Tool arguments as models write them: mended where there is one way to read them, refused where there are more."""

import ast
import json
import math
import re
from typing import Any, Never

from ..tools.base.letters import whole

# Each pattern has one way only to read a text, or a model that repeats itself would keep it busy for hours.
# What follows a complete object when a model's template leaks: closing brackets, or tags such as `</tool_call>`.
_LEAKED = re.compile(r"(?:[\s\]})]|</?[A-Za-z_][A-Za-z_|]*>|</?\|[^<>]*>|```)*")
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*"?)|,(?=\s*[}\]])', re.S)
_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of half a letter, mostly with its other half after it."""
_MAX_DECODINGS = 2
"""JSON written into a JSON string, once or twice."""


class BrokenArguments(ValueError):
    """Arguments that cannot be read with certainty; the message says where they break."""


def read_arguments(given: Any) -> dict[str, Any]:
    """Return the arguments of a tool call.

    A cut-off object is never completed: what is missing may be what matters.

    Raises:
        BrokenArguments: They are no JSON object, and no mending is certain.
    """
    for _ in range(_MAX_DECODINGS + 1):
        if given is None or given == "":
            return {}
        if isinstance(given, dict):
            return given
        if not isinstance(given, str):
            break
        given = _decoded(given)
    raise BrokenArguments(f"The arguments are {json.dumps(given)[:80]}, and must be a JSON object.")


def broken(given: Any) -> str:
    """Return broken arguments as LangChain must get them: a cut-off object it would complete by guessing."""
    return json.dumps(given if isinstance(given, str) else json.dumps(given))


def why_broken(marked: str | None) -> str:
    """Return what is wrong with arguments that `broken` marked."""
    try:
        read_arguments(json.loads(marked or "null"))
    except BrokenArguments as error:
        return str(error)
    return "The arguments cannot be read."


def _decoded(text: str) -> Any:
    text = text.strip().lstrip("\ufeff")
    if len(text) >= 6 and text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json").strip()
    if not text:
        return {}
    try:
        return _loads(text)
    except RecursionError:
        raise BrokenArguments("The arguments are nested too deeply.") from None
    except ValueError as error:
        reason = error
    for mended in (_without_trailing_commas, _with_backslashes, _from_python):
        try:
            return mended(text)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
    raise BrokenArguments(_where(text, reason)) from None


def _loads(text: str) -> Any:
    """Read JSON whose strings may hold line breaks, and which may be followed by itself or by leaked brackets."""
    decoder = json.JSONDecoder(strict=False, parse_constant=_refuse, parse_float=_finite)
    value, end = decoder.raw_decode(text)
    rest = text[end:].strip()
    if not _LEAKED.fullmatch(rest) and rest != text[:end].strip():
        raise json.JSONDecodeError("something follows the object", text, end)
    return whole(value) if _HALF.search(text) else value


def _finite(number: str) -> float:
    read = float(number)
    return read if math.isfinite(read) else _refuse(number)


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON")


def _without_trailing_commas(text: str) -> Any:
    return _loads(_TRAILING_COMMA.sub(lambda found: found[1] or "", text))


def _with_backslashes(text: str) -> Any:
    """Read JSON in which a backslash that begins no escape stands for itself, as in a regular expression."""
    return _loads(_ESCAPE.sub(lambda found: found[0] if found[1] else "\\\\", text))


def _from_python(text: str) -> Any:
    """Read a Python literal: single quotes, True, None."""
    if "\\" in text:
        raise ValueError("its escapes are not those of JSON")
    value = ast.literal_eval(text)
    # Through JSON and back, so that only what JSON can hold is accepted.
    return json.loads(json.dumps(value, allow_nan=False))


def _where(text: str, error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return f"The arguments are not JSON: {error}."
    if error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated"):
        return f"The arguments break off after {len(text)} characters: …{text[-40:]!r}."
    near = text[max(0, error.pos - 20) : error.pos + 20]
    return f"The arguments are not JSON: {error.msg} at character {error.pos}, near {near!r}."
