"""What is thought and what is said, however the text is cut."""

import pytest

from sensorium.agent.thoughts import Thoughts


def split(text: str, size: int) -> tuple[str, str]:
    thoughts = Thoughts()
    pieces = [thoughts.split(text[at : at + size]) for at in range(0, len(text), size)] + [thoughts.rest()]
    return "".join(thought for thought, _ in pieces), "".join(said for _, said in pieces)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<think>a < b</think>\n\nyes", ("a < b", "yes")),
        ("\n <think></think>yes", ("", "yes")),
        ("<think>no end </thi", ("no end </thi", "")),
        ("<thin ice", ("", "<thin ice")),
        ("<th", ("", "<th")),
        (" plain", ("", " plain")),
        ("say <think>x</think>", ("", "say <think>x</think>")),
        ("<think>a</think>b </think> c", ("a", "b </think> c")),
    ],
)
def test_only_the_leading_tags_hold_a_thought(text: str, wanted: tuple[str, str], size: int) -> None:
    assert split(text, size) == wanted
