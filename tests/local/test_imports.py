"""What is installed for models on this machine is imported by them alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra `local` is not installed")

LOCAL = {"torch", "diffusers", "transformers", "accelerate", "safetensors"}


@pytest.mark.parametrize(
    "command",
    [
        ["providers"],
        ["doctor"],
        ["tool", "make_image", '{"prompt": "Title card: The plan"}'],
        ["tool", "make_music", '{"description": "calm", "seconds": 2}'],
        ["tool", "speak", '{"text": "Hello."}'],
    ],
    ids=lambda command: command[-1] if len(command) == 1 else command[1],
)
def test_nothing_of_it_is_imported_where_no_local_model_is_named(
    command: list[str], modules_after: Callable[[str], set[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    after = modules_after(f"from sensorium.agent.cli import main; assert main({command!r}) == 0")
    assert "sensorium" in after and after & LOCAL == set()
