"""Requests to make or change something: what is understood of them, and which steps they become."""

from dataclasses import replace
from typing import Any

import pytest

from sensorium.agent.embedded.compose import compose
from sensorium.agent.embedded.facts import File
from sensorium.agent.embedded.intents import (
    Cannot,
    DescribeSound,
    Draw,
    DrawSound,
    Edit,
    Film,
    Find,
    Frames,
    Intent,
    Music,
    Probe,
    Report,
    Say,
    Scenes,
    Slideshow,
    Summarize,
    Transcribe,
)
from sensorium.agent.embedded.making import without_film
from sensorium.agent.embedded.understand import understand
from sensorium.agent.lint import check, errors
from sensorium.agent.plan import Plan
from sensorium.tools import catalog

VIDEO = File(reference="$files[0]", name="talk.mp4", kind="video", seconds=200.0, has_sound=True, has_pictures=True)
OTHER = File(reference="$files[1]", name="b.mp4", kind="video", seconds=60.0, has_sound=True, has_pictures=True)
PICTURE = File(reference="$files[0]", name="cat.png", kind="picture", has_pictures=True)
SECOND = File(reference="$files[1]", name="dog.png", kind="picture", has_pictures=True)
SOUND = File(reference="$files[1]", name="a.mp3", kind="audio", seconds=30.0, has_sound=True)

