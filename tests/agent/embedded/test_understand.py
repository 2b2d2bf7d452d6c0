"""What is understood of requests in English, in Chinese and in both."""

import time

import pytest

from sensorium.agent.embedded.facts import File
from sensorium.agent.embedded.intents import (
    Cannot,
    Chapters,
    Chart,
    Compare,
    Edit,
    Facts,
    Find,
    Frames,
    Greet,
    Help,
    Intent,
    NoTime,
    Probe,
    Rate,
    Read,
    Report,
    Say,
    Scenes,
    Summarize,
    Transcribe,
)
from sensorium.agent.embedded.understand import understand

VIDEO = File(reference="$files[0]", name="talk.mp4", kind="video", seconds=200.0, has_sound=True, has_pictures=True)
OTHER = File(reference="$files[1]", name="b.mp4", kind="video", seconds=60.0, has_sound=True, has_pictures=True)
PICTURE = File(reference="$files[0]", name="cat.png", kind="picture", has_pictures=True)

OF_A_VIDEO: list[tuple[str, list[Intent]]] = [
    # reports
    ("Analyze this video and write a report", [Report()]),
    ("analyze talk.mp4", [Report()]),
    ("Summarize this lecture", [Report()]),
    ("Write meeting minutes", [Report()]),
    ("take minutes of the meeting", [Report()]),
    ("Please analyse this recording and write me a detailed report, thanks!", [Report()]),
    ("could you please write a report?", [Report()]),
    ("分析这个视频并写一份报告", [Report()]),
    ("总结一下这个视频", [Report()]),
    ("能不能总结一下？", [Report()]),
    ("做一份会议纪要", [Report()]),
    ("請分析這個影片並寫一份報告", [Report()]),
    ("summarize这个视频", [Report()]),
    # what is said
    ("transcribe", [Transcribe()]),
    ("transcribe this?", [Transcribe()]),
    ("can you transcribe this?", [Transcribe()]),
    ("convert the speech to text", [Transcribe()]),
    ("what does he say?", [Transcribe()]),
    ("what language is spoken?", [Transcribe()]),
    ("请帮我把视频转写成文字", [Transcribe()]),
    ("能帮我转写吗？", [Transcribe()]),
    ("帮我transcribe一下这个video", [Transcribe()]),
    ("他说了什么？", [Transcribe()]),
    ("transcribe the German audio", [Transcribe(language="de")]),
    ("transcribe from 0:30 to 1:00", [Transcribe(span=(30.0, 60.0))]),
    ("get me a text version of this audio", [Transcribe()]),
    ("提取视频文案", [Transcribe()]),
    ("auto-caption this", [Transcribe(subtitles=True)]),
    ("give me the srt", [Transcribe(subtitles=True)]),
    ("make subtitles (SRT and VTT)", [Transcribe(subtitles=True)]),
    ("add subtitles to the video", [Edit(task="mux_subtitles")]),
    ("生成SRT字幕", [Transcribe(subtitles=True)]),
    ("給影片加字幕", [Edit(task="mux_subtitles")]),
    ("transcribe, subtitle and chapter this video", [Transcribe(subtitles=True), Chapters()]),
    # chapters
    ("chapters please", [Chapters()]),
    ("give me a table of contents with timestamps", [Chapters()]),
    ("what chapters does it have?", [Chapters()]),
    ("生成章节", [Chapters()]),
    # where something is
    ("What does the speaker say about gravity?", [Find(query="gravity")]),
    ("what does the speaker say about Newton's second law, and when?", [Find(query="Newton's second law")]),
    ("when does the slide about wrecking balls appear", [Find(query="wrecking balls")]),
    ("what does the report slide say?", [Find(query="report")]),
    ("when does the chart appear?", [Find(query="chart")]),
    ("at what time is gravity mentioned?", [Find(query="gravity")]),
    ("how does he define work?", [Find(query="work")]),
    ("how many times does he say work?", [Find(query="work")]),
    ("when does he talk about time?", [Find(query="time")]),
    ('at which second does the word "energy" appear?', [Find(query="energy")]),
    ("find all mentions of kinetic energy", [Find(query="kinetic energy")]),
    ("find the part where he explains work", [Find(query="work")]),
    ("show me the frame where the pendulum appears", [Find(query="pendulum")]),
    ("find 'make a report' in the talk", [Find(query="make a report")]),
    ("when is Dr. Smith mentioned?", [Find(query="dr smith")]),
    ("when does he mention 动能?", [Find(query="动能")]),
    ("他什么时候提到动能？", [Find(query="动能")]),
    ("动能是什么时候提到的？", [Find(query="动能")]),
    ("关于重力，他说了什么", [Find(query="重力")]),
    ("找出他讲到功率的地方", [Find(query="功率")]),
    ("什么时候出现“功率”这个词？", [Find(query="功率")]),
    ("他对人工智能的看法是什么？", [Find(query="人工智能")]),
    ("什么是动能", [Find(query="动能")]),
    ("能告诉我他提到了哪些公式吗", [Find(query="公式")]),
    ("what is said at 1:20?", [Find(query="", span=(80.0, 80.0), kinds=("speech",))]),
    ("What is on screen at 4 seconds?", [Find(query="", span=(4.0, 4.0), kinds=("text",))]),
    ("what is shown between 3 and 6 seconds?", [Find(query="", span=(3.0, 6.0), kinds=("text",))]),
    ("which slide is on screen at 0:04?", [Find(query="", span=(4.0, 4.0), kinds=("text",))]),
    ("what does the slide say at 0:04?", [Find(query="", span=(4.0, 4.0), kinds=("text",))]),
    ("what is the speaker talking about at 0:04?", [Find(query="", span=(4.0, 4.0), kinds=("speech",))]),
    ("what is said and shown at 0:04?", [Find(query="", span=(4.0, 4.0))]),
    ("what happens at 0:04?", [Find(query="", span=(4.0, 4.0))]),
    (
        "what is on screen at 0:02 and 0:07?",
        [Find(query="", span=(2.0, 2.0), kinds=("text",)), Find(query="", span=(7.0, 7.0), kinds=("text",))],
    ),
    ("read the text at 0:04", [Find(query="", span=(4.0, 4.0), kinds=("text",))]),
    ("第4秒画面上有什么？", [Find(query="", span=(4.0, 4.0), kinds=("text",))]),
    ("第4秒的幻灯片上写了什么", [Find(query="", span=(4.0, 4.0), kinds=("text",))]),
    ("3到6秒之间讲了什么？", [Find(query="", span=(3.0, 6.0), kinds=("speech",))]),
    ("what happens between 1:00 and 2:00?", [Find(query="", span=(60.0, 120.0))]),
    ("from 0:30 to 1:00 what does he say", [Find(query="", span=(30.0, 60.0), kinds=("speech",))]),
    ("What happens in the last 20 seconds?", [Find(query="", span=(180.0, 200.0))]),
    ("what does he say at the end?", [Find(query="", span=(180.0, 200.0), kinds=("speech",))]),
    ("第30秒在说什么？", [Find(query="", span=(30.0, 30.0), kinds=("speech",))]),
    ("前30秒讲了什么", [Find(query="", span=(0.0, 30.0), kinds=("speech",))]),
    ("explain the wrecking ball demo", [Find(query="wrecking ball demo")]),
    ("give me exact quotes about work", [Find(query="work")]),
    ("how does the video end?", [Find(query="", span=(180.0, 200.0))]),
    ("what's written at 2:10?", [Find(query="", span=(130.0, 130.0), kinds=("text",))]),
    # text
    ("read the text", [Read()]),
    ("list everything that's on the slides with timestamps", [Read()]),
    ("what's on the third slide?", [Read()]),
    ("extract all text from the slides", [Read()]),
    ("what does slide 3 say", [Read()]),
    ("Show me what is written on the whiteboard", [Read()]),
    ("识别视频里的文字", [Read()]),
    ("屏幕上写了什么？", [Read()]),
    # frames
    ("extract frames at 0:12 and 1:03.5", [Frames(times=(12.0, 63.5))]),
    ("grab a screenshot at 1m30s", [Frames(times=(90.0,))]),
    ("give me a still at 2 minutes and 5 seconds", [Frames(times=(125.0,))]),
    ("第30秒截一张图", [Frames(times=(30.0,))]),
    ("截取第10秒、20秒、30秒的画面", [Frames(times=(10.0, 20.0, 30.0))]),
    ("extract the last frame", [Frames(times=(200.0,))]),
    ("a frame every 10 seconds", [Frames(every_seconds=10.0)]),
    ("2 frames per second", [Frames(every_seconds=0.5)]),
    ("每10秒截一张图", [Frames(every_seconds=10.0)]),
    ("从1分到2分每10秒截一张", [Frames(every_seconds=10.0, span=(60.0, 120.0))]),
    ("extract 10 frames", [Frames(count=10)]),
    ("extract 5 evenly spaced frames as a contact sheet", [Frames(count=5, sheet=True)]),
    ("截三张图", [Frames(count=3)]),
    ("thumbnail please", [Frames(count=1)]),
    ("show the slide at 1:00", [Frames(times=(60.0,))]),
    ("I need frames from 10s, 20s and 30s", [Frames(times=(10.0, 20.0, 30.0))]),
    ("sample 1 frame every 5 seconds and put them in a grid", [Frames(every_seconds=5.0, sheet=True)]),
    ("pull out every slide as an image", [Frames()]),
    ("give me one frame per scene", [Frames(by="scenes")]),
    ("提取关键帧", [Frames(by="scenes")]),
    ("save the slides as images", [Frames()]),
    ("make a contact sheet", [Frames(sheet=True)]),
    # times that make no sense
    ("extract a frame every 0 seconds", [NoTime(text="frame every 0 seconds")]),
    ("extract frames at 99:99:99", [NoTime(text="99:99:99")]),
    ("extract frames at 0:02 and 99:99:99", [NoTime(text="99:99:99"), Frames(times=(2.0,))]),
    ("what is on screen at 99:99:99?", [NoTime(text="99:99:99")]),
    ("write a report, and a frame at 99:99", [NoTime(text="99:99"), Report()]),
    ("每0秒截一张图", [NoTime(text="每0秒截一张")]),
    # facts
    ("how long is it?", [Probe()]),
    ("what codec does it use", [Probe()]),
    ("tell me the frames per second", [Probe()]),
    ("does the video have subtitles?", [Probe()]),
    ("视频的分辨率和帧率", [Probe()]),
    ("how loud is it", [Probe(loudness=True)]),
    ("are there any silent parts?", [Probe(silence=True)]),
    ("how loud is it, and is there silence?", [Probe(loudness=True, silence=True)]),
    ("a frame at 0:10, then make a contact sheet", [Frames(times=(10.0,)), Frames(sheet=True)]),
    ("how many scenes are there?", [Scenes()]),
    ("when do the slides change?", [Scenes()]),
    ("detect cuts exactly", [Scenes(exact=True)]),
    ("有几个场景？", [Scenes()]),
    ("are there any QR codes in the video?", [Facts(subjects=frozenset({"codes"}))]),
    ("how fast does he speak?", [Rate()]),
    ("how many words per minute does he speak?", [Rate()]),
    ("他说话有多快？画个图", [Rate(chart=True)]),
    ("transcribe it and make a chart of words per minute", [Transcribe(), Rate(chart=True)]),
    ("mono or stereo?", [Probe()]),
    ("check if the file is corrupted", [Probe()]),
    ("声音小不小", [Probe(loudness=True)]),
    # summaries
    ("What are the takeaways from this talk?", [Summarize()]),
    ("I missed this lecture, what did I miss?", [Summarize()]),
    ("这段录音说的啥", [Summarize()]),
    ("结论是什么？", [Summarize()]),
    ("what is this video about?", [Summarize()]),
    ("what are the main points?", [Summarize()]),
    ("summarize this in 3 sentences", [Summarize(sentences=3)]),
    ("summarise the talk in five bullet points", [Summarize(sentences=5)]),
    ("tl;dr", [Summarize(sentences=3)]),
    ("summarize the first minute", [Summarize(span=(0.0, 60.0))]),
    # several parts
    (
        "transcribe from 0:30 to 1:00 and from 2:00 to 2:30",
        [Transcribe(span=(30.0, 60.0)), Transcribe(span=(120.0, 150.0))],
    ),
    (
        "transcribe from 0:30 to 1:00, then transcribe from 2:00 to 2:30 with subtitles",
        [Transcribe(span=(30.0, 60.0)), Transcribe(span=(120.0, 150.0), subtitles=True)],
    ),
    ("transcribe the first minute, with subtitles of the first minute", [Transcribe(span=(0.0, 60.0), subtitles=True)]),
    (
        "summarize the first minute and the last 30 seconds",
        [Summarize(span=(0.0, 60.0)), Summarize(span=(170.0, 200.0))],
    ),
    (
        "5 frames from 0:30 to 1:00 and from 2:00 to 2:30",
        [Frames(count=5, span=(30.0, 60.0)), Frames(count=5, span=(120.0, 150.0))],
    ),
    ("frames at 0:10 and from 1:00 to 1:30", [Frames(span=(60.0, 90.0)), Frames(times=(10.0,))]),
    (
        "从1分到2分、从2分30秒到3分，每10秒截一张",
        [Frames(every_seconds=10.0, span=(60.0, 120.0)), Frames(every_seconds=10.0, span=(150.0, 180.0))],
    ),
    (
        "find 'gravity' between 0:30 and 1:00 and between 2:00 and 2:30",
        [Find(query="gravity", span=(30.0, 60.0)), Find(query="gravity", span=(120.0, 150.0))],
    ),
    (
        "when does he mention gravity between 0:30 and 1:00 and between 2:00 and 2:30?",
        [Find(query="gravity", span=(30.0, 60.0)), Find(query="gravity", span=(120.0, 150.0))],
    ),
    ("这个视频讲了什么？", [Summarize()]),
    ("这个lecture的key points是什么？", [Summarize()]),
    ("帮我总结一下这个会议的要点", [Summarize(sentences=3)]),
    # several at once
    (
        "first 30 seconds: frames every second as a grid, and how loud is it",
        [Frames(every_seconds=1.0, span=(0.0, 30.0), sheet=True), Probe(loudness=True)],
    ),
    ("first transcribe it, then make chapters", [Transcribe(), Chapters()]),
    (
        "Transcribe the audio, then give me chapters and a contact sheet.",
        [Transcribe(), Chapters(), Frames(sheet=True)],
    ),
    ("转写并生成章节，然后总结", [Transcribe(), Chapters(), Report()]),
    ("分析这个 video，生成 report 和 subtitles", [Report(), Transcribe(subtitles=True)]),
    ('say "transcribe this" aloud and make chapters', [Say(text="transcribe this"), Chapters()]),
    # what is not wanted
    ("Don't transcribe, just give me the text on the slides", [Read()]),
    ("just chapters, no report", [Chapters()]),
    ("no summary, only the transcript", [Transcribe()]),
    ("write a report without subtitles", [Report()]),
    ("不要报告，只要字幕", [Transcribe(subtitles=True)]),
    ("不用转写，给我截图就行", [Frames()]),
    ("not only transcribe but also write a report", [Transcribe(), Report()]),
    ("don't forget to transcribe it", [Transcribe()]),
    ("write a report on the transcript", [Report()]),
    # what cannot be done, and the rest that can
    ("transcribe it and translate it into German", [Transcribe(), Cannot("translate")]),
    ("翻译字幕", [Cannot("translate"), Transcribe(subtitles=True)]),
    ("describe this video", [Report(), Cannot("see")]),
    ("blur the faces", [Cannot("edit")]),
    ("remove background noise", [Cannot("edit")]),
    ("who is speaking?", [Cannot("speakers")]),
    ("how many speakers are there?", [Cannot("speakers")]),
    ("turn it into a blog post", [Cannot("write")]),
    ("画面里有什么", [Report(), Cannot("see")]),
    ("翻译成中文字幕", [Cannot("translate"), Transcribe(subtitles=True)]),
    ("who is the man in the video?", [Cannot("speakers")]),
    ("search the web for its author", [Cannot("web")]),
    # anything else
    ("", [Report()]),
    ("talk.mp4", [Report()]),
    ("😀😀😀", [Report()]),
    ("kinetic energy", [Report()]),
    ("hello", [Greet()]),
    ("what can you do?", [Help()]),
]

