"""What reads bytes that anyone may have written: each target takes some, and fails where a promise is broken.

A promise: nothing but an error of our own is raised, and what can be written again is read as the same.
"""

import atexit
import io
import json
import os
import shutil
import socket
import tempfile
import tomllib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sensorium.agent.lint import check, errors, mend
from sensorium.agent.lint.finding import Finding
from sensorium.agent.plan import Plan, PlanError, calls, references, resolve
from sensorium.agent.plan_reader import ObjectReader
from sensorium.agent.recipe import read_recipe, write_recipe
from sensorium.agent.sse import Events
from sensorium.agent.stream import Completion, NotAChat, Refused
from sensorium.agent.tool_commands import read_arguments
from sensorium.tools.base.catalog import catalog
from sensorium.tools.base.errors import SensoriumError, SettingsError, ToolError
from sensorium.tools.base.length import declared_seconds, missing_bytes
from sensorium.tools.base.models import Utterance
from sensorium.tools.base.packing import PackError, letter_of
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.sniff import is_text, sniff
from sensorium.tools.base.subtitles import cues, srt, vtt
from sensorium.tools.base.unpacking import believed
from sensorium.tools.coding.languages import count_lines, language_of
from sensorium.tools.coding.source import read_source
from sensorium.tools.coding.structure import NotParsed, read_structure
from sensorium.tools.fetching.permission import addresses_in, stands_in, why_no_pattern
from sensorium.tools.fetching.spelling import read_location
from sensorium.tools.sandbox.channel import Channel, ChannelError
from sensorium.tools.transcribe import Transcript

Target = Callable[[bytes], None]
MOST_BYTES = 1 << 15


def sniffers(data: bytes) -> None:
    """Tell what a file is, and where its structure ends."""
    file = io.BytesIO(data)
    found = sniff(file)
    assert file.tell() == 0
    assert not (is_text(found.media_type) and (found.demuxer or found.picture_format))
    for demuxer in ("mov", "matroska", "wav", "avi", "asf", "mp3", ""):
        assert missing_bytes(file, demuxer) >= 0
        seconds = declared_seconds(file, demuxer)
        assert seconds is None or 0 < seconds < 2**64


def plan_pieces(data: bytes) -> None:
    """Find the steps of a plan that is still being written, wherever its text is cut."""
    size, text = data[:1], data[1:].decode(errors="replace")
    step = max(1, size[0] if size else 1)
    for name in ("steps", None):
        whole = ObjectReader(name).feed(text)
        reader = ObjectReader(name)
        assert [one for at in range(0, len(text), step) for one in reader.feed(text[at : at + step])] == whole


def plans(data: bytes) -> None:
    """Check, mend and resolve a plan that a model wrote."""
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        return
    for found in (check(given, _tools()), check(given, given if isinstance(given, dict | list) else None)):
        assert all(isinstance(one, Finding) for one in found)
    mended = mend(given, _tools())
    assert mended.plan is None or errors(mended.findings) or isinstance(mended.plan, Plan)
    with suppress(ValidationError):
        plan = Plan.model_validate(given)
        assert Plan.model_validate_json(plan.model_dump_json()) == plan
        for step in plan.steps:
            list(references(step.args))
            with suppress(PlanError):
                resolve(step.args, {"a": {"b": [1, "$x"]}, "item": 3})
                calls(step, {"a": [1, 2]})


def recipes(data: bytes) -> None:
    """Read a recipe that someone sent."""
    with _file("recipe.toml", data) as path:
        try:
            read = read_recipe(path)
        except SensoriumError:
            return
        path.write_text(write_recipe(read), encoding="utf-8")
        assert read_recipe(path) == read


