"""Central sentences and key terms."""

from sensorium.tools.report.rank import central, key_terms

TALK = [
    "Now I want to return to the conservation of mechanical energy.",
    "Please be quiet.",
    "I have increased the potential energy of this object.",
    "Potential energy becomes kinetic energy when the object falls.",
    "Potential energy becomes kinetic energy when the object falls.",
    "My coffee is cold.",
    "The conservation of mechanical energy keeps the object from rising higher.",
]
ZH = [
    "营业收入同比增长百分之十二。",
    "营业收入主要来自华东地区。",
    "今天天气很好。",
    "新增客户带来了营业收入。",
    "华东地区的新增客户最多。",
]


def test_the_most_central_sentences_are_about_what_the_others_are_about() -> None:
    assert not {1, 5} & set(central(TALK, 3))


def test_a_sentence_that_repeats_another_is_picked_late() -> None:
    assert len({TALK[at] for at in central(TALK, 3)}) == 3


def test_titles_raise_the_sentences_that_share_their_words() -> None:
    assert (central(TALK, 1), central(TALK, 1, topics=["Rising higher"])) == ([3], [6])


def test_all_sentences_are_ranked_when_more_are_asked_for_than_there_are() -> None:
    assert sorted(central(["One two.", "Three four."], 9)) == [0, 1]
    assert central([], 3) == []


def test_phrases_come_before_their_words() -> None:
    found = [term.text.lower() for term in key_terms(TALK, 6)]
    assert {"potential energy", "becomes kinetic energy", "mechanical energy"} < set(found)
    assert "mechanical" not in found


def test_a_term_knows_the_sentences_it_stands_in() -> None:
    term = next(one for one in key_terms(TALK, 9) if one.text == "mechanical energy")
    assert (term.count, term.places) == (2, (0, 6))


def test_chinese_terms_are_whole_phrases() -> None:
    found = [term.text for term in key_terms(ZH, 3)]
    assert found == ["营业收入", "华东地区", "新增客户"]


def test_a_word_that_is_used_once_in_a_long_text_is_no_term() -> None:
    assert "coffee" not in [term.text for term in key_terms(TALK, 20)]
