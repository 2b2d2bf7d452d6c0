"""The example in the documentation is a file that works."""

import textwrap
import tomllib
from pathlib import Path

from sensorium.tools.jobs.api import read_api

DOCUMENT = Path(__file__).parents[3] / "docs" / "providers.md"


def test_the_documented_file_is_understood_and_names_every_kind_of_table() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    example = text[text.index('    name = "Studio"') : text.index("Answers are read with")]
    api = read_api(tomllib.loads(textwrap.dedent(example)), "studio")
    (operation,) = api.operations
    assert (operation.role, operation.task, operation.models) == ("film", "animate", ("fast-*", "best-*"))
    assert operation.poll is not None and operation.cancel is not None and api.free_when_failed
