"""The benchmarks: where they find their media, and that they count right. Their figures are measured by hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.mark.parametrize("script", ["report.py", "mcp_server.py"])
def test_the_samples_lie_where_the_environment_says(tmp_path: Path, script: str) -> None:
    env = {**os.environ, "SENSORIUM_SAMPLES": str(tmp_path)}
    command = [sys.executable, str(FOLDER / script)]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Give a video")
