"""Read TOML that anybody may have written."""

import tomllib
from typing import Any


def read_toml(text: str) -> dict[str, Any]:
    """Return the table that a text holds.

    Raises:
        tomllib.TOMLDecodeError: It is none; also where the parser itself gives up, on what no file of ours has.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise tomllib.TOMLDecodeError("it is nested too deep") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise tomllib.TOMLDecodeError(str(error).partition(";")[0]) from error
