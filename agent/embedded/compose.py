"""A request that is understood becomes a plan: which files, which steps, and what is left out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..plan import literal
from .builder import Plain
from .composer import Composer
from .facts import File
from .intents import Edit, EditTask, Intent, Report, Say, Slideshow, Summarize, Understanding
from .names import files_named
from .phrases import Tongue

MOST_STEPS = 64
"""What a plan may have."""


@dataclass(frozen=True, kw_only=True)
class Composed:
    """What to run, and what of the request no step does."""

    goal: str
    steps: list[Plain]
    """As `agent.plan.Step` takes them; none when there is nothing to do."""
    notes: list[str]
    """Parts of the request that are left out, each with its reason, in the language of the request."""
    remarks: list[str]
    """What to know of the plan although nothing is left out."""


def compose(understood: Understanding, files: Sequence[File]) -> Composed:
    """Return the plan for a request; steps that several intents need are in it once."""
    given = [file for file in files if not file.error]
    # "transcribe b.mp4" is about that one, whatever else was handed over.
    usable = files_named(understood.request, given) or given
    taken = usable[:MOST_STEPS]
    composer = _composed(understood, taken, given, bool(files))
    while len(composer.steps) > MOST_STEPS:
        taken = taken[:-1]
        composer = _composed(understood, taken, given, bool(files))
    # A script may read what the request does not name; a sound may be given to a film that it does not name.
    runs = any(one["tool"] == "run_python" for one in composer.steps.values())
    plain = str(list(composer.steps.values()))
    used = given if runs else [one for one in given if one in usable or f"'{one.reference}'" in plain]
    goal = " ".join(understood.request.split())
    return Composed(
        goal=literal(goal[:200] + "…" if len(goal) > 200 else goal),
        steps=list(composer.steps.values()),
        notes=list(dict.fromkeys([*composer.notes, *_left_out(usable, len(taken), composer.say)])),
        remarks=list(dict.fromkeys([*composer.remarks, *_unused(given, used, composer.say)])),
    )


def _composed(understood: Understanding, files: list[File], given: list[File], named_any: bool) -> Composer:
    composer = Composer(understood, files, named_any, given)
    for intent in _in_order(_merged(understood.intents)):
        composer.add_intent(intent)
    return composer


def _unused(given: list[File], used: list[File], say: Tongue) -> list[str]:
    """Say which files the request does not name, when it names others."""
    unused = [file.name for file in given if file not in used]
    if not unused:
        return []
    names = _few(unused)
    return [
        say(
            f"Only the files that the request names were used; not used: {names}.",
            f"只使用了请求中点名的文件，未使用：{names}。",
        )
    ]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _left_out(files: list[File], taken: int, say: Tongue) -> list[str]:
    """Note the files a plan has no room for."""
    if taken == len(files):
        return []
    names = _few([file.name for file in files[taken:]])
    return [
        say(
            f"One run takes {taken} of these {len(files)} files; left out: {names}. Ask again with those.",
            f"一次只能处理这 {len(files)} 个文件中的 {taken} 个，未处理：{names}。请对它们再提一次。",
        )
    ]


def _merged(intents: Sequence[Intent]) -> list[Intent]:
    """Return the intents with all parts that are left out in one: their times are those of the file as it is."""
    found = list(intents)
    left_out = [one for one in found if isinstance(one, Edit) and one.task == "leave_out"]
    for stage in {one.stage for one in left_out}:
        first, *others = [one for one in left_out if one.stage == stage]
        found[found.index(first)] = replace(first, spans=tuple(span for one in (first, *others) for span in one.spans))
        found = [one for one in found if one not in others]
    return _with_music(_instead(_drawn(found)))


def _drawn(found: list[Intent]) -> list[Intent]:
    """Return the intents with subtitles in the picture only, where they are asked for so, or the film is upright.

    What shows upright films has no switch for a track.
    """
    edits = [one for one in found if isinstance(one, Edit)]
    if any(one.task == "burn_subtitles" for one in edits):
        return [one for one in found if not (isinstance(one, Edit) and one.task == "mux_subtitles")]
    if not any(one.task == "crop" and one.form == "9:16" for one in edits):
        return found
    return [
        replace(one, task="burn_subtitles") if isinstance(one, Edit) and one.task == "mux_subtitles" else one
        for one in found
    ]


def _instead(found: list[Intent]) -> list[Intent]:
    """Return the intents with one sound in place of another, where a film is muted and given a sound."""
    muted = [one for one in found if isinstance(one, Edit) and one.task == "mute" and not one.spans]
    mixed = [one for one in found if isinstance(one, Edit) and one.task == "mix_sound"]
    if not (muted and mixed):
        return found
    music = [replace(one, task="replace_sound", form=one.form or "calm background") for one in mixed]
    return [music[mixed.index(one)] if one in mixed else one for one in found if one not in muted]


def _with_music(found: list[Intent]) -> list[Intent]:
    """Return the intents with one slideshow: "then add calm music" is about the film that is made."""
    shows = [one for one in found if isinstance(one, Slideshow)]
    if not shows:
        return found
    mixed = [one for one in found if isinstance(one, Edit) and one.task == "mix_sound"]
    moods = [one.mood for one in shows] + [
        f"{one.form} music" if one.form.isascii() else f"{one.form}的音乐" for one in mixed if one.form
    ]
    show = replace(
        shows[0],
        music=bool(mixed) or any(one.music for one in shows),
        mood=next((one for one in moods if one), ""),
    )
    first = found.index(shows[0])
    others = [one for one in found if one not in mixed and not isinstance(one, Slideshow)]
    return [*others[:first], show, *others[first:]]


def _in_order(intents: Sequence[Intent]) -> list[Intent]:
    """Return the intents so that what others show or say comes before them; each change where it spoils no other.

    Times are those of the file as it was given, so what names them comes first; subtitles are drawn into the last
    shape, or it would cut them off, and heard before music lies over what is said.
    """
    last = (Summarize, Report, Say)
    edits = iter(sorted((one for one in intents if isinstance(one, Edit)), key=_rank))
    ordered = [next(edits) if isinstance(one, Edit) else one for one in intents]
    return sorted(ordered, key=lambda one: last.index(type(one)) if isinstance(one, last) else -1)


_RANKS: tuple[frozenset[EditTask], ...] = (
    frozenset({"keep", "leave_out"}),
    frozenset({"join"}),
    frozenset({"without_silence", "speed", "reverse"}),
    frozenset({"replace_sound", "crop", "scale", "rotate", "flip"}),
    frozenset({"loop"}),
    frozenset({"burn_subtitles", "mux_subtitles"}),
    frozenset({"mute", "mix_sound"}),
)


def _rank(edit: Edit) -> tuple[int, int]:
    if edit.task == "mute" and edit.spans:
        return edit.stage, -1
    return edit.stage, next((place for place, tasks in enumerate(_RANKS) if edit.task in tasks), len(_RANKS))