OF_A_VIDEO: list[tuple[str, list[Intent]]] = [
    ("cut a clip from 0:30 to 1:00", [Edit(task="keep", spans=((30.0, 60.0),))]),
    ("trim it to the first 10 seconds", [Edit(task="keep", spans=((0.0, 10.0),))]),
    ("give me a clip of the last 10 seconds", [Edit(task="keep", spans=((190.0, 200.0),))]),
    ("剪出0:10到0:20", [Edit(task="keep", spans=((10.0, 20.0),))]),
    ("remove the part from 0:10 to 0:20", [Edit(task="leave_out", spans=((10.0, 20.0),))]),
    ("remove the silences", [Edit(task="without_silence")]),
    ("去掉停顿", [Edit(task="without_silence")]),
    ("mute the video", [Edit(task="mute")]),
    ("extract the audio as mp3", [Edit(task="sound", form="mp3")]),
    ("把音频提取出来", [Edit(task="sound")]),
    ("convert this to webm", [Edit(task="convert", form="webm")]),
    ("make a gif of the first 3 seconds", [Edit(task="gif", spans=((0.0, 3.0),))]),
    ("speed it up 2x", [Edit(task="speed", amount=2.0)]),
    ("slow down the video to half speed", [Edit(task="speed", amount=0.5)]),
    ("crop it to 9:16", [Edit(task="crop", form="9:16")]),
    ("make this video vertical", [Edit(task="crop", form="9:16")]),
    ("裁剪成竖屏", [Edit(task="crop", form="9:16")]),
    ("resize to 480p", [Edit(task="scale", amount=480.0)]),
    ("rotate 90 degrees left", [Edit(task="rotate", amount=270.0)]),
    ("reverse this clip", [Edit(task="reverse")]),
    ("burn in subtitles", [Edit(task="burn_subtitles")]),
    ("给视频加字幕", [Edit(task="mux_subtitles")]),
    ("split the video at 0:30 and 1:00", [Edit(task="split", points=(30.0, 60.0))]),
    ("cut the video into 30 second pieces", [Edit(task="split", every_seconds=30.0)]),
    ("split it into 4 parts", [Edit(task="split", points=(50.0, 100.0, 150.0))]),
    ("split talk.mp4 in half", [Edit(task="split", points=(100.0,))]),
    ("split at every silence", [Edit(task="split")]),
    ("convert talk.mp4 to webm", [Edit(task="convert", form="webm")]),
    ("cut off the last 10 seconds", [Edit(task="leave_out", spans=((190.0, 200.0),))]),
    ("shorten it to 30 seconds", [Edit(task="keep", spans=((0.0, 30.0),))]),
    ("截取0:30到1:00", [Edit(task="keep", spans=((30.0, 60.0),))]),
    ("remove all silences longer than 1 second", [Edit(task="without_silence", amount=1.0)]),
    ("mute from 0:10 to 0:20", [Edit(task="mute", spans=((10.0, 20.0),))]),
    ("speed it up by 20%", [Edit(task="speed", amount=1.2)]),
    ("make it 50% slower", [Edit(task="speed", amount=0.5)]),
    ("make it twice as fast", [Edit(task="speed", amount=2.0)]),
    ("放慢一倍", [Edit(task="speed", amount=0.5)]),
    ("scale to 640x360", [Edit(task="scale", amount=360.0, width_pixels=640)]),
    ("resize to 1280 pixels wide", [Edit(task="scale", width_pixels=1280)]),
    ("mirror the video", [Edit(task="flip", amount=0.0)]),
    ("左右翻转", [Edit(task="flip", amount=0.0)]),
    ("make an animated webp of seconds 5 to 8", [Edit(task="gif", spans=((5.0, 8.0),), form="webp")]),
    ("add calm piano music to this video", [Edit(task="mix_sound", form="calm piano")]),
    ("给视频配上轻松的音乐", [Edit(task="mix_sound", form="轻松")]),
    (
        "make a vertical clip from 0:10 to 0:20 with burned-in captions",
        [
            Edit(task="keep", spans=((10.0, 20.0),)),
            Edit(task="burn_subtitles"),
            Edit(task="crop", form="9:16"),
        ],
    ),
    ('make a slideshow of these pictures and end with "Thanks"', [Slideshow(ending="Thanks")]),
    ('make a slideshow with a title "Hi" and close with "Bye"', [Slideshow(title="Hi", ending="Bye")]),
    ('add a title card "Hello" at the beginning', [Slideshow(title="Hello")]),
    ("make the video brighter", [Cannot("edit")]),
    ("show the waveform and the spectrogram", [DrawSound(form="waveform"), DrawSound(form="spectrogram")]),
    ("what is this sound like?", [DescribeSound(question="what is this sound like")]),
    ("这个声音是什么样的", [DescribeSound(question="这个声音是什么样的")]),
    ("remove the silences and convert it to mp3", [Edit(task="without_silence"), Edit(task="sound", form="mp3")]),
    ("write a report and cut out 0:10 to 0:20", [Report(), Edit(task="leave_out", spans=((10.0, 20.0),))]),
    ("show the waveform", [DrawSound(form="waveform")]),
    ("画出频谱图", [DrawSound(form="spectrogram")]),
    ("what music is playing?", [DescribeSound(question="what music is playing")]),
    ("loop this video 3 times", [Edit(task="loop", amount=3.0)]),
    ("循环播放三次", [Edit(task="loop", amount=3.0)]),
    ("get rid of the awkward pauses", [Edit(task="without_silence")]),
    ("把静音的地方都剪掉", [Edit(task="without_silence")]),
    ("倒着放", [Edit(task="reverse")]),
    ("顺时针转90度", [Edit(task="rotate", amount=90.0)]),
    ("把视频的声音存成m4a", [Edit(task="sound", form="m4a")]),
    ("can u make this vid square pls", [Edit(task="crop", form="1:1")]),
    ("只要第5秒到第12秒", [Edit(task="keep", spans=((5.0, 12.0),))]),
    ("replace the audio with calm piano music", [Edit(task="replace_sound", form="calm piano")]),
    ("Could you add subtitles and burn them in?", [Edit(task="mux_subtitles"), Edit(task="burn_subtitles")]),
    (
        "make it vertical with captions and put calm music under it",
        [Edit(task="mix_sound", form="calm"), Edit(task="crop", form="9:16"), Edit(task="mux_subtitles")],
    ),
    ("make it 2x faster and vertical", [Edit(task="speed", amount=2.0), Edit(task="crop", form="9:16")]),
    ("把背景音乐换成轻松的钢琴曲", [Edit(task="replace_sound", form="轻松的钢琴")]),
    ("在第10秒和第20秒处切开", [Edit(task="split", points=(10.0, 20.0))]),
    (
        "make a vertical version with subtitles in chinese",
        [Edit(task="crop", form="9:16"), Edit(task="mux_subtitles", form="chinese")],
    ),
    ("加字幕和背景音乐", [Edit(task="mux_subtitles"), Edit(task="mix_sound")]),
    # what cannot be done, and what says nothing that could be
    ("remove the background noise", [Cannot("edit")]),
    ("去掉背景噪音", [Cannot("edit")]),
    ("把声音调大一点", [Cannot("edit")]),
    ("fade out the last 3 seconds", [Cannot("edit")]),
    ("加个水印“样片”", [Cannot("edit")]),
    ("视频太长了，剪短一点", [Cannot("change")]),
    ("make a 15 second teaser", [Cannot("change")]),
    # what only sounds like a change
    ("how many cuts are there?", [Scenes()]),
    ("extract frames from 0:10 to 0:20", [Frames(span=(10.0, 20.0))]),
    ("summarize the first 5 minutes", [Summarize(span=(0.0, 300.0))]),
    ("get the transcript from 0:10 to 0:20", [Transcribe(span=(10.0, 20.0))]),
    ("convert the speech to text", [Transcribe()]),
    ("read the captions burned into the video", [Transcribe(subtitles=True)]),
    ("What key points does he make in the first half?", [Find(query="", span=(0.0, 100.0))]),
    ("ways to reduce background noise mentioned in the talk", [Report()]),
    ("去年的噪音污染情况", [Report()]),
    ("音量的大小", [Probe(loudness=True)]),
    ("cut", [Cannot("change")]),
    ("compress the talk into three sentences", [Summarize(sentences=3)]),
    ("压缩成三句话", [Summarize(sentences=3)]),
    ("compress it to 5 MB", [Edit(task="scale", max_bytes=5_000_000)]),
    ("mute swans: where do they nest in this film?", [Find(query="mute swans nest")]),
    ("scale: how big is it?", [Probe()]),
    ("rotate: by 180 degrees?", [Edit(task="rotate", amount=180.0)]),
    ("trim: how do I get only the first minute?", [Edit(task="keep", spans=((0.0, 60.0),))]),
    ("帮我修一下这个视频", [Cannot("change")]),
    ("把画质提高", [Cannot("change")]),
    ("优化算法的部分", [Report()]),
]
OF_A_PICTURE: list[tuple[str, list[Intent]]] = [
    ("make this photo look like a watercolor", [Draw(prompt="this photo look like a watercolor", repaints=True)]),
    ("upscale this picture 4x", [Edit(task="upscale", amount=4.0)]),
    ("crop to square", [Edit(task="crop", form="1:1")]),
    ("animate this picture", [Film(prompt="this picture")]),
    ("make a talking video of this picture", [Film(prompt="a talking video of this picture")]),
    ("让这张照片说话", [Film(prompt="让这张照片说话")]),
    ("make a slideshow with music", [Slideshow(music=True)]),
    ("用这些图片做一个竖屏视频", [Slideshow(aspect="9:16")]),
    ("make a square video of these", [Slideshow(aspect="1:1")]),
    (
        "a slideshow, 3 seconds per picture, with happy music",
        [Slideshow(each_seconds=3.0, music=True, mood="happy music")],
    ),
    ("用这五张照片做一个带音乐的相册视频，每张3秒", [Slideshow(each_seconds=3.0, music=True)]),
    (
        "把这些图片做成竖屏视频，每张两秒，配欢快音乐",
        [Slideshow(each_seconds=2.0, aspect="9:16"), Slideshow(music=True, mood="欢快音乐")],
    ),
    ('make a slideshow with captions "One" and "Two"', [Slideshow(captions=("One", "Two"))]),
    ('make a slideshow with captions: "One", "Two"', [Slideshow(captions=("One", "Two"))]),
    ('make a slideshow titled "X"', [Slideshow(title="X")]),
    ("做一个标题为“海边”的相册", [Slideshow(title="海边")]),
    ('compose a film of these pictures, end with "Thanks"', [Slideshow(ending="Thanks")]),
]
OF_NOTHING: list[tuple[str, list[Intent]]] = [
    ("draw a cat", [Draw(prompt="a cat")]),
    ("画一只猫", [Draw(prompt="一只猫")]),
    ("make a title card that says 'Hello'", [Draw(prompt="a title card that says 'Hello'")]),
    ("制作标题卡“你好”", [Draw(prompt="标题卡“你好”")]),
    ("draw a diagram of A -> B", [Draw(prompt="a diagram of A -> B")]),
    ("make a gif of a cat", [Film(prompt="a gif of a cat")]),
    ("来一段轻松的音乐", [Music(description="来一段轻松的音乐")]),
    (
        'make a title card "Hi" and 10 seconds of calm music',
        [
            Draw(prompt='a title card "Hi"'),
            Music(description="10 seconds of calm music", seconds=10.0),
        ],
    ),
    ("flow chart: A -> B -> C", [Draw(prompt="flow chart: A -> B -> C")]),
    ("compose 12 seconds of calm music", [Music(description="12 seconds of calm music", seconds=12.0)]),
    ("compose a calm song of 30 seconds", [Music(description="a calm song of 30 seconds", seconds=30.0)]),
    ("生成一段欢快的音乐，20秒", [Music(description="一段欢快的音乐，20秒", seconds=20.0)]),
    (
        "make a 20 second clip of a puppy programmer",
        [Film(prompt="a 20 second clip of a puppy programmer", seconds=20.0)],
    ),
    ("make a birthday card saying Happy Birthday", [Draw(prompt="a birthday card saying Happy Birthday")]),
    ("做一张生日贺卡，写上“生日快乐！”", [Draw(prompt="一张生日贺卡，写上“生日快乐！”")]),
    ("make a podcast intro", [Music(description="a podcast intro")]),
    ("做个十秒的欢快配乐", [Music(description="个十秒的欢快配乐", seconds=10.0)]),
    ("a video of a cat surfing", [Film(prompt="a video of a cat surfing")]),
    (
        "create a 9:16 video explaining photosynthesis",
        [Film(prompt="a 9:16 video explaining photosynthesis", aspect="9:16")],
    ),
    ("text to speech: Good morning", [Say(text="Good morning")]),
    ("crop it to 9:16", [Cannot("know")]),
    ("clone my voice", [Cannot("clone")]),
]


