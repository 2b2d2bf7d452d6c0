import pytest

from sensorium.tools.making.consent import Consent, consents


@pytest.mark.parametrize(
    "words",
    [
        "I consent to my voice being cloned.",
        "I, Tom, agree that Sensorium may copy my voice.",
        "I hereby give permission to use recordings of my voice",
        "i consented to my voyce being cloaned",
        "I have no objection, and I consent to the cloning of my voice",
        "我同意克隆我的声音",
        "本人授权使用我的嗓音。",
    ],
)
def test_words_of_consent_are_known(words: str) -> None:
    assert consents(words) is Consent.YES


@pytest.mark.parametrize(
    "words",
    [
        "I do not consent to my voice being cloned",
        "I don't agree that you copy my voice",
        "Nobody may clone my voice without my permission",
        "I refuse. My voice is mine.",
        "我不同意克隆我的声音",
        "我从未授权任何人使用我的声音",
        "禁止复制我的声音",
    ],
)
def test_a_refusal_is_no_consent(words: str) -> None:
    assert consents(words) is Consent.NO


@pytest.mark.parametrize("words", ["", "Revenue grew twelve percent.", "I agree with you.", "My voice is low.", "你好"])
def test_other_words_are_unclear(words: str) -> None:
    assert consents(words) is Consent.UNCLEAR
