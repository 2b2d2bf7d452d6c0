"""`sensorium make`: whole productions by recipes, with and without models."""

import base64
import io
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sensorium.agent.cli import main
from sensorium.agent.recipe import read_recipe
from sensorium.agent.recipes import HOUSE

DIALOGUE = """Anna: Rex, why did you eat my shoes?
Rex: I did not eat them. I tasted them.

Anna: And the sofa?
Rex: A second opinion.
Anna: And who pays for it?
Rex: I buried my half in the garden.
"""
STUDIO = """
name = "Pets"
page = "https://pets.test/docs (2026-11-21)"
base_url = "{url}"
key = "PETS_KEY"
[price]
pictures = 0.25
video_seconds = 0.05
[operations.edit]
role = "draw"
task = "edit"
models = ["pet*"]
[operations.edit.takes]
prompt = {{}}
picture = {{}}
[operations.edit.submit]
path = "/edit"
form = {{ image = "{{picture:file}}", prompt = "{{prompt}}" }}
[operations.edit.result]
files = "images"
as = "base64"
[operations.talk]
role = "film"
task = "talk"
models = ["pet*"]
[operations.talk.takes]
prompt = {{}}
picture = {{}}
sound = {{}}
[operations.talk.submit]
path = "/talk"
form = {{ image = "{{picture:file}}", sound = "{{sound:file}}", prompt = "{{prompt}}" }}
[operations.talk.result]
files = "videos"
as = "base64"
[operations.speech]
role = "speak"
task = "speech"
models = ["say*"]
[operations.speech.takes]
text = {{}}
voice = {{}}
[operations.speech.submit]
path = "/say"
body = {{ text = "{{text}}", voice = "{{voice}}" }}
[operations.speech.result]
files = "sound"
as = "hex"
[operations.clone]
role = "speak"
task = "clone"
models = ["say*"]
[operations.clone.takes]
sound = {{}}
[operations.clone.submit]
path = "/learn"
form = {{ sample = "{{sound:file}}" }}
[operations.clone.result]
texts = "voice"
"""
SAMPLE = "The pendulum swings from one side to the other. Each time it comes back a little lower than it was before."


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def studio(home: Path, job_server: ModuleType, making: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A provider that changes pictures, and lets them say a recording."""

    def answer(asked: Any) -> Any:
        if asked.path == "/edit":
            out = io.BytesIO()
            Image.effect_noise((360, 640), 60).convert("RGB").save(out, "PNG")
            return job_server.Reply(body={"images": [base64.b64encode(out.getvalue()).decode()]})
        if asked.path == "/talk":
            with wave.open(io.BytesIO(asked.body["sound"])) as sound:
                rate, samples = sound.getframerate(), sound.readframes(sound.getnframes())
            heard = np.frombuffer(samples, np.int16).astype(np.float32) / 32768
            first = Image.open(io.BytesIO(asked.body["image"])).convert("RGB")
            file = home / "talk.mp4"
            making.video(file, first.rotate, seconds=len(heard) / rate, sound=heard, rate=rate, gop=10)
            return job_server.Reply(body={"videos": [base64.b64encode(file.read_bytes()).decode()]})
        return None

    with job_server.serving() as running:
        running.answering = answer
        (home / "providers").mkdir(parents=True)
        (home / "providers" / "pets.toml").write_text(STUDIO.format(url=running.url))
        for name, value in {"PETS_KEY": "pets-key-1234567", "SENSORIUM_DRAW": "pets:pet-1"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("SENSORIUM_FILM", "pets:pet-1")
        yield running


@pytest.fixture
def voices(studio: Any, home: Path, job_server: ModuleType, making: ModuleType) -> Any:
    """The provider, which speaks and learns voices, too; beside it a sample of a voice with its consent."""
    for name, text in {"me.wav": SAMPLE, "consent.wav": "I consent to my voice being cloned by this program."}.items():
        assert main(["tool", "speak", json.dumps({"text": text}), "-o", f"said-{name}"]) == 0
        next((home.parent / f"said-{name}").glob("*.wav")).rename(home.parent / name)
    usual, sound = studio.answering, making.wav(home / "said.wav", making.tone(1.5), rate=24_000).read_bytes()

    def answer(asked: Any) -> Any:
        if asked.path == "/learn":
            return job_server.Reply(body={"voice": "rex-77"})
        return job_server.Reply(body={"sound": sound.hex()}) if asked.path == "/say" else usual(asked)

    studio.answering = answer
    return studio


def colour_at(file: Path, seconds: float) -> tuple[int, int, int]:
    """Return the mean colour of the picture above the captions."""
    with av.open(str(file)) as container:
        frame = next(one for one in container.decode(video=0) if one.time is not None and one.time >= seconds)
        pixels = frame.to_ndarray(format="rgb24")
    red, green, blue = pixels[: len(pixels) // 2].mean(axis=(0, 1))
    return round(red), round(green), round(blue)


def streams(file: Path) -> tuple[float, tuple[int, int], int]:
    with av.open(str(file)) as container:
        assert container.duration
        video = container.streams.video[0]
        return container.duration / 1e6, (video.width, video.height), len(container.streams.audio)


def test_the_recipes_of_the_house_can_be_read_and_are_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sorted(one.stem for one in HOUSE.glob("*.toml")) == ["explainer", "talking_pet"]
    for file in HOUSE.glob("*.toml"):
        assert read_recipe(file).words
    assert main(["make"]) == 0
    text = capsys.readouterr().out
    assert "explainer: A narrated film" in text and "--set aspect=…: Shape of the picture (16:9, 9:16, 1:1;" in text
    assert main(["make", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed] == ["explainer", "talking_pet"]
    assert listed[1]["inputs"][0] == {"name": "pet", "kind": "picture", "optional": False, "words": "Who answers."}


def test_an_explainer_is_made_without_any_key(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home.parent / "tea.md").write_text("# Tea\n\n## Leaves\n\nTea is made of leaves.\n\n## Water\n\nIt must be hot.\n")
    assert main(["make", "explainer", "tea.md", "--set", "aspect=1:1", "--set", "height_pixels=240", "-o", "out"]) == 0
    seconds, size, sounds = streams(home.parent / "out" / "film.mp4")
    assert (size, sounds, 4 < seconds < 20) == ((240, 240), 1, True)
    assert "Tea is made of leaves." in (home.parent / "out" / "captions.srt").read_text()
    assert "film.mp4" in capsys.readouterr().out
    assert main(["export", "last", "-o", "mine.toml"]) == 0
    (home.parent / "coffee.md").write_text("# Coffee\n\n## Beans\n\nIt is made of beans.\n")
    assert main(["run", "--recipe", "mine.toml", "coffee.md", "--plan-only", "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)["plan"]["steps"]
    assert [one["id"] for one in steps] == ["script", "slides", "music", "film"]
    assert steps[3]["args"]["height_pixels"] == 240


def test_a_talking_pet_is_made_with_models_and_goes_on_where_it_failed(
    home: Path, studio: Any, job_server: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (300, 400), "tan").save(home.parent / "rex.png")
    (home.parent / "dialogue.txt").write_text(DIALOGUE)
    usual, refusing = studio.answering, [True]

    def answer(asked: Any) -> Any:
        if asked.path == "/talk" and refusing:
            refusing.clear()
            return job_server.Reply(status=400, body={"message": "the sound is refused today"})
        return usual(asked)

    studio.answering = answer
    command = ["make", "talking_pet", "rex.png", "dialogue.txt", "--set", "height_pixels=240", "--set", "pause=0.9"]
    command += ["--budget-usd", "5"]
    assert main([*command, "--plan-only", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    frame, talk = (one for one in planned["quote"]["steps"] if one["served_by"])
    assert (frame["served_by"], talk["served_by"]) == ("pets:pet-1", "pets:pet-1")
    assert talk["units"]["video_seconds"] == {"low": 4, "likely": 6, "high": 10}  # as long as what will be said
    for last in ("--plan-only", "--yes"):
        assert main([*command[:-1], "0.5", last]) == 1
        assert "likely $0.5500 ($0.4500 to $0.7500)" in " ".join(capsys.readouterr().out.split())
    assert studio.asked == []
    assert main([*command, "--yes", "-o", "out"]) in (1, 4, 5)
    assert not (home.parent / "out" / "film.mp4").exists()
    assert main(["resume", "last", "--yes"]) == 0
    assert [one.path for one in studio.asked] == ["/edit", "/talk", "/talk"]  # what was paid is not paid again
    seconds, size, sounds = streams(home.parent / "out" / "film.mp4")
    assert (size[1], sounds, seconds > 7) == (240, 1, True)
    said = " ".join((home.parent / "out" / "captions.srt").read_text().split())
    places = [said.index(one) for one in ("I tasted them", "A second opinion", "I buried my half")]
    assert places == sorted(places)
    capsys.readouterr()
    assert main(["show", "out/film.mp4", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["maker"]["digital_source_type"] == "compositeWithTrainedAlgorithmicMedia"


def test_a_talking_pet_has_a_learnt_voice_and_clips_or_a_picture_of_who_asks(
    home: Path, voices: Any, making: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENSORIUM_SPEAK", "pets:say-1")
    place = home.parent
    Image.new("RGB", (300, 400), "tan").save(place / "rex.png")
    Image.new("RGB", (300, 400), "lime").save(place / "anna.png")
    (place / "dialogue.txt").write_text(DIALOGUE)
    for name, colour in {"ask1.mp4": "red", "ask2.mp4": "blue"}.items():
        clip = Image.new("RGB", (160, 284), colour)
        making.video(place / name, lambda _, clip=clip: clip, seconds=1.5, fps=10, sound=making.tone(1.5))
    command = ["make", "talking_pet", "rex.png", "dialogue.txt", "ask1.mp4", "ask2.mp4", "--set", "asker=anna.png"]
    command += ["--set", "voice_sample=me.wav", "--set", "height_pixels=240"]
    assert main([*command, "--yes"]) == 5
    assert "`consent` is missing" in capsys.readouterr().out
    assert voices.asked == [], "without consent nothing is paid"
    assert main([*command, "--set", "consent=consent.wav", "--set", "asker_voice=anna-1", "--yes", "-o", "out"]) == 0
    said = [(one.body["text"], one.body["voice"]) for one in voices.asked if one.path == "/say"]
    assert said[:3] == [
        ("I did not eat them. I tasted them.", "rex-77"),
        ("A second opinion.", "rex-77"),
        ("I buried my half in the garden.", "rex-77"),
    ]
    assert said[3:] == [("And who pays for it?", "anna-1")], "who has a clip asks in it"
    film = place / "out" / "film.mp4"
    seconds, size, sounds = streams(film)
    assert (size, sounds, seconds > 7) == ((136, 240), 1, True)
    cues = (place / "out" / "captions.srt").read_text().split("\n\n")
    starts = {" ".join(cue.splitlines()[2:]): cue.splitlines()[1].split(" --> ")[0] for cue in cues if cue.strip()}
    minutes, second = starts["And the sofa?"].split(":")[1:]
    asks = int(minutes) * 60 + float(second.replace(",", "."))
    (red, _, other), (_, _, blue) = colour_at(film, 0.5), colour_at(film, asks + 0.6)
    assert red > 150 and other < 90 and blue > 150


def test_a_clip_that_no_question_is_there_for_is_refused(
    home: Path, studio: Any, making: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (300, 400), "tan").save(home.parent / "rex.png")
    (home.parent / "dialogue.txt").write_text("Anna: Why?\nRex: Because.\n")
    names = ["ask1.mp4", "ask2.mp4"]
    for name, colour in zip(names, ("red", "blue"), strict=True):
        clip = Image.new("RGB", (160, 284), colour)
        making.video(home.parent / name, lambda _, clip=clip: clip, seconds=0.5, fps=10)
    command = ["make", "talking_pet", "rex.png", "dialogue.txt", *names, "--plan-only"]
    assert main([*command, "--set", "exchanges=1"]) == 3
    assert "'ask2.mp4' is given as `clip2`, and with what is set nothing is done with it." in capsys.readouterr().err
    assert main([*command, "--set", "exchanges=2"]) == 0


@pytest.mark.parametrize("exchanges", [1, 2, 6])
def test_a_pet_answers_as_often_as_it_is_asked(
    home: Path, studio: Any, making: ModuleType, capsys: pytest.CaptureFixture[str], exchanges: int
) -> None:
    Image.new("RGB", (300, 400), "tan").save(home.parent / "rex.png")
    (home.parent / "dialogue.txt").write_text("Anna: Why?\nRex: Because.\n" * exchanges)
    clip = Image.new("RGB", (160, 284), "red")
    making.video(home.parent / "ask.mp4", lambda _: clip, seconds=1, fps=10)
    command = ["make", "talking_pet", "rex.png", "dialogue.txt", "ask.mp4", "--set", f"exchanges={exchanges}"]
    assert main([*command, "--plan-only", "--json"]) == 0
    steps = {one["id"]: one["args"] for one in json.loads(capsys.readouterr().out)["plan"]["steps"]}
    assert steps["script"]["exchanges"] == exchanges
    scenes = steps["film"]["scenes"]
    assert scenes[0] == {"video": "$files[2]", "caption": "$script.first[0]"}
    assert [one["title"] for one in scenes[2::2]] == [f"$script.first[{n}]" for n in range(1, exchanges)]
    assert scenes[1::2] == [
        {"video": f"$answers.items[{n}].file", "caption": f"$script.second[{n}]"} for n in range(exchanges)
    ]


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["nothing"], 2, "There is no recipe 'nothing'. There are: explainer, talking_pet."),
        (["../explainer"], 2, "There is no recipe"),
        (["explainer", "--set", "aspect=4:3", "--set", "text=a"], 3, "`aspect` is '4:3'. Supported: 16:9, 9:16, 1:1."),
        (["explainer", "--set", "slides=one", "--set", "text=a"], 3, "`slides` is 'one', and must be a whole number."),
        (["explainer", "--set", "slides=99", "--set", "text=a"], 3, "it must be from 2 to 40"),
        (["explainer", "--set", "colour=red"], 3, "The recipe has no `colour` to be set. It has: `text`, `slides`"),
        (["explainer", "--set", "text"], 2, "write it as `--set NAME=VALUE`"),
        (["explainer", "--set", "text=a", "--set", "text=b"], 2, "gives `text` twice"),
        (["explainer", "rex.png"], 3, "'rex.png' is a picture, and the recipe has no more place for one."),
        (["talking_pet", "dialogue.txt"], 3, "The recipe needs `pet`, a picture (Who answers.). Give it as a file."),
        (["talking_pet", "rex.png", "--set", "exchanges=7"], 3, "`exchanges` is 7; it must be from 1 to 6."),
        (["talking_pet", "rex.png"], 3, "is `make_video`, which nothing here does: set `SENSORIUM_FILM"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_made(
    home: Path, capsys: pytest.CaptureFixture[str], command: list[str], code: int, words: str
) -> None:
    Image.new("RGB", (30, 40)).save(home.parent / "rex.png")
    (home.parent / "dialogue.txt").write_text(DIALOGUE)
    assert main(["make", *command]) == code
    assert words in capsys.readouterr().err


def test_without_words_and_without_a_model_nothing_is_paid(
    home: Path, studio: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (30, 40)).save(home.parent / "rex.png")
    assert main(["make", "talking_pet", "rex.png", "--yes", "--set", "topic=shoes"]) == 3
    told = capsys.readouterr()
    assert "Write it yourself" in told.out and "SENSORIUM_THINK" in told.out
    assert main(["make", "talking_pet", "rex.png", "--yes"]) == 1
    assert "A dialogue needs its words" in capsys.readouterr().out
    assert studio.asked == []


def test_a_recipe_of_ones_own_takes_values_files_and_alternatives(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "recipes").mkdir(parents=True)
    (home / "recipes" / "hello.toml").write_text("""
schema = "sensorium.recipe/1"
goal = "Say hello"
request = "Say hello."
[[inputs]]
name = "greeting"
kind = "text"
optional = true
[parameters.name]
default = "you, $friend"
[parameters.loud]
type = "truth"
default = false
[parameters.fast]
type = "whole"
optional = true
[[steps]]
id = "say"
tool = "speak"
depends_on = ["read"]
args = { text = { first_of = ["$read.title", "Hello ${set.name}"] }, words_per_minute = "$set.fast" }
[[steps]]
id = "read"
tool = "write_script"
only_with = ["greeting"]
args = { file = "$files[0]" }
""")
    assert main(["make", "hello", "--plan-only", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert [(one["id"], one["args"]) for one in plan["steps"]] == [("say", {"text": "Hello you, $$friend"})]
    (home.parent / "hi.txt").write_text("Good morning.")
    given = ["--set", "greeting=hi.txt", "--set", "fast=200"]
    assert main(["make", "hello", *given, "--plan-only", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert [(one["id"], one["args"]) for one in plan["steps"]] == [
        ("say", {"text": "$read.title", "words_per_minute": 200}),
        ("read", {"file": "$files[0]"}),
    ]


@pytest.mark.parametrize(("each", "words"), [("name", "`name`, which is 'Rex'. It must be"), ("gone", "`set.gone`")])
def test_something_for_each_of_what_is_no_number_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str], each: str, words: str
) -> None:
    (home / "recipes").mkdir(parents=True)
    (home / "recipes" / "many.toml").write_text(f"""
schema = "sensorium.recipe/1"
goal = "Titles"
request = "Titles."
parameters = {{ name = {{ default = "Rex" }} }}
[[steps]]
id = "film"
tool = "compose_video"
args = {{ scenes = [{{ each = "{each}", of = [{{ title = "No. {{n+1}}" }}] }}] }}
""")
    assert main(["make", "many", "--plan-only"]) == 3
    assert words in capsys.readouterr().err


def test_recipes_of_any_name_are_found_and_bad_ones_do_not_hide_the_others(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "recipes").mkdir(parents=True)
    whole = HOUSE.joinpath("explainer.toml").read_text(encoding="utf-8")
    (home / "recipes" / "我的 film.toml").write_text(whole, encoding="utf-8")
    (home / "recipes" / "deep.toml").write_text(f"x = {'[' * 3000}{']' * 3000}")
    (home / "recipes" / "digits.toml").write_text(f"x = {'9' * 5000}")
    (home / "recipes" / "folder.toml").mkdir()
    (home / "recipes" / "wrong.toml").write_text(whole.replace('default = "16:9"', 'default = "4:3"'))
    assert main(["make", "--json"]) == 0
    listed = {one["name"]: one.get("error", "") for one in json.loads(capsys.readouterr().out)}
    assert list(listed) == ["deep", "digits", "wrong", "我的 film", "explainer", "talking_pet"]
    assert "is not valid TOML: it is nested too deep." in listed["deep"]
    assert "is not valid TOML" in listed["digits"]
    assert "wrong.toml': `parameters.aspect`" in listed["wrong"] and "'4:3'. Supported: 16:9" in listed["wrong"]
    assert main(["make", "我的 film", "--set", "text=Tea is hot.", "--plan-only"]) == 0


def test_a_file_that_is_named_twice_is_one_and_its_length_is_in_the_price(
    home: Path, making: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "recipes").mkdir(parents=True)
    (home / "recipes" / "cut.toml").write_text("""
schema = "sensorium.recipe/1"
goal = "Write down what is said"
request = "Write it down."
inputs = [{ name = "film", kind = "video" }, { name = "words", kind = "text" }]
[[steps]]
id = "script"
tool = "write_script"
args = { file = "$files[1]" }
[[steps]]
id = "speech"
tool = "transcribe"
args = { media = "$files[0]" }
""")
    (home.parent / "tea.md").write_text("Tea is hot.")
    making.video(home.parent / "talk.mp4", lambda _: making.slide("A"), seconds=6, sound=making.tone(6))
    command = ["make", "cut", "talk.mp4", "--set", "film=./talk.mp4", "--set", "words=tea.md"]
    assert main([*command, "--plan-only", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["quote"]["units"]["audio_minutes"]["high"] == pytest.approx(0.1, 0.1)
    assert main(command) == 0
