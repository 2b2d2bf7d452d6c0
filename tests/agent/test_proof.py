"""A model's text is cut into sentences, and each is proven or not."""

import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from sensorium.agent.claims import cut
from sensorium.agent.evidence import Evidence, identify
from sensorium.agent.files_said import Files
from sensorium.agent.marks import marks_in
from sensorium.agent.plain_links import plain_links
from sensorium.agent.proof import Prover
from sensorium.agent.proven_text import shown_text, summary_of

VIDEO, OTHER = "artifact://sha256/aa", "artifact://sha256/bb"
IDS = frozenset({"speech", "text", "probe", "speech.m1", "speech.m2", "text.m1", "probe.duration_seconds"})


def speech(start: float, end: float, text: str, *, media: str = VIDEO, quality: str = "good") -> dict[str, Any]:
    source = {"tool": "transcribe", "provider": "whisper", "quality": quality}
    return {
        "kind": "speech",
        "start_seconds": start,
        "end_seconds": end,
        "text": text,
        "media": media,
        "source": source,
    }


def found(*moments: dict[str, Any], media: str = VIDEO, **measures: float) -> dict[str, Any]:
    named = [{"name": name, "value": value, "unit": "s"} for name, value in measures.items()]
    return {"media": media, "moments": list(moments), "measures": named}


@pytest.fixture
def prover() -> Callable[..., Prover]:
    """Make a prover over two lines of speech, or over other results."""
    talk = found(speech(0.5, 4.0, "Kites need wind."), speech(83.9, 90.0, "And they need a line of 30 m."), words=9)

    def make(results: dict[str, Any] | None = None, **more: Any) -> Prover:
        files = [{"handle": VIDEO, "name": "talk.mp4", "seconds": 90.0}, {"handle": OTHER, "name": "b.mp4"}]
        return Prover(evidence=Evidence(results or {"speech": talk}, files[: more.pop("count", 1)]), **more)

    return make


def test_ids_are_the_step_and_the_place_and_copies_have_the_id_of_the_moment() -> None:
    one = speech(0, 1, "a")
    result = {**found(one, speech(1, 2, "b"), seconds=2), "matches": [{"moment": dict(one), "score": 1}]}
    told = identify("speech", result)
    assert [part["id"] for part in told["moments"]] == ["speech.m1", "speech.m2"]
    assert told["measures"][0]["id"] == "speech.seconds"
    assert told["matches"][0]["moment"]["id"] == "speech.m1"
    assert "id" not in result["moments"][0]
    assert [part["moments"][0]["id"] for part in identify("each", [result, result])] == ["each.1.m1", "each.2.m1"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[speech.m1]", ["speech.m1"]),
        ("[speech.m1, text.m1]", ["speech.m1", "text.m1"]),
        ("[speech.m1; m2]", ["speech.m1", "speech.m2"]),
        ("[speech.m1-speech.m3]", ["speech.m1", "speech.m2", "speech.m3"]),
        ("【speech.m1】", ["speech.m1"]),
        ("(speech.m1)", ["speech.m1"]),
        ("[`speech.m1`]", ["speech.m1"]),
        ("[slide at 0:40]", ["0:40"]),
        ("[0:40–0:55, 1:02:03]", ["0:40–0:55", "1:02:03"]),
        ("[12.5 s]", ["12.5s"]),
        ("[speech]", ["speech"]),
        ("[speech.m9]", ["speech.m9"]),
        ("[speech.loudness]", ["speech.loudness"]),
        ("[1:23](http://x)", ["1:23"]),
        ("[Music] [x] [ ] [1] [report.html] [see below] (0:40) (speech) [click](http://x) ![1:23](x)", []),
    ],
)
def test_marks_are_read_as_models_write_them(text: str, names: list[str]) -> None:
    named = [cited.name for mark in marks_in(text, IDS.__contains__) for cited in mark.cited]
    assert named == names or (text == "[12.5 s]" and named == [])


def sentences(text: str) -> list[tuple[str, str]]:
    return [(one.block, one.text) for one in cut(text, IDS.__contains__)]