OF_A_PICTURE: list[tuple[str, list[Intent]]] = [
    ("describe this picture", [Facts(), Cannot("see")]),
    ("what is in this image?", [Facts(), Cannot("see")]),
    ("caption this image", [Facts(), Cannot("see")]),
    ("图里有什么？", [Facts(), Cannot("see")]),
    ("is there a cat?", [Facts(), Cannot("see")]),
    ("any QR code?", [Facts(subjects=frozenset({"codes"}))]),
    ("how many people are there?", [Facts(subjects=frozenset({"faces"}))]),
    ("what colours are in it", [Facts(subjects=frozenset({"colours"}))]),
    ("where was this taken?", [Facts(subjects=frozenset({"location"}))]),
    ("是不是很模糊？", [Facts(subjects=frozenset({"light"}))]),
    ("what does the sign say?", [Read()]),
    ("图片上写了什么字？", [Read()]),
    ("transcribe this", [Read()]),
    ("how big is it", [Probe()]),
    ("analyze this image", [Report()]),
]

OF_TWO: list[tuple[str, list[Intent]]] = [
    ("compare these two videos", [Compare()]),
    ("what's the difference between talk.mp4 and b.mp4", [Compare()]),
    ("这两个文件有什么区别？", [Compare()]),
    ("are they the same?", [Compare()]),
    ("analyze both videos", [Report()]),
]

