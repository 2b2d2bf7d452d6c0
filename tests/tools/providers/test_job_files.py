"""Every file of `providers/jobs/`: read, reachable, asking as its documents say, and understood when it is refused."""

import io
import re
import tomllib
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.tools.base.by_model import ORDERED
from sensorium.tools.base.errors import ArgumentError, ProviderError, SettingsError
from sensorium.tools.base.makers import FILES, Made, Value, Wish
from sensorium.tools.base.price import read_prices
from sensorium.tools.base.run import Call, Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.jobs import asking, engine
from sensorium.tools.jobs.api import read_api
from sensorium.tools.jobs.files import OURS
from sensorium.tools.jobs.fitting import choose
from sensorium.tools.jobs.shapes import JobApi, Operation, Take
from sensorium.tools.providers.remote_maker import provider

APIS = {
    file.stem: read_api(tomllib.loads(file.read_text(encoding="utf-8")), file.stem)
    for file in sorted(OURS.glob("*.toml"))
}
OPERATIONS = [pytest.param(api, one, id=f"{name}-{one.name}") for name, api in APIS.items() for one in api.operations]
NAMES = sorted(APIS)
# One loop, so that connections and the processes that decode are kept from test to test.
one_loop = pytest.mark.asyncio(loop_scope="module")
SAMPLES: dict[str, Value] = {
    "prompt": "A kite over a lake", "text": "Good morning.", "lyrics": "[Verse]\nThe wind", "negative_prompt": "blur",
    "title": "The kite", "voice": "a-voice", "emotion": "calm", "language": "en", "job": "an-earlier-job",
    "aspect": "16:9", "instrumental": True, "with_sound": True, "scale": 2, "seed": 7,
}  # fmt: skip
EXPECTED: dict[str, tuple[type[Exception], str]] = {
    "key": (SettingsError, "refused the key"),
    "credit": (ProviderError, "no credit left"),
    "policy": (ArgumentError, "rules about content"),
    "limit": (ArgumentError, "does not take this"),
    "busy": (ProviderError, "takes no more jobs"),
}


