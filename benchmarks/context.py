"""What a model is sent: bytes and tokens of plans against a serial loop, and of a long conversation with pictures.

python benchmarks/context.py

The model is a scripted server on loopback. The serial loop is counted, not run: the same tools with the same results,
one call each, and every result in full in each later request.
"""

import asyncio
import importlib.util
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from PIL import Image
from pydantic import BaseModel, Field
from samples import TALK
from videos import slides

from sensorium.agent.assistant import Assistant
from sensorium.tools.base.abilities import Ability
from sensorium.tools.base.catalog import catalog
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.moments import Findings, Moment, Source
from sensorium.tools.base.pictures import jpeg
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tokens import text_tokens
from sensorium.tools.base.tool import Tool, tool
from sensorium.tools.base.workspace import Artifact

REQUEST = "Analyze this video and write a report"
PERCEIVED = {"scenes": "find_scenes", "text": "read_text", "speech": "transcribe"}
TURNS = 40
PICTURES_A_TURN = (2, 3)
COUNTED = 20
"""Turns after which the databases are measured too."""


class Passage(BaseModel):
    """A result of 4 KB."""

    text: str


class Shot(Findings):
    """A picture that was looked at."""

    picture: Artifact


@tool(effect="pure", resource="cpu")
async def fetch(
    number: Annotated[int, Field(description="Which one.")],
    after: Annotated[list[str] | None, Field(description="What must be there first.")] = None,
    *,
    run: Run,
) -> Passage:
    """Return a passage of about 4 KB."""
    return Passage(text=" ".join(f"fact{number}-{place:03}" for place in range(340))[:4096])


@tool(effect="pure", resource="cpu")
async def glance(number: Annotated[int, Field(description="Which one.")], *, run: Run) -> Shot:
    """Look at a picture and return it with what is on it."""
    image = Image.radial_gradient("L").resize((1280, 720)).convert("RGB").point(lambda value: (value + number) % 256)
    picture = run.put(jpeg(image, 60), name=f"{number}.jpg", media_type="image/jpeg")
    said = f"Picture {number}: " + "a desk with a lamp, two books and a cup; " * 6
    seen = Moment(kind="picture", start_seconds=float(number), text=said, source=Source(tool="glance"))
    return Shot(picture=picture, moments=[seen])