OF_NOTHING: list[tuple[str, list[Intent]]] = [
    ("say 'hello world' aloud", [Say(text="hello world")]),
    ("Say hello world", [Say(text="hello world")]),
    ("say 'bonjour' in French at 120 words per minute", [Say(text="bonjour", language="fr", words_per_minute=120)]),
    ("把这句话读出来：你好，世界。今天天气很好。", [Say(text="你好，世界。今天天气很好。")]),
    ("慢一点说“欢迎”", [Say(text="欢迎", words_per_minute=110)]),
    ("say 'one', then say 'two'", [Say(text="one"), Say(text="two")]),
    ("hello", [Greet()]),
    ("你好！", [Greet()]),
    ("thanks!", [Greet()]),
    ("你能做什么？", [Help()]),
    ("", [Help()]),
    ("plot it", [Chart(numbers=None)]),
    ("write a poem", [Cannot("write")]),
    ("run this python code", [Cannot("code")]),
    ("life is hard", [Cannot("know")]),
    ("summarize https://example.org/talk.mp4", [Cannot("address"), Report()]),
]


@pytest.mark.parametrize(("request_", "wanted"), OF_A_VIDEO)
def test_a_request_about_a_video_is_understood(request_: str, wanted: list[Intent]) -> None:
    assert list(understand(request_, [VIDEO]).intents) == wanted


