"""Words for models: one Markdown file a prompt."""

from pathlib import Path
from string import Template


def load(name: str, **values: str) -> str:
    """Return a prompt with its `$placeholders` filled in; `$$` in it is a dollar sign.

    Raises:
        KeyError: A placeholder has no value.
    """
    return Template(Path(__file__).with_name(f"{name}.md").read_text(encoding="utf-8")).substitute(values)
