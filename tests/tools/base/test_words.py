"""Words and sentences."""

import pytest

from sensorium.tools.base.words import (
    answer_language,
    count_words,
    guess_language,
    han_phrases,
    join,
    split_sentences,
    stem,
    terms,
    tokens,
)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


def test_english_sentences_do_not_end_at_abbreviations_and_decimals() -> None:
    text = 'Dr. Smith paid 3.5 dollars, e.g. for tea. He left! Why? "Because." The end'
    assert sentences(text) == ["Dr. Smith paid 3.5 dollars, e.g. for tea.", "He left!", "Why?", '"Because."', "The end"]


def test_chinese_sentences_end_at_their_own_marks() -> None:
    assert sentences("第一句。第二句！真的吗？好……完") == ["第一句。", "第二句！", "真的吗？", "好……", "完"]


def test_headings_and_list_items_are_sentences_and_wrapped_lines_are_not() -> None:
    text = "A heading\nThis is text that goes on\nand on.\n- one item\n- two items"
    assert sentences(text) == ["A heading", "This is text that goes on\nand on.", "- one item", "- two items"]


def test_each_sentence_keeps_its_place_in_the_text() -> None:
    text = "  One here.   Two there.  "
    assert split_sentences(text) == [(2, 11), (14, 24)]


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "...", "!?"])
def test_a_text_without_words_has_no_sentence(text: str) -> None:
    assert split_sentences(text) == []


def test_points_without_end_are_read_at_once() -> None:
    # A pattern that tries each of them again takes many minutes.
    assert sentences(f"Well{'.' * 200_000}x. Yes.") == [f"Well{'.' * 200_000}x.", "Yes."]
    assert sentences('"What?!" he said.') == ['"What?!"', "he said."]


def test_a_run_of_hanzi_is_one_token() -> None:
    assert tokens("第三季度 revenue grew 12.5%, don't panic") == [
        "第三季度",
        "revenue",
        "grew",
        "12.5",
        "don't",
        "panic",
    ]


def test_each_hanzi_counts_as_a_word() -> None:
    assert count_words("第三季度 revenue grew") == 6


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Analyze this video", "en"),
        ("分析这段视频", "zh"),
        ("分析 talk.mp4 并写一份 report", "zh"),
        ("What does 你好 mean in this long English video?", "en"),
        ("剪掉0:10到0:20", "zh"),
        ("12:30 – 14:00", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_the_one_most_words_are_in(text: str, language: str) -> None:
    assert guess_language(text) == language


LANGUAGES_ASKED_FOR = [
    ("Summarize this video in Chinese", "zh"),
    ("Analyze in Chinese", "zh"),
    ("Write the report in simplified Chinese", "zh"),
    ("Answer in English: 这个视频讲了什么？", "en"),
    ("请用英文总结这段视频", "en"),
    ("总结这个视频，用英语", "en"),
    ("写一份英文报告", "en"),
    ("Make a 中文报告 of this long English video", "zh"),
    # what is spoken, said or searched is not what the answer is written in
    ("When does he speak in Chinese?", "en"),
    ("Transcribe the part that is in Chinese", "en"),
    ("用英语说“hello”", "zh"),
    ('Find where she says "请用中文回答"', "en"),
    ("找到他说“write a report in English”的地方", "zh"),
]
"""Requests, and the language of the answer each wants."""


@pytest.mark.parametrize(("request_", "language"), LANGUAGES_ASKED_FOR)
def test_a_language_that_is_named_for_the_answer_wins_over_the_language_of_the_request(
    request_: str, language: str
) -> None:
    assert answer_language(request_) == language


@pytest.mark.parametrize(
    ("words", "root"),
    [
        ("release releases released releasing", "releas"),
        ("energy energies", "energi"),
        ("stop stopped stopping stops", "stop"),
        ("fall falls falling", "fall"),
        ("bus", "bus"),
        ("pendulum's pendulum", "pendulum"),
    ],
)
def test_forms_of_a_word_meet(words: str, root: str) -> None:
    assert {stem(word) for word in words.split()} == {root}


def test_a_question_in_chinese_is_searched_by_its_pairs() -> None:
    assert terms("讲了什么关于动能的内容？", query=True) == ["动能", "内容"]


def test_texts_are_indexed_by_pairs_and_single_hanzi() -> None:
    assert terms("动能转换 of energy") == ["动能", "能转", "转换", "动", "能", "转", "换", "energi"]


def test_function_words_part_phrases() -> None:
    assert han_phrases("营业收入的增长和新增客户") == ["营业收入", "增长", "新增客户"]


def test_pieces_are_joined_with_a_space_only_between_words() -> None:
    assert join(["你好，", "世界", "hello", " world "]) == "你好，世界 hello world"
