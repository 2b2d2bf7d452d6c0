"""A voice from a sample of it, with its speaker's consent."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from .base.call import call
from .base.endpoints import served_model
from .base.errors import ArgumentError, SensoriumError, SettingsError, UnavailableError
from .base.makers import Maker, Wish
from .base.run import Run
from .base.sound import Sound, decode_sound
from .base.tool import Control, Sounding, tool
from .base.wav import wav_bytes
from .base.workspace import Artifact
from .jobs.by_name import operations_of
from .making.consent import SENTENCE, Consent, consents
from .making.overlap import RATE as OVERLAP_RATE
from .making.overlap import overlap
from .making.voices import MOST_STATEMENT_SECONDS, Heard, heard_voice
from .providers.remote_maker import provider as remote_maker

if TYPE_CHECKING:
    from .transcribe import Transcript

LEAST_SAMPLE_SECONDS = 5.0
"""Of speech; most providers want 10 s and more, and say so."""
MOST_SAMPLE_SECONDS = 180.0
"""More does not help, and 10 MB is the most that some take: 9 MB at 24 kHz."""
LONGEST_SAMPLE_SECONDS = 1800.0
"""So much is looked through for speech."""
LEAST_STATEMENT_SECONDS = 1.5
MOST_STATEMENT_BYTES = 200_000_000
MOST_NAME_LETTERS = 60
_RATE = 24_000
_NOISY_DB = 12.0
_OTHER_PITCH = 1.5


class ClonedVoice(BaseModel):
    """A voice that a provider has learnt."""

    voice: str = Field(description="Its name at the provider: `speak(voice=…)`.")
    name: str
    provider: str = Field(description="Who learnt it; it speaks there only.")
    record: Artifact = Field(description="Who consented, with which statement, what was checked, and when; JSON.")
    statement: Artifact = Field(description="The consent statement as it was given.")
    sample_seconds: float = Field(description="Speech in what was sent.")
    checks: list[str] = Field(description="What was found out about the consent, and how.")
    limits: list[str] = Field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Statement:
    """What is known of a consent statement."""

    text: str
    checks: tuple[str, ...]


@tool(effect="network", resource="network", version=1, roles=("speak",), calls=("transcribe",))
async def clone_voice(
    sample: Annotated[
        Sounding, Control(), Field(description="The voice alone, at least 5 s of speech, without music or noise.")
    ],
    consent: Annotated[
        Sounding | None,
        Control(),
        Field(description=f"A recording of the same speaker saying that they consent: `{SENTENCE}`. Needed."),
    ] = None,
    name: Annotated[str, Field(description="What the voice is called here.")] = "voice",
    *,
    run: Run,
) -> ClonedVoice:
    """Have a provider learn a voice from a sample, with its speaker's recorded consent; `speak` then has it by name.

    It is refused without a recorded statement of consent. The sample is sent to the provider; the statement stays
    here, beside a record of what was checked.
    """
    if consent is None:
        raise ArgumentError(
            "`consent` is missing: a voice is learnt only with its speaker's consent. Record the speaker of `sample` "
            f"saying, for example, {SENTENCE!r} or “我同意克隆我的声音”, and give that recording. Nothing was sent."
        )
    if not name.strip() or len(name) > MOST_NAME_LETTERS:
        raise ArgumentError(f"`name` is {name[:80]!r}. Give the voice a name of 1 to {MOST_NAME_LETTERS} letters.")
    if sample == consent:
        raise _not_its_own(sample, consent, run)
    maker = _cloner(run)
    voice = await _voice(sample, run)
    if await _is_part(sample, consent, run):
        raise _not_its_own(sample, consent, run)
    statement, said = await _stated(consent, voice, run)
    sound = await run.decode(decode_sound, run.path(sample), run.name(sample), run, rate=_RATE)
    sent = run.put(_wav(sound), name="sample.wav", media_type="audio/wav")
    fitted = maker.fit(Wish(task="clone", values={"title": name.strip()}, files={"sound": (sent.handle,)}))
    run.progress(0.5, "the provider learns the voice")
    made = await maker.make(fitted.wish, run=run)
    learnt = next((one.strip() for one in made.texts if one.strip()), "")
    if not learnt:
        raise UnavailableError(f"`{made.served_by}` took the sample and gave no name of a voice. Look at its own page.")
    record = {
        "voice": learnt,
        "name": name.strip(),
        "provider": made.served_by,
        "learnt_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sample": sample,
        "sent": sent.handle,
        "consent": {"recording": statement.handle, "words": said.text, "checks": list(said.checks)},
    }
    return ClonedVoice(
        voice=learnt,
        name=name.strip(),
        provider=made.served_by,
        record=run.put(
            json.dumps(record, ensure_ascii=False, indent=1).encode(), name="voice.json", media_type="application/json"
        ),
        statement=statement,
        sample_seconds=round(voice.speech_seconds, 1),
        checks=list(said.checks),
        limits=[*_doubts(voice), *(one for one in (*fitted.notes, *made.notes) if "`title`" not in one)],
    )


def _cloner(run: Run) -> Maker:
    """Return who can learn a voice.

    Raises:
        UnavailableError: Nobody that is set can.
    """
    chosen = run.settings.models.get("speak")
    who = (
        "Set `SENSORIUM_SPEAK=minimax:speech-2.8-hd` or `elevenlabs:eleven_multilingual_v2` with its key; "
        "`sensorium providers` lists all that clone."
    )
    if chosen is None:
        raise UnavailableError(f"No voice can be learnt here: no provider of speech is set. {who}")
    try:
        served = served_model(chosen, "speak", run.settings.endpoints)
    except SettingsError as error:
        raise UnavailableError(f"No voice can be learnt: {error}") from error
    jobs = served.endpoint.jobs
    if jobs is None or not any(one.task == "clone" for one in operations_of(jobs, served.name, "speak")):
        raise UnavailableError(f"`{chosen}` learns no voices. {who}")
    maker = remote_maker(run.settings, chosen, "speak")
    if reason := maker.missing():
        raise UnavailableError(f"No voice can be learnt: {reason}")
    return maker


async def _voice(sample: str, run: Run) -> Heard:
    """Return what a sample is like, if it is enough to learn from.

    Raises:
        ArgumentError: It is too short, or has too little speech.
    """
    voice = await heard_voice(sample, run)
    if voice.seconds > LONGEST_SAMPLE_SECONDS:
        raise ArgumentError(
            f"{run.name(sample)!r} lasts {voice.seconds:,.0f} s; a sample has at most {LONGEST_SAMPLE_SECONDS:,.0f} s, "
            f"and {MOST_SAMPLE_SECONDS:g} s are enough. Cut out the best with `edit_media`. Nothing was sent."
        )
    if voice.speech_seconds < LEAST_SAMPLE_SECONDS:
        raise ArgumentError(
            f"{run.name(sample)!r} has {voice.speech_seconds:.1f} s of speech in {voice.seconds:.1f} s of sound; a "
            f"sample needs at least {LEAST_SAMPLE_SECONDS:g} s of one voice. Give a longer recording. Nothing was sent."
        )
    return voice


async def _is_part(sample: str, consent: str, run: Run) -> bool:
    """Tell whether a statement is cut out of a sample, or the sample out of it."""
    heard = [
        (await run.decode(decode_sound, run.path(one), run.name(one), run, rate=OVERLAP_RATE)).samples
        for one in (sample, consent)
    ]
    return await run.thread(overlap, *(one[: round(MOST_SAMPLE_SECONDS * OVERLAP_RATE)] for one in heard))


def _not_its_own(sample: str, consent: str, run: Run) -> ArgumentError:
    files = f"`sample` is {run.name(sample)!r} and `consent` {run.name(consent)!r}"
    what = "the same file" if sample == consent else "two parts of the same recording"
    return ArgumentError(
        f"{files}: {what}. Consent is a recording of its own, made for this. Record the speaker saying, for example, "
        f"{SENTENCE!r}, and give that as `consent`. Nothing was sent."
    )


async def _stated(consent: str, voice: Heard, run: Run) -> tuple[Artifact, _Statement]:
    """Return a statement of consent as it is kept, and what was found out about it.

    Raises:
        ArgumentError: It is no statement: nobody speaks in it, or says no such thing.
    """
    heard = await heard_voice(consent, run)
    named = run.name(consent)
    if heard.seconds > MOST_STATEMENT_SECONDS:
        raise ArgumentError(
            f"`consent` is {named!r} of {heard.seconds:.0f} s; a statement has at most {MOST_STATEMENT_SECONDS:g} s. "
            "Cut out the words of consent with `edit_media`. Nothing was sent."
        )
    if heard.speech_seconds < LEAST_STATEMENT_SECONDS:
        raise ArgumentError(
            f"`consent` is {named!r}, in which {heard.speech_seconds:.1f} s are speech: that is no statement. Record "
            f"the speaker saying, for example, {SENTENCE!r}. Nothing was sent."
        )
    checks = [f"{heard.speech_seconds:.1f} s of speech were found in the statement."]
    written, told = await _words(consent, run)
    checks.append(told)
    if written is not None:
        checks.append(_judged(written, named))
    checks.append(_alike(voice, heard))
    kept = run.artifact(consent)
    if kept.bytes > MOST_STATEMENT_BYTES:
        raise ArgumentError(
            f"`consent` is {named!r} of {kept.bytes:,} bytes; the statement is kept, and the limit is "
            f"{MOST_STATEMENT_BYTES:,}. Give its sound alone (`edit_media` extracts it). Nothing was sent."
        )
    statement = run.put(run.path(consent).read_bytes(), name=f"consent {kept.name}", media_type=kept.media_type)
    return statement, _Statement(text=written.text if written else "", checks=tuple(checks))


async def _words(consent: str, run: Run) -> "tuple[Transcript | None, str]":
    """Return what is said in a statement as far as anything here can tell, and how well that is known."""
    try:
        written: Transcript = await call("transcribe", {"media": consent}, run)
    except SensoriumError as error:
        return None, f"Its words were not checked, for nothing could write them down: {error}"
    if not written.text.strip():
        return None, f"Its words were not checked: {written.engine} tells that somebody speaks, and not what."
    if written.quality == "good":
        return written, f"Its words were written down by {written.engine}."
    return written, f"Its words were written down by {written.engine}, whose drafts have many wrong words."


def _judged(written: "Transcript", named: str) -> str:
    """Return what the words of a statement say of consent.

    Raises:
        ArgumentError: They say no, or a good recogniser hears no consent in them.
    """
    verdict, words = consents(written.text), written.text[:300]
    if verdict is not Consent.NO and written.language not in (None, "en", "zh"):
        return f"They are in {written.language!r}, in which consent is not known here: {words!r}."
    if verdict is Consent.NO or (verdict is Consent.UNCLEAR and written.quality == "good"):
        raise ArgumentError(
            f"`consent` is {named!r}, and {written.engine} hears {words!r} in it: that is no consent to a voice being "
            f"cloned. Record the speaker saying, for example, {SENTENCE!r}. Nothing was sent."
        )
    if verdict is Consent.YES:
        return f"Its words speak of consent: {words!r}."
    return f"In its words no consent could be made out, which a draft does not disprove: {words!r}."


def _alike(voice: Heard, statement: Heard) -> str:
    who = "That the statement is by the speaker of the sample was not checked: no tool here knows speakers"
    if not voice.pitch_hertz or not statement.pitch_hertz:
        return f"{who}."
    pitches = f"{statement.pitch_hertz:.0f} Hz in the statement, {voice.pitch_hertz:.0f} Hz in the sample"
    apart = max(voice.pitch_hertz / statement.pitch_hertz, statement.pitch_hertz / voice.pitch_hertz)
    differ = "differ much: listen to both" if apart > _OTHER_PITCH else "are near each other, which proves nothing"
    return f"{who}. The pitches of the voices ({pitches}) {differ}."


def _doubts(voice: Heard) -> Sequence[str]:
    doubts = []
    if voice.above_noise_db is not None and voice.above_noise_db < _NOISY_DB:
        doubts.append(f"The sample is noisy: speech is {voice.above_noise_db:.0f} dB above what lies between words.")
    if voice.clipped_samples:
        doubts.append(f"The sample is clipped: {voice.clipped_samples:,} of its samples stand at full scale.")
    if voice.seconds > MOST_SAMPLE_SECONDS:
        doubts.append(f"The first {MOST_SAMPLE_SECONDS:g} s of the sample were sent.")
    return doubts


def _wav(sound: Sound) -> bytes:
    return wav_bytes(sound.samples[: round(MOST_SAMPLE_SECONDS * sound.rate)], sound.rate)
