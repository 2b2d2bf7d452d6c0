"""Whatever bytes come in, what reads them raises nothing but errors of our own, in little time and memory."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FUZZ = Path(__file__).parent / "fuzz"
ATHERIS_SECONDS = 18
MOST_MB = 1024
EXAMPLES = 60
"""For each strategy, so that all of them take some seconds."""


def _load() -> ModuleType:
    name = "sensorium_fuzz_targets"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FUZZ / "targets.py")
        assert spec and spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


TARGETS = _load()
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in procfs")
bounded = settings(
    max_examples=EXAMPLES, deadline=5000, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

ODD = st.sampled_from(
    ["", "a", "$a", "$a.b[0]", "${a.b}", "$files[0]", "$item", "*", "re:(", "a:b", "http://a.b/v1", "file:///etc/passwd",
     "sk-canary", "\ud800".encode("utf-8", "replace").decode(), "\x1b[2J", "é", "-1", "1e999", "KEY", "ask", "safe",
     "picture", "text", "0" * 400, "$" * 50, "../../x", "artifact://sha256/aa"]
)  # fmt: skip
NUMBERS = st.integers(-3, 70) | st.sampled_from([2**31, 2**63 - 1, -(2**63)]) | st.floats()
LEAVES = ODD | NUMBERS | st.booleans()
WORDS = (
    "id", "tool", "args", "steps", "goal", "depends_on", "for_each", "optional", "media", "task_nodes", "task_links",
    "task", "arguments", "name", "source", "target", "dep", "kind", "sensorium", "request", "inputs", "written_after",
)  # fmt: skip
SETTINGS = (
    "base_url", "key", "takes", "price", "models", "quirks", "timeout_seconds", "max_tokens", "think", "see", "hear",
    "input_tokens", "output_tokens", "usd", "ask_above_usd", "rules", "tool", "decision", "argument", "matches",
    "tainted", "reason", "allow", "ports", "max_bytes", "seconds", "offline", "degrade", "step_timeout", "kind",
    "concurrent", "context", "pictures", "transcripts", "local_only", "wall_seconds", "memory_bytes",
)  # fmt: skip
CHAT = (
    "choices", "index", "delta", "message", "content", "tool_calls", "function", "name", "arguments", "id", "type",
    "finish_reason", "usage", "error", "code", "reasoning_content", "object", "model", "prompt_tokens",
)  # fmt: skip
CELLS = (
    "cells", "cell_type", "source", "outputs", "output_type", "text", "data", "metadata", "kernelspec", "language",
    "nbformat", "text/plain", "worksheets", "input", "language_info", "name",
)  # fmt: skip


def trees(words: tuple[str, ...]) -> "st.SearchStrategy[Any]":
    """Return plain data whose names are those that are looked for."""
    names = st.sampled_from(words)
    return st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner), max_leaves=25
    )


def seeded(name: str) -> "st.SearchStrategy[bytes]":
    """Return a seed with some of its bytes exchanged, cut out or put twice."""

    @st.composite
    def mutated(draw: Callable[..., Any]) -> bytes:
        data = bytearray(draw(st.sampled_from(TARGETS.SEEDS[name])))
        for _ in range(draw(st.integers(0, 6))):
            at = draw(st.integers(0, len(data)))
            until = min(len(data), at + draw(st.integers(0, 9)))
            data[at:until] = draw(st.binary(max_size=6) | st.just(bytes(data[at:until]) * 3))
        return bytes(data)

    return st.binary(max_size=300) | mutated()


@pytest.mark.parametrize("name", TARGETS.TARGETS)
def test_changed_bytes_are_read_or_refused(name: str) -> None:
    @bounded
    @given(seeded(name))
    def hold(data: bytes) -> None:
        TARGETS.TARGETS[name](data)

    hold()


def _as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _as_toml(value: Any) -> bytes:
    return tomli_w.dumps(value).encode()


SHAPES: dict[str, tuple[str, Any, Callable[[Any], bytes]]] = {
    "plans": ("plans", trees(WORDS), _as_json),
    "plans of steps": ("plans", st.fixed_dictionaries({"steps": st.lists(trees(WORDS), max_size=4)}), _as_json),
    "recipes": ("recipes", st.dictionaries(st.sampled_from(WORDS), trees(WORDS)), _as_toml),
    "settings": (
        "settings",
        st.dictionaries(
            st.sampled_from(("models", "policy", "budget", "fetch", "sandbox", "offline", "step_timeout")),
            trees(SETTINGS),
        ),
        _as_toml,
    ),
    "providers": (
        "settings",
        st.fixed_dictionaries(
            {
                "models": st.just({"think": "a:b"}),
                "providers": st.fixed_dictionaries({"a": st.dictionaries(st.sampled_from(SETTINGS), trees(SETTINGS))}),
            }
        ),
        _as_toml,
    ),
    "answers of models": ("completions", trees(CHAT), _as_json),
    "notebooks": ("sources", st.fixed_dictionaries({"cells": st.lists(trees(CELLS), max_size=4)}), _as_json),
    "letters": ("parcels", trees((*WORDS, "$", "at", "dtype", "shape", "moments", "text", "seconds")), _as_json),
    "arguments": ("arguments", st.dictionaries(st.sampled_from(("media", "url", "code", "files")), LEAVES), _as_json),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_data_of_the_right_shape_and_wrong_content_is_read_or_refused(shape: str) -> None:
    target, values, write = SHAPES[shape]

    @bounded
    @given(values)
    def hold(value: Any) -> None:
        TARGETS.TARGETS[target](write(value))

    hold()


@bounded
@given(
    body=st.dictionaries(st.text(max_size=5), ODD | st.integers() | st.floats(allow_nan=False, allow_infinity=False)),
    blobs=st.lists(st.binary(max_size=60), max_size=4),
    cut=st.integers(0, 400),
)
def test_a_frame_arrives_as_it_was_sent_or_not_at_all(body: dict[str, Any], blobs: list[bytes], cut: int) -> None:
    import socket

    from sensorium.tools.sandbox.channel import Channel, ChannelError

    raw, written = socket.socketpair()
    here, there = socket.socketpair()
    with raw, written, here, there:
        Channel(written).send(body, blobs)
        sent = raw.recv(1 << 16)
        here.sendall(sent[:cut])
        here.shutdown(socket.SHUT_WR)
        try:
            got = Channel(there).receive(5.0)
        except ChannelError:
            assert cut < len(sent)
        else:
            assert (got.body, got.blobs) == (body, blobs)
            assert cut >= len(sent)


def test_what_a_fuzzer_guided_by_coverage_thinks_of_is_read_or_refused(
    tmp_path: Path, environment: Callable[[Path], dict[str, str]]
) -> None:
    if importlib.util.find_spec("atheris") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("atheris is not installed, and on CI nothing is left out")
        pytest.skip("atheris is not installed; it is there for Linux only")
    options = [f"-max_total_time={ATHERIS_SECONDS}", f"-rss_limit_mb={MOST_MB}", "-timeout=10", "-max_len=2048"]
    command = [sys.executable, str(FUZZ / "run.py"), "all", str(tmp_path / "corpus"), *options]
    ended = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env={**environment(tmp_path), "TMPDIR": str(tmp_path)},
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert "Done " in ended.stderr