@pytest.mark.parametrize(("request_", "wanted"), OF_A_VIDEO)
def test_what_a_video_is_to_become_is_understood(request_: str, wanted: list[Intent]) -> None:
    assert list(understand(request_, [VIDEO]).intents) == wanted


@pytest.mark.parametrize(("request_", "wanted"), OF_A_PICTURE)
def test_what_a_picture_is_to_become_is_understood(request_: str, wanted: list[Intent]) -> None:
    assert list(understand(request_, [PICTURE]).intents) == wanted


@pytest.mark.parametrize(("request_", "wanted"), OF_NOTHING)
def test_what_is_to_be_made_out_of_words_is_understood(request_: str, wanted: list[Intent]) -> None:
    assert list(understand(request_).intents) == wanted


def steps(request: str, *files: File) -> list[dict[str, Any]]:
    plan = compose(understand(request, files), files).steps
    facts = [
        {"name": one.name, "handle": "artifact://sha256/0", "kind": one.kind, "seconds": one.seconds,
         "has_sound": one.has_sound, "has_pictures": one.has_pictures}
        for one in files
    ]  # fmt: skip
    assert errors(check(Plan.model_validate({"goal": "", "steps": plan}), catalog(), facts=facts)) == []
    return plan


@pytest.mark.parametrize(
    ("request_", "files", "wanted"),
    [
        (request, [VIDEO], wanted)
        for request, wanted in (
            ("cut a clip from 0:30 to 1:00", {"task": "trim", "start_seconds": 30.0, "end_seconds": 60.0}),
            ("trim it: keep everything from 3:00", {"task": "trim", "start_seconds": 180.0, "end_seconds": 200.0}),
            ("cut out 0:10 to 0:20", {"task": "remove", "parts": [[10.0, 20.0]]}),
            ("remove the silences", {"task": "remove"}),
            ("split it every 90 seconds", {"task": "split", "at_seconds": [90.0, 180.0]}),
            ("convert it to mp3", {"task": "extract_sound", "format": "mp3"}),
            ("convert it to mkv", {"task": "convert", "format": "mkv"}),
            ("make a gif of the first 3 seconds",
             {"task": "convert", "format": "gif", "start_seconds": 0.0, "end_seconds": 3.0}),
            ("make it vertical", {"task": "crop", "aspect": "9:16"}),
            ("resize to 480p", {"task": "scale", "height_pixels": 480}),
            ("2x speed please", {"task": "speed", "speed": 2.0}),
            ("rotate it by 90 degrees", {"task": "rotate", "degrees": 90}),
        )
    ],
)  # fmt: skip
def test_a_change_is_one_step_of_edit_media(request_: str, files: list[File], wanted: dict[str, Any]) -> None:
    (step,) = steps(request_, *files)
    assert (step["tool"], step["args"]) == ("edit_media", {"media": "$files[0]", **wanted})


