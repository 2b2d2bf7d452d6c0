"""The checker refuses what is not proven."""

import pytest

from sensorium.tools.base.errors import EvidenceError
from sensorium.tools.base.moments import Coverage, Measure, Moment, Source
from sensorium.tools.report.check import check_claims, check_page, check_report, strike
from sensorium.tools.report.model import Chapter, Draft, File, RunFacts, Sentence

HEARD = Source(tool="transcribe", provider="whisper-1", quality="good")
MOMENTS = [
    Moment(id="m1", kind="fact", text="talk_2.mp4: video/mp4, 1,445,352 bytes", media="a", source=Source(tool="probe")),
    Moment(
        id="m2", kind="speech", start_seconds=55.0, end_seconds=59.4, text="We grew twelve", media="a", source=HEARD
    ),
    Moment(
        id="m3", kind="speech", start_seconds=59.4, end_seconds=61.0, text="percent in Q3.", media="a", source=HEARD
    ),
    Moment(
        id="m4", kind="text", start_seconds=20.0, end_seconds=55.0, text="营业收入 128 万元", media="a", source=HEARD
    ),
]
MEASURES = [
    Measure(name="duration_seconds", value=203.3, unit="s"),
    Measure(name="slides", value=5, unit="slides"),
    Measure(name="pace", value=163.7, unit="words/min"),
]


def problems(text: str, *evidence: str) -> list[str]:
    claim = Sentence(text=text, evidence=evidence)
    return [fault.problem for fault in check_claims([claim], MOMENTS, MEASURES, seconds={"a": 203.3})]


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("Someone said “grew twelve percent” at 0:55.", ("m2", "m3")),
        ("“We grew … in Q3”, they said.", ("m2", "m3")),
        ("It lasts 3:23, or 203.3 s.", ("duration_seconds",)),
        ("5 slides, five of them, at 164 words a minute.", ("slides", "pace")),
        ("talk_2.mp4 has 1,445,352 bytes.", ("m1",)),
        ("画面上写着“营业收入 128 万元”（0:20 至 0:55）。", ("m4",)),
        ("共有五张幻灯片。", ("slides",)),
        ("It says 「营业收入」.", ("m4",)),
    ],
)
def test_a_proven_sentence_passes(text: str, evidence: tuple[str, ...]) -> None:
    assert problems(text, *evidence) == []


@pytest.mark.parametrize(
    ("text", "evidence", "problem"),
    [
        ("It is about growth.", (), "no evidence is given"),
        ("It is about growth.", ("m9",), "the evidence 'm9' does not exist"),
        ("They said “we shrank”.", ("m2",), "the quotation 'we shrank' does not stand in the evidence"),
        ("They said “grew twelve percent”.", ("m2",), "does not stand in the evidence"),
        ("At 1:55 they grew.", ("m2",), "the time 1:55"),
        ("At 0:55 they grew.", ("slides",), "the time 0:55"),
        ("They grew 13 %.", ("m2", "m3"), "the number 13"),
        ("7 slides are shown.", ("slides",), "the number 7"),
        ("Seven slides are shown.", ("slides",), "the number Seven"),
        ("共有七张幻灯片。", ("slides",), "the number 七"),
        ("It took 203.4 s.", ("duration_seconds",), "the number 203.4"),
    ],
)
def test_an_unproven_sentence_is_refused_with_the_reason(text: str, evidence: tuple[str, ...], problem: str) -> None:
    found = problems(text, *evidence)
    assert len(found) == 1 and problem in found[0]


def test_evidence_behind_the_end_of_the_file_leads_nowhere() -> None:
    claim = Sentence(text="They grew.", evidence=("m2",))
    found = check_claims([claim], MOMENTS, MEASURES, seconds={"a": 30.0})
    assert [fault.problem for fault in found] == ["the evidence 'm2' is at 55 s, behind the end at 30 s"]


def draft(*sentences: Sentence, picture: str | None = None) -> Draft:
    covered = Coverage(seconds=203.3)
    file = File(handle="a", name="a", media_type="video/mp4", bytes=1, coverage=covered, moments=(), measures=())
    chapter = Chapter(
        title="All", start_seconds=0, end_seconds=203.3, media="a", sentences=sentences, picture=picture, said=()
    )
    return Draft(
        language="en",
        request="",
        title="A talk",
        files=(file,),
        summary=(Sentence(text="It lasts 3:23.", evidence=("duration_seconds",)),),
        chapters=(chapter,),
        terms=(),
        measures=tuple(MEASURES),
        moments=tuple(MOMENTS),
        limits=(),
        run=RunFacts(),
    )


def test_a_refusal_lists_every_fault() -> None:
    bad = draft(Sentence(text="9 slides.", evidence=("slides",)), Sentence(text="Good.", evidence=()), picture="gone")
    with pytest.raises(EvidenceError) as refused:
        check_report(bad, exists=lambda handle: handle != "gone")
    assert [fault.split(",")[0] for fault in refused.value.faults] == [
        "no cited moment or measure has the number 9",
        "no evidence is given",
        "the picture of the chapter 'All' is missing",
    ]


def test_a_proven_report_passes() -> None:
    check_report(draft(Sentence(text="5 slides.", evidence=("slides",))), exists=lambda handle: True)


def test_striking_leaves_what_is_proven() -> None:
    good, bad = Sentence(text="5 slides.", evidence=("slides",)), Sentence(text="6 slides.", evidence=("slides",))
    left, struck = strike(draft(good, bad, picture="gone"), exists=lambda handle: handle != "gone")
    assert (left.chapters[0].sentences, left.chapters[0].picture, struck) == ((good,), None, 1)
    check_report(left, exists=lambda handle: handle != "gone")


def test_a_page_with_a_link_to_nowhere_is_refused() -> None:
    page = '<p id="a">x</p><p id="a">y</p><a href="#a">z</a><a href="#b">q</a><img src="https://example.org/x.png">'
    with pytest.raises(EvidenceError) as refused:
        check_page(page)
    assert refused.value.faults == [
        "the link '#b' leads nowhere",
        "the anchor 'a' stands twice",
        "'https://example.org/x.png' is loaded from elsewhere",
    ]
