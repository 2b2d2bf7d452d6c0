import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sensorium.tools.base.errors import UnavailableError
from sensorium.tools.base.hub import REMEMBER_SECONDS, Hub
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings

REVISION = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "Systran/faster-whisper-tiny"

# In a process of its own, because the address of the hub is read once, when its package is imported.
TRANSCRIBE = """
import asyncio, json, subprocess, sys
from pathlib import Path
from sensorium.tools.base.call import perform
from sensorium.tools.base.decoders import nursery
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings

async def main():
    run = Run.open(Settings(home=Path(sys.argv[1]), models={"hear": "faster-whisper:tiny"}))
    outcomes = [await perform("transcribe", {"media": sys.argv[2]}, run) for _ in range(2)]
    print(json.dumps([[one.result.engine, one.cached, one.result.tried] for one in outcomes]))

if sys.argv[3] == "no new process":
    nursery(Settings(home=Path(sys.argv[1])))  # the one that opens media is there already
    subprocess.Popen = None
asyncio.run(main())
"""


class FakeHub(http.server.BaseHTTPRequestHandler):
    """The parts of the hub's protocol that a download of a model uses."""

    folder: Path

    def do_HEAD(self) -> None:
        self._file(body=False)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == f"/api/models/{REPOSITORY}/revision/main":
            self._json(
                {"id": REPOSITORY, "sha": REVISION, "siblings": [{"rfilename": one.name} for one in self._all()]}
            )
        elif path.startswith(f"/api/models/{REPOSITORY}/tree/"):
            self._json(
                [
                    {"type": "file", "path": one.name, "size": one.stat().st_size, "oid": _etag(one)}
                    for one in self._all()
                ]
            )
        else:
            self._file(body=True)

    def _all(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def _json(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _file(self, *, body: bool) -> None:
        file = self.folder / self.path.rpartition("/")[2]
        if not self.path.startswith(f"/{REPOSITORY}/resolve/") or not file.is_file():
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("ETag", f'"{_etag(file)}"')
        self.send_header("X-Repo-Commit", REVISION)
        self.send_header("Content-Length", str(file.stat().st_size))
        self.end_headers()
        if body:
            self.wfile.write(file.read_bytes())

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""


def _etag(file: Path) -> str:
    return hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.fixture
def hub_address(tiny_whisper: Path) -> Iterator[str]:
    handler = type("Handler", (FakeHub,), {"folder": tiny_whisper})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def transcribed(
    address: str, folder: Path, speech: Path, *, may: str = "anything"
) -> list[tuple[str, bool, list[str]]]:
    """Transcribe twice in a process of its own, with this hub."""
    hub = {"HF_ENDPOINT": address, "HF_HUB_CACHE": str(folder / "cache"), "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", TRANSCRIBE, str(folder / "home"), str(speech), may],
        env={**os.environ, **hub},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [tuple(one) for one in json.loads(done.stdout)]


@pytest.fixture
async def speech(run: Run) -> Path:
    from sensorium.tools.base.call import call

    return run.path((await call("speak", {"text": "The pendulum swings to the other side."}, run)).audio.handle)


def test_a_model_is_downloaded_once_and_then_found(hub_address: str, tmp_path: Path, speech: Path) -> None:
    first, again = transcribed(hub_address, tmp_path, speech)
    assert first[0].startswith("faster-whisper:tiny@")
    assert first[1:] == (False, [])
    assert again == (first[0], True, [])
    # With nobody at the address: the model is in the cache, so nothing is asked.
    assert transcribed("http://127.0.0.1:9", tmp_path, speech) == [again, again]


def test_a_hub_that_cannot_be_reached_costs_one_try(tmp_path: Path, speech: Path) -> None:
    first, again = transcribed("http://127.0.0.1:9", tmp_path, speech)
    assert first == (
        "pocketsphinx:en-us",
        False,
        ["faster-whisper:tiny: 'Systran/faster-whisper-tiny' is not on this machine, and 127.0.0.1 does not answer."],
    )
    assert again[:2] == ("pocketsphinx:en-us", True)


def test_when_the_failure_is_forgotten_the_draft_is_not_made_again(tmp_path: Path, speech: Path) -> None:
    transcribed("http://127.0.0.1:9", tmp_path, speech)
    note = tmp_path / "home" / "hub-unreachable"
    long_ago = time.time() - REMEMBER_SECONDS - 1
    os.utime(note, (long_ago, long_ago))
    # Recognition needs a process, so it would fail.
    first, again = transcribed("http://127.0.0.1:9", tmp_path, speech, may="no new process")
    assert (first[0], again[0]) == ("pocketsphinx:en-us", "pocketsphinx:en-us")
    assert note.stat().st_mtime > long_ago + REMEMBER_SECONDS


def test_a_download_that_is_switched_off_is_not_tried(settings: Settings, run: Run) -> None:
    with pytest.raises(UnavailableError, match=r"downloads are switched off \(`SENSORIUM_OFFLINE`\)"):
        Hub(settings).download(REPOSITORY, ["model.bin"], run)
