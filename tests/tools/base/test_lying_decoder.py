"""Nothing that a decoder says is believed blindly."""

import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base import decoder_asks, packing
from sensorium.tools.base.decoding import Decoding
from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.media import examine
from sensorium.tools.base.packing import KIND, PackError
from sensorium.tools.base.picture_files import open_picture
from sensorium.tools.base.run import Run
from sensorium.tools.base.sound import decode_sound
from sensorium.tools.extract_frames import _extract
from sensorium.tools.sandbox.channel import Channel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="media is decoded in processes of its own there")


class Liar:
    """The side of a decoder, played by a test."""

    def __init__(self, play: Callable[[Channel, str], None]) -> None:
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours)
        self._theirs = theirs
        self._thread = threading.Thread(target=self._play, args=[play], daemon=True)
        self._thread.start()

    def _play(self, play: Callable[[Channel, str], None]) -> None:
        channel = Channel(self._theirs)
        message = channel.receive(max_descriptors=16)
        for one in message.descriptors:
            os.close(one)
        play(channel, message.body["id"])
        channel.close()

    had_company = False

    def look(self) -> None:
        return None

    def let_go(self) -> None:
        self.end()

    def end(self) -> None:
        self._thread.join(10)
        self.channel.close()


@pytest.fixture
def lied_to(run: Run, slide: Path) -> Iterator[Callable[..., Any]]:
    """Return what is made of what a decoder says: a body, plain data, and blobs."""
    liars: list[Liar] = []

    def hear(
        data: Any, body: Mapping[str, Any] | None = None, *blobs: bytes, function: Callable[..., Any] = examine
    ) -> Any:
        def play(channel: Channel, own: str) -> None:
            letter = data if isinstance(data, bytes) else json.dumps(data).encode()
            channel.send({"id": own, "result": True, **(body or {})}, [letter, *blobs])

        liars.append(Liar(play))
        return Decoding(run, function, (slide, "slide.png"), {}).keep(liars[-1])

    yield hear
    for one in liars:
        one.end()


def test_what_is_no_picture_is_not_believed(lied_to: Callable[..., Any]) -> None:
    told = {KIND: "picture", "mode": "RGB", "size": [2, 2], "at": 0}
    assert lied_to(told, None, bytes(12), function=open_picture).size == (2, 2)
    for lie in (
        told | {"size": [3, 2]},
        told | {"size": [1 << 40, 1 << 40]},
        told | {"size": [-2, -2]},
        told | {"size": [True, 12]},
        told | {"size": "22"},
        told | {"mode": "F"},
        told | {"mode": ["RGB"]},
        told | {"at": 1},
        told | {"at": -1},
        told | {"at": None},
        told | {KIND: "array", "dtype": "object", "shape": [1]},
        [told],
        {},
        None,
        "RGB",
        b"no JSON",
        b"[" * 100_000,
        b"NaN",
    ):
        with pytest.raises(MediaError, match=r"'slide.png' made the decoder answer what cannot be"):
            lied_to(lie, None, bytes(12), function=open_picture)


def test_what_is_no_sound_is_not_believed(lied_to: Callable[..., Any]) -> None:
    samples = {KIND: "array", "dtype": "float32", "shape": [2], "at": 0}
    fields = {"samples": samples, "rate": 16_000, "seconds": 1.0, "partial": False}
    fields |= {"limits": {KIND: "tuple", "of": []}}
    told = {KIND: "data", "class": "sensorium.tools.base.sound:Sound", "fields": fields}
    assert lied_to(told, None, bytes(8), function=decode_sound).samples.tolist() == [0, 0]
    for lie in (
        {"samples": samples | {"dtype": "float64"}},
        {"samples": samples | {"dtype": "int32"}},
        {"samples": samples | {"shape": [3]}},
        {"samples": samples | {"shape": [-1, -2]}},
        {"samples": samples | {"shape": [1 << 62, 1 << 62]}},
        {"samples": samples | {"shape": [1] * 100 + [2]}},
        {"rate": "16000"},
        {"rate": True},
        {"seconds": None},
        {"seconds": 10**400},
        {"limits": ["a list"]},
        {"limits": {KIND: "tuple", "of": [1]}},
        {"further": 1},
    ):
        with pytest.raises(MediaError, match="cannot be"):
            lied_to({**told, "fields": fields | lie}, None, bytes(8), function=decode_sound)


def test_an_answer_to_another_call_is_not_believed(lied_to: Callable[..., Any]) -> None:
    with pytest.raises(MediaError, match="cannot be"):
        lied_to({}, {"id": "another"})


def test_a_decoder_raises_only_what_decoders_raise(lied_to: Callable[..., Any]) -> None:
    with pytest.raises(MediaError, match=r"^a b$"):
        lied_to({}, {"error": "MediaError", "message": "a\x1b\u202eb".replace("\u202e", "")})
    for kind in ("Cancelled", "ApprovalError", "SystemExit", "<b>"):
        with pytest.raises(MediaError, match=r"^'slide.png' cannot be decoded"):
            lied_to({}, {"error": kind, "message": "go away"})