def test_one_change_goes_on_from_the_one_before() -> None:
    cut, cropped = steps("cut out 0:10 to 0:20, then make it vertical", VIDEO)
    assert cut["args"]["media"] == "$files[0]"
    assert cropped["args"]["media"] == "$without.file"


def test_times_are_those_of_the_file_as_it_was_given() -> None:
    cut, animation = steps("cut out 0:10 to 0:20 and make a gif of 0:30 to 0:32", VIDEO)
    assert animation["args"]["media"] == "$files[0]"
    (cut,) = steps("cut out 0:10 to 0:20 and cut out 0:40 to 0:50", VIDEO)
    assert cut["args"]["parts"] == [[10.0, 20.0], [40.0, 50.0]]


def test_subtitles_of_what_was_cut_are_heard_in_what_is_left() -> None:
    *_, heard, burned = steps("cut out 0:10 to 0:20, make it vertical and burn in subtitles", VIDEO)
    assert heard["args"] == {"media": "$changed.file"}
    assert burned["args"] == {"task": "burn_subtitles", "subtitles": "$speech.srt", "media": "$changed.file"}


def test_subtitles_that_are_burned_in_are_what_was_heard() -> None:
    heard, burned = steps("burn in subtitles", VIDEO)
    assert heard["tool"] == "transcribe"
    assert burned["args"] == {"media": "$files[0]", "task": "burn_subtitles", "subtitles": "$speech.srt"}