def frames(data: bytes) -> None:
    """Receive what a confined process sends; both ends are this code."""
    ours, theirs = socket.socketpair()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted once for each input
    with ours, theirs:
        theirs.sendall(data[:MOST_BYTES])
        theirs.shutdown(socket.SHUT_WR)
        try:
            while True:
                message = Channel(ours).receive(5.0, max_bytes=MOST_BYTES, max_descriptors=2)
                back, there = socket.socketpair()
                with back, there:
                    Channel(back).send(message.body, message.blobs)
                    again = Channel(there).receive(5.0)
                assert (again.body, again.blobs) == (message.body, message.blobs)
        except ChannelError:
            pass
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def parcels(data: bytes) -> None:
    """Believe what a decoder process says it found, as far as it is of the right type."""
    letter, _, blob = data.partition(b"\xff\xff")
    wanted: tuple[Any, ...] = (Transcript, list[tuple[float, str]] | None, dict[str, int | float | bool | None], bytes)
    with suppress(PackError):
        value = letter_of([letter, blob])
        for one in wanted:
            with suppress(PackError):
                believed(value, [blob], one)


def settings(data: bytes) -> None:
    """Read a user's settings: providers, abilities, prices, policy, fetching, the sandbox."""
    with _file("sensorium.toml", data) as path, suppress(SettingsError):
        Settings.read({"SENSORIUM_HOME": str(path.parent), "KEY": "k"}, path.parent)


def policies(data: bytes) -> None:
    """Read tables that are TOML for certain."""
    text = data.decode(errors="replace")
    for table in ("providers.a", "policy", "budget", "models", "fetch", "sandbox", "providers.a.models.x"):
        whole = f"[{table}]\n{text}\n"
        try:
            tomllib.loads(whole)
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        settings(whole.encode())


def events(data: bytes) -> None:
    """Split a stream of events, however it arrives."""
    at, data = (data[0] if data else 0), data[1:]
    whole, parts = Events(), Events()
    said = [*whole.feed(data), *whole.end()]
    assert [*parts.feed(data[:at]), *parts.feed(data[at:]), *parts.end()] == said


def completions(data: bytes) -> None:
    """Take the answer of a model's server."""
    for prefix in (b"", b"data: "):
        heard = Completion()
        with suppress(NotAChat, Refused):
            for at in range(0, len(data), 97):
                heard.feed((prefix if at == 0 else b"") + data[at : at + 97])
            heard.end()


def arguments(data: bytes) -> None:
    """Take the arguments of a tool from the command line, and those of all tools."""
    text = data.decode(errors="replace")
    if text[:1] in ("@", "-"):
        return
    try:
        given = read_arguments(text)
    except SensoriumError:
        return
    for one in catalog().values():
        with suppress(ValidationError):
            one.arguments.model_validate(given)


def addresses(data: bytes) -> None:
    """Read addresses as people and pages write them."""
    text = data.decode(errors="replace")
    for found in addresses_in(text):
        stands_in(found, text)
    why_no_pattern(text)
    with suppress(ToolError):
        location = read_location(text)
        assert read_location(location.url) == location


def sources(data: bytes) -> None:
    """Read code and notebooks."""
    for name in ("a.ipynb", "a.py", "a.js"):
        with suppress(ToolError):
            read = read_source(data, name)
            count_lines(read.text, language_of(name))
            with suppress(NotParsed):
                read_structure(read.text)


def subtitles(data: bytes) -> None:
    """Write subtitles of what was heard, or is said to have been."""
    text = data.decode(errors="replace")
    lines = text.split("\n")[:40]
    heard = [Utterance(start_seconds=n * 1.5, end_seconds=n * 1.5 + 1.0, text=one) for n, one in enumerate(lines)]
    made = cues([one for one in heard if one.text])
    times = [time for cue in made for time in (cue.start_milliseconds, cue.end_milliseconds)]
    assert times == sorted(times)
    for written in (srt(made), vtt(made)):
        assert written.count(" --> ") == len(made)
        assert "<" not in written
        assert not any(ord(letter) < 32 and letter != "\n" for letter in written)


TARGETS: dict[str, Target] = {
    one.__name__: one
    for one in (
        sniffers, plan_pieces, plans, recipes, frames, parcels, settings, policies, events, completions, arguments,
        addresses, sources, subtitles,
    )
}  # fmt: skip

