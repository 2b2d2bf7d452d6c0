"""The framed pipe believes nothing."""

import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensorium.tools.sandbox.channel import MAX_BODY_BYTES, Channel, ChannelClosed, ChannelError, ChannelTimeout

Pair = tuple[Channel, Channel]


@pytest.fixture
def pair() -> Iterator[Pair]:
    both = [Channel(one) for one in socket.socketpair()]
    yield both[0], both[1]
    for one in both:
        one.close()


def test_a_frame_arrives_whole(pair: Pair) -> None:
    here, there = pair
    blob = os.urandom(3_000_000)
    thread = threading.Thread(target=here.send, args=({"text": "é\n\0", "n": [1.5, None]}, [blob, b""]))
    thread.start()
    message = there.receive(10)
    thread.join()
    assert message.body == {"text": "é\n\0", "n": [1.5, None]}
    assert message.blobs == [blob, b""]


def test_descriptors_arrive_only_where_they_are_expected(pair: Pair, tmp_path: Path) -> None:
    here, there = pair
    (tmp_path / "a").write_text("content")
    with (tmp_path / "a").open() as opened:
        here.send({}, descriptors=[opened.fileno()])
        message = there.receive(5, max_descriptors=1)
        assert os.read(message.descriptors[0], 99) == b"content"
        os.close(message.descriptors[0])
        before = len(list(Path("/proc/self/fd").iterdir()))
        here.send({}, descriptors=[opened.fileno()])
        with pytest.raises(ChannelError, match="1 descriptors"):
            there.receive(5)
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_more_descriptors_than_expected_are_closed(pair: Pair) -> None:
    here, there = pair
    before = len(list(Path("/proc/self/fd").iterdir()))
    here.send({}, descriptors=[0, 1, 2])
    with pytest.raises(ChannelError, match="3 descriptors"):
        there.receive(5, max_descriptors=1)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def _frame(body: bytes, blobs: int = 0, size: int | None = None) -> bytes:
    return struct.pack("!IHH", len(body) if size is None else size, blobs, 0) + body


@pytest.mark.parametrize(
    "sent",
    [
        _frame(b"", size=MAX_BODY_BYTES + 1),
        _frame(b"", blobs=2000),
        struct.pack("!IHHQ", 2, 1, 0, 2**63) + b"{}",
        struct.pack("!IHH", 2, 0, 7) + b"{}",
        _frame(b"[]"),
        _frame(b'"text"'),
        _frame(b"nonsense"),
        _frame(b"\xff\xfe"),
        _frame(b""),
        _frame(b'{"a": NaN}'),
        _frame(b'{"a": -Infinity}'),
        _frame(b"[" * 200_000),
        _frame(b'{"a": ' + b"9" * 10_000 + b"}"),
    ],
)
def test_what_is_no_frame_is_refused(pair: Pair, sent: bytes) -> None:
    here, there = pair
    thread = threading.Thread(target=here.sock.sendall, args=(sent,))
    thread.start()
    with pytest.raises(ChannelError):
        there.receive(5)
    there.close()
    thread.join()


def test_half_a_frame_ends_with_the_time(pair: Pair) -> None:
    here, there = pair
    here.sock.sendall(_frame(json.dumps({"a": 1}).encode())[:-2])
    with pytest.raises(ChannelTimeout):
        there.receive(0.1)


def test_drops_of_a_frame_do_not_buy_time(pair: Pair) -> None:
    here, there = pair
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.02):
            here.sock.sendall(b"\0")

    here.sock.sendall(struct.pack("!IHH", 100_000, 0, 0))
    thread = threading.Thread(target=drip)
    thread.start()
    with pytest.raises(ChannelTimeout):
        there.receive(0.3)
    stop.set()
    thread.join()


def test_an_end_that_is_gone_is_said_to_be(pair: Pair) -> None:
    here, there = pair
    here.close()
    with pytest.raises(ChannelClosed):
        there.receive(1)
    with pytest.raises(ChannelClosed):
        there.send({})


def test_an_end_that_does_not_read_is_not_waited_for(pair: Pair) -> None:
    here, _ = pair
    with pytest.raises(ChannelTimeout):
        here.send({}, [bytes(10_000_000)], timeout_seconds=0.1)


def test_a_message_that_is_too_large_is_not_sent(pair: Pair) -> None:
    here, _ = pair
    with pytest.raises(ChannelError, match="too large to send"):
        here.send({"a": "x" * (MAX_BODY_BYTES + 1)})