@pytest.mark.parametrize(("request_", "wanted"), OF_A_PICTURE)
def test_a_request_about_a_picture_is_understood(request_: str, wanted: list[Intent]) -> None:
    assert list(understand(request_, [PICTURE]).intents) == wanted


@pytest.mark.parametrize(("request_", "wanted"), OF_TWO)
def test_a_request_about_two_files_is_understood(request_: str, wanted: list[Intent]) -> None:
    assert list(understand(request_, [VIDEO, OTHER]).intents) == wanted


@pytest.mark.parametrize(("request_", "wanted"), OF_NOTHING)
def test_a_request_without_files_is_understood(request_: str, wanted: list[Intent]) -> None:
    assert list(understand(request_, []).intents) == wanted


@pytest.mark.parametrize(
    ("request_", "left_out"),
    [
        ("Analyze the video, no transcript and no frames", {"transcribe", "extract_frames"}),
        ("analyze without ocr", {"read_text"}),
        ("分析这个视频，不要字幕", {"transcribe"}),
        ("report, but don't look for scenes", {"find_scenes"}),
        ("识别视频里的文字", set()),
    ],
)
def test_what_is_not_wanted_is_left_out(request_: str, left_out: set[str]) -> None:
    assert understand(request_, [VIDEO]).without == left_out


