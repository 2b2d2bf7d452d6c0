"""A file that a decoder process writes lies here, and gets no more than it may have."""

import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base.decoding import Decoding
from sensorium.tools.base.errors import MediaError, ToolError
from sensorium.tools.base.outputs import MOST_GAP_BYTES, PART_BYTES, LentOutput, OutputFile
from sensorium.tools.base.packing import KIND
from sensorium.tools.base.run import Run
from sensorium.tools.film.encoders import PictureTrack, SoundTrack
from sensorium.tools.film.writer import Writer
from sensorium.tools.sandbox.channel import Channel


def written(output: OutputFile, parts: list[bytes], run: Run) -> int:
    """Stand in for what writes in a decoder process; only its name and its types are used here."""
    raise NotImplementedError


class Taken:
    """A decoder process that a file has taken over, played by a test."""

    had_company = False

    def __init__(self, play: Callable[[Channel, str], None]) -> None:
        ours, self._theirs = socket.socketpair()
        self.channel = Channel(ours)
        self._thread = threading.Thread(target=self._play, args=[play], daemon=True)
        self._thread.start()

    def _play(self, play: Callable[[Channel, str], None]) -> None:
        channel = Channel(self._theirs)
        message = channel.receive(max_descriptors=16)
        assert message.descriptors == []  # an output is no descriptor
        play(channel, message.body["id"])
        channel.close()

    def look(self) -> None:
        return None

    def let_go(self) -> None:
        self.end()

    def end(self) -> None:
        self._thread.join(10)
        self.channel.close()


def told(channel: Channel, call: str, at: int, content: bytes, number: int = 0) -> None:
    pairs: list[Any] = [["number", number], ["at", at], ["content", {KIND: "bytes", "at": 0}]]
    letter = json.dumps({KIND: "dict", "of": pairs}).encode()
    channel.send({"id": call, "tell": "write"}, [letter, content])


@pytest.fixture
def taken_over(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Call a decoder that was taken over with an output of 4 MB, and return where that is."""
    from sensorium.tools.base import decoding

    def call(play: Callable[[Channel, str], None]) -> Path:
        class Makers:
            confined = True

            def child(self, modules: object, limits: object) -> Taken:
                return Taken(play)

            def learn(self, imported: object) -> None:
                pass

        monkeypatch.setattr(decoding, "nursery", lambda settings: Makers())
        monkeypatch.setattr(decoding, "name_of_function", lambda function: "sensorium.tools.x:written")
        folder = run.settings.home / "scratch" / "one"
        folder.mkdir(parents=True, exist_ok=True)
        output = OutputFile(path=folder / "film.mp4", max_bytes=4 << 20)
        Decoding(run, written, [output, [], run], {}).result()
        return output.path

    return call


def answered(channel: Channel, call: str) -> None:
    channel.send({"id": call, "result": True, "imported": []}, [b"1"])


def test_what_is_handed_over_is_the_file(taken_over: Callable[..., Path]) -> None:
    def play(channel: Channel, call: str) -> None:
        told(channel, call, 0, b"hello world")
        told(channel, call, 6, b"there")
        told(channel, call, 20, b"end")
        answered(channel, call)

    assert taken_over(play).read_bytes() == b"hello there" + bytes(9) + b"end"


@pytest.mark.parametrize(
    ("lie", "kind"),
    [
        (lambda channel, call: told(channel, call, 0, b"x", number=1), MediaError),
        (lambda channel, call: told(channel, call, 0, b"x", number=-1), MediaError),
        (lambda channel, call: told(channel, call, -1, b"x"), MediaError),
        (lambda channel, call: told(channel, call, MOST_GAP_BYTES + 100, b"x"), MediaError),
        (lambda channel, call: told(channel, call, 0, bytes(PART_BYTES + 1)), MediaError),
        (lambda channel, call: told(channel, call, 4 << 20, b"x"), ToolError),
        (lambda channel, call: channel.send({"id": call, "tell": "write"}, [b'{"~":"dict","of":[]}']), MediaError),
    ],
)
def test_what_it_may_not_write_ends_the_call_and_leaves_no_file(
    taken_over: Callable[..., Path], run: Run, lie: Callable[[Channel, str], None], kind: type[Exception]
) -> None:
    def play(channel: Channel, call: str) -> None:
        told(channel, call, 0, b"begun")
        lie(channel, call)
        answered(channel, call)

    with pytest.raises(kind):
        taken_over(play)
    assert not [one for one in (run.settings.home / "scratch").rglob("*") if one.is_file()]


def test_it_reads_back_only_what_it_wrote(taken_over: Callable[..., Path]) -> None:
    seen: list[bytes] = []

    def play(channel: Channel, call: str) -> None:
        told(channel, call, 0, b"hello")
        pairs = [["number", 0], ["at", 1], ["count", 100]]
        channel.send({"id": call, "ask": "read_back"}, [json.dumps({KIND: "dict", "of": pairs}).encode()])
        seen.append(bytes(channel.receive(5).blobs[1]))
        pairs = [["number", 0], ["at", 6], ["count", 1]]
        channel.send({"id": call, "ask": "read_back"}, [json.dumps({KIND: "dict", "of": pairs}).encode()])
        answered(channel, call)

    with pytest.raises(MediaError):
        taken_over(play)
    assert seen == [b"ello"]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_or_a_file_that_stands_there_is_not_written_through(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    link = tmp_path / "film.mp4"
    link.symlink_to(precious)
    for path in (link, precious):
        with pytest.raises(ToolError, match="cannot be written"):
            OutputFile(path=path, max_bytes=100).open()
    assert precious.read_text() == "mine"


def test_only_a_file_in_scratch_is_lent(run: Run, tmp_path: Path) -> None:
    output = OutputFile(path=tmp_path / "elsewhere.mp4", max_bytes=100)
    with pytest.raises(AssertionError):
        Decoding(run, written, [output], {})._send(Taken(answered), {}, [[output], {}])  # type: ignore[arg-type]


def test_a_file_somewhere_else_is_like_one_here(tmp_path: Path) -> None:
    here = bytearray()

    def write(at: int, content: bytes) -> None:
        assert at <= len(here)
        here[at : at + len(content)] = content

    def read(at: int, count: int) -> bytes:
        return bytes(here[at : at + count])

    near = OutputFile(path=tmp_path / "near", max_bytes=1 << 30)
    with LentOutput(write, read).open() as far, near.open() as file:
        for one in (far, file):
            one.write(b"a" * (3 * PART_BYTES // 2))
            one.seek(10)
            one.write(b"ten")
            one.seek(-4, os.SEEK_END)
            assert one.tell() == 3 * PART_BYTES // 2 - 4
            assert one.read(10) == b"aaaa"
            one.write(b"z")
            one.seek(8)
            assert one.read(6) == b"aatena"
    assert bytes(here) == near.path.read_bytes()


def test_a_film_that_fails_is_removed(tmp_path: Path) -> None:
    from fractions import Fraction

    import numpy as np

    path = tmp_path / "film.mp4"
    picture = PictureTrack(width_pixels=64, height_pixels=36, frames_per_second=Fraction(10))
    with pytest.raises(ZeroDivisionError), Writer(path, "mp4", picture=picture, sound=SoundTrack()) as film:
        film.show(np.zeros((36, 64, 3), np.uint8), 0.0)
        film.hear(np.zeros((2, 4800), np.float32))
        raise ZeroDivisionError
    assert not path.exists()