@pytest.mark.parametrize(
    ("text", "cut_into"),
    [
        ("One. Two! No. 5 is it. No. Three?", ["One.", "Two!", "No. 5 is it.", "No.", "Three?"]),
        ("One [speech.m1]. Two. [speech.m2] Three.", ["One.", "Two.", "Three."]),
        ("It is 3.5 m, e.g. of talk.mp4, by Dr. Who.", ["It is 3.5 m, e.g. of talk.mp4, by Dr. Who."]),
        ("She said “We grew. We shrank.” Then she left.", ["She said “We grew. We shrank.”", "Then she left."]),
        ("一。二！“三。四。”五。", ["一。", "二！", "“三。四。”", "五。"]),
        ("[speech.m1] One. [speech.m2] Two.", ["One.", "Two."]),
        ("A line\nthat goes on.\nNext.", ["A line that goes on.", "Next."]),
        ("**Bold** and _thin_ and `code` and snake_case.", ["Bold and thin and code and snake_case."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, cut_into: list[str]) -> None:
    assert [words for _, words in sentences(text)] == cut_into


def test_a_mark_belongs_to_the_sentence_before_it_unless_the_text_begins_with_one() -> None:
    def cited(text: str) -> list[list[str]]:
        return [[one.name for mark in claim.marks for one in mark.cited] for claim in cut(text, IDS.__contains__)]

    assert cited("One. [speech.m1] Two [speech.m2].") == [["speech.m1"], ["speech.m2"]]
    assert cited("[speech.m1] One. [speech.m2] Two.") == [["speech.m1"], ["speech.m2"]]
    assert cited("[0:05] One.\n[0:10] Two.") == [["0:05"], ["0:10"]]


def test_blocks_of_markdown_are_told_apart() -> None:
    text = """# Title

Some text.

- item one
- item two

| a | b |
|---|---|
| 1 | 2 |

> quoted words

```python
print(1)
```
---
**Heading**
"""
    assert sentences(text) == [
        ("heading", "Title"),
        ("text", "Some text."),
        ("item", "item one"),
        ("item", "item two"),
        ("row", "1 2"),
        ("quote", "quoted words"),
        ("code", "```python\nprint(1)\n```"),
        ("heading", "Heading"),
    ]


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ("She says “kites, need WIND” [speech.m1].", "backed"),
        ("She says “wind. And they need” [speech.m1].", "backed"),
        ("A line of 30 m is needed [1:23].", "backed"),
        ("A line of 31 m is needed [1:23].", "struck"),
        ("At 1:23 she speaks of a line [speech.m2].", "backed"),
        ("At 1:26 she still speaks [speech.m2].", "backed"),
        ("At 1:10 she speaks [speech.m2].", "struck"),
        ("She speaks for 6 s [speech.m2].", "backed"),
        ("She says two things [speech.m1, speech.m2].", "backed"),
        ("She says five things [speech.m1].", "marked"),
        ("She gives 5 reasons [speech.m1].", "marked"),
        ("She speaks for 5 minutes [speech.m1].", "struck"),
        ("It costs $5 [speech.m1].", "struck"),
        ("She gives 50 reasons [speech.m1].", "struck"),
        ("The video lasts 1.5 minutes [file1].", "backed"),
        ("She speaks [speech.m1, speech.m7].", "backed"),
        ("She speaks [speech.m7].", "marked"),
        ("Nine words are said [speech.words].", "backed"),
        ("9 words are said [words].", "backed"),
    ],
)
def test_numbers_times_and_words_are_looked_up(prover: Callable[..., Prover], text: str, statuses: str) -> None:
    assert [one.status for one in prover().prove(text).checked] == [statuses]


def test_a_wrong_quotation_is_told_with_where_its_words_stand(prover: Callable[..., Prover]) -> None:
    many = found(*[speech(at, at + 1, f"Line number {at} of it.") for at in range(5)])
    (checked,) = prover({"speech": many}).prove("She says “Line number 4” [speech.m1].").checked
    assert (checked.status, checked.problems) == (
        "struck",
        ("the quotation 'Line number 4' does not stand in the evidence; these words stand in speech.m5",),
    )


def test_a_quoted_draft_is_said_to_be_one(prover: Callable[..., Prover]) -> None:
    results = {"speech": found(speech(0, 4, "Kites need wind.", quality="draft"))}
    proof = prover(results).prove("She says “kites need wind” [speech.m1].")
    assert summary_of(proof, "en", []) == "(The transcript is a draft: quoted words may be wrong.)"
    warned = prover(results).prove("In the draft transcript: “kites need wind” [speech.m1].")
    assert summary_of(warned, "en", []) == ""


def test_marks_say_which_file_where_there_are_several(prover: Callable[..., Prover]) -> None:
    results = {
        "one": found(speech(0, 4, "Kites.")),
        "two": found(speech(60, 64, "Boats.", media=OTHER), media=OTHER),
    }
    made = prover(results, count=2)
    proof = made.prove("Kites are spoken of [one.m1], then boats [two.m1].")
    assert shown_text(proof, made.evidence, "en") == ("Kites are spoken of [talk.mp4 0:00], then boats [b.mp4 1:00].")


def test_what_repeats_a_limit_needs_no_evidence(prover: Callable[..., Prover]) -> None:
    made = prover(told="|changeswerelookedforon12keyframes|")
    assert made.prove("Changes were looked for on 12 key frames.").checked == ()


def test_files_of_the_user_and_of_tools_may_be_named(prover: Callable[..., Prover]) -> None:
    files = Files(made={"report.html": "text/html"}, own=["talk_2.mp4"])
    made = prover(files=files)
    said = "I wrote report.html from talk_2.mp4. 已保存到report.html。I saved notes.txt. Use `-o out/x.mp4` to save it."
    assert [(one.status, one.claim.text) for one in made.prove(said).checked] == [("struck", "I saved notes.txt.")]


@pytest.mark.parametrize(
    "text",
    [
        "[a](http://x.y) ![b](http://x.y/b.png) <http://x.y> http://x.y www.x.y",
        "[a]: http://x.y\n[b][a] ![c][a]",
        "[a](javascript:alert(1)) <img src='http://x.y'> <script>x</script>",
        "[a\n](http://x.y) [a [b] c](http://x.y) [x]( http://x.y 'title' )",
        "> [a]: http://x.y\n\n- [a](<http://x.y>)",
    ],
)
def test_no_address_of_a_model_is_live(text: str) -> None:
    plain = plain_links(text, lambda address: False)
    outside = "".join(plain.split("`")[::2])
    assert "](" not in outside and "![" not in outside.replace("!\\[", "")
    assert "://" not in outside and "www." not in outside
    assert not re.search(r"<[a-zA-Z/!?]", outside)


@pytest.mark.parametrize(
    "text",
    [
        "\\`![x](//e.x/i.png)\\`",
        "``` `\n![x](//e.x/i.png)\n",
        "- a\n  ```\n  code\n![x](//e.x/i.png)\n",
        "`a\n` ![x](//e.x/i.png) `b`",
        "- `a\n- ` x ` ![x](//e.x/i.png) `",
        "a `` ` `` ![x](//e.x/i.png) `` ` ``",
        "| `a | b |\n|---|---|\n| ` | ![x](//e.x/i.png) ` |",
        "```| a |\n|---|---|\n| ![x](//e.x/i.png) | b |",
        "~~~\n:-:\n~~~\n![x](//e.x/i.png)\n```\na",
        "\\<img src=//e.x/i.png>",
        "[<img src=//e.x/i.png>]()",
        "> [1]: //e.x/i.png\n\n[1]",
        "- [x\ny]: //e.x/i.png\n\n[x y]",
        "a\r[x]: //e.x/i.png\r\r[x]",
        "[]()[x]: //e.x/i.png\n\n[x]",
        "[> ]()[x]: //e.x/i.png\n\n[x]",
        "\\[]()<img src=//e.x/i.png>",
        "[<img src=//e.x/i.png>](https://mine.example)",
        "```\n<img src=//e.x/i.png>",
    ],
)
def test_what_only_looks_like_code_hides_no_address(text: str) -> None:
    plain = plain_links(text, "https://mine.example".__eq__)
    assert "](//" not in plain
    assert "<img" not in plain
    assert not re.search(r"(?:^|\r)(?:[>-] *)?\[[^\]]*\]:", plain, re.MULTILINE)


def test_a_backslash_takes_no_address_out_of_code() -> None:
    assert plain_links("\\http://e.x", lambda address: False) == "\\ `http://e.x`"


def test_the_backticks_of_an_address_meet_no_others() -> None:
    plain = plain_links("``a``http://e `![x](//e.x/i.png)`", lambda address: False)
    assert plain == "``a`` `http://e` `![x](//e.x/i.png)`"


def test_the_users_own_link_and_code_stay() -> None:
    text = "[a](https://mine.example/p) and https://mine.example/p and `http://x.y`\n\n```\n<a href='http://x.y'>\n```"
    assert plain_links(text, lambda address: address == "https://mine.example/p") == text


def test_what_is_backed_has_evidence_that_is_there(prover: Callable[..., Prover]) -> None:
    rng = random.Random(7)
    pieces = [
        "She says ", "“kites need wind” ", "“nothing” ", "30 m ", "31 ", "at 1:23 ", "[speech.m1]", "[speech.m9]",
        "[0:01]", "[9:59]", "[speech]", "[words]", "[gone.m1]", ". ", ".\n\n", "\n- ", "\n| a | ", " |\n", "> ",
        "```\n", "。", "“", "**", "report.pdf ", "风筝", ": \n", "[", "](http://x)", "file1", "[file1]",
    ]  # fmt: skip
    made = prover()
    seen = set()
    for _ in range(400):
        proof = made.prove("".join(rng.choices(pieces, k=rng.randrange(1, 30))))
        shown_text(proof, made.evidence, "zh")
        for one in proof.checked:
            seen.add(one.status)
            if one.status == "backed":
                assert one.evidence
                assert all(name in made.evidence.moments or name in made.evidence.measures for name in one.evidence)
    assert seen == {"backed", "marked", "struck"}


@pytest.mark.parametrize(
    "piece", ["She says “kites need wind” [speech.m1]. ", "[", "“", ".", "`", "<a ", "7", "| a |\n", "风"]
)
def test_a_very_long_answer_is_proven_in_little_time(prover: Callable[..., Prover], piece: str) -> None:
    text = piece * (100_000 // len(piece))
    made = prover()
    proof = made.prove(text)
    assert len(plain_links(shown_text(proof, made.evidence, "en"), lambda address: False)) >= 50_000


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ("Kites need wind. A line of 30 m is needed too [speech.m1, speech.m2].", ["backed", "backed"]),
        ("Kites need rain and 70 birds. A line of 30 m is needed too [speech.m1, speech.m2].", ["struck", "backed"]),
        ("A dog runs through the picture. Kites need wind [speech.m1].", ["marked", "backed"]),
    ],
)
def test_marks_at_the_end_of_a_paragraph_hold_for_all_of_it_when_there_are_enough(
    prover: Callable[..., Prover], text: str, statuses: list[str]
) -> None:
    assert [one.status for one in prover().prove(text).checked] == statuses