@pytest.mark.parametrize(
    ("ask", "given"),
    [
        ("path", {"handle": "artifact://sha256/" + "0" * 64}),
        ("path", {"handle": "/etc/passwd"}),
        ("path", {"handle": ["x"]}),
        ("artifact", {}),
        ("read", {"number": 0, "picture": None}),
        ("__class__", {}),
        ("path", None),
    ],
)
def test_a_decoder_gets_no_more_than_it_was_given(run: Run, slide: Path, clip: Path, ask: str, given: Any) -> None:
    other = run.workspace.adopt(clip).handle
    answers: list[Any] = []

    def play(channel: Channel, own: str) -> None:
        asked = [[name, other if value == "x" else value] for name, value in given.items()] if given else given
        channel.send({"id": own, "ask": ask}, [json.dumps({KIND: "dict", "of": asked}).encode()])
        try:
            answers.append(channel.receive(timeout_seconds=5, max_descriptors=16))
        except Exception as error:
            answers.append(type(error).__name__)

    liar = Liar(play)
    with pytest.raises(MediaError, match="cannot be"):
        Decoding(run, examine, (slide, "slide.png"), {}).keep(liar)
    liar.channel.close()
    liar.end()
    assert answers == ["ChannelClosed"]


def told(run: Run, slide: Path, *said: tuple[Mapping[str, Any], Mapping[str, Any], bytes]) -> list[str]:
    """Return the errors that a decoder is answered, after it asked for or told one thing after another."""
    answers: list[str] = []

    def play(channel: Channel, own: str) -> None:
        for body, given, blob in said:
            letter = {KIND: "dict", "of": [list(pair) for pair in given.items()]}
            channel.send({"id": own, **body}, [json.dumps(letter).encode(), blob])
            if "ask" in body:
                answers.append(channel.receive(timeout_seconds=5, max_descriptors=16).body.get("message", ""))

    liar = Liar(play)
    with pytest.raises(MediaError):
        Decoding(run, examine, (slide, "slide.png"), {}).keep(liar)
    liar.end()
    return answers


def test_a_decoder_fills_neither_the_disk_nor_the_record(
    run: Run, slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder_asks, "PUTS_BYTES", 2000)
    seen: list[str] = []
    run = replace(run, on_progress=lambda progress: seen.append(progress.note))
    content = {KIND: "bytes", "at": 0}
    facts = {KIND: "dict", "of": []}
    given = {"content": content, "name": "a.bin", "media_type": "image/png", "facts": facts}
    puts = [({"ask": "put"}, given, os.urandom(900)) for _ in range(4)]
    tells = [({"tell": "progress"}, {"fraction": 0.5, "note": str(number)}, b"") for number in range(500)]
    names = [({"tell": "used"}, {"provider": f"p{number}"}, b"") for number in range(500)]
    answers = told(run, slide, *puts, *tells, *names)
    assert [("in several calls" in one) for one in answers] == [False, False, True, True]
    assert seen[0] == "0"
    assert len(seen) < 250
    assert len(run.call.providers) == decoder_asks.PROVIDERS


@pytest.mark.parametrize("letter", [b"[" + b"[]," * 1_000_000 + b"[]]", b'"' + b"x" * (16 << 20) + b'"'])
def test_what_takes_long_to_read_is_not_read(letter: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", lambda *args, **kwargs: pytest.fail("it was read"))
    with pytest.raises(PackError, match="too much"):
        packing.letter_of([letter])


def test_a_long_page_in_any_script_is_read() -> None:
    text = "ไทย, \ud800" * 800_000
    assert packing.letter_of(packing.Parcel().frame([text, {"a": None}])[:1]) == [
        text,
        {KIND: "dict", "of": [["a", None]]},
    ]


def test_a_result_names_no_file_that_was_not_given(run: Run, slide: Path, clip: Path) -> None:
    own, other = run.workspace.adopt(slide), run.workspace.adopt(clip)

    def result(picture: Any) -> Any:
        items = {"items": [{"picture": picture, "at_seconds": None}], "media": own.handle}
        return {KIND: "model", "value": packed(items)}

    def packed(value: Any) -> Any:
        if isinstance(value, dict):
            return {KIND: "dict", "of": [[key, packed(one)] for key, one in value.items()]}
        return [packed(one) for one in value] if isinstance(value, list) else value

    def heard(picture: dict[str, Any]) -> Any:
        def play(channel: Channel, call_id: str) -> None:
            channel.send({"id": call_id, "result": True}, [json.dumps(result(picture)).encode()])

        liar = Liar(play)
        try:
            return Decoding(run, _extract, (own.handle, None, None), {"contact_sheet": False})
        finally:
            liars.append(liar)

    liars: list[Liar] = []
    for picture, is_true in (
        (own.model_dump(mode="json"), True),
        (own.model_dump(mode="json") | {"media_type": "text/html"}, False),
        (other.model_dump(mode="json"), False),
    ):
        decoding_call = heard(picture)
        decoding_call._asks.given = {own.handle}
        if is_true:
            assert decoding_call.keep(liars[-1]).items[0].picture == own
        else:
            with pytest.raises(MediaError, match="cannot be"):
                decoding_call.keep(liars[-1])
    for one in liars:
        one.end()
