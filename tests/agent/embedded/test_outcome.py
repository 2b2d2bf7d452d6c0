"""How a run of the embedded brain ends: its status says how much of the request was done."""

from pathlib import Path
from types import ModuleType

import pytest

from sensorium.agent.answer import Options
from sensorium.agent.assistant import Assistant
from sensorium.agent.embedded.compose import compose
from sensorium.agent.embedded.facts import read_files
from sensorium.agent.embedded.outcome import outcome
from sensorium.agent.embedded.understand import understand


@pytest.fixture
def files(tmp_path: Path, making: ModuleType) -> dict[str, Path]:
    """One file of sound and one picture, by name."""
    picture = tmp_path / "a.png"
    making.slide("HELLO").save(picture)
    return {"sound": making.wav(tmp_path / "a.wav", making.tone(2.0)), "picture": picture}


@pytest.mark.parametrize(
    ("request_", "named", "status"),
    [
        ("hello", [], "done"),
        ("what can you do?", [], "done"),
        ("你好", ["picture"], "done"),
        ("how long is it?", ["sound"], "done"),
        ("plot Jan 10, Feb 12", [], "done"),
        ("make me a 20 second clip of a puppy", [], "failed"),
        ("Transcribe it", ["picture"], "done"),  # its text is read
        ("Give me chapters", ["picture"], "failed"),
        ("extract frames", ["sound"], "failed"),
        ("compare these two", ["picture"], "failed"),
        ("life is hard", [], "failed"),
        ("what is said at 99:99?", ["sound"], "failed"),
        ("what is said at 1:30?", ["sound"], "failed"),
        ("how long is it, and what is said at 99:99?", ["sound"], "partial"),
        ("write a report", [], "failed"),
        ("plot Jan 10, Feb 12 and write a poem", [], "partial"),
        ("how long is it, and extract frames", ["sound"], "partial"),
        ("画柱状图：一月 10，二月 12，然后写一首诗", [], "partial"),
    ],
)
async def test_the_status_says_how_much_was_done(
    assistant: Assistant, files: dict[str, Path], request_: str, named: list[str], status: str
) -> None:
    answer = await assistant.run(request_, [files[name] for name in named])
    assert (answer.status, bool(answer.text)) == (status, True)


@pytest.mark.parametrize(
    ("request_", "status", "how"),
    [
        ("describe this picture", "done", "stop"),  # with what is measured and read, which is its limit
        ("describe this picture", "failed", "unable"),
        ("describe this picture and translate it", "done", "partial"),
    ],
)
def test_a_description_without_a_model_that_sees_is_done_when_there_are_facts(
    request_: str, status: str, how: str
) -> None:
    picture = read_files([{"handle": "h", "name": "a.png", "kind": "picture", "has_pictures": True}])
    understood = understand(request_, picture)
    facts = {"facts": {"tool": "image_facts", "status": status}}
    assert outcome(understood, compose(understood, picture), facts) == how


async def test_a_plan_longer_than_the_user_allows_fails_without_a_fault(
    assistant: Assistant, files: dict[str, Path]
) -> None:
    answer = await assistant.run("write a report", [files["picture"]], options=Options(max_steps=1))
    assert answer.status == "failed"
    assert answer.text.startswith("The plan needs 4 steps; `--max-steps` allows 1.")
