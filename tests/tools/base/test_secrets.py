"""Secrets are struck whole, encoded, in part and over the seams of pieces, and nothing else is."""

import base64
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from pydantic import BaseModel

from sensorium.tools.base import secrets
from sensorium.tools.base.errors import EvidenceError, ProviderError, ToolError
from sensorium.tools.base.run import Run
from sensorium.tools.base.secret_logs import SecretFilter, logger_of
from sensorium.tools.base.secrets import MARK, Stream, redact, redact_model, redact_plain
from sensorium.tools.base.user_facts import UserFacts

KEY = 'sk-cañary+/"0a1b2c3d4e5f'
PLAIN = "sk-plain-9z8y7x6w5v4u"


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(secrets, "_known", {})
    secrets.know(KEY, PLAIN, "short")
    yield


@pytest.mark.parametrize("key", [KEY, PLAIN])
@pytest.mark.parametrize(
    "write",
    [
        str,
        json.dumps,
        lambda key: json.dumps(key, ensure_ascii=False),
        lambda key: json.dumps(json.dumps(key)),
        lambda key: quote(key, safe=""),
        quote_plus,
        lambda key: quote(key, safe="").lower(),
        lambda key: "".join(f"%{one:02X}" for one in key.encode("latin-1")),
        lambda key: "".join(f"\\u{ord(one):04x}" for one in key),
        lambda key: "".join(f"&#{ord(one)};" for one in key),
        lambda key: "".join(f"&#x{ord(one):X};" for one in key),
        lambda key: base64.b64encode(f"user:{key}".encode()).decode(),
        lambda key: base64.b64encode(f"us:{key}, a".encode()).decode(),
        lambda key: base64.urlsafe_b64encode(f"a{key}".encode()).decode(),
        lambda key: key.encode().hex(),
        lambda key: key.encode().hex().upper(),
        repr,
    ],
)
def test_it_is_struck_however_it_is_written(key: str, write: object) -> None:
    written = write(key)  # type: ignore[operator]
    struck = redact(f"before {written} after")
    assert MARK in struck
    assert struck.startswith("before ") and struck.endswith(" after")
    assert not [at for at in range(len(written) - 10) if written[at : at + 10] in struck]


@pytest.mark.parametrize(
    ("text", "struck"),
    [
        (f"it begins with {PLAIN[:12]}", f"it begins with {MARK}"),
        (f"it begins with {PLAIN[:8]}", f"it begins with {MARK}"),
        (f"Incorrect key: {PLAIN[:9]}********.", f"Incorrect key: {MARK}********."),
        (f"cut {PLAIN[:8]}… here", f"cut {MARK}… here"),
        (f"{PLAIN[-9:]} is its end", f"{MARK} is its end"),
        (f"…{PLAIN[-8:]} is its end", f"…{MARK} is its end"),
        (f"the middle {PLAIN[4:15]} alone", f"the middle {MARK} alone"),
        (f"{PLAIN}{PLAIN} twice", f"{MARK}{MARK} twice"),
        (f"x{PLAIN}x", f"x{MARK}x"),
        ("a short word, sk-pl and 9z8y", "a short word, sk-pl and 9z8y"),
        ("https://sk-plain.example/100%25", "https://sk-plain.example/100%25"),
    ],
)
def test_a_part_is_struck_where_it_helps_to_find_the_rest(text: str, struck: str) -> None:
    assert redact(text) == struck


@pytest.mark.parametrize("size", [1, 2, 3, 7, 19, 40])
@pytest.mark.parametrize("key", [KEY, PLAIN, base64.b64encode(PLAIN.encode()).decode()])
def test_the_pieces_of_a_stream_show_no_more_than_the_whole(key: str, size: int) -> None:
    text = f"It is {key}, sk-plan, s and {key}, {key[5:17]}, {key[:9]}…"
    stream = Stream()
    pieces = [stream.take(text[at : at + size]) for at in range(0, len(text), size)]
    told = "".join([*pieces, stream.rest()])
    assert told == redact(text)
    assert told.startswith("It is [secret]")


def test_a_stream_passes_text_on_at_once_where_no_secret_begins() -> None:
    assert Stream().take("A kite. ") == "A kite. "


