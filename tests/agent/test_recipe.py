"""Runs written down as recipes, and recipes applied to other files."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.assistant import Assistant
from sensorium.agent.cli import main
from sensorium.agent.recipe import Recipe, RecipeStep, read_recipe, recipe_of, write_recipe
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ArgumentError, SettingsError
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> dict[str, Path]:
    """A film with sound, one without, and a picture."""
    folder = tmp_path_factory.mktemp("clips")
    slides = [making.slide("Kites and wind"), making.slide("The budget", colour="navy", ink="white")]
    paths = {"sound": folder / "sound.mp4", "silent": folder / "silent.mp4", "picture": folder / "slide.png"}
    making.video(paths["sound"], lambda n: slides[n // 20], seconds=4, sound=making.tone(4))
    making.video(paths["silent"], lambda n: slides[1 - n // 20], seconds=4)
    slides[0].save(paths["picture"])
    return paths


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    with Assistant(settings) as opened:
        yield opened


@pytest.fixture
def export(assistant: Assistant, tmp_path: Path) -> Callable[[], Path]:
    """Write the last run down."""

    def run() -> Path:
        file = tmp_path / "recipe.toml"
        file.write_text(write_recipe(assistant.export("last")), encoding="utf-8")
        return file

    return run


async def test_a_recipe_of_a_run_does_the_same_with_the_same_file(
    assistant: Assistant, export: Callable[[], Path], clips: dict[str, Path]
) -> None:
    first = await assistant.run("Take a screenshot of each scene and read the text", clips["sound"])
    again = await assistant.run("", clips["sound"], recipe=export())
    assert (first.status, again.status) == ("done", "done")
    assert [one.handle for one in again.artifacts] == [one.handle for one in first.artifacts]
    assert len(first.artifacts) >= 2
    assert all(one["cached"] for one in again.steps)
    assert again.thread != first.thread


async def test_a_recipe_is_applied_to_another_file_and_answered_about_it(
    assistant: Assistant, export: Callable[[], Path], clips: dict[str, Path]
) -> None:
    await assistant.run("Write a report on this video", clips["silent"])
    answer = await assistant.run("", clips["sound"], recipe=export())
    assert answer.status == "done"
    assert "sound.mp4" in answer.text
    assert "report.html" in [one.name for one in answer.artifacts]
    assert not any(one["cached"] for one in answer.steps if one["tool"] == "read_text")
    assert assistant.show("last").row.request == "Write a report on this video"


async def test_a_recipe_of_a_later_turn_says_what_it_changed(
    assistant: Assistant, export: Callable[[], Path], clips: dict[str, Path]
) -> None:
    await assistant.run("Write a report on this video", clips["sound"])
    await assistant.run("now only the second half", thread="last")
    answer = await assistant.run("", clips["sound"], recipe=export())
    assert answer.status == "done"
    assert answer.text.startswith("Report on sound.mp4") or "budget" in answer.text
    assert "Kites" not in answer.text


async def test_what_a_recipe_looks_like(
    assistant: Assistant, export: Callable[[], Path], clips: dict[str, Path]
) -> None:
    await assistant.run("Read the text", clips["sound"])
    plain = tomllib.loads(export().read_text(encoding="utf-8"))
    assert plain == {
        "schema": "sensorium.recipe/1",
        "goal": "Read the text",
        "request": "Read the text",
        "inputs": [{"name": "sound.mp4", "kind": "video", "has_sound": True, "has_pictures": True}],
        "steps": [
            {
                "id": "scenes",
                "tool": "find_scenes",
                "version": 1,
                "optional": True,
                "args": {"media": "$files[0]"},
            },
            {
                "id": "text",
                "tool": "read_text",
                "version": plain["steps"][1]["version"],
                "optional": True,
                "args": {"media": "$files[0]", "scenes": "$scenes.scenes"},
            },
        ],
    }


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["picture"], r"needs a video with sound and pictures as `\$files\[0\]`, and 'slide.png' is a picture"),
        (["silent"], r"needs a video with sound.* 'silent.mp4' is a video without sound"),
        ([], r"takes 1 file .* and you gave no files"),
        (["sound", "silent"], r"takes 1 file .* and you gave 2 files"),
        (["missing"], r"cannot be used: .*does not exist"),
    ],
)
async def test_a_recipe_for_other_files_is_refused_before_anything_runs(
    assistant: Assistant,
    export: Callable[[], Path],
    clips: dict[str, Path],
    tmp_path: Path,
    *,
    files: list[str],
    words: str,
) -> None:
    await assistant.run("Write a report", clips["sound"])
    given = [clips.get(one, tmp_path / "missing.mp4") for one in files]
    recipe, runs = export(), len(assistant.runs())
    with pytest.raises(SettingsError, match=words) as refused:
        await assistant.run("", given, recipe=recipe)
    assert "\n" not in str(refused.value)
    assert len(assistant.runs()) == runs


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("schema = ", "schema ", "is not valid TOML"),
        ('"sensorium.recipe/1"', '"sensorium.recipe/2"', "its `schema` is 'sensorium.recipe/2', and must be"),
        ('tool = "read_text"', 'tool = "read_txt"', "`text` of the recipe does not fit: .*read_text"),
        ('media = "$files[0]"', 'medium = "$files[0]"', "does not fit"),
        ('scenes = "$scenes.scenes"', 'scenes = "$cuts.scenes"', "does not fit"),
        (
            'tool = "find_scenes"\nversion = 1',
            'tool = "find_scenes"\nversion = 99',
            "`find_scenes`, and there is version 1",
        ),
        ('kind = "video"', 'kind = "video", colour = "red"', "`inputs.0.colour`"),
        ('kind = "video"', 'kind = "movie"', "`inputs.0.kind`: Input should be 'video', 'audio'"),
        ('goal = "Read the text"\n', "", "`goal`: Field required"),
    ],
)
async def test_a_recipe_that_was_changed_wrongly_is_refused(
    assistant: Assistant,
    export: Callable[[], Path],
    clips: dict[str, Path],
    *,
    old: str,
    new: str,
    words: str,
) -> None:
    await assistant.run("Read the text", clips["sound"])
    file = export()
    text = file.read_text(encoding="utf-8").replace('{ name = "sound.mp4", kind = "video", ', '{ kind = "video", ')
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError, match=words) as refused:
        await assistant.run("", clips["sound"], recipe=file)
    assert "\n" not in str(refused.value)


def test_commands_export_apply_and_refuse(
    clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    assert main(["run", "Read the text", str(clips["sound"])]) == 0
    assert main(["export", "last", "-o", "r.toml"]) == 0
    assert main(["export", "last", "-o", "my r.toml"]) == 0
    assert "--recipe 'my r.toml' FILE" in capsys.readouterr().err
    assert main(["run", str(clips["silent"]), "--recipe", "r.toml", "--plan-only"]) == 3
    assert main(["run", "--recipe", "r.toml", str(clips["sound"]), "--plan-only"]) == 0
    capsys.readouterr()
    assert main(["run", "--recipe", "r.toml", str(clips["sound"]), "--json"]) == 0
    assert '"status": "done"' in capsys.readouterr().out
    assert main(["run", "--recipe", "gone.toml", str(clips["sound"])]) == 3
    assert "'gone.toml' cannot be read" in capsys.readouterr().err
    assert main(["run", "hello"]) == 0
    assert main(["export", "last"]) == 2
    assert "nothing to write down" in capsys.readouterr().err


async def test_a_recipe_of_a_model_is_applied_without_asking_for_a_plan(
    settings: Settings, server: Any, script: ModuleType, small_tools: dict[str, Tool], calls: list[str]
) -> None:
    endpoints = {"house": Endpoint(name="house", base_url=server.url)}
    settings = replace(settings, models={"think": "house:big"}, endpoints=endpoints)
    steps = [
        {"id": "bad", "tool": "fail", "args": {}},
        {"id": "one", "tool": "echo", "args": {"text": "costs $$5", "items": [1, 2], "got": None}},
    ]
    more = [{"id": "two", "tool": "echo", "args": {"got": "$one.items", "text": "${one.text}!"}}]
    server.play(
        script.calls(("make_plan", {"goal": "echo", "steps": steps})),
        script.calls(("make_plan", {"goal": "more", "steps": more})),
        script.says("Done."),
    )
    recipe = settings.home.parent / "r.toml"
    with Assistant(settings, tools=small_tools) as assistant:
        await assistant.run("Say it")
        recipe.write_text(write_recipe(assistant.export("last")), encoding="utf-8")
        assert [one.id for one in read_recipe(recipe).steps] == ["one", "two"]
        server.play(script.says("Said again."))
        answer = await assistant.run("", recipe=recipe)
    assert (answer.text, [one["calls"] for one in answer.usage]) == ("Said again.", [1])
    assert calls == ["costs $5", "costs $5!"] * 2


def test_files_are_numbered_anew_and_handles_become_names(small_tools: dict[str, Tool]) -> None:
    handle = f"artifact://sha256/{'a' * 64}"
    files = [
        {"handle": "artifact://x", "name": "unused.mp4", "kind": "video", "has_sound": True},
        {"name": "gone.mp4", "error": "It is gone."},
        {"handle": handle, "name": "used.wav", "kind": "audio", "has_sound": True},
    ]
    step = {"id": "one", "tool": "echo", "args": {"text": "$$files[1] is ${files[1]}", "got": [handle]}}
    plan = {"goal": "g", "steps": [step]}
    made = recipe_of("r", [plan], [], {"one": {"status": "done"}}, files, catalog=small_tools)
    assert [one.name for one in made.inputs] == ["used.wav"]
    assert made.steps[0].args == {"text": "$$files[1] is ${files[0]}", "got": ["$files[0]"]}
    with pytest.raises(ArgumentError, match="only that run has"):
        recipe_of("r", [plan], [], {"one": {"status": "done"}}, files[:1], catalog=small_tools)


def test_any_text_survives_being_written(tmp_path: Path) -> None:
    odd = 'quotes " and \' and \\ and """ and 中文\n\t\x01 $$ # = [x]'
    step = RecipeStep(id="one", tool="t", version=1, args={"a": odd, "b": [1, 2.5, True, {"c": odd}], "d": {}})
    recipe = Recipe(schema="sensorium.recipe/1", goal=odd, request=odd, steps=[step])
    file = tmp_path / "r.toml"
    file.write_text(write_recipe(recipe), encoding="utf-8")
    assert read_recipe(file) == recipe
