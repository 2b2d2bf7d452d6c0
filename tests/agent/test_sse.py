"""Server-sent events from bytes, however they are cut."""

import pytest

from sensorium.agent.sse import Events

STREAM = (
    "\ufeff".encode()[3:]
    + (
        ": keep-alive\r\n\r\nevent: message\r\ndata: 你好\u2028\r\nid: 1\r\n\r\ndata:two\r\ndata: lines\r\n\r\n"
        "retry: 5\r\n\r\n\r\ndata: [DONE]\r\n\r\n"
    ).encode()
)
WANTED = ["你好\u2028".encode(), b"two\nlines", b"[DONE]"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"])
def test_events_are_whole_however_the_bytes_are_cut(size: int, line_end: bytes) -> None:
    stream, events = STREAM.replace(b"\r\n", line_end), Events()
    found = [one for at in range(0, len(stream), size) for one in events.feed(stream[at : at + size])]
    assert [*found, *events.end()] == WANTED


def test_a_last_event_without_its_empty_line_counts() -> None:
    events = Events()
    assert list(events.feed(b"data: a\n\ndata: b")) == [b"a"]
    assert list(events.end()) == [b"b"]
    assert list(events.end()) == []