def test_files_are_joined_in_their_order() -> None:
    (step,) = steps("merge these videos", VIDEO, OTHER)
    assert step["args"] == {"task": "join", "files": ["$files[0]", "$files[1]"]}
    assert "Joining needs two files" in compose(understand("merge these videos", [VIDEO]), [VIDEO]).notes[0]


def test_what_is_asked_of_joined_files_is_asked_of_the_whole() -> None:
    joined, cropped, music, mixed = steps("join talk.mp4 and b.mp4, make it square and add calm music", VIDEO, OTHER)
    assert joined["args"]["files"] == ["$files[0]", "$files[1]"]
    assert (cropped["args"]["media"], music["args"]["seconds"]) == ("$joined.file", 260.0)
    assert (mixed["args"]["media"], mixed["args"]["sound"]) == ("$changed.file", "$music.audio")


def test_parts_of_one_file_are_joined() -> None:
    *_, joined = steps("keep only 0:05-0:12 and 0:20-0:25 and join them", VIDEO)
    assert joined["args"]["files"] == ["$clip.file", "$clip_2.file"]


def test_a_file_is_played_again_and_again() -> None:
    _, joined = steps("speed it up 2x and loop it twice", VIDEO)
    assert joined["args"] == {"task": "join", "files": ["$changed.file", "$changed.file"]}


def test_an_upright_film_has_its_subtitles_in_the_picture() -> None:
    assert steps("make it vertical with captions", VIDEO)[-1]["args"]["task"] == "burn_subtitles"
    assert steps("add subtitles and burn them in", VIDEO)[-1]["args"]["task"] == "burn_subtitles"
    assert steps("add subtitles", VIDEO)[-1]["args"]["task"] == "add_subtitles"


