"""Runs that sign what they make."""

import pytest

from sensorium.tools.base.run import Call, Run


@pytest.fixture
def run(run: Run) -> Run:
    """A run in the middle of a call."""
    return run.within(Call(id="one", tool="make_image", arguments={"prompt": "a private wish"}, inputs=[]))
