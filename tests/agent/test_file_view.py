"""`sensorium show FILE`: who made a file."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sensorium.agent import file_view
from sensorium.agent.cli import main
from sensorium.agent.printing import width
from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.run import Call, Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.credentials.chosen import Credentials
from sensorium.tools.credentials.identity import identity
from sensorium.tools.credentials.keeping import Making, keep
from sensorium.tools.credentials.manifest import NO_FORMAT, Ingredient, sign
from sensorium.tools.credentials.story import Story


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


_ARGUMENTS = {"crop": "1:1", "speed": None, "parts": [{"start": None, "end": 2.0}]}


@pytest.fixture
async def made(home: Path) -> Path:
    """A picture that was edited, beside its original."""
    out = io.BytesIO()
    Image.new("RGB", (32, 24), "teal").save(out, "PNG")
    run = Run.open(Settings.read())
    inner = run.within(Call(id="one", tool="make_image", arguments={"prompt": "a very private wish"}, inputs=[]))
    by_model = Making(kind="model", provider="openai:gpt-image-1")
    drawn = await keep(inner, out.getvalue(), name="drawn.png", media_type="image/png", making=by_model)
    inner = run.within(Call(id="two", tool="edit_media", arguments=_ARGUMENTS, inputs=[drawn.handle]))
    edit = Making(kind="edit", inputs=(drawn.handle,))
    kept = await keep(inner, out.getvalue(), name="edited.png", media_type="image/png", making=edit)
    (home.parent / "edited.png").write_bytes(run.path(kept.handle).read_bytes())
    run.library.close()
    return home.parent / "edited.png"


def test_a_file_is_shown_with_what_it_proves_and_what_the_library_knows(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", made.name]) == 0
    lines = capsys.readouterr().out.splitlines()
    text = " ".join(line.strip() for line in lines)
    for words in [
        "proof: signed, and unchanged since",
        "kind: made by a model (trainedAlgorithmicMedia)",
        "tool: edit_media",
        "yes, with a certificate of this library",
        "actions: opened, edited",
        "out of: drawn.png (edited, by openai:gpt-image-1, Sensorium 0.1.0, trainedAlgorithmicMedia, signed)",
        "this library: made by `edit_media` of sensorium",
        "crop: 1:1",
    ]:
        assert words in text
    assert max(map(width, lines)) <= 60
    assert "private" not in text


def test_a_changed_file_is_called_so_first(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(made.read_bytes())
    content[content.index(b"IDAT") + 8] ^= 1
    made.write_bytes(content)
    assert main(["show", made.name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(one for one in lines if one.startswith("proof:")).startswith("proof: CHANGED since it was signed")
    assert not any(one.startswith("this library:") for one in lines)


def test_arguments_are_shown_as_they_were_given(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(made)]) == 0
    told = capsys.readouterr().out
    assert 'crop: 1:1\n  parts: [{"end": 2.0}]\n' in told and "speed" not in told


def test_it_is_json_for_programs(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(made), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["maker"]["proof"], shown["manifest"]["inputs"][0]["relation"]) == ("signed", "parentOf")
    assert [(one["tool"], one["inputs"]) for one in shown["library"]] == [("edit_media", ["drawn.png"])]


def test_files_of_others_are_read_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL.PngImagePlugin import PngInfo

    words = PngInfo()
    words.add_text("parameters", "a cat \x1b[31m, Steps: 20")
    Image.new("RGB", (9, 9)).save(home.parent / "webui.png", pnginfo=words)
    exif = Image.Exif()
    exif[305], exif[272] = "Firmware 1.0\x1b[2J", "Camera \u202e9"
    Image.new("RGB", (9, 9)).save(home.parent / "camera.jpg", exif=exif)
    (home.parent / "plain.txt").write_text("words")
    (home.parent / "empty").touch()
    for name, found in {
        "webui.png": "by: a Stable Diffusion WebUI",
        "camera.jpg": "by: Firmware 1.0[2J",
        "plain.txt": "proof: nothing in it says who made it",
        "empty": "proof: nothing in it says who made it",
    }.items():
        assert main(["show", name]) == 0
        out = capsys.readouterr().out
        assert found in out and "\x1b" not in out and "\u202e" not in out
        assert "a cat" not in out


def test_words_of_a_stranger_are_called_so_and_steer_no_terminal(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "Trusted\x1b[2J\x1b]8;;http://evil.example\x07\u202e\u2066\r\nproof: signed \x9b31m" + "x" * 900
    story = Story(
        kind="model", title=evil, media_type="image/png", tool=evil, provider=evil, version="9", made_at=evil,
        source_type="digitalCapture",
    )  # fmt: skip
    out, plain = (tmp_path / "theirs.png").open("w+b"), io.BytesIO()
    Image.new("RGB", (9, 9)).save(plain, "PNG")
    with out:
        given = [Ingredient(evil, NO_FORMAT, "componentOf", None)] * 30
        sign(plain, out, story, identity(Credentials(), tmp_path / "their home"), given)
    assert main(["show", "theirs.png"]) == 0
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert not any(one in shown for one in ("\x1b", "\x9b", "\x07", "\u202e", "\u2066", "\r"))
    assert max(map(width, lines)) <= 60
    assert [one for one in lines if one.startswith("proof:")] == [
        "proof: signed by somebody who is not known here, and"
    ]
    text = " ".join(line.strip() for line in lines)
    assert "calls itself 'A user of Sensorium, Sensorium (self-made)'; a self-made certificate: nobody vouches" in text
    assert "and 10 more" in text


def test_what_takes_too_long_or_ends_the_decoder_is_shown_by_its_words(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = Run.decode

    async def ends(self: Run, function: Any, *args: Any, looks: bool = True) -> Any:
        if looks:
            raise MediaError("'edited.png' ended the decoder (SIGABRT); it is damaged or hostile.")
        return await decode(self, function, *args, looks=looks)

    with monkeypatch.context() as patched:
        patched.setattr(Run, "decode", ends)
        assert main(["show", made.name]) == 0
    text = capsys.readouterr().out
    assert "proof: not looked at, as the note says" in text and "note: 'edited.png' ended the decoder" in text
    monkeypatch.setattr(file_view, "MOST_SECONDS", 0.0)
    assert main(["show", made.name, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["maker"]["proof"], shown["limits"]) == ("unread", ["It takes more than 0 s to look into it."])
    assert shown["metadata"]["tool"] == "edit_media"


def test_metadata_that_claims_to_be_ours_is_no_proof(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL.PngImagePlugin import PngInfo

    words = PngInfo()
    line = "made by Sensorium 0.1.0, openai:gpt; tool make_image; at 2026-11-21T00:00:00Z; digital source type print."
    words.add_text("Comment", line)
    Image.new("RGB", (9, 9)).save(home.parent / "forged.png", pnginfo=words)
    assert main(["show", "forged.png"]) == 0
    assert "proof: not signed: its metadata says so, which anybody" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["nothing.png", "."])
def test_what_is_neither_run_nor_file_is_refused(home: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["show", name]) == 2
    assert f"There is no run {name!r}. `sensorium runs` lists them. Nor is there a file" in capsys.readouterr().err
