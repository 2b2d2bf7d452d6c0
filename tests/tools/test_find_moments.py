"""Searching in what was seen and heard."""

import re

import pytest

from sensorium.tools import call
from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.moments import Findings, Moment, Source
from sensorium.tools.base.run import Run
from sensorium.tools.report.wording import Wording

READ = Source(tool="read_text", quality="good")


async def test_the_nearest_moment_comes_first_with_its_time(run: Run, slides: Findings, speech: Findings) -> None:
    found = await call(
        "find_moments", {"findings": [slides, speech], "query": "What is said about kinetic energy?"}, run
    )
    assert found.matches[0].moment.text.startswith("If I release the pendulum from rest, potential energy becomes")
    assert found.matches[0].moment.start_seconds == 46.0
    assert found.searched == {"text": 8, "speech": 6}
    starts = [one.start_seconds for one in found.moments]
    assert starts == sorted(starts)


async def test_forms_of_a_word_are_found(run: Run, speech: Findings) -> None:
    found = await call("find_moments", {"findings": [speech], "query": "pendulums lifted"}, run)
    assert {match.moment.start_seconds for match in found.matches} >= {1.0, 6.0}


async def test_a_moment_of_speech_comes_with_its_neighbours(run: Run, speech: Findings) -> None:
    found = await call("find_moments", {"findings": [speech], "query": "joules"}, run)
    assert "150 joules, and that is the potential energy" in found.matches[0].passage


async def test_only_the_kinds_asked_for_are_searched(run: Run, slides: Findings, speech: Findings) -> None:
    args = {"findings": [slides, speech], "query": "energy", "kinds": ["text"]}
    found = await call("find_moments", args, run)
    assert [match.moment.text for match in found.matches] == ["Energy of a pendulum"]


async def test_chinese_is_found_inside_its_sentences(run: Run) -> None:
    texts = ["第三季度营业收入同比增长", "新增客户三百一十家", "猫在桌上"]
    found = Findings(
        moments=[Moment(kind="text", text=text, start_seconds=at, source=READ) for at, text in enumerate(texts)]
    )
    for query, start in (("什么时候讲到了营业收入？", 0), ("新增客户有多少", 1), ("猫", 2)):
        best = (await call("find_moments", {"findings": [found], "query": query}, run)).matches[0]
        assert best.moment.start_seconds == start


async def test_nothing_found_says_what_was_searched(run: Run, slides: Findings, speech: Findings) -> None:
    found = await call("find_moments", {"findings": [slides, speech], "query": "quantum tunnelling"}, run)
    assert found.matches == [] and found.not_found == ["quantum", "tunnell"]
    assert "Nothing fits 'quantum tunnelling'; the moments that were searched: 6 of speech, 8 of text." in found.limits


async def test_words_that_only_sound_alike_are_flagged_and_only_drafts_have_them(
    run: Run, draft_speech: Findings, speech: Findings
) -> None:
    guessed = await call("find_moments", {"findings": [draft_speech], "query": "pendulem"}, run)
    assert guessed.matches and all(match.fuzzy for match in guessed.matches)
    assert any("draft" in limit for limit in guessed.limits)
    sure = await call("find_moments", {"findings": [speech], "query": "pendulem"}, run)
    assert sure.matches == []


async def test_a_query_without_a_word_is_refused(run: Run, speech: Findings) -> None:
    with pytest.raises(ArgumentError, match="no word to search for"):
        await call("find_moments", {"findings": [speech], "query": "what is it?"}, run)


async def test_a_part_of_a_file_can_be_listed_without_a_query(run: Run, speech: Findings) -> None:
    found = await call("find_moments", {"findings": [speech], "between_seconds": [20.0, 30.0]}, run)
    assert [match.moment.start_seconds for match in found.matches] == [22.0, 27.2]


async def test_what_ends_where_a_part_begins_or_begins_where_it_ends_is_not_in_it(run: Run) -> None:
    spans = [(0.0, 3.0), (3.0, 6.0), (6.0, 9.0), (5.9, None), (6.0, None), (None, None)]
    found = Findings(
        moments=[
            Moment(kind="text", text=f"{start}", start_seconds=start, end_seconds=end, source=READ)
            for start, end in spans
        ]
    )
    there = await call("find_moments", {"findings": [found], "between_seconds": [3.0, 6.0]}, run)
    assert [match.moment.text for match in there.matches] == ["3.0", "5.9"]


@pytest.mark.parametrize("query", ["", "pendulum", "nowhere"])
async def test_every_limit_has_its_chinese(run: Run, draft_speech: Findings, query: str) -> None:
    only = draft_speech.model_copy(update={"limits": []})
    args = {"findings": [only], "query": query, "between_seconds": [0.0, 9.0] if query else [900.0, 901.0]}
    limits = (await call("find_moments", args, run)).limits
    assert limits
    assert all(re.search("[一-鿿]", Wording("zh").told(limit)) for limit in limits)


class Eyes:
    """Knows of each picture how near it is to any words."""

    identity = "eyes:1"

    def __init__(self, near: dict[str, float]) -> None:
        self.near = near

    def missing(self) -> str | None:
        return None

    async def nearness(self, query: str, pictures: list[str], *, run: Run) -> list[float]:
        return [self.near[one] for one in pictures]


async def test_pictures_without_words_are_found_by_who_knows_what_they_show(run: Run, speech: Findings) -> None:
    handles = [run.put(bytes([at]) * 8, name=f"{at}.png", media_type="image/png").handle for at in range(12)]
    near = dict.fromkeys(handles, 0.2) | {handles[7]: 0.31}
    run.models._opened["embed"] = [Eyes(near)]
    shown = Findings(
        moments=[
            Moment(kind="picture", text="", start_seconds=at, artifact=one, source=READ)
            for at, one in enumerate(handles)
        ]
    )
    found = await call("find_moments", {"findings": [speech, shown], "query": "a red car"}, run)
    assert [one.moment.artifact for one in found.matches] == [handles[7]]
    assert found.matches[0].meaning == 0.31
    assert found.searched["picture"] == 12