def test_music_is_made_for_a_film_whose_own_sound_goes() -> None:
    music, replaced = steps("视频静音，配上舒缓的钢琴曲", VIDEO)
    assert (music["args"]["description"], replaced["args"]["task"]) == ("舒缓的钢琴的音乐", "replace_sound")


def test_a_slideshow_shows_every_file_with_music_that_is_made_for_it() -> None:
    music, film = steps("make a 20 second slideshow with music", PICTURE, SECOND)
    assert music["tool"] == "make_music"
    scenes = [{"picture": "$files[0]", "seconds": 10.0}, {"picture": "$files[1]", "seconds": 10.0}]
    assert film["args"] == {"scenes": scenes, "music": "$music.audio"}


def test_a_picture_talks_with_the_recording_that_is_given() -> None:
    (film,) = steps("make a talking video of this picture", PICTURE, SOUND)
    assert (film["tool"], film["args"]["sound"]) == ("make_video", SOUND.reference)


def test_a_given_recording_plays_under_a_slideshow() -> None:
    (film,) = steps("make a video of these pictures", PICTURE, SOUND, replace(SECOND, reference="$files[2]"))
    assert film["args"]["music"] == SOUND.reference


def test_a_picture_is_shown_for_as_long_as_a_recording_lasts() -> None:
    (film,) = steps("make a video from this picture and this recording", PICTURE, SOUND)
    assert film["args"]["scenes"] == [{"picture": "$files[0]", "narration": SOUND.reference}]


@pytest.mark.parametrize("request_", ["turn my notes into a vertical video", "把这篇文章做成竖屏讲解视频"])
def test_a_text_is_explained_in_a_film_by_the_recipe(request_: str) -> None:
    made = steps(request_, File(reference="$files[0]", name="notes.txt", kind="text"))
    assert [one["tool"] for one in made] == ["write_script", "make_slides", "make_music", "compose_video"]
    assert (made[0]["args"]["file"], made[3]["args"]["aspect"]) == ("$files[0]", "9:16")


def test_a_film_is_given_the_sound_that_is_there_or_one_that_is_made_for_it() -> None:
    (mixed,) = steps("mix a.mp3 into talk.mp4", VIDEO, SOUND)
    assert mixed["args"] == {"task": "mix_sound", "sound": SOUND.reference, "volume_db": -15.0, "media": "$files[0]"}
    (replaced,) = steps("replace the sound of the video with a.mp3", VIDEO, SOUND)
    assert (replaced["args"]["task"], replaced["args"]["media"]) == ("replace_sound", "$files[0]")
    music, mixed = steps("add background music", VIDEO)
    assert (music["tool"], mixed["args"]["sound"]) == ("make_music", "$music.audio")
    assert "name both files" in compose(understand("replace the sound", [VIDEO]), [VIDEO]).notes[0]


def test_a_film_that_is_muted_and_given_a_sound_has_only_that() -> None:
    (step,) = steps("add a.mp3 as narration and mute the original sound", VIDEO, SOUND)
    assert step["args"] == {"task": "replace_sound", "sound": SOUND.reference, "media": "$files[0]"}


def test_subtitles_are_heard_before_music_lies_over_the_words() -> None:
    made = steps("remove the silences, add happy music and burn in subtitles", VIDEO)
    assert [one["args"].get("task", one["tool"]) for one in made[1:]] == [
        "transcribe", "burn_subtitles", "make_music", "mix_sound"
    ]  # fmt: skip


@pytest.mark.parametrize(("request_", "asks"), [("what is the tempo?", False), ("what instruments are playing?", True)])
def test_only_what_is_not_measured_is_asked_of_a_model(request_: str, asks: bool) -> None:
    (step,) = steps(request_, VIDEO)
    assert (step["tool"], "question" in step["args"]) == ("describe_sound", asks)


def test_each_of_several_changes_is_made() -> None:
    assert [one["args"]["task"] for one in steps("make it 1:1 and 480p", VIDEO)] == ["crop", "scale"]
    assert [one["args"]["task"] for one in steps("rotate left and flip it", VIDEO)] == ["rotate", "rotate"]
    assert [one["tool"] for one in steps("画出波形图，并说说这是什么声音", VIDEO)] == [
        "picture_sound",
        "describe_sound",
    ]


