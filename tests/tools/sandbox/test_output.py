"""The mark that ends an output is found wherever the pipe cuts it."""

import pytest

from sensorium.tools.sandbox.output import Output

MARK = b"\0end\n"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_the_mark_is_found_over_pieces(size: int) -> None:
    output = Output(1000, MARK)
    data = b"printed\0en" + MARK + b"behind"
    for at in range(0, len(data), size):
        output.add(data[at : at + size])
    assert (output.text(), output.ended, output.after_mark) == ("printed\0en", True, b"behind")


def test_what_has_no_mark_yet_is_text_all_the_same() -> None:
    output = Output(1000, MARK)
    output.add(b"printed\0e")
    assert (output.text(), output.ended) == ("printed\0e", False)


def test_the_middle_is_left_out() -> None:
    output = Output(8)
    for letter in b"0123456789":
        output.add(bytes([letter]))
    assert output.text() == "012345\n… 2 bytes are left out …\n89"
    assert (output.truncated, output.total) == (True, 10)


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    output = Output(100)
    output.add(b"\xff\xfe ok")
    assert output.text() == "\ufffd\ufffd ok"
