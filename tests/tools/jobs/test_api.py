"""Files of job APIs: what is wrong in one is named, with its line."""

import tomllib
from typing import Any

import pytest

from sensorium.tools.jobs.api import JobFileError, expression, line_of, read_api
from sensorium.tools.jobs.refusing import kind_of
from sensorium.tools.jobs.shapes import Span


@pytest.fixture
def text(job_server: Any) -> str:
    return str(job_server.JobServer(url="https://shop.test").description())


def test_a_file_is_read(text: str) -> None:
    api = read_api(tomllib.loads(text), "shop")
    assert (api.name, api.title, api.base_url, api.key) == ("shop", "The shop", "https://shop.test", "SHOP_KEY")
    assert api.headers == {"Authorization": "Bearer {key}"}
    picture = api.operations[0]
    assert (picture.role, picture.task, picture.models) == ("draw", "image", ("brush*",))
    assert (picture.takes["prompt"].span, picture.takes["prompt"].needed) == (Span(most=100.0), True)
    assert picture.poll
    assert (picture.poll.done, picture.poll.first_seconds) == (("done",), 0.01)
    assert api.operations[2].poll is None


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('name = "The shop"', "", None, "`name`: it is missing"),
        ('base_url = "https', 'base_url = "ftp', 4, "must be an address"),
        ('key = "SHOP_KEY"', 'key = "sk-123"', 5, "the name of an environment variable"),
        ("deadline_seconds", "deadline", 8, "there is no such field"),
        ('ok = "code', 'ok = "code[', 6, "no JMESPath expression"),
        ('policy = "unsafe content"', 'policy = "(unsafe"', 11, "no regular expression"),
        ('busy = "too', 'bussy = "too', 13, "did you mean `busy`"),
        ("calls = 0.5", 'calls = "dear"', 15, "must be a number"),
        ('role = "draw"', 'role = "paint"', 24, "must be one of: draw, film, speak, play"),
        ('task = "image"', 'task = "video"', 25, "must be one of: image"),
        ("prompt = { most = 100", "promt = { most = 100", 28, "did you mean `prompt`"),
        ("most = 100", 'most = "100"', 28, "it must be a number"),
        ('aspect = "1:1"', 'aspect = "4:3"', 32, "not among what is taken: 16:9, 1:1"),
        ('"{aspect}"', '"{aspct}"', None, "`{aspct}` is not known here; did you mean `aspect`?"),
        ('"{aspect}"', '"{aspect:base64}"', None, "no such filter; there is: text, int"),
        ('"{aspect}"', '"16:9"', 29, "it is taken and never sent"),
        ('"{picture:file}"', '"{picture}"', None, "is a file: say how, for example `{picture:base64}`"),
        ('status = "data.status"\ndone', "done", None, "`operations.picture.poll.status`: it is missing"),
        ("seconds = [0.01, 0.05]", "seconds = [9, 1]", None, "the first and the longest pause"),
        ('as = "base64"', 'as = "zip"', None, "must be one of: url, base64"),
        ('key = "SHOP_KEY"', 'key = "SHOP_KEY"\nheaders = { A = "ü" }', 6, "an ASCII text on one line"),
        ('"data.files"', f'"{"(" * 5000}"', None, "no JMESPath expression"),
        ('"unsafe content"', '"' + "(" * 3000 + ")" * 3000 + '"', None, "no regular expression"),
        ('"unsafe content"', '"a{99999999999999999999}"', None, "no regular expression"),
        ('"unsafe content"', '"(?=unsafe)"', None, "look-ahead and look-behind, is not supported"),
    ],
)
def test_what_is_wrong_is_named(text: str, old: str, new: str, line: int | None, words: str) -> None:
    changed = text.replace(old, new, 1)
    assert changed != text
    with pytest.raises(JobFileError) as raised:
        read_api(tomllib.loads(changed), "shop")
    assert words in str(raised.value)
    found = line_of(changed, raised.value.path)
    assert line is None or found == line


@pytest.mark.parametrize("name", ["key", "secret"])
def test_a_key_in_the_place_of_its_variable_is_not_shown(text: str, name: str) -> None:
    key = "Abc-0123456789abcdef"
    line = f'jwt = {{ issuer = "SHOP_ID", secret = "{key}" }}' if name == "secret" else f'key = "{key}"'
    with pytest.raises(JobFileError, match="the name of an environment variable") as raised:
        read_api(tomllib.loads(text.replace('key = "SHOP_KEY"', line)), "shop")
    assert key not in str(raised.value)


def test_a_job_without_a_way_to_ask_for_it_is_refused(text: str) -> None:
    table = tomllib.loads(text)
    del table["operations"]["picture"]["poll"]
    with pytest.raises(JobFileError, match="`poll` is missing"):
        read_api(table, "shop")


@pytest.mark.parametrize("table", [{}, {"operations": []}, {"operations": {"x": 1}}, {"name": 1}, {"refusals": "x"}])
def test_nonsense_is_an_error_of_the_file(table: dict[str, Any]) -> None:
    with pytest.raises(JobFileError):
        read_api(table, "shop")


def test_a_regular_expression_takes_no_longer_for_being_a_bad_one(text: str) -> None:
    api = read_api(tomllib.loads(text.replace('"unsafe content"', '"(a+)+b|unsafe"')), "shop")
    assert kind_of(api, "a" * 40_000) is None  # hours, in Python's own engine
    assert kind_of(api, f"{'a' * 40_000} unsafe") == "policy"


def test_an_expression_that_does_not_fit_the_answer_finds_nothing() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert expression("from_json(text)")({"text": deep}) is None
    assert expression("length(data)")({"data": 5}) is None
    assert expression("a.b[].c")("text") is None