def test_subtitles_that_are_given_are_those_that_are_burned_in() -> None:
    words = File(reference="$files[1]", name="talk.srt", kind="text")
    (step,) = steps("burn talk.srt into the video", VIDEO, words)
    assert step["args"]["subtitles"] == "$files[1]"


def test_subtitles_are_drawn_into_the_last_shape() -> None:
    *_, cropped, heard, burned = steps("burn in subtitles and make it vertical", VIDEO)
    assert (cropped["args"]["task"], heard["tool"], burned["args"]["media"]) == (
        "crop", "transcribe", "$changed.file"
    )  # fmt: skip


def test_files_are_joined_in_the_order_of_their_names_in_the_request() -> None:
    (step,) = steps("merge b.mp4 and talk.mp4", VIDEO, OTHER)
    assert step["args"]["files"] == ["$files[1]", "$files[0]"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("rotate it 45 degrees", "90, 180 or 270"),
        ("make it 50x faster", "0.1 to 20"),
        ("convert it to avi", "I do not write avi"),
        ("remove the intro", "from when to when"),
        ("upscale it", "a picture"),
        ("split at 5:00", "beyond the end"),
        ("resize to 0x0", "at least 2 pixels"),
    ],
)
def test_what_cannot_be_changed_so_is_said_with_what_can(request_: str, said: str) -> None:
    composed = compose(understand(request_, [VIDEO]), [VIDEO])
    assert (composed.steps, len(composed.notes)) == ([], 1)
    assert said in composed.notes[0]


@pytest.mark.parametrize("request_", ["make 0 seconds of music", "make 3 hours of music"])
def test_music_of_a_length_that_is_not_made_is_refused(request_: str) -> None:
    composed = compose(understand(request_), [])
    assert (composed.steps, len(composed.notes)) == ([], 1)
    assert "Music may last from" in composed.notes[0]


def test_a_size_that_cannot_be_aimed_at_is_said() -> None:
    assert "cannot aim at 10 MB" in compose(understand("compress it to 10 MB", [VIDEO]), [VIDEO]).remarks[0]
    (step,) = steps("compress it to 200 KB", PICTURE)
    assert step["args"] == {"media": "$files[0]", "task": "convert", "format": "jpeg", "max_bytes": 200_000}


def test_music_that_is_asked_for_beside_a_slideshow_plays_in_it() -> None:
    music, film = steps("make a slideshow. Then add calm music.", PICTURE, SECOND)
    assert (music["args"]["description"], film["args"]["music"]) == ("calm music", "$music.audio")


def test_words_of_a_user_are_never_references() -> None:
    (step,) = steps("draw a $files[0] of a cat")
    assert step["args"]["prompt"].startswith("a $$files[0]")


def test_where_nobody_makes_videos_it_is_said_what_would() -> None:
    wanted = without_film(understand("make a film of a dog"))
    assert list(wanted.intents) == [Cannot("film")]


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ("Read this dialogue aloud:\nTom: Hello.\nMia: Hi!", "Tom: Hello.\nMia: Hi!"),
        ("Say: A: Where were you? / B: At home.", "A: Where were you? / B: At home."),
        ("Make audio of this with two voices:\nTom: Hi\nMia: Hello", "Tom: Hi\nMia: Hello"),
        ("朗读这段对话：\n小明：你好。\n小红：早上好。", "小明：你好。\n小红：早上好。"),
        ("给这段对话配音：甲：你好吗？/乙：很好。", "甲：你好吗？/乙：很好。"),
    ],
)
def test_a_typed_dialogue_is_said_in_several_voices(request_: str, text: str) -> None:
    understood = understand(request_, [])
    assert understood.intents == (Say(text=text, as_dialogue=True),)
    (step,) = compose(understood, []).steps
    assert (step["tool"], step["args"]["voices"]) == ("speak", {})


def test_headings_are_no_speakers() -> None:
    (said,) = understand("Say: Breakfast: eggs\nLunch: soup", []).intents
    assert isinstance(said, Say) and not said.as_dialogue
