"""Texts that do not say in which encoding they are, as subtitles of many countries come."""

import random

import pytest

from sensorium.tools.base.encodings import decoded

LINES = {
    "GB18030": ("gb18030", "你好，世界。", "今天我们来讲一讲 Python", "谢谢"),
    "Big5": ("big5", "你好，世界。", "今天我們來講一講能量守恆定律", "謝謝"),
    "Shift-JIS": ("cp932", "こんにちは、世界。", "今日はエネルギー保存の法則を説明します", "ありがとう"),
    "EUC-KR": ("cp949", "안녕하세요 세계", "오늘은 에너지 보존 법칙을 설명하겠습니다", "감사합니다"),
    "Windows-1252": ("cp1252", "Où êtes-vous allé ?", "Schöne Grüße aus München", "¿Dónde está el niño? It’s “here”…"),
    "Windows-1250": ("cp1250", "Żółć, gęślą jaźń", "Příliš žluťoučký kůň", "Dziękuję bardzo"),
    "Windows-1251": ("cp1251", "Здравствуй, мир", "Сегодня мы поговорим об энергии", "Спасибо"),
}


@pytest.mark.parametrize("name", LINES)
def test_letters_tell_in_which_encoding_a_text_is(name: str) -> None:
    codec, *lines = LINES[name]
    text = "".join(f"{at}\n00:00:0{at},000 --> 00:00:0{at},900\n{line}\n\n" for at, line in enumerate(lines, 1))
    found = decoded(text.encode(codec))
    assert found is not None
    assert (found.encoding, found.text, found.is_guessed) == (name, text, True)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["1\n你好，世界。\n", "Où êtes-vous\r\n", "Здравствуй, мир\n"])
def test_unicode_is_no_guess(codec: str, text: str) -> None:
    found = decoded(text.encode(codec))
    assert found is not None
    assert (found.text, found.is_guessed) == (text, False)


def test_a_text_with_a_damaged_letter_is_still_what_it_was() -> None:
    found = decoded("这是一个测试，大家好".encode() * 5 + b"\xe4\xbd and more")
    assert found is not None
    assert found.encoding == "UTF-8"
    assert found.text.endswith("\ufffd and more")


@pytest.mark.parametrize("seed", range(8))
def test_what_is_no_text_is_not_taken_for_one(seed: int) -> None:
    noise = random.Random(seed).randbytes(2_000)
    assert decoded(noise) is None
    assert decoded(bytes(one for one in noise if one)) is None
