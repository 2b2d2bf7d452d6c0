"""Put the findings of all tools on one timeline: each moment once, in order, with an id."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..base.moments import Coverage, Findings, Measure, Moment, Source, merge_spans
from ..base.workspace import Artifact
from .basis import basis
from .model import File

_KINDS = {"fact": 0, "cut": 1, "picture": 2, "text": 3, "speech": 4}


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """All evidence of a report."""

    files: tuple[File, ...]
    moments: tuple[Moment, ...]
    measures: tuple[Measure, ...]
    limits: tuple[str, ...]
    renamed: Mapping[str, tuple[str, ...]]
    """What the ids that the findings had are called here."""


def media_of(findings: Iterable[Findings], media: Sequence[str]) -> list[str]:
    """Return the handles of the files a report is about: those named, then what else was examined.

    Frames that were cut out of one of them are no files of their own.
    """
    found = list(findings)
    stills = _stills(found)
    examined = [handle for one in found for handle in (one.media, *(moment.media for moment in one.moments))]
    return list(dict.fromkeys([*media, *(one for one in examined if one and one not in stills)]))


def gather(findings: Sequence[Findings], artifacts: Sequence[Artifact]) -> Timeline:
    """Number the moments of these files by time, and name the measures so that each name is unique."""
    order = {artifact.handle: number for number, artifact in enumerate(artifacts)}
    stills = _stills(findings)
    seen: dict[tuple[object, ...], Moment] = {}
    owners: dict[str, list[tuple[object, ...]]] = {}
    for one in findings:
        for given in one.moments:
            placed = _place(given, one.media, stills, artifacts[0].handle if artifacts else None)
            key = _identity(placed)
            seen.setdefault(key, placed)
            if given.id:
                owners.setdefault(given.id, []).append(key)
    for artifact in artifacts:
        fact = _file_fact(artifact)
        seen.setdefault(_identity(fact), fact)
    ranked = sorted(seen.items(), key=lambda item: _rank(item[1], order))
    numbered = {key: moment.model_copy(update={"id": f"m{at}"}) for at, (key, moment) in enumerate(ranked, 1)}
    renamed = {old: [numbered[key].id for key in keys] for old, keys in owners.items()}
    moments = tuple(numbered.values())
    measures, names = _measures(findings, renamed, stills, moments, list(order))
    files = tuple(
        File(
            handle=artifact.handle,
            name=artifact.name,
            media_type=artifact.media_type,
            bytes=artifact.bytes,
            coverage=_coverage([one for one in findings if one.media == artifact.handle], artifact),
            moments=tuple(one for one in moments if one.media == artifact.handle),
            measures=tuple(one for one in measures if one.media == artifact.handle),
        )
        for artifact in artifacts
    )
    limits = dict.fromkeys(" ".join(limit.split()) for one in findings for limit in one.limits)
    called = {old: tuple(new) for old, new in renamed.items()} | {old: (new,) for old, new in names.items()}
    return Timeline(files=files, moments=moments, measures=measures, limits=tuple(limits), renamed=called)


def _stills(findings: Iterable[Findings]) -> dict[str, Moment]:
    """Return the frames that were cut out of a video: handle -> the moment that shows it."""
    return {
        moment.artifact: moment if moment.media else moment.model_copy(update={"media": one.media})
        for one in findings
        for moment in one.moments
        if moment.kind == "picture" and moment.artifact and moment.start_seconds is not None
    }


def _place(moment: Moment, media: str | None, stills: Mapping[str, Moment], fallback: str | None) -> Moment:
    """Return a moment with its file; what was seen in a still gets the still's time and file."""
    home = moment.media or media or fallback
    if home and home in stills and moment.artifact != home:
        frame = stills[home]
        known = moment.start_seconds is not None
        return moment.model_copy(
            update={
                "media": frame.media,
                "artifact": moment.artifact or home,
                "start_seconds": moment.start_seconds if known else frame.start_seconds,
                "end_seconds": moment.end_seconds if known else frame.end_seconds,
            }
        )
    return moment.model_copy(update={"media": home})


def _identity(moment: Moment) -> tuple[object, ...]:
    times = (moment.start_seconds, moment.end_seconds)
    return (moment.media, moment.kind, *times, moment.text, moment.artifact, moment.box, moment.source.tool)


def _rank(moment: Moment, order: Mapping[str, int]) -> tuple[float, ...]:
    start = -1.0 if moment.start_seconds is None else moment.start_seconds
    # Lines on one slide are read from top to bottom.
    top, left = (moment.box[1], moment.box[0]) if moment.box else (0.0, 0.0)
    return (order.get(moment.media or "", len(order)), start, _KINDS[moment.kind], top, left)


def _file_fact(artifact: Artifact) -> Moment:
    text = f"{artifact.name}: {artifact.media_type}, {artifact.bytes:,} bytes"
    return Moment(kind="fact", text=text, media=artifact.handle, source=Source(tool="write_report"))


def _measures(
    findings: Sequence[Findings],
    renamed: Mapping[str, list[str]],
    stills: Mapping[str, Moment],
    moments: Sequence[Moment],
    files: list[str],
) -> tuple[tuple[Measure, ...], dict[str, str]]:
    """Return the measures under unique names, and those names by the ids they had."""
    named: dict[str, Measure] = {}
    called: dict[str, str] = {}
    for one in findings:
        for measure in one.measures:
            media = measure.media or one.media or (files[0] if files else None)
            evidence = [new for old in measure.evidence for new in renamed.get(old, [])]
            placed = measure.model_copy(update={"media": media, "evidence": evidence})
            if media in stills:
                continue  # the size and colours of single frames are no measures of the video
            if not evidence:
                placed = placed.model_copy(update={"evidence": basis(placed, moments)})
            name = free_name(measure.name, named, placed)
            named[name] = placed.model_copy(update={"name": name, "id": ""})
            if measure.id:
                called[measure.id] = name
    return tuple(named.values()), called


def free_name(name: str, taken: Mapping[str, Measure], measure: Measure) -> str:
    """Return a name that no other measure has: `seconds`, `seconds_2`, …; a repeated measure keeps its own."""
    number, free = 1, name
    while free in taken and (taken[free].media, taken[free].value) != (measure.media, measure.value):
        number += 1
        free = f"{name}_{number}"
    return free


def _coverage(findings: Sequence[Findings], artifact: Artifact) -> Coverage:
    parts = [one.coverage for one in findings if one.coverage]
    lengths = [part.seconds for part in parts if part.seconds is not None]
    said = artifact.facts.get("seconds")
    ends = [moment.end_seconds for one in findings for moment in one.moments if moment.end_seconds is not None]
    seconds = max(lengths) if lengths else float(said) if isinstance(said, int | float) else max(ends, default=None)
    return Coverage(
        seconds=seconds,
        looked_at=merge_spans([span for part in parts for span in part.looked_at]),
        heard=merge_spans([span for part in parts for span in part.heard]),
        frames=sum(part.frames for part in parts),
    )