@pytest.fixture(scope="module")
def media(making: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A picture, a sound and a film, as they are given and as they are made; and others for a second order."""
    folder, found = tmp_path_factory.mktemp("media"), {}
    for number, suffix in enumerate(["", "-all"]):
        picture, sound = io.BytesIO(), io.BytesIO()
        making.slide(f"Kite {number}", width=640, height=480).save(picture, "PNG")
        with wave.open(sound, "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes([number]) * (2 * 8000 * 12))

        def paint(frame: int, number: int = number) -> Any:
            return making.slide(f"{number} {frame}", width=160, height=120)

        film = making.video(folder / f"film{suffix}.mp4", paint, seconds=4, fps=2)
        found |= {f"picture{suffix}": picture.getvalue(), f"sound{suffix}": sound.getvalue()}
        found |= {f"video{suffix}": film.read_bytes()}
    return found


class World:
    """All providers on loopback as their documents say, and runs that order from them."""

    def __init__(self, job_documents: ModuleType, media: dict[str, bytes], folder: Path, stack: ExitStack) -> None:
        self.documents, self.media, self.folder, self.stack = job_documents, media, folder, stack
        self.servers = {name: stack.enter_context(job_documents.serving(name)) for name in NAMES}
        self.calls = 0
        self.run, self.another = self.opened("all"), self.opened("another")

    def opened(self, name: str) -> Run:
        """Open a run with a home of its own: what another one ordered is not known to it."""
        home = self.folder / name
        home.mkdir()
        (home / "sensorium.toml").write_text("".join(f"[providers.{one}]\n" for one in NAMES), encoding="utf-8")
        keys = {str(api.key): self.documents.KEY for api in APIS.values()}
        settings = Settings.read({"SENSORIUM_HOME": str(home), **keys}, self.folder)
        here = {
            one: replace(settings.endpoints[one], jobs=_here(APIS[one], server.url))
            for one, server in self.servers.items()
        }
        run = Run.open(replace(settings, endpoints={**settings.endpoints, **here}))
        self.stack.callback(run.library.close)
        return run

    async def order(self, api: JobApi, operation: Operation, run: Run, *, full: bool = False) -> tuple[Made, Any]:
        """Order what an operation makes; give back what came, and the server."""
        server = self.servers[api.name]
        server.forget()
        server.medium = {"draw": "image", "film": "video"}.get(operation.role, "audio")
        server.content = self.media[{"draw": "picture", "film": "video"}.get(operation.role, "sound")]
        model = model_of(operation, server.documents)
        maker = provider(run.settings, f"{api.name}:{model}", operation.role)
        wish = wish_of(operation, run, self.media, server.documents, full=full)
        jobs = run.settings.endpoints[api.name].jobs
        assert jobs is not None
        assert choose(jobs, model, operation.role, wish)[0].name == operation.name
        # Another call each time, else the ledger would have what is ordered already.
        self.calls += 1
        own = run.within(Call(id=f"call-{self.calls}", tool="a_maker", arguments={}, inputs=[]))
        return await maker.make(maker.fit(wish).wish, run=own), server


def _here(api: JobApi, url: str) -> JobApi:
    """Return an API on loopback, asked without pauses."""
    quick = [
        replace(one, poll=one.poll and replace(one.poll, first_seconds=0.001, longest_seconds=0.002))
        for one in api.operations
    ]
    upload = api.upload and replace(api.upload, path=re.sub(r"^https://[^/]+", url, api.upload.path))
    return replace(api, base_url=url, operations=tuple(quick), upload=upload)


@pytest.fixture(scope="module")
def world(
    job_documents: ModuleType, media: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The providers that all tests of this file order from."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "BUSY_WAITS_SECONDS", (0.0, 0.0, 0.0))
        yield World(job_documents, media, tmp_path_factory.mktemp("homes"), stack)


def model_of(operation: Operation, documents: dict[str, Any]) -> str:
    first = operation.models[0]
    return str(documents.get("models", {}).get(first, first))


def wish_of(operation: Operation, run: Run, media: dict[str, bytes], documents: dict[str, Any], *, full: bool) -> Wish:
    """Return a wish of all that an operation takes, at its limits; or of what it needs alone."""
    samples = {**SAMPLES, **documents.get("samples", {})}
    takes = {name: take for name, take in operation.takes.items() if full or take.needed}
    values: dict[Any, Any] = {
        name: value_of(name, take, samples, full=full) for name, take in takes.items() if name not in FILES
    }
    files: dict[Any, Any] = {
        name: given(name, take, run, media, full=full) for name, take in takes.items() if name in FILES
    }
    return Wish(task=operation.task, values=values, files=files)  # type: ignore[arg-type]


def value_of(name: str, take: Take, samples: dict[str, Value], *, full: bool) -> Value:
    if take.of:
        return take.of[-1 if full else 0]
    sample = samples.get(name)
    if isinstance(sample, str):
        if full and take.span.most and name != "title":
            return sample[:1] * int(take.span.most)
        return f"{sample}!" if full and name in ("prompt", "text") else sample
    if isinstance(sample, bool) or take.span.most is None:
        return sample if sample is not None else int(take.span.least or 1)
    end = take.span.most if full else take.span.least or take.span.most
    return int(end) if end == int(end) else end


def given(name: str, take: Take, run: Run, media: dict[str, bytes], *, full: bool) -> tuple[str, ...]:
    """Return handles of files that a provider might fetch itself, too."""
    kind, media_type = {"sound": ("sound", "audio/wav"), "video": ("video", "video/mp4")}.get(
        name, ("picture", "image/png")
    )
    count = int(max(take.span.least or 1, min(take.span.most or 1, 3) if full else 1)) if name == "pictures" else 1
    facts = {"address": f"https://media.example.com/{name}"}
    # Bytes behind the end of a PNG file are not looked at: the pictures look the same, and are several.
    marks = [f"{name}{number}".encode() if kind == "picture" else b"" for number in range(count)]
    return tuple(
        run.put(
            media[kind + "-all" * full] + mark, name=f"{name}.{media_type[-3:]}", media_type=media_type, facts=facts
        ).handle
        for mark in marks
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_file_says_where_it_was_read_and_when(name: str) -> None:
    api = APIS[name]
    assert all(re.search(r"\(20\d\d-\d\d-\d\d\)$", one) for one in api.pages)
    assert api.key
    assert api.note


@pytest.mark.parametrize("name", NAMES)
def test_a_price_is_of_what_can_be_ordered(name: str) -> None:
    table = tomllib.loads((OURS / f"{name}.toml").read_text(encoding="utf-8"))
    for key in read_prices(table.get("price", {}), name):
        pattern, *terms = key.split(ORDERED)
        said = dict(one.split("=") for one in terms)
        able = [one for one in APIS[name].operations if any(_alike(pattern, model) for model in one.models)]
        assert any(_takes(one, said) for one in able), f"nothing that can be ordered has the price {key!r}"


def _alike(one: str, other: str) -> bool:
    return fnmatchcase(one, other) or fnmatchcase(other, one)


def _takes(operation: Operation, said: dict[str, str]) -> bool:
    """Tell whether an operation may be ordered with such values, and with so many files."""
    return all(
        value == operation.task
        if name == "task"
        else int(value) <= (operation.takes[name].span.most or 1 if name in operation.takes else 0)
        if name in FILES
        else name in operation.takes
        and (not (of := operation.takes[name].of) or value in [str(one).lower() for one in of])
        for name, value in said.items()
    )


@one_loop
@pytest.mark.parametrize(("api", "operation"), OPERATIONS)
@pytest.mark.parametrize("full", [False, True], ids=["least", "all"])
async def test_an_order_is_as_its_documents_say_and_is_brought(
    api: JobApi, operation: Operation, full: bool, world: World
) -> None:
    made, server = await world.order(api, operation, world.run, full=full)
    assert server.faults == []
    if operation.result.files or operation.result.encoding == "body":
        begins = {"draw": "image/", "film": "video/"}.get(operation.role, "audio/")
        assert [one.media_type.startswith(begins) for one in made.files] == [True]
    else:
        assert made.texts
    sent = [one for one in server.asked if one.startswith("POST ")]
    assert sent.count(sent[-1]) == 1, "it was ordered twice"


@one_loop
@pytest.mark.parametrize("name", NAMES)
async def test_refusals_are_told_apart(name: str, world: World) -> None:
    api, server, run = APIS[name], world.servers[name], world.opened(f"{name}-refuses")
    for reply in server.documents["error"]:
        kind, words = EXPECTED[reply["kind"]]
        with pytest.raises(kind, match=words), server.replying(reply):
            await world.order(api, _refused(api, reply, world.documents), run)


def _refused(api: JobApi, reply: dict[str, Any], job_documents: ModuleType) -> Operation:
    """Return the first operation that is answered so."""
    if "of" not in reply:
        return api.operations[0]
    asked = job_documents.pattern(reply["of"])
    polled = [(one, one.poll.path.partition("?")[0]) for one in api.operations if one.poll]
    job = {"google": "models/veo/operations/1"}.get(api.name, "job-1")
    return next(one for one, path in polled if asked.fullmatch(f"GET {path.replace('{job}', job)}"))


@one_loop
@pytest.mark.parametrize(
    ("api", "operation"), [one for one in OPERATIONS if getattr(one.values[1], "lookup", None) is not None]
)
async def test_an_order_whose_answer_is_lost_is_found_and_not_ordered_twice(
    api: JobApi, operation: Operation, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LOOK_UP_SECONDS", 0.0)
    world.servers[api.name].loses_one = True
    made, server = await world.order(api, operation, world.another)
    assert (made.files or made.texts) and server.faults == []
    assert len([one for one in server.asked if one.startswith("POST ")]) == 1


def test_every_documented_request_is_made_by_some_operation(world: World) -> None:
    unused = []
    for name, api in APIS.items():
        documents = world.servers[name].documents
        uploads = [one.upload.path for one in [*api.operations, api] if one.upload]
        paths = {one.submit.path.replace("{model}", model_of(one, documents)) for one in api.operations}.union(uploads)
        sent = [f"POST /{re.sub(r'^https://[^/]+/', '', one).lstrip('/').partition('?')[0]}" for one in paths]
        for request in (one for one in documents["request"] if one["is"].startswith("POST ")):
            known = world.documents.pattern(request["is"])
            if not any(known.fullmatch(re.sub(r"\{[a-z]+\}", "x", one)) for one in sent):
                unused.append(f"{name}: {request['is']}")
    assert unused == []


@one_loop
async def test_a_prompt_of_midjourney_carries_what_has_no_field(world: World) -> None:
    api = APIS["midjourney"]
    _, server = await world.order(api, api.operations[0], world.opened("prompts"), full=True)
    assert server.bodies[0]["prompt"] == "A kite over a lake! --ar 21:9 --no blur --seed 4294967295"


@one_loop
async def test_what_is_made_longer_at_kling_is_named_by_its_video(world: World) -> None:
    api = APIS["kling"]
    made, _ = await world.order(api, api.operations[0], world.opened("videos"))
    assert made.job == "video-7"


@one_loop
async def test_a_voice_that_minimax_keeps_has_the_name_that_it_was_given(world: World) -> None:
    api = APIS["minimax"]
    operation = next(one for one in api.operations if one.task == "clone")
    made, server = await world.order(api, operation, world.opened("voices"))
    assert made.texts == (server.bodies[-1]["voice_id"],)
