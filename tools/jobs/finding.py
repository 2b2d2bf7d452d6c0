"""Finds things in the answers of job APIs, by JMESPath expressions."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def expression(text: str) -> Callable[[Any], Any]:
    """Return what a JMESPath expression finds in JSON data.

    Raises:
        ValueError: It is none.
    """
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled = jmespath.compile(text)
    except (JMESPathError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from None

    def find(data: Any) -> Any:
        try:
            return compiled.search(data, _options())
        except (JMESPathError, ArithmeticError, RecursionError, TypeError, ValueError):
            return None  # a function was given what it does not take: what is asked for is not there

    return find


@cache
def _options() -> Any:
    """Return JMESPath's options with `from_json(text)`: some answers hold JSON as a text."""
    from jmespath import Options, functions

    class Functions(functions.Functions):  # type: ignore[misc]
        @functions.signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
        def _func_from_json(self, text: str | None) -> Any:
            try:
                return json.loads(text or "null")
            except ValueError:
                return None

    return Options(custom_functions=Functions())