_FTYP, _MOOV = b"\0\0\0\x18ftypisom\0\0\0\0isommp42", b"\0\0\0\x40moov\0\0\0\x30mvhd" + bytes(40)
_STEPS = [{"id": "a", "tool": "read_text", "args": {"media": "$files[0]"}}, {"id": "b", "tool": "x", "for_each": "$a"}]
_PLAN = json.dumps({"goal": "g", "steps": _STEPS}).encode()
_DELTA = {"choices": [{"index": 0, "delta": {"content": "hi", "tool_calls": [{"index": 0, "id": "i"}]}}]}
_RECIPE = (
    'sensorium = 1\nrequest = "r"\ngoal = "g"\n[[inputs]]\nkind = "video"\n[[steps]]\nid = "a"\ntool = "read_text"\n'
)
_CELL = {"cell_type": "code", "source": ["x = 1\n", "x"], "outputs": [{"output_type": "stream", "text": "1"}]}
_NOTEBOOK = {"cells": [_CELL], "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4, "nbformat_minor": 5}
SEEDS: dict[str, list[bytes]] = {
    "sniffers": [
        _FTYP + _MOOV, b"\x1aE\xdf\xa3\x9fB\x86\x81\x01\x18S\x80g\x01\0\0\0\0\0\0\xff", b"RIFF\x24\0\0\0WAVEfmt ",
        b"#EXTM3U\n", b"<?xml version='1.0'?>", b"OggS\0", b"fLaC", b"GIF89a", b"BM" + bytes(12) + b"\x28\0\0\0",
    ],
    "plan_pieces": [b"\x03" + _PLAN, b'\x01{"steps": [{"a": "}\\""}, {"b": []}]}'],
    "plans": [_PLAN, b'{"steps": [{"task": "a", "id": 0, "dep": [-1], "args": {"text": "<resource>-0"}}]}'],
    "recipes": [_RECIPE.encode()],
    "frames": [b"\0\0\0\x02\0\0\0\0{}", b"\0\0\0\x07\0\x01\0\0\0\0\0\0\0\0\0\x02{\"a\":1}xy"],
    "parcels": [b'{"$": "x", "text": "a"}\xff\xffblob', b"[[1.0, \"a\"]]", b'{"a": 1}'],
    "settings": [b'[models]\nthink = "a:b"\n[providers.a]\nbase_url = "http://127.0.0.1:1/v1"\nkey = "KEY"\n'],
    "policies": [b'base_url = "https://a.b/v1"', b"ask_above_usd = 2\nspeak = 'ask'", b"usd = 1", b'allow = ["a.b"]'],
    "events": [b"\x05data: a\r\n\r\ndata: b\n\n: c\n\ndata"],
    "completions": [json.dumps(_DELTA).encode() + b"\n\ndata: [DONE]\n\n", b'{"error": {"message": "m"}}', b"<html>"],
    "arguments": [b'{"media": "a.mp4", "times": [1, 2]}', b'{"code": "1"}'],
    "addresses": [b"http://example.org:80/a?b=c#d, or https://[::1]/", b"http://0x7f.1/", "http://例え.jp/".encode()],
    "sources": [json.dumps(_NOTEBOOK).encode(), b"# coding: latin-1\nimport os\ndef f(a):\n  return a\n", b"//x"],
    "subtitles": [b"Hello there, this is one line.\nAnd <b>another</b> --> one\n", "一二三。\u202e".encode()],
}  # fmt: skip


def everything(data: bytes) -> None:
    """Give the rest to the target that the first byte names."""
    list(TARGETS.values())[(data[0] if data else 0) % len(TARGETS)](data[1:])


def seeds() -> list[bytes]:
    """Return the seeds of all targets, for `everything`."""
    return [bytes([number]) + seed for number, name in enumerate(TARGETS) for seed in SEEDS[name]]


@cache
def _tools() -> Any:
    return catalog()


class _file:
    """A file of this content in a folder of its own, the same for every input."""

    def __init__(self, name: str, data: bytes) -> None:
        self._path, self._data = _folder() / name, data

    def __enter__(self) -> Path:
        self._path.write_bytes(self._data)
        return self._path

    def __exit__(self, *_: object) -> None:
        self._path.unlink()


@cache
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="fuzz-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
