"""Markdown of a report: text from media stays in its cell and does nothing there."""

import pytest

from sensorium.tools.report.markdown import escape


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("read www.a.example now", "read `www.a.example` now"),
        # A table is split at its bars before code is looked for.
        (
            "http://a|![x](http://evil.example/p.png)|z",
            r"`http://a`\|`![x](http://evil.example/p.png)`\|z",
        ),
        ("me@a.example|[x](y)", r"`me@a.example`\|\[x\](y)"),
        ("http://a`b", "`http://a’b`"),
    ],
)
def test_addresses_are_written_as_code_that_no_bar_breaks(text: str, written: str) -> None:
    assert escape(text) == written