@pytest.mark.parametrize(
    ("request_", "language"),
    [
        ("Analyze this video", "en"),
        ("分析这个视频", "zh"),
        ("帮我 transcribe 这个 video", "zh"),
        ("say '你好世界' aloud", "en"),
        ("把这句话读出来：hello world and all of you", "zh"),
        ("write the report in Chinese", "zh"),
        ("请用英文总结这个视频", "en"),
        ("say 'ni hao' in Chinese", "en"),
        ("when does he mention 动能?", "en"),
        ("Analyze in Chinese", "zh"),
        ("总结这个视频，用英语", "en"),
        ("when does he speak in Chinese?", "en"),
    ],
)
def test_the_answer_is_in_the_language_of_the_request(request_: str, language: str) -> None:
    assert understand(request_, [VIDEO]).language == language


def test_words_in_file_names_are_no_commands() -> None:
    named = File(reference="$files[0]", name="say hello and draw a cat.mp4", kind="video", has_sound=True)
    assert understand("how long is say hello and draw a cat.mp4", [named]).intents == (Probe(),)


@pytest.mark.parametrize(
    "request_",
    [
        "cut to the chase: what happens",
        "make sense of this video",
        "make a timeline",
        "make a note of every name",
        "turn this meeting into action items",
        "put this in plain words",
        "add up the numbers on screen",
        "zoom call participants",
        "change log of the software shown",
        "loop invariants explained",
        "trim levels of the car mentioned",
        "把这个视频讲一讲",
        "把关键词提取出来",
        "把这段会议的待办事项整理出来",
        "转述他的观点",
        "调查一下这个视频",
        "倒数第二个问题",
        "剪纸的步骤",
        "拼写错误",
    ],
)
def test_what_begins_as_a_change_and_asks_what_is_there_is_analyzed(request_: str) -> None:
    assert understand(request_, [VIDEO]).intents == (Report(),)


