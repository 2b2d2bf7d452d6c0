"""Count what the evidence shows: the measures a draft adds to those of the tools."""

from collections.abc import Mapping, Sequence

from ..base.moments import Measure, merge_spans
from ..base.words import count_words, guess_language
from .chapters import Part
from .model import File
from .timeline import free_name

# Sound that is shorter than its file by more than this share gives another share of speech.
TELLING_SHARE = 0.01


def counted(files: Sequence[File], parts: Sequence[Sequence[Part]], known: Sequence[Measure]) -> list[Measure]:
    """Return `known` and, for each file, the measures it lacks: length, headings, scenes, speech and its pace."""
    named = {one.name: one for one in known}
    for file, chapters in zip(files, parts, strict=True):
        for measure in (*_lengths(file), *_shown(file, chapters), *_speech(file)):
            own = {base_name(name): one for name, one in named.items() if one.media == file.handle}
            if measure.name in own:
                continue
            slides = own.get("slides") if measure.name == "headings_on_screen" else None
            if slides and slides.value == measure.value:
                continue
            if slides and slides.value < measure.value:
                # Each heading stands on a slide: of two counts that cannot both be true, the one whose members are
                # named stays.
                del named[slides.name]
            placed = measure.model_copy(update={"media": file.handle})
            name = free_name(measure.name, named, placed)
            named[name] = placed.model_copy(update={"name": name})
    return list(named.values())


def of_file(measures: Sequence[Measure], file: File) -> Mapping[str, Measure]:
    """Return a file's measures by the name they would have if it were alone."""
    return {base_name(one.name): one for one in reversed(measures) if one.media == file.handle}


def base_name(name: str) -> str:
    """Return a measure's name without the number that tells files apart."""
    head, _, tail = name.rpartition("_")
    return head if head and tail.isdigit() else name


def _lengths(file: File) -> list[Measure]:
    if file.coverage.seconds is None:
        return []
    return [Measure(name="duration_seconds", value=round(file.coverage.seconds, 3), unit="s")]


def _shown(file: File, parts: Sequence[Part]) -> list[Measure]:
    found = []
    headings = [screen for part in parts for screen in part.screens if screen.title]
    if headings:
        evidence = [one.id for screen in headings for one in screen.headings]
        count = len({screen.start_seconds for screen in headings})
        found.append(Measure(name="headings_on_screen", value=count, evidence=list(dict.fromkeys(evidence))))
    cuts = [one for one in file.moments if one.kind == "cut" and (one.start_seconds or 0) > 0]
    if cuts:
        found.append(Measure(name="scenes", value=len(cuts) + 1, evidence=[one.id for one in cuts]))
    return found


def _speech(file: File) -> list[Measure]:
    speech = [one for one in file.moments if one.kind == "speech" and one.start_seconds is not None]
    if not file.coverage.heard and not speech:
        return []
    spans = merge_spans([(one.start_seconds or 0.0, one.end_seconds or one.start_seconds or 0.0) for one in speech])
    seconds = sum(end - start for start, end in spans)
    ids = [one.id for one in speech]
    found = [Measure(name="speech_seconds", value=round(seconds, 1), unit="s", evidence=ids)]
    heard, whole = sum(end - start for start, end in file.coverage.heard), file.coverage.seconds or 0.0
    if heard and abs(heard - whole) > TELLING_SHARE * whole:
        found.append(Measure(name="heard_seconds", value=round(heard, 1), unit="s"))
    if heard or whole:
        # Of what was not listened to nobody knows whether it is speech.
        share = round(100 * seconds / (heard or whole))
        found.append(Measure(name="speech_share_percent", value=min(share, 100), unit="%", evidence=ids))
    words = sum(count_words(one.text) for one in speech)
    if words and seconds >= 1:
        found.append(Measure(name="words_spoken", value=words, unit="words", evidence=ids))
        # As `measure_speech` has it: over the time from the first word to the last, with the pauses between.
        unit = "characters" if guess_language(" ".join(one.text for one in speech)) == "zh" else "words"
        pace = round(60 * words / (spans[-1][1] - spans[0][0]), 1)
        found.append(Measure(name=f"{unit}_per_minute", value=pace, unit=f"{unit} per minute", evidence=ids))
    return found
