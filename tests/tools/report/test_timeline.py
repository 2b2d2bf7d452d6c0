"""Putting findings on one timeline."""

from sensorium.tools.base.moments import Coverage, Findings, Measure, Moment, Source
from sensorium.tools.base.workspace import Artifact
from sensorium.tools.report.timeline import Timeline, gather, media_of

SOURCE = Source(tool="look")
VIDEO = Artifact(handle="video", media_type="video/mp4", bytes=10, name="talk.mp4")
OTHER = Artifact(handle="other", media_type="video/mp4", bytes=20, name="other.mp4")


def moment(text: str, at: float | None = None, **more: object) -> Moment:
    return Moment.model_validate(
        {"kind": "text", "text": text, "start_seconds": at, "end_seconds": at, "source": SOURCE, **more}
    )


def texts(timeline: Timeline) -> list[tuple[str, str]]:
    return [(one.id, one.text) for one in timeline.moments]


def test_moments_are_numbered_by_time_and_facts_come_first() -> None:
    found = [Findings(media="video", moments=[moment("late", 9.0), moment("early", 1.0)])]
    assert texts(gather(found, [VIDEO])) == [("m1", "talk.mp4: video/mp4, 10 bytes"), ("m2", "early"), ("m3", "late")]


def test_lines_of_one_slide_are_numbered_from_top_to_bottom() -> None:
    low, high = moment("low", 1.0, box=(0, 0.5, 1, 0.6)), moment("high", 1.0, box=(0, 0.1, 1, 0.2))
    assert [one.text for one in gather([Findings(media="video", moments=[low, high])], [VIDEO]).moments[1:]] == [
        "high",
        "low",
    ]


def test_what_two_findings_have_in_common_stands_once() -> None:
    found = Findings(media="video", moments=[moment("same", 1.0)], limits=["A limit.", "A  limit."])
    timeline = gather([found, found], [VIDEO])
    assert len(timeline.moments) == 2
    assert timeline.limits == ("A limit.",)


def test_what_was_seen_in_a_frame_belongs_to_the_video_at_the_frames_time() -> None:
    frames = Findings(media="video", moments=[moment("", 7.0, kind="picture", artifact="frame")])
    seen = Findings(media="frame", moments=[moment("a sign")], measures=[Measure(name="sharpness", value=1)])
    assert media_of([frames, seen], []) == ["video"]
    timeline = gather([frames, seen], [VIDEO])
    sign = next(one for one in timeline.moments if one.text == "a sign")
    assert (sign.media, sign.start_seconds, sign.artifact) == ("video", 7.0, "frame")
    assert timeline.measures == ()


def test_measures_of_several_files_get_names_of_their_own() -> None:
    found = [
        Findings(media=name, measures=[Measure(name="seconds", value=value)])
        for name, value in (("video", 1), ("other", 2))
    ]
    assert [(one.name, one.value) for one in gather(found, [VIDEO, OTHER]).measures] == [
        ("seconds", 1),
        ("seconds_2", 2),
    ]


def test_coverage_is_the_union_of_what_the_tools_covered() -> None:
    found = [
        Findings(media="video", coverage=Coverage(seconds=60, looked_at=[(0, 20)], frames=3)),
        Findings(media="video", coverage=Coverage(seconds=60.2, looked_at=[(10, 30)], heard=[(0, 60)], frames=4)),
    ]
    covered = gather(found, [VIDEO]).files[0].coverage
    assert covered == Coverage(seconds=60.2, looked_at=[(0, 30)], heard=[(0, 60)], frames=7)


def test_evidence_of_a_measure_follows_the_moments_to_their_new_ids() -> None:
    measure = Measure(name="lines", value=1, evidence=["x"])
    found = [Findings(media="video", moments=[moment("a line", 2.0, id="x")], measures=[measure])]
    assert gather(found, [VIDEO]).measures[0].evidence == ["m2"]


def test_measures_rest_on_the_moments_of_their_own_file_that_they_count() -> None:
    facts = [
        moment(text, kind="fact", source=Source(tool="probe_media")) for text in ("Length: 9 s.", "Video: h264, 4×2.")
    ]
    cuts = [moment("scene change", 4.0, kind="cut")]
    spoken = [moment(text, at, kind="speech") for text, at in (("one", 1.0), ("two", 6.0))]
    names = ("duration_seconds", "height_pixels", "scenes", "words_per_minute", "text_lines", "sharpness")
    measures = [Measure(name=name, value=1) for name in names]
    found = [
        Findings(media="video", moments=[*facts, *cuts, *spoken, moment("a line", 2.0)], measures=measures),
        Findings(media="other", moments=[moment("another line", 3.0)], measures=[Measure(name="slides", value=1)]),
    ]
    timeline = gather(found, [VIDEO, OTHER])
    said = {one.id: one.text for one in timeline.moments}
    assert {one.name: [said[name] for name in one.evidence] for one in timeline.measures} == {
        "duration_seconds": ["Length: 9 s."],
        "height_pixels": ["Video: h264, 4×2."],
        "scenes": ["scene change"],
        "words_per_minute": ["one", "two"],
        "text_lines": ["a line"],
        "sharpness": [],
        "slides": ["another line"],
    }


def test_files_come_in_the_order_they_were_named() -> None:
    assert media_of([Findings(media="video"), Findings(media="third")], ["other", "video"]) == [
        "other",
        "video",
        "third",
    ]