def test_data_and_results_are_the_same_objects_when_nothing_is_struck() -> None:
    class Found(BaseModel):
        text: str
        names: list[str] = []

    clean = Found(text="A kite")
    assert redact_model(clean) is clean
    assert redact_model(Found(text=PLAIN, names=[f"{PLAIN}.txt"])) == Found(text=MARK, names=[f"{MARK}.txt"])
    plain = {"a": [1, "b"]}
    assert redact_plain(plain) is plain
    assert redact_plain({PLAIN: [PLAIN, 1, None]}) == {MARK: [MARK, 1, None]}


def test_an_error_never_holds_one(run: Run) -> None:
    assert PLAIN not in str(ProviderError(f"{PLAIN} was refused", may_be_paid=True))
    assert str(ToolError("https://me:pass-word@host/a")) == f"https://{MARK}@host/a"
    assert PLAIN not in "".join(EvidenceError("x", [PLAIN]).faults)


def test_a_log_never_holds_one(caplog: pytest.LogCaptureFixture) -> None:
    logger = logger_of("sensorium.tests.secrets")
    try:
        raise ValueError(PLAIN)
    except ValueError:
        logger.exception("failed with %s at %s", PLAIN, "https://me:pw12@host")
    assert PLAIN not in caplog.text
    assert f"failed with {MARK} at https://{MARK}@host" in caplog.text
    assert "ValueError: [secret]" in caplog.text
    record = logging.LogRecord("urllib3", logging.INFO, "", 1, "%s", (PLAIN,), None)
    assert SecretFilter().filter(record) and record.getMessage() == MARK


def test_what_a_tool_stores_as_text_has_none(run: Run) -> None:
    stored = run.put(f"key {PLAIN}".encode(), name="a.txt", media_type="text/plain")
    assert run.path(stored.handle).read_text() == f"key {MARK}"
    with run.workspace.scratch() as folder:
        (folder / "made.txt").write_text(f"key {PLAIN}, too")
        moved = run.put(folder / "made.txt", name="b.txt", media_type="text/plain")
    assert run.path(moved.handle).read_text() == f"key {MARK}, too"
    sound = run.put(b"RIFF" + PLAIN.encode(), name="a.wav", media_type="audio/wav")
    assert PLAIN.encode() in run.path(sound.handle).read_bytes()


def test_what_models_are_told_of_files_and_of_the_user_has_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / f"{PLAIN}.txt").write_text("words")
    assert run.workspace.adopt(tmp_path / f"{PLAIN}.txt").name == f"{MARK}.txt"
    facts = UserFacts(run.library)
    facts.add(f"my key is {PLAIN}")
    assert list(facts.all().values()) == [f"my key is {MARK}"]


@pytest.mark.parametrize("word", ["anything", "lm-studio", "not-needed"])
def test_a_word_that_stands_for_no_key_stays_a_word(word: str) -> None:
    secrets.know(word)
    assert redact(f"Ask {word} of it.") == f"Ask {word} of it."


def test_text_made_to_be_slow_is_not() -> None:
    started = time.perf_counter()
    for text in (PLAIN[:8] * 100_000, f"{PLAIN[:9]}*" * 50_000, "%73" * 200_000, PLAIN[5:11] * 100_000, "\\" * 200_000):
        redact(text)
    assert time.perf_counter() - started < 20


def test_the_environment_says_by_its_names_what_is_secret() -> None:
    environ = {
        "OPENAI_API_KEY": "aaaaaaaa", "HF_TOKEN": "bbbbbbbb", "SSH_KEY": "cccccccc", "X_TOKEN": "/a/path/to",
        "MAX_TOKEN": "100000000", "https_proxy": "http://me:dddddddd@proxy:1", "HOME": "eeeeeeee",
    }  # fmt: skip
    assert set(secrets.secrets_in(environ)) == {"aaaaaaaa", "bbbbbbbb", "me", "dddddddd"}


@pytest.mark.parametrize("where", ["main", "thread", "log"])
def test_a_program_that_dies_tells_none(where: str) -> None:
    import subprocess
    import sys

    fail = {
        "main": "raise ValueError(key)",
        "thread": "import threading; threading.Thread(target=lambda: {}[key]).start()",
        "log": "logging.getLogger('other.library').warning('sent %s', key)",
    }[where]
    code = (
        "import logging, sys; from sensorium.tools.base.secret_logs import guard_process; logging.basicConfig();"
        "from sensorium.tools.base.secrets import know;"
        f"guard_process(); key = sys.argv[1]; know(key); {fail}"
    )
    ended = subprocess.run([sys.executable, "-c", code, PLAIN], capture_output=True, text=True, check=False)
    assert MARK in ended.stderr and PLAIN not in ended.stderr