@pytest.mark.parametrize(
    "request_", ["edit it", "make it nicer", "add cinematic bars", "fix the lighting", "帮我剪辑一下", "加个片头"]
)
def test_a_change_that_is_not_known_is_not_answered_with_a_report(request_: str) -> None:
    assert understand(request_, [VIDEO]).intents == (Cannot("change"),)


def test_text_that_comes_with_the_request_is_what_is_summarized() -> None:
    text = "The quick brown fox jumps over the lazy dog. Translate nothing. Everyone was happy to see it at the end."
    assert understand(f"summarize this text:\n{text}").intents == (Summarize(text=text),)


@pytest.mark.parametrize(
    "odd",
    [
        "a" * 10_000,
        "什么" * 5_000,
        "plot " + "1, " * 3_000,
        "say: " + "word " * 2_000,
        "when " * 2_000,
        "'" * 3_000,
        "and then " * 1_200,
        "(((((" * 2_000,
        "\x00\u202e\ud83d",
        "from 0:10 to " * 800,
        "a frame at 1:00 and " * 500,
    ],
)
def test_no_odd_request_makes_a_pattern_explode(odd: str) -> None:
    started = time.process_time()
    assert understand(odd, [VIDEO]).intents
    # Seconds of the processor, whatever else it does meanwhile: a pattern that explodes takes many minutes.
    assert time.process_time() - started < 60.0


@pytest.mark.parametrize(
    ("request_", "voice", "words"),
    [
        ('Read "Hello there" aloud in a female voice', "female", "Hello there"),
        ("Say 'hi' with a man's voice", "male", "hi"),
        ('say "hi" with a deep voice', "deep", "hi"),
        ("say 'hi' in a loud voice", "", "hi"),
        ("用女声读“你好”", "female", "你好"),
        ("用男生的声音朗读：你好", "male", "你好"),
        ('narrate these slides: "One" "Two"', "", "One <#0.5#> Two"),
    ],
)
def test_a_voice_is_asked_for_with_what_it_says(request_: str, voice: str, words: str) -> None:
    [said] = understand(request_).intents
    assert isinstance(said, Say) and (said.voice, said.text) == (voice, words)


@pytest.mark.parametrize("request_", ["How do I cut a video?", "How can I add subtitles to a film?", "怎么剪视频？"])
def test_how_something_is_done_to_any_film_is_told_and_not_searched(request_: str) -> None:
    assert understand(request_).intents == (Help(),)


@pytest.mark.parametrize("request_", ["How do I cut a cake?", "How does he cut the video?"])
def test_how_something_else_is_done_is_searched(request_: str) -> None:
    assert isinstance(understand(request_).intents[0], Find)


@pytest.mark.parametrize("request_", ["paint my house", "Please book me a flight", "Buy a ticket to Oslo"])
def test_an_errand_beside_a_film_is_refused_and_not_reported_on(request_: str) -> None:
    film = File(reference="$files[0]", name="talk.mp4", kind="video", has_sound=True, has_pictures=True, seconds=9.0)
    assert understand(request_, [film]).intents == (Cannot("change"),)


@pytest.mark.parametrize("request_", ["Build me a report on this", "the painted house"])
def test_what_only_sounds_like_an_errand_is_analyzed(request_: str) -> None:
    film = File(reference="$files[0]", name="talk.mp4", kind="video", has_sound=True, has_pictures=True, seconds=9.0)
    assert isinstance(understand(request_, [film]).intents[0], Report)