def scripted() -> Any:
    """Return the scripted server of the tests."""
    file = Path(__file__).parent.parent / "tests" / "scripted.py"
    spec = importlib.util.spec_from_file_location("scripted", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def opened(home: Path, url: str, tools: Mapping[str, Tool] | None = None) -> Assistant:
    endpoint = Endpoint(name="bench", base_url=url, models=(Ability(takes=("picture",)),))
    settings = Settings(home=home, offline=True, models={"think": "bench:m"}, endpoints={"bench": endpoint})
    return Assistant(settings, tools=tools)


def sent(value: Any) -> int:
    """Return the bytes of a request's body."""
    return len(json.dumps(value, ensure_ascii=False).encode())


def without_pictures(request: Mapping[str, Any]) -> dict[str, Any]:
    messages = [
        {**one, "content": [part for part in one["content"] if part["type"] == "text"]}
        if isinstance(one["content"], list)
        else one
        for one in request["messages"]
    ]
    return {**request, "messages": messages}


def pictures_in(request: Mapping[str, Any]) -> int:
    return json.dumps(request).count('"type": "image_url"')


def serial(first: Mapping[str, Any], steps: Sequence[tuple[str, Any, Any]]) -> tuple[int, int]:
    """Return calls and bytes of a loop that calls one tool after the other and keeps all it gave."""
    messages, total = list(first["messages"]), 0
    for number, (name, args, result) in enumerate(steps):
        total += sent({**first, "messages": messages})
        function = {"name": name, "arguments": json.dumps(args)}
        call = {"id": f"call_{number}", "type": "function", "function": function}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": json.dumps(result, ensure_ascii=False)})
    return len(steps) + 1, total + sent({**first, "messages": messages})


def row(what: str, requests: Sequence[Mapping[str, Any]], loop: tuple[int, int]) -> str:
    total = sum(map(sent, requests))
    tokens = sum(text_tokens(json.dumps(without_pictures(one), ensure_ascii=False)) for one in requests)
    own = f"{len(requests)} | {total / 1000:.1f} kB | {tokens:,} | {sum(map(pictures_in, requests))}"
    return f"| {what} | {own} | {loop[0]} | {loop[1] / 1000:.1f} kB | {total / loop[1]:.2f} × |"


async def report(folder: Path, script: Any, server: Any) -> str:
    """Return the row of a report on a video."""
    video = TALK if TALK.exists() else slides("talk", seconds=120, count=7).path  # ours has no sound
    perceived = PERCEIVED if TALK.exists() else {id: name for id, name in PERCEIVED.items() if id != "speech"}
    args = {"media": "$files[0]"}
    perceive = [{"id": id, "tool": name, "args": args, "optional": True} for id, name in perceived.items()]
    findings = [f"${one['id']}" for one in perceive]
    last = {"request": "$request", "media": ["$files[0]"], "findings": findings, "run_facts": "$run"}
    steps = [*perceive, {"id": "report", "tool": "write_report", "args": last}]
    server.play(script.calls(("make_plan", {"goal": REQUEST, "steps": steps})), script.says("The report is written."))
    with opened(folder / "report", server.url) as assistant:
        answer = await assistant.run(REQUEST, [video])
        results = {one.step: one.result for one in assistant.show(answer.run_id).steps}
    if any(one["status"] != "done" for one in answer.steps):
        sys.exit(f"the run did not do what is measured: {answer.steps}")
    done = [(one["tool"], one["args"], results[one["id"]]) for one in steps if one["id"] in results]
    return row(f"{video.name} → report, {len(done)} tools", server.requests, serial(server.requests[0], done))


async def passages(folder: Path, script: Any, server: Any) -> str:
    """Return the row of eight tools with 4 KB results, the last three of which use the others."""
    steps = [{"id": f"s{number}", "tool": "fetch", "args": {"number": number}} for number in range(8)]
    for step in steps[5:]:
        step["args"] = {"number": int(step["id"][1:]), "after": [f"${one['id']}.text" for one in steps[:5]]}
    server.play(script.calls(("make_plan", {"goal": "Fetch", "steps": steps})), script.says("Done."))
    with opened(folder / "passages", server.url, {**catalog(), "fetch": fetch}) as assistant:
        answer = await assistant.run("Fetch all")
        results = {one.step: one.result for one in assistant.show(answer.run_id).steps}
    done = [("fetch", {"number": number}, results[f"s{number}"]) for number in range(8)]
    return row("8 tools, results of 4 KB", server.requests, serial(server.requests[0], done))


async def conversation(folder: Path, script: Any, server: Any) -> list[str]:
    """Return the rows of a thread of turns in which pictures are looked at."""
    home, thread, number = folder / "talk", None, 0
    sizes: list[int] = []
    words: list[int] = []
    rows: list[str] = []
    most = 0
    for turn in range(TURNS):
        count = PICTURES_A_TURN[turn % 2]
        made = [("glance", {"number": number + place}) for place in range(count)]
        number += count
        server.requests.clear()
        server.play(script.calls(*made), script.says("Done. Tell me what I should look at next. " * 5))
        with opened(home, server.url, {"glance": glance}) as assistant:
            answer = await assistant.run(f"Look at the next {count} pictures and say what is new", thread=thread)
        thread = answer.thread
        last = server.requests[-1]
        sizes.append(sent(last))
        words.append(sent(without_pictures(last)))
        most = max(most, pictures_in(last))
        if turn + 1 in (COUNTED, TURNS):
            databases = {name: (home / name).stat().st_size / 1000 for name in ("library.db", "checkpoints.db")}
            kept = " + ".join(f"{name} {size:.0f} kB" for name, size in databases.items())
            rows.append(f"| databases after {turn + 1} turns and {number} pictures | {kept} |")
    counted = (1, 5, 10, 15, 20, 25, 30, 35, 40)
    shown = ", ".join(f"{words[turn - 1] / 1000:.1f}" for turn in counted)
    largest = sizes.index(max(sizes)) + 1
    return [
        f"| last request of turn {', '.join(map(str, counted))}, without pictures | {shown} kB |",
        f"| its largest, with at most {most} pictures | {max(sizes) / 1000:.0f} kB (turn {largest}) |",
        *rows,
    ]


async def main() -> None:
    script = scripted()
    print("| what | calls | sent | tokens, estimated | pictures | serial: calls | sent | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for work in (report, passages):
            with script.serving() as server:
                print(await work(Path(name), script, server), flush=True)
        print("\n| a conversation | figure |\n|---|---|")
        with script.serving() as server:
            print("\n".join(await conversation(Path(name), script, server)))


if __name__ == "__main__":
    asyncio.run(main())
