"""Evidence as the perception tools give it, made by hand."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.tools.base.abilities import Ability
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.moments import Coverage, Findings, Measure, Moment, Source
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings

SLIDES = (
    (0.0, "Energy of a pendulum", ["A mass of 15 kg", "Lift it by 1 m"]),
    (20.0, "Work against gravity", ["W = m g h", "150 joules"]),
    (45.0, "Release from rest", ["It cannot come back higher"]),
)
SPOKEN = (
    (1.0, 5.0, "I have here a pendulum with a mass of fifteen kilograms."),
    (6.0, 10.0, "I lift it up one meter, and that is work against gravity."),
    (22.0, 27.0, "Fifteen times ten is about 150 joules,"),
    (27.2, 31.0, "and that is the potential energy of this pendulum."),
    (46.0, 50.0, "If I release the pendulum from rest, potential energy becomes kinetic energy."),
    (51.0, 55.0, "The pendulum cannot come back any higher than the height it started from."),
)
SECONDS = 60.0


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> Path:
    """A silent video of a minute."""
    path = tmp_path_factory.mktemp("clip") / "lecture.mp4"
    return making.video(path, lambda _: making.slide("Energy", width=160, height=90), seconds=SECONDS, fps=1)


@pytest.fixture
def seeing(settings: Settings, server: Any) -> Iterator[Callable[..., Run]]:
    """Open a run whose model that sees is behind the scripted server."""
    opened: list[Run] = []

    def open_run(degrade: bool = True, model: str = "eyes", **ability: Any) -> Run:
        known = Ability(pattern="eyes*", takes=("picture",), **ability)
        endpoint = Endpoint(name="house", base_url=server.url, timeout_seconds=20.0, models=(known,))
        models, endpoints = {"see": f"house:{model}"}, {"house": endpoint}
        opened.append(Run.open(replace(settings, models=models, endpoints=endpoints, degrade=degrade)))
        return opened[-1]

    yield open_run
    for run in opened:
        run.library.close()


@pytest.fixture
def handle(run: Run, clip: Path) -> str:
    """The video in the library."""
    return run.workspace.adopt(clip).handle


@pytest.fixture
def frame(run: Run, making: ModuleType) -> Callable[[str], str]:
    """Return a maker of frames with words on them."""

    def make(words: str) -> str:
        import io

        out = io.BytesIO()
        making.slide(words).save(out, "JPEG")
        return run.put(out.getvalue(), name="frame.jpg", media_type="image/jpeg").handle

    return make


@pytest.fixture
def slides(handle: str, frame: Callable[[str], str]) -> Findings:
    """What `read_text` finds on three slides."""
    source = Source(tool="read_text", provider="rapidocr", quality="good")
    ends = [*(start for start, _, _ in SLIDES[1:]), SECONDS]
    moments = [
        Moment(
            kind="text",
            start_seconds=start,
            end_seconds=end,
            text=line,
            media=handle,
            artifact=frame(title),
            box=(0.1, 0.1 + 0.15 * row, 0.8, 0.1 + 0.15 * row + (0.1 if row == 0 else 0.06)),
            confidence=0.97,
            source=source,
        )
        for (start, title, lines), end in zip(SLIDES, ends, strict=True)
        for row, line in enumerate([title, *lines])
    ]
    looked = Coverage(seconds=SECONDS, looked_at=[(0.0, SECONDS)], frames=30)
    return Findings(media=handle, moments=moments, coverage=looked)


@pytest.fixture
def speech(handle: str) -> Findings:
    """What `transcribe` hears with a good model."""
    return heard(handle, "good", "faster-whisper:base")


@pytest.fixture
def draft_speech(handle: str) -> Findings:
    """The same with a recognizer that guesses."""
    return heard(handle, "draft", "pocketsphinx")


@pytest.fixture
def voices(handle: str) -> Findings:
    """The same when only the presence of a voice is known."""
    found = heard(handle, "measured", "silero")
    return found.model_copy(update={"moments": [one.model_copy(update={"text": ""}) for one in found.moments]})


@pytest.fixture
def probed(handle: str) -> Findings:
    """The size of the picture."""
    values = (("width_pixels", 160), ("height_pixels", 90))
    return Findings(media=handle, measures=[Measure(name=name, value=value, unit="pixels") for name, value in values])


def heard(handle: str, quality: str, provider: str) -> Findings:
    source = Source.model_validate({"tool": "transcribe", "provider": provider, "quality": quality})
    return Findings(
        media=handle,
        moments=[
            Moment(kind="speech", start_seconds=start, end_seconds=end, text=text, media=handle, source=source)
            for start, end, text in SPOKEN
        ],
        coverage=Coverage(seconds=SECONDS, heard=[(0.0, SECONDS)]),
    )


STUDIO = """
name = "The studio"
page = "https://studio.test/docs (2026-11-21)"
base_url = "{url}"
key = "SHOP_KEY"
ok = "code == `0`"
message = "message"
[price]
calls = 0.25
[operations.speech]
role = "speak"
task = "speech"
models = ["say-*"]
[operations.speech.takes]
text = {{ least = 1, most = 80, needed = true }}
voice = {{}}
speed = {{ least = 0.5, most = 2 }}
emotion = {{ of = ["happy", "sad"] }}
[operations.speech.defaults]
voice = "narrator"
[operations.speech.submit]
path = "/say"
body = {{ text = "{{text}}", voice = "{{voice}}", speed = "{{speed}}", emotion = "{{emotion}}" }}
[operations.speech.result]
files = "sound"
as = "hex"
[operations.clone]
role = "speak"
task = "clone"
models = ["say-*"]
[operations.clone.takes]
sound = {{ most = 1, needed = true, types = ["audio/wav"], seconds = {{ least = 6 }} }}
[operations.clone.submit]
path = "/learn"
form = {{ sample = "{{sound:file}}" }}
[operations.clone.result]
texts = "voice"
"""


@pytest.fixture
def studio(job_server: ModuleType, tmp_path: Path) -> Iterator[Any]:
    """A job API that speaks and learns voices; `play` has the answers to come, `run` what orders there."""
    with job_server.serving() as running:
        home = tmp_path / "studio-home"
        (home / "providers").mkdir(parents=True)
        (home / "providers" / "studio.toml").write_text(STUDIO.format(url=running.url), encoding="utf-8")
        environ = {"SENSORIUM_HOME": str(home), "SENSORIUM_SPEAK": "studio:say-1", "SHOP_KEY": job_server.KEY}
        running.run = Run.open(Settings.read(environ, tmp_path))
        yield running
        running.run.library.close()
