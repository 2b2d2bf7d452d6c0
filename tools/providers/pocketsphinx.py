"""Draft speech recognition in English with PocketSphinx, whose model comes inside its wheel."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import UnavailableError
from ..base.models import Heard, Utterance, Word, installed
from ..base.moments import Span
from ..base.settings import Settings
from .silero import RATE, Silero, speech_spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..base.run import Run

WORKERS = 2
"""Each takes one core and about 150 MB."""

# Words at the seams are lost, so speech is handed over in runs as long as keep both workers busy.
_RUN_SECONDS = 30.0
_RUN_PAUSE_SECONDS = 1.0
# A readable segment: split at a clear pause once it is long enough, at the longest pause when it gets too long.
_SEGMENT_SECONDS = (5.0, 15.0)
_SEGMENT_PAUSE_SECONDS = 0.5

_WORKER = Path(__file__).with_name("pocketsphinx_worker.py")


def provider(settings: Settings) -> "PocketSphinx":
    return PocketSphinx()


class PocketSphinx:
    """Writes English down with many wrong words; other languages are refused."""

    identity = "pocketsphinx:en-us"

    def missing(self) -> str | None:
        if not installed("pocketsphinx"):
            return "The package `pocketsphinx` is not installed. Run `pip install pocketsphinx`."
        if not sys.executable:
            return "The recognizer runs in a Python process of its own, and no Python executable is known here."
        return Silero().missing()

    async def transcribe(self, sound: "NDArray[np.float32]", *, language: str | None, run: "Run") -> Heard:
        """Write English down.

        Raises:
            UnavailableError: The language is another one, or the recognizer's process failed.
        """
        if language not in (None, "en"):
            raise UnavailableError(f"pocketsphinx knows English only, and the language is {language!r}.")
        words = await run.thread(_words, sound, run)
        limits = [
            "Draft transcript by pocketsphinx: expect many wrong words. Set `SENSORIUM_HEAR=faster-whisper:small` "
            "(needs one download) for a good one."
        ]
        if language is None:
            limits.append("pocketsphinx takes all speech for English; other languages come out as wrong English words.")
        return Heard(
            utterances=[_utterance(part) for part in segments(words)],
            language="en" if words else None,
            quality="draft",
            limits=limits if words else (),
        )


def _words(sound: "NDArray[np.float32]", run: "Run") -> list[Word]:
    """Return the words of all speech, recognized by several processes."""
    run.progress(0.0, "finding speech")
    runs = _runs(speech_spans(sound, run, longest_seconds=_RUN_SECONDS))
    shares = _shares(runs)
    total = sum(end - start for start, end in runs)
    heard: dict[int, list[Word]] = {}

    def serve(worker: "subprocess.Popen[bytes]", share: list[int]) -> None:
        for at in share:
            heard[at] = _recognize(worker, sound, runs[at])

    with ExitStack() as stack:
        # The pool is entered first, so that the workers are gone when it waits for its threads.
        pool = stack.enter_context(ThreadPoolExecutor(WORKERS))
        running = {pool.submit(serve, stack.enter_context(_worker()), share) for share in shares}
        while running:
            done, running = wait(running, timeout=0.2, return_when=FIRST_EXCEPTION)
            for finished in done:
                finished.result()
            run.progress(sum(runs[at][1] - runs[at][0] for at in list(heard)) / total, "recognizing speech")
    return [word for at in sorted(heard) for word in heard[at]]


def _recognize(worker: "subprocess.Popen[bytes]", sound: "NDArray[np.float32]", span: Span) -> list[Word]:
    import numpy as np

    part = sound[round(span[0] * RATE) : round(span[1] * RATE)]
    pcm = (np.clip(part, -1.0, 1.0) * 32_767).astype("<i2").tobytes()
    assert worker.stdin and worker.stdout
    try:
        worker.stdin.write(b"%d\n" % len(pcm))
        worker.stdin.write(pcm)
        worker.stdin.flush()
        answer = worker.stdout.readline()
    except OSError:
        answer = b""
    if not answer:
        raise UnavailableError(f"The process of pocketsphinx ended with status {worker.wait()}.")
    return [
        Word(text=text, start_seconds=span[0] + start, end_seconds=span[0] + end, confidence=confidence)
        for text, start, end, confidence in json.loads(answer)
    ]


@contextmanager
def _worker() -> "Iterator[subprocess.Popen[bytes]]":
    """Start a recognizer and end it on the way out, whatever it is doing."""
    # -P: nothing in the current folder can be taken for a package.
    worker = subprocess.Popen(
        [sys.executable, "-P", str(_WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe:
                with suppress(OSError):  # what was not sent yet has no reader any more
                    pipe.close()


def _runs(spans: Sequence[Span]) -> list[Span]:
    """Join stretches of speech that are close, up to the length of a run."""
    runs: list[Span] = []
    for start, end in spans:
        if runs and start - runs[-1][1] <= _RUN_PAUSE_SECONDS and end - runs[-1][0] <= _RUN_SECONDS:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def _shares(runs: Sequence[Span]) -> list[list[int]]:
    """Share runs out evenly, the longest first, to be heard in order of time.

    Who gets what depends on the sound alone, not on who is free: a recognizer's answers depend a little on what it has
    heard before, and the same sound should always give the same words.
    """
    shares: list[list[int]] = [[] for _ in range(min(WORKERS, len(runs)))]
    loads = [0.0] * len(shares)
    for at in sorted(range(len(runs)), key=lambda at: runs[at][0] - runs[at][1]):
        least = loads.index(min(loads))
        shares[least].append(at)
        loads[least] += runs[at][1] - runs[at][0]
    return [sorted(share) for share in shares]


def segments(words: Sequence[Word]) -> list[list[Word]]:
    """Split words into readable segments at their pauses."""
    shortest, longest = _SEGMENT_SECONDS
    found: list[list[Word]] = []
    current: list[Word] = []
    for word in words:
        if current:
            pause = word.start_seconds - current[-1].end_seconds
            length = current[-1].end_seconds - current[0].start_seconds
            if pause >= 2.0 or (pause >= _SEGMENT_PAUSE_SECONDS and length >= shortest):
                found.append(current)
                current = []
            elif word.end_seconds - current[0].start_seconds > longest:
                cut = _widest_gap(current, shortest)
                found.append(current[:cut])
                current = current[cut:]
        current.append(word)
    return [*found, current] if current else found


def _widest_gap(words: Sequence[Word], after_seconds: float) -> int:
    """Return where to cut: at the longest pause that is not too near the start, else at the end."""
    allowed = [at for at in range(1, len(words)) if words[at - 1].end_seconds - words[0].start_seconds >= after_seconds]
    return max(allowed, key=lambda at: words[at].start_seconds - words[at - 1].end_seconds, default=len(words))


def _utterance(words: Sequence[Word]) -> Utterance:
    sure = [word.confidence for word in words if word.confidence is not None]
    return Utterance(
        text=" ".join(word.text for word in words),
        start_seconds=words[0].start_seconds,
        end_seconds=words[-1].end_seconds,
        confidence=sum(sure) / len(sure) if sure else None,
        words=tuple(words),
    )
