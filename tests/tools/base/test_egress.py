"""What left this machine, to the byte, whatever became of it."""

import base64
import io
import wave
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.tools.base import posting
from sensorium.tools.base.contents import Contents, contents_of
from sensorium.tools.base.endpoints import Endpoint, ServedModel
from sensorium.tools.base.errors import ProviderError, StorageError
from sensorium.tools.base.posting import post
from sensorium.tools.base.run import Run

PATH = "/chat/completions"


def served(url: str, **more: Any) -> ServedModel:
    return ServedModel(endpoint=Endpoint(name="house", base_url=url, **more), name="eye", role="see")


async def ask(run: Run, model: ServedModel, body: Any, **more: Any) -> None:
    async with post(model, PATH, body, egress=run.egress, **more) as response:
        await response.aread()


def sound(seconds: float) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * round(8000 * seconds))
    return out.getvalue()


def test_pictures_sound_and_text_are_told_apart() -> None:
    picture = base64.b64encode(b"x" * 1000).decode()
    content = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
        {"type": "input_audio", "input_audio": {"data": picture, "format": "wav"}},
    ]
    held = contents_of({"messages": [{"content": content}]})
    assert held == Contents(
        characters=len("What is it?") + sum(map(len, ("text", "image_url", "input_audio"))),
        pictures=1, picture_bytes=1000, sound_bytes=1000,
    )  # fmt: skip
    heard = contents_of({"model": "ear"}, {"file": ("a.wav", sound(1.5), "audio/wav")})
    assert heard == Contents(characters=3, sound_seconds=1.5, sound_bytes=24044)
    assert contents_of({}, {"file": ("a.mp3", b"\xff\xfb", "audio/mpeg")}) == Contents(sound_bytes=2)


def test_what_is_written_already_is_counted_as_what_it_says() -> None:
    assert contents_of('{"messages": [{"content": "你好"}]}'.encode()) == Contents(characters=2)


async def test_every_try_counts_and_knows_what_was_sent(
    run: Run, server: Any, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "BUSY_WAITS_SECONDS", (0.0,))
    server.play(script.Reply(status=429, body="busy"), script.whole("A kite."))
    await ask(run, served(server.url), {"messages": [{"content": "Was?"}]})
    rows = run.egress.rows()
    assert [(one.state, one.host, one.to, one.role, one.is_local) for one in rows] == [
        ("sent", server.url.split("/")[2], "house:eye", "see", True)
    ] * 2
    assert [int(one["content-length"]) for one in server.headers] == [one.bytes for one in rows]
    (total,) = run.egress.totals()
    assert (total.requests, total.contents.characters) == (2, 8)


async def test_what_found_no_connection_was_not_sent(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "REFUSED_WAITS_SECONDS", ())
    with pytest.raises(ProviderError, match="connection was refused"):
        await ask(run, served("http://127.0.0.1:9/v1"), {})
    assert [one.state for one in run.egress.rows()] == ["not sent"]
    assert run.egress.totals() == []


async def test_what_broke_off_was_sent(run: Run, server: Any, script: ModuleType) -> None:
    server.play(script.Reply(status=500, body="broken"))
    with pytest.raises(ProviderError):
        await ask(run, served(server.url), {})
    assert [one.state for one in run.egress.rows()] == ["sent"]


async def test_what_nobody_saw_the_end_of_may_have_been_sent(run: Run) -> None:
    run.egress.begin(role="see", host="models.example", bytes=10)
    (total,) = run.begin(run.id).egress.totals()
    assert (total.host, total.is_local, total.requests, total.unsure) == ("models.example", False, 1, 1)


async def test_what_cannot_be_written_down_is_not_sent(run: Run, server: Any) -> None:
    run.library.rows(f"PRAGMA max_page_count={run.library.rows('PRAGMA page_count')[0][0]}")
    with pytest.raises(StorageError):
        while True:
            run.egress.begin(role="fill", host="x" * 9)
    with pytest.raises(StorageError, match="cannot be written"):
        await ask(run, served(f"{server.url}/{'x' * 4000}"), {"messages": ["x" * 4000]})
    assert server.requests == []


async def test_runs_are_apart(run: Run) -> None:
    run.egress.begin(role="fetch", host="example.com:8080")
    assert run.begin("another").egress.rows() == []


def test_a_port_and_a_loopback_address_are_read_right(run: Run) -> None:
    for host in ("[::1]:11434", "127.0.0.1:8", "example.com:443", "8.8.8.8"):
        run.egress.begin(role="think", host=host)
    assert [one.is_local for one in run.egress.rows()] == [True, True, False, False]


def test_the_library_of_an_older_release_gets_the_ledger(tmp_path: Path) -> None:
    import sqlite3

    from sensorium.tools.base.library import MIGRATIONS, Library

    old = sqlite3.connect(tmp_path / "library.db")
    for script in MIGRATIONS[:5]:
        old.executescript(script)
    old.execute("PRAGMA user_version=5")
    old.close()
    library = Library(tmp_path)
    assert library.rows("SELECT count(*) FROM egress") == [(0,)]
    library.close()


def test_an_address_that_is_asked_is_noted_with_its_host_and_its_length(run: Run) -> None:
    with run.egress.asking("example.com", "https://example.com/a?token=0123456789"):
        assert [one.state for one in run.egress.rows()] == ["sending"]
    (row,) = run.egress.rows()
    assert (row.role, row.host, row.to, row.state) == ("fetch", "example.com", "GET", "sent")
    assert row.contents.characters == len("https://example.com/a?token=0123456789")
    (total,) = run.egress.totals()
    assert (total.addresses, total.plain()["addresses"]) == (1, 1)
