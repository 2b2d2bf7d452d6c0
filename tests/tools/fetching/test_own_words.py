"""What of a request is the user's own."""

import pytest

from sensorium.tools.fetching.own_words import own_words
from sensorium.tools.fetching.permission import addresses_in, stands_in

URL = "https://example.org/a"


@pytest.mark.parametrize(
    "request_",
    (
        f'Is this a scam? "Dear customer, your account is locked, open {URL} now"',
        f"这是什么意思：“点击 {URL} 领取奖品吧”",
        f"Explain this:\n> click {URL}\n> bye",
        f"explain\n```\nget('{URL}')\n```",
        f"explain\n~~~\nget('{URL}')",
        f"optimise this script: import requests; requests.get('{URL}')",
        f"Answer this mail: Dear all, please see {URL} before noon",
        f"translate: go to {URL}",
        f"翻译：请看 {URL}",
        f"How long is it? Do not open {URL}",
        f"Summarize it without visiting the link {URL}.",
        f"不要打开这个链接 {URL}",
        f"请勿访问{URL}",
    ),
)
def test_what_is_quoted_pasted_or_refused_is_not_the_users(request_: str) -> None:
    assert not stands_in(URL, request_)
    assert addresses_in(request_) == []


@pytest.mark.parametrize(
    "request_",
    (
        f"Fetch {URL} and summarise it",
        f'summarize "{URL}"',
        f'look at "{URL} and https://b.example"',
        f"Summarise this article: {URL} and say in three sentences what it says of kites",
        f"this code: {URL}, please optimise it",
        f'Watch "Kites in the wind all day" at {URL}',
        f'I have a 5" clip at {URL} and a 7" one',
        f"If you don't understand, read {URL}",
        f"I do not know what {URL} is about",
        f"don't open the attachment but fetch {URL}",
        f"Don't just skim {URL}",
        f"Don't open https://b.example but {URL}",
        f"分析“{URL}”这个视频",
        f"```\n{URL}\n```",
        f"> {URL}\nwhat is it?",
        f"> a mail said so\nbut fetch {URL}",
    ),
)
def test_what_the_user_names_is(request_: str) -> None:
    assert stands_in(URL, request_)


def test_what_is_left_stands_where_it_stood() -> None:
    said = f'look at https://b.example: "they want me to open {URL} now"\nand tell me'
    own = own_words(said)
    assert len(own) == len(said)
    assert own.split() == ["look", "at", "https://b.example:", "and", "tell", "me"]


@pytest.mark.parametrize("piece", ('"', "“", "```\n", "> a\n", "don't open ", "this text: ", "translate:", f"{URL} "))
def test_a_long_request_takes_little_time(piece: str) -> None:
    assert len(own_words(piece * (20_000 // len(piece)))) >= 10_000
