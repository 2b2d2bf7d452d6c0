"""The key of an endpoint is in its requests and nowhere else: a canary key, and everything searched."""

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest

from sensorium.agent.cli import main

CANARY = "sk-canary-0a1b2c3d"
ECHO = {"error": {"message": f"Incorrect API key provided: {CANARY}", "headers": {"authorization": f"Bearer {CANARY}"}}}
PLAN = {
    "goal": "Look",
    "steps": [
        {"id": "facts", "tool": "image_facts", "args": {"media": "$files[0]"}},
        {"id": "seen", "tool": "look_at", "args": {"media": "$files[0]", "question": "What is it?"}, "optional": True},
    ],
}
SEEN = json.dumps({"answer": "A kite."})
Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def home(tmp_path: Path, server: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose models are at the scripted server, behind the canary key."""
    folder = tmp_path / "home"
    folder.mkdir()
    house = f'[providers.house]\nbase_url = "{server.url}"\nkey = "HOUSE_KEY"\ntakes = ["picture"]\n'
    price = "[providers.house.price]\ninput_tokens = 1\noutput_tokens = 10\n"
    (folder / "sensorium.toml").write_text(f'[models]\nthink = "house:big"\nsee = "house:eye"\n{house}{price}')
    monkeypatch.setenv("SENSORIUM_HOME", str(folder))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    monkeypatch.setenv("HOUSE_KEY", CANARY)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command, and return its exit code with all it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.mark.parametrize("fails", [False, True])
def test_no_command_prints_or_stores_it(
    home: Path, cli: Cli, server: Any, script: ModuleType, making: ModuleType, *,
    caplog: pytest.LogCaptureFixture, fails: bool,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    making.slide("A kite").save("kite.png")

    def answer(request: dict[str, Any]) -> Any:
        if request["model"] == "eye":
            return script.Reply(status=400, body=ECHO) if fails else script.whole(SEEN)
        if any(one["role"] == "tool" for one in request["messages"]):
            return script.says("It is a kite [seen.m1].")
        return script.calls(("make_plan", PLAN))

    server.answering = answer
    said = [
        cli("run", "What is it?", "kite.png", "--json", "--budget-usd", "1", "-o", "out"),
        cli("show", "last", "--json"),
        cli("show", "last"),
        cli("runs", "--json"),
        cli("plan", "What is it?", "kite.png", "--json"),
        cli("doctor"),
    ]
    assert {one["model"] for one in server.requests} == {"big", "eye"}
    assert len(json.loads(said[1][1])["orders"]) >= 3
    assert [headers["authorization"] for headers in server.headers] == [f"Bearer {CANARY}"] * len(server.requests)
    server.answering = lambda request: script.Reply(status=401, body=ECHO)
    refused = cli("run", "What is it, really?", "kite.png")
    assert refused[0] == 3 and "`house` refused the key in `HOUSE_KEY` (401). Set `HOUSE_KEY` anew." in refused[1]
    assert CANARY not in "".join(text for _, text in [*said, refused]) + caplog.text
    written = [one for folder in (home, Path("out")) for one in folder.rglob("*") if one.is_file()]
    assert {"library.db", "checkpoints.db"} <= {one.name for one in written}
    assert not [one for one in written if CANARY.encode() in one.read_bytes()]


def test_a_single_call_tells_what_it_cost(
    home: Path, cli: Cli, server: Any, script: ModuleType, making: ModuleType
) -> None:
    making.slide("A kite").save("kite.png")
    server.play(script.whole(SEEN))
    code, said = cli("tool", "look_at", json.dumps({"media": "kite.png", "question": "What is it?"}), "--json")
    assert code == 0, said
    assert "spent      $0.000081" in said
    result = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert result["cost_usd"] == pytest.approx(11e-6 + 70e-6)


def test_a_server_that_repeats_it_in_its_answers_brings_it_nowhere(
    home: Path, cli: Cli, server: Any, script: ModuleType, making: ModuleType, *, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    making.slide("A kite").save("kite.png")
    encoded = base64.b64encode(f"key:{CANARY}".encode()).decode()
    forms = [CANARY, encoded, quote(f"/{CANARY}/", safe=""), CANARY.encode().hex(), CANARY[:12], CANARY[6:]]

    def answer(request: dict[str, Any]) -> Any:
        if request["model"] == "eye":
            return script.whole(json.dumps({"answer": f"A kite {' '.join(forms)}."}))
        if any(one["role"] == "tool" for one in request["messages"]):
            text = f"It is a kite [seen.m1]. {' '.join(forms)} It is {CANARY[:9]}"
            return script.says(*(text[at : at + 3] for at in range(0, len(text), 3)))
        steps = [PLAN["steps"][0], {**PLAN["steps"][1], "args": {"media": "$files[0]", "question": f"Is it {CANARY}?"}}]  # type: ignore[dict-item]
        return script.calls(("make_plan", {"goal": f"Use {encoded}", "steps": steps}), text=f"I know {CANARY}. ")

    server.answering = answer
    said = [
        cli("run", f"What is it, {CANARY}?", "kite.png", "--json", "--yes", "-o", "out"),
        cli("show", "last", "--json"),
        cli("show", "last"),
        cli("threads", "--json"),
        cli("export", "last"),
        cli("tool", "look_at", json.dumps({"media": "kite.png", "question": f"{CANARY}?"}), "--json", "-o", "out"),
    ]
    assert {one["model"] for one in server.requests} == {"big", "eye"}
    written = [one for folder in (home, Path("out")) for one in folder.rglob("*") if one.is_file()]
    places = {f"{number}": text for number, (_, text) in enumerate(said)} | {"log": caplog.text}
    places |= {str(one): one.read_bytes().decode("latin-1") for one in written}
    found = {(place, form) for place, text in places.items() for form in (*forms, CANARY[:9]) if form in text}
    assert not found
    assert "[secret]" in said[0][1]
