"""Keys and tokens are in no result, log or file of the server, whoever repeats them."""

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.secret_logs import SecretFilter
from sensorium.tools.base.settings import Settings

KEY = "sk-canary-9f8e7d6c5b4a"
TOKEN = "token-of-the-first-client"


@pytest.fixture
def settings(tmp_path: Path, server: Any) -> Settings:
    """Settings whose model that sees is at the scripted server, behind the canary key."""
    house = Endpoint(name="house", base_url=server.url, key="HOUSE_KEY", secret=KEY, takes=("picture",))
    return Settings(home=tmp_path / "home", offline=True, models={"see": "house:eye"}, endpoints={"house": house})


async def test_no_result_log_or_file_has_one(
    settings: Settings,
    serve: Callable[..., Any],
    running: Callable[..., Any],
    server: Any,
    script: ModuleType,
    *,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.addFilter(SecretFilter())  # as `guard_process` gives to all handlers of the server
    forms = [KEY, base64.b64encode(f"Bearer {KEY}".encode()).decode()[6:], KEY.encode().hex(), KEY[4:16]]
    server.answering = lambda request: script.whole(json.dumps({"answer": f"A key: {' '.join(forms)}"}))
    said: list[str] = []
    async with running(serve(approved=True)) as web, web.client() as client:
        for tool, arguments in (
            ("look_at", {"media": "slide.png", "question": f"Is it {TOKEN}?"}),
            ("look_at", {"media": f"{TOKEN}.png", "question": "What is it?"}),
            ("look_at", {"media": "slide.png", "question": "What?", TOKEN: KEY}),
            ("run_agent", {"request": f"What is on it, {TOKEN}?", "files": ["slide.png"]}),
        ):
            result = await client.call_tool(tool, arguments)
            said.append(result.model_dump_json())
    assert server.requests and all(one["authorization"] == f"Bearer {KEY}" for one in server.headers)
    assert "[secret]" in said[0] and "[secret]" in said[1]
    streams = capfd.readouterr()
    places = {f"result {number}": text for number, text in enumerate(said)}
    places |= {"log": caplog.text, "out": streams.out, "err": streams.err}
    places |= {str(one): one.read_bytes().decode("latin-1") for one in settings.home.rglob("*") if one.is_file()}
    assert not {(place, form) for place, text in places.items() for form in (*forms, TOKEN) if form in text}
