"""`sensorium export`."""

import argparse
import shlex

from ..tools.base.errors import ArgumentError
from ..tools.base.settings import Settings
from .assistant import Assistant
from .printing import say, tell


def export(chosen: argparse.Namespace) -> int:
    """Write a run down as a recipe."""
    from .recipe import write_recipe

    with Assistant(Settings.read()) as assistant:
        text = write_recipe(assistant.export(chosen.run_id))
    if chosen.output is None:
        say(text.rstrip("\n"))
        return 0
    try:
        chosen.output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArgumentError(
            f"`-o`: {str(chosen.output)!r} cannot be written: {error.strerror}. Choose another name."
        ) from error
    tell(f"{chosen.output}: apply it with `sensorium run --recipe {shlex.quote(str(chosen.output))} FILE…`")
    return 0
