"""Who made a file, written into it and read back from it alone."""

import asyncio
import base64
import io
import os
import re
import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.run import Call, Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.workspace import Artifact
from sensorium.tools.credentials.chosen import Credentials
from sensorium.tools.credentials.identity import own_anchors
from sensorium.tools.credentials.keeping import Making, keep
from sensorium.tools.credentials.reading import Told, read_told

PICTURES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
}
RECORDINGS: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "video/mp4": ("mp4", "libx264", "aac", {}),
    "video/mp4 with its tables first": ("mp4", "libx264", "aac", {"movflags": "+faststart"}),
    "video/mp4 in fragments": ("mp4", "libx264", "aac", {"movflags": "frag_keyframe+empty_moov"}),
    "video/quicktime": ("mov", "libx264", "aac", {}),
    "video/webm": ("webm", "libvpx", "libopus", {}),
    "video/x-matroska": ("matroska", "libx264", "aac", {}),
    "audio/mp4": ("ipod", "", "aac", {}),
    "audio/wav": ("wav", "", "pcm_s16le", {}),
    "audio/mpeg": ("mp3", "", "libmp3lame", {}),
    "audio/flac": ("flac", "", "flac", {}),
    "audio/ogg": ("ogg", "", "libopus", {}),
}
UNSIGNED = {"video/webm", "video/x-matroska", "audio/flac", "audio/ogg", "audio/midi"}
BY_MODEL = Making(kind="model", provider="openai:gpt-image-1")
SVG = b'<?xml version="1.0"?><!-- <svg> --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 > 9"><path/></svg>'


@pytest.fixture
def run(run: Run) -> Run:
    """A run in the middle of a call."""
    return run.within(Call(id="one", tool="make_image", arguments={"prompt": "a private wish"}, inputs=[]))


def picture(kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    levels = np.arange(60 * 40 * 3, dtype=np.uint32) * 7919 >> 3
    Image.fromarray(levels.astype(np.uint8).reshape(40, 60, 3)).save(out, kind, **options)
    return out.getvalue()


def recording(path: Path, *, container: str, picture_codec: str, sound_codec: str, options: dict[str, str]) -> bytes:
    with av.open(str(path), "w", format=container, options=options) as out:
        video = out.add_stream(picture_codec, rate=10) if picture_codec else None
        audio: Any = out.add_stream(sound_codec, rate=48_000, layout="mono")
        if isinstance(video, av.VideoStream):
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for number in range(10 if isinstance(video, av.VideoStream) else 0):
            assert isinstance(video, av.VideoStream)
            frame = av.VideoFrame.from_image(Image.new("RGB", (64, 48), (25 * number, 90, 160)))
            frame.pts, frame.time_base = number, Fraction(1, 10)
            out.mux(video.encode(frame))
        if isinstance(video, av.VideoStream):
            out.mux(video.encode(None))
        heard = (8000 * np.sin(np.arange(48_000) / 20)).astype(np.int16)[None]
        given = av.AudioFrame.from_ndarray(heard, format="s16", layout="mono")
        given.sample_rate, given.pts = 48_000, None
        size = audio.codec_context.frame_size or 960
        fit = av.AudioResampler(format=audio.codec_context.format.name, layout="mono", rate=48_000, frame_size=size)
        for block in [*fit.resample(given), *fit.resample(None)]:
            out.mux(audio.encode(block))
        out.mux(audio.encode(None))
    return path.read_bytes()


def decoded(content: bytes) -> list[bytes]:
    found = []
    with av.open(io.BytesIO(content)) as container:
        for stream in container.streams:
            container.seek(0)
            found.append(b"".join(frame.to_ndarray().tobytes() for frame in container.decode(stream)))  # type: ignore[union-attr]
    return found


async def told(run: Run, file: Artifact | Path) -> Told:
    path = run.path(file.handle) if isinstance(file, Artifact) else file
    anchors = own_anchors(run.settings.credentials, run.settings.home)
    return await run.decode(read_told, path, "a file", anchors)


def proved(found: Told) -> tuple[str, str, str]:
    assert found.manifest
    return found.maker.proof, found.manifest.signer, found.maker.digital_source_type


@pytest.mark.parametrize("media_type", PICTURES)
async def test_a_picture_tells_who_made_it_and_looks_as_before(run: Run, media_type: str) -> None:
    content = picture(PICTURES[media_type])
    kept = await keep(run, content, name="a", media_type=media_type, making=BY_MODEL)
    assert run.call.notes == []
    with Image.open(run.path(kept.handle)) as after, Image.open(io.BytesIO(content)) as before:
        assert after.convert("RGB").tobytes() == before.convert("RGB").tobytes()
    found = await told(run, kept)
    assert found.media_type == media_type
    assert proved(found) == ("signed", "yours", "trainedAlgorithmicMedia")
    assert found.maker.by.startswith("openai:gpt-image-1, Sensorium ")
    said = found.metadata["DigitalSourceType"], found.metadata["AISystemUsed"]
    assert said == ("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia", "openai:gpt-image-1")


async def test_another_program_finds_it_in_a_picture(run: Run) -> None:
    kinds = list(PICTURES.items())[:4]
    kept = [await keep(run, picture(kind), name="a", media_type=one, making=BY_MODEL) for one, kind in kinds]
    png, jpeg, webp, gif = [Image.open(io.BytesIO(run.path(one.handle).read_bytes())) for one in kept]
    assert png.info["Software"].endswith(", openai:gpt-image-1")
    assert all(b"AISystemUsed>openai:gpt-image-1<" in one.info["xmp"] for one in (png, jpeg, webp))
    assert [one.getexif()[305].endswith(", openai:gpt-image-1") for one in (jpeg, webp)] == [True, True]
    assert b"digital source type trainedAlgorithmicMedia." in gif.info["comment"]


@pytest.mark.parametrize("name", RECORDINGS)
async def test_a_recording_tells_who_made_it_and_plays_as_before(run: Run, tmp_path: Path, name: str) -> None:
    container, video, audio, options = RECORDINGS[name]
    media_type = name.partition(" ")[0]
    content = recording(tmp_path / "made", container=container, picture_codec=video, sound_codec=audio, options=options)
    kept = await keep(run, content, name="a", media_type=media_type, making=BY_MODEL)
    assert run.call.notes == []
    assert decoded(run.path(kept.handle).read_bytes()) == decoded(content)
    found = await told(run, kept)
    assert (found.media_type, found.maker.how) == (media_type, "model")
    if media_type in UNSIGNED:
        assert (found.manifest, found.maker.proof) == (None, "said")
    else:
        assert proved(found) == ("signed", "yours", "trainedAlgorithmicMedia")
    with av.open(str(run.path(kept.handle))) as opened:
        tags = {**opened.metadata, **opened.streams[0].metadata}
    is_told = any("openai:gpt-image-1" in value for value in tags.values())
    assert is_told == (name != "video/mp4 in fragments")  # there it is in XMP alone


async def test_the_times_of_a_film_stay_where_they_were(run: Run, tmp_path: Path) -> None:
    content = recording(tmp_path / "made", container="matroska", picture_codec="libx264", sound_codec="aac", options={})
    kept = await keep(run, content, name="a.mkv", media_type="video/x-matroska", making=BY_MODEL)
    with av.open(str(run.path(kept.handle))) as after, av.open(io.BytesIO(content)) as before:
        assert after.duration == before.duration
        after.seek(500_000)
        before.seek(500_000)
        assert next(after.decode(video=0)).time == next(before.decode(video=0)).time


async def test_midi_and_drawings_tell_it_too(run: Run) -> None:
    import mido

    song, out = mido.MidiFile(), io.BytesIO()
    song.add_track().append(mido.Message("note_on", note=60))
    song.save(file=out)
    by_rules = Making(kind="algorithm")
    kept = await keep(run, out.getvalue(), name="a.mid", media_type="audio/midi", making=by_rules)
    after = mido.MidiFile(run.path(kept.handle))
    assert after.tracks[0][0].text.endswith("digital source type algorithmicMedia.")
    assert after.tracks[0][1] == song.tracks[0][0]
    drawn = await keep(run, SVG, name="a.svg", media_type="image/svg+xml", making=by_rules)
    text = run.path(drawn.handle).read_text()
    assert text.index("<metadata") > text.index('viewBox="0 0 9 > 9"') and text.endswith("<path/></svg>")
    assert proved(await told(run, drawn)) == ("signed", "yours", "algorithmicMedia")


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "audio/wav", "image/svg+xml"])
async def test_one_changed_byte_is_noticed(run: Run, tmp_path: Path, making: ModuleType, media_type: str) -> None:
    sound = making.wav(tmp_path / "a.wav", making.tone(0.5)).read_bytes()
    content = {"audio/wav": sound, "image/svg+xml": SVG, "image/jpeg": picture("JPEG")}.get(media_type, picture())
    kept = await keep(run, content, name="a", media_type=media_type, making=BY_MODEL)
    changed = bytearray(run.path(kept.handle).read_bytes())
    place = (
        changed.index(b"0 0 9") if media_type == "image/svg+xml" else len(changed) // (2 if sound == content else 1) - 9
    )
    if sound != content and media_type == "image/png":
        place = changed.index(b"IDAT") + 20
    changed[place] ^= 1
    file = tmp_path / "changed"
    file.write_bytes(changed)
    found = await told(run, file)
    assert (found.maker.proof, found.manifest and found.manifest.state) == ("altered", "altered")


async def test_a_changed_claim_breaks_the_signature(run: Run, tmp_path: Path) -> None:
    kept = await keep(run, picture(), name="a.png", media_type="image/png", making=BY_MODEL)
    content = run.path(kept.handle).read_bytes()
    file = tmp_path / "a.png"
    at = content.index(b"c2pa.created")
    file.write_bytes(content[:at] + b"c2pa.crested" + content[at + 12 :])
    found = await told(run, file)
    assert found.maker.proof == "altered"
    assert found.manifest is None or found.manifest.state == "broken"


async def test_a_change_of_a_manifest_that_is_carried_on_is_noticed(run: Run, tmp_path: Path) -> None:
    drawn = await keep(run, picture(), name="drawn.png", media_type="image/png", making=BY_MODEL)
    making = replace(BY_MODEL, inputs=(drawn.handle,))
    kept = await keep(run, picture(), name="next.png", media_type="image/png", making=making)
    content = bytearray(run.path(kept.handle).read_bytes())
    content[content.index(b"softwareAgent") + 3] ^= 1  # in the first one, which is the input's
    file = tmp_path / "next.png"
    file.write_bytes(content)
    found = await told(run, file)
    assert found.manifest
    assert (found.maker.proof, found.manifest.problems[0]) == ("altered", "ingredient.manifest.mismatch")


@pytest.mark.parametrize("media_type", ["image/png", "image/gif", "image/tiff", "image/svg+xml"])
@pytest.mark.parametrize(
    ("after", "byte"),
    [(b"cpadY", 50), (b"c2pa.ass", 0), (b"c2pa.cl", 1), (b"c2pa.sig", 0), (b"cpa", 0), (b"jumdc2pa", -20)],
)
async def test_bytes_that_no_signature_covers_are_looked_at_too(
    run: Run, tmp_path: Path, media_type: str, after: bytes, byte: int
) -> None:
    from sensorium.tools.credentials.built import is_as_built

    content = SVG if media_type == "image/svg+xml" else picture(PICTURES[media_type])
    kept = await keep(run, content, name="a", media_type=media_type, making=Making(kind="algorithm"))
    whole = run.path(kept.handle).read_bytes()
    assert is_as_built(whole)
    encoded = re.search(rb"<c2pa:manifest>([^<]*)<", whole)
    store = bytearray(base64.b64decode(encoded[1]) if encoded else whole)
    store[store.rindex(after) + len(after) + byte] ^= 2
    file = tmp_path / "a"
    file.write_bytes(whole.replace(encoded[1], base64.b64encode(store)) if encoded else store)
    assert read_told(file, "a", "").maker.proof == "altered"


@pytest.mark.parametrize("mark", [b"jumdc2pa", b"caBX"])
async def test_what_is_left_of_a_manifest_is_not_taken_for_none(run: Run, tmp_path: Path, mark: bytes) -> None:
    kept = await keep(run, picture(), name="a.png", media_type="image/png", making=BY_MODEL)
    file = tmp_path / "a.png"
    file.write_bytes(run.path(kept.handle).read_bytes().replace(mark, b"x" * len(mark)))
    found = await told(run, file)
    assert (found.manifest, found.maker.proof, len(found.limits)) == (None, "altered", 1)


async def test_a_manifest_that_lies_elsewhere_is_said_to_and_not_fetched(run: Run, tmp_path: Path) -> None:
    address = b"https://store.example/urn:c2pa:1234"
    xmp = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        b"<rdf:Description rdf:about='' xmlns:dcterms='http://purl.org/dc/terms/' dcterms:provenance='%s'/>"
        b"</rdf:RDF></x:xmpmeta>"
    )
    file = tmp_path / "a.jpg"
    file.write_bytes(picture("JPEG", xmp=xmp % address))
    found = await told(run, file)
    assert (found.manifest, found.maker.proof) == (None, "none")
    assert found.limits == ["It names a manifest of C2PA on 'store.example', which is not fetched: nothing is proved."]


def test_the_formats_that_have_no_manifest_are_those_that_c2pa_has_none_for() -> None:
    from sensorium.tools.credentials import native
    from sensorium.tools.credentials.tagging import MANIFESTS, TAGS

    taken = set(native.c2pa().Builder.get_supported_mime_types())
    assert set(MANIFESTS.values()) <= taken
    assert set(TAGS) - set(MANIFESTS) == UNSIGNED
    assert UNSIGNED & taken == {"audio/flac"}  # behind an ID3 tag, over which players stumble


async def test_inputs_are_named_with_who_made_them(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "小狗 & me.jpg"
    mine.write_bytes(picture("JPEG"))
    original = run.workspace.adopt(mine)
    drawn = await keep(run, picture(), name="drawn.png", media_type="image/png", making=BY_MODEL)
    edited = await keep(
        run, picture("WEBP"), name="edited.webp", media_type="image/webp",
        making=Making(kind="edit", inputs=(drawn.handle,)),
    )  # fmt: skip
    making = Making(kind="composite", inputs=(original.handle, edited.handle))
    whole = await keep(run, picture(), name="whole.png", media_type="image/png", making=making)
    found = (await told(run, whole)).manifest
    assert found and found.actions == ["created", "placed", "placed"]
    assert (found.source_type, found.state) == ("compositeWithTrainedAlgorithmicMedia", "valid")
    assert [(one.name, one.relation, one.state) for one in found.inputs] == [
        ("小狗 & me.jpg", "componentOf", "unsigned"),
        ("edited.webp", "componentOf", "valid"),
    ]
    assert found.manifests == 3  # those of the inputs are carried on
    parent = (await told(run, edited)).manifest
    assert parent and (parent.actions, parent.is_edit) == (["opened", "edited"], True)
    assert (parent.source_type, parent.inputs[0].by.partition(",")[0]) == (
        "trainedAlgorithmicMedia",
        "openai:gpt-image-1",
    )


async def test_of_an_edited_original_nothing_is_claimed(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.jpg"
    mine.write_bytes(picture("JPEG"))
    handle = run.workspace.adopt(mine).handle
    edited = await keep(
        run, picture(), name="a.png", media_type="image/png", making=Making(kind="edit", inputs=(handle,))
    )
    assert (await told(run, edited)).maker.digital_source_type == ""
    making = replace(BY_MODEL, inputs=(handle,), task="inpaint")
    painted = await keep(run, picture(), name="b.png", media_type="image/png", making=making)
    found = await told(run, painted)
    assert (found.maker.how, found.maker.digital_source_type) == (
        "partly model",
        "compositeWithTrainedAlgorithmicMedia",
    )
    assert found.manifest and [one.relation for one in found.manifest.inputs] == ["parentOf"]


async def test_a_model_is_named_of_what_is_made_of_a_file_that_only_says_so(run: Run, tmp_path: Path) -> None:
    xmp = b"<rdf:RDF xmlns:rdf='x'><I:DigitalSourceType>%s</I:DigitalSourceType></rdf:RDF>"
    address = b"http://cv.iptc.org/newscodes/digitalsourcetype/"
    expected = {
        b"trainedAlgorithmicMedia": ("compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia"),
        b"digitalCapture": ("composite", ""),
    }
    for word, types in expected.items():
        file = tmp_path / f"{word.decode()}.jpg"
        file.write_bytes(picture("JPEG", xmp=xmp % (address + word)))
        handle = run.workspace.adopt(file).handle
        for kind, source_type in zip(("composite", "edit"), types, strict=True):
            making = Making(kind=kind, inputs=(handle,))  # type: ignore[arg-type]
            made = await keep(run, picture(), name="a.png", media_type="image/png", making=making)
            assert (await told(run, made)).maker.digital_source_type == source_type


async def test_an_edit_of_what_a_camera_took_and_a_model_changed_is_in_part_of_the_model(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sensorium.tools.credentials import manifest
    from sensorium.tools.credentials.story import SOURCE_TYPES

    done = [("c2pa.created", "digitalCapture"), ("c2pa.edited", "compositeWithTrainedAlgorithmicMedia")]
    actions = [{"action": action, "digitalSourceType": SOURCE_TYPES + kind} for action, kind in done]
    with monkeypatch.context() as patched:
        patched.setattr(manifest, "_actions", lambda story, ingredients: actions)
        by_rules = Making(kind="algorithm")  # which is signed in this process
        taken = await keep(run, picture(), name="a.png", media_type="image/png", making=by_rules)
    edit = Making(kind="edit", inputs=(taken.handle,))
    made = await keep(run, picture(), name="b.png", media_type="image/png", making=edit)
    assert (await told(run, made)).maker.how == "partly model"
    with monkeypatch.context() as patched:
        patched.setattr(manifest, "_actions", lambda story, ingredients: actions[:1])
        taken = await keep(run, picture(), name="c.png", media_type="image/png", making=by_rules)
    assert (await told(run, taken)).maker.how == "captured"
    edit = Making(kind="edit", inputs=(taken.handle,))
    made = await keep(run, picture(), name="d.png", media_type="image/png", making=edit)
    assert (await told(run, made)).maker.how == "edited"


async def test_what_a_provider_signed_itself_is_kept_as_it_came(run: Run, tmp_path: Path) -> None:
    provider = Run.open(Settings(home=tmp_path / "another", offline=True))  # whose certificate is a stranger's here
    theirs = await keep(provider, picture(), name="theirs.png", media_type="image/png", making=BY_MODEL)
    content = provider.path(theirs.handle).read_bytes()
    provider.library.close()
    ours = await keep(run, content, name="ours.png", media_type="image/png", making=BY_MODEL)
    found = (await told(run, ours)).manifest
    assert found and (found.state, found.signer, found.actions) == ("valid", "yours", ["opened", "edited.metadata"])
    assert [(one.relation, one.state) for one in found.inputs] == [("parentOf", "valid")]
    file = tmp_path / "theirs.png"
    file.write_bytes(content)
    seen = (await told(run, file)).manifest
    assert seen and (seen.state, seen.signer) == ("valid", "self-made")


async def test_a_file_that_cannot_be_marked_is_stored_as_it_came(run: Run, tmp_path: Path) -> None:
    empty = await keep(run, b"", name="paid", media_type="video/mp4", making=BY_MODEL)
    assert run.path(empty.handle).read_bytes() == b""
    for content, media_type in [(b"\x89PNG\r\n\x1a\nbroken", "image/png"), (b"RIFF1234WAVE", "audio/wav")]:
        run.call.notes.clear()
        file = tmp_path / "made"
        file.write_bytes(content)
        kept = await keep(run, file, name="paid", media_type=media_type, making=BY_MODEL)
        assert run.path(kept.handle).read_bytes() == content
        assert run.call.notes and run.call.notes[0].startswith("Who made 'paid' is not all written in it: ")
        assert not file.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes everywhere")
async def test_a_folder_that_cannot_be_written_costs_the_signature_alone(run: Run) -> None:
    folder = run.settings.home / "credentials"
    folder.mkdir()
    folder.chmod(0o500)
    kept = await keep(run, picture(), name="a.png", media_type="image/png", making=BY_MODEL)
    assert "No certificate can be made" in run.call.notes[0]
    assert (await told(run, kept)).maker.proof == "said"


async def test_a_file_in_the_place_of_the_folder_costs_the_signature_alone(run: Run) -> None:
    (run.settings.home / "credentials").write_text("not a folder")
    kept = await keep(run, picture(), name="a.png", media_type="image/png", making=BY_MODEL)
    assert "is not all written in it: " in run.call.notes[0]
    assert (await told(run, kept)).maker.proof == "said"


async def test_a_full_disk_costs_the_credentials_and_not_the_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sensorium.tools.base.outputs import OutputFile

    def full(self: OutputFile, mode: str = "x+b") -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(OutputFile, "open", full)
    file = tmp_path / "paid.png"
    file.write_bytes(picture())
    kept = await keep(run, file, name="paid.png", media_type="image/png", making=Making(kind="algorithm"))
    assert run.path(kept.handle).read_bytes() == picture()
    assert len(run.call.notes) == 1


async def test_what_may_be_paid_is_stored_as_it_came_when_it_is_stopped(run: Run) -> None:
    stored: list[Artifact] = []

    async def paid() -> None:
        stored.append(await keep(run, picture(), name="a.png", media_type="image/png", making=BY_MODEL))
        await asyncio.sleep(60)

    task = asyncio.create_task(paid())
    await asyncio.sleep(0)  # so far that it waits for the signer
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.path(stored[0].handle).read_bytes() == picture()
    assert stored[0].facts == {"digital_source_type": "trainedAlgorithmicMedia"}
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await paid()
    run.cancelled.set()
    kept = await keep(run, picture(), name="b.png", media_type="image/png", making=BY_MODEL)
    assert run.path(kept.handle).read_bytes() == picture()


async def test_nothing_is_written_where_it_is_not_wanted(run: Run) -> None:
    run = replace(run, settings=replace(run.settings, credentials=Credentials(enabled=False)))
    kept = await keep(run, picture(), name="a.png", media_type="image/png", making=BY_MODEL)
    assert run.path(kept.handle).read_bytes() == picture()
    text = await keep(run, b"words", name="a.txt", media_type="text/plain", making=BY_MODEL)
    assert (run.path(text.handle).read_bytes(), run.call.notes) == (b"words", [])
    assert not (run.settings.home / "credentials").exists()


async def test_no_secret_gets_into_a_file(run: Run, tmp_path: Path) -> None:
    from sensorium.tools.base import secrets

    secrets.know("sk-abcdef1234567890")
    mine = tmp_path / "sk-abcdef1234567890.jpg"
    mine.write_bytes(picture("JPEG"))
    making = replace(BY_MODEL, inputs=(run.workspace.adopt(mine).handle,))
    kept = await keep(run, picture(), name="sk-abcdef1234567890.png", media_type="image/png", making=making)
    assert b"sk-abcdef1234567890" not in run.path(kept.handle).read_bytes()
    drawn = await keep(
        run, SVG.replace(b"<path/>", b"<text>sk-abcdef1234567890</text>"), name="a.svg", media_type="image/svg+xml",
        making=Making(kind="algorithm"),
    )  # fmt: skip
    assert b"sk-abcdef1234567890" not in run.path(drawn.handle).read_bytes()
    assert proved(await told(run, drawn))[0] == "signed"


async def test_a_manifest_says_nothing_of_prompts(run: Run) -> None:
    kept = await keep(run, picture(), name="a.png", media_type="image/png", making=BY_MODEL)
    content = run.path(kept.handle).read_bytes()
    assert b"private" not in content and b"make_image" in content


@pytest.mark.parametrize("said", ["image/png", "image/gif", "image/jpeg", "image/tiff", "audio/mpeg", "video/mp4"])
async def test_a_file_of_another_kind_than_is_said_stays_as_it_came(run: Run, said: str) -> None:
    content = picture("AVIF")
    kept = await keep(run, content, name="paid", media_type=said, making=BY_MODEL)
    assert run.path(kept.handle).read_bytes() == content
    assert "of another kind than is said of it" in run.call.notes[0]


@pytest.mark.parametrize("length", [0, 0xFFFF_FFFF])
async def test_sound_whose_head_was_written_before_its_samples_keeps_them(
    run: Run, tmp_path: Path, making: ModuleType, length: int
) -> None:
    whole = bytearray(making.wav(tmp_path / "a.wav", making.tone(1.0)).read_bytes())
    whole[4:8] = length.to_bytes(4, "little")  # as who sends it while it is made writes it
    kept = await keep(run, bytes(whole), name="a.wav", media_type="audio/wav", making=BY_MODEL)
    assert decoded(run.path(kept.handle).read_bytes()) == decoded(bytes(whole))


async def test_a_file_that_takes_too_long_to_sign_or_is_too_large_has_metadata_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sensorium.tools.credentials import telling

    theirs = await keep(run, picture("JPEG"), name="theirs.jpg", media_type="image/jpeg", making=BY_MODEL)
    making = Making(kind="composite", inputs=(theirs.handle,))
    tried: list[tuple[bool, bool]] = []
    write = telling._written

    async def slow(run: Run, order: Any, making: Making, pen: Any, *, looks: bool) -> Any:
        tried.append((pen is not None, looks))
        if looks:
            monkeypatch.setattr(telling, "MOST_SECONDS", 60.0 if len(tried) == 2 else 0.0)  # of the next try
            await asyncio.Event().wait()
        return await write(run, order, making, pen, looks=looks)

    monkeypatch.setattr(telling, "MOST_SECONDS", 0.0)
    monkeypatch.setattr(telling, "_written", slow)
    kept = await keep(run, picture(), name="a.png", media_type="image/png", making=making)
    assert tried == [(True, True), (False, True), (False, False)]
    found = await told(run, kept)
    assert (found.maker.proof, found.maker.digital_source_type) == ("said", "compositeWithTrainedAlgorithmicMedia")
    assert "takes more than" in run.call.notes[0]
    run.call.notes.clear()
    monkeypatch.setattr(telling, "_written", write)
    monkeypatch.setattr(telling, "most_bytes", lambda media_type: 50)
    kept = await keep(run, picture(), name="a.png", media_type="image/png", making=BY_MODEL)
    assert (await told(run, kept)).maker.proof == "said"
    assert run.call.notes[0].endswith("No signed manifest could be put in: it has more than 0 MB.")


async def test_a_picture_of_several_pages_keeps_them(run: Run) -> None:
    pages, out = [Image.new("RGB", (20 + number, 20), (50 * number, 0, 0)) for number in range(3)], io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    kept = await keep(run, out.getvalue(), name="a.tif", media_type="image/tiff", making=BY_MODEL)
    with Image.open(run.path(kept.handle)) as opened:
        assert [(opened.seek(number), opened.size)[1] for number in range(opened.n_frames)] == [  # type: ignore[func-returns-value]
            page.size for page in pages
        ]
    assert "only one would be left" in run.call.notes[0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
async def test_what_a_model_was_asked_is_left_out_of_its_picture(run: Run, kind: str) -> None:
    from PIL.PngImagePlugin import PngInfo

    said, exif = PngInfo(), Image.Exif()
    said.add_text("Author", "mine")
    for name in ("parameters", "prompt", "Description", "fooocus_scheme"):
        said.add_text(name, "a hidden wish", zip=name == "prompt")
    said.add_itxt("workflow", "a hidden wish")
    exif[0x0110], exif[0x010E], exif[0x8298] = 'prompt:{"1": "a hidden wish"}', "a hidden wish", "mine"
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + "a hidden wish, Steps: 20".encode("utf-16-be")
    xmp = b"<x:xmpmeta><rdf:RDF><exif:UserComment>a hidden wish</exif:UserComment></rdf:RDF></x:xmpmeta>"
    options: dict[str, Any] = {"PNG": {"pnginfo": said}, "TIFF": {}, "JPEG": {"comment": "a hidden wish", "xmp": xmp}}
    content = picture(kind, exif=exif, **options.get(kind, {"xmp": xmp}))
    assert b"hidden" in content
    media_type = f"image/{kind.lower()}"
    kept = await keep(run, content, name="a", media_type=media_type, making=BY_MODEL)
    after = run.path(kept.handle).read_bytes()
    if kind != "TIFF":  # whose old text stays where no table names it
        assert b"hidden" not in after and "hidden".encode("utf-16-be") not in after
    with Image.open(io.BytesIO(after)) as opened, Image.open(io.BytesIO(content)) as before:
        assert opened.convert("RGB").tobytes() == before.convert("RGB").tobytes()
        assert "hidden" not in str(opened.getexif().get(0x010E))
        if kind != "TIFF":
            assert opened.getexif()[0x8298] == "mine"
        assert kind != "PNG" or {"parameters", "Description", "Author"} & set(opened.info) == {"Author"}
    assert proved(await told(run, kept))[0] == "signed"
    theirs = await keep(run, content, name="a", media_type=media_type, making=Making(kind="edit"))
    assert b"hidden" in run.path(theirs.handle).read_bytes()


@pytest.mark.parametrize("name", ["video/mp4", "video/webm", "audio/mpeg", "audio/flac", "audio/ogg"])
async def test_what_a_model_was_asked_is_left_out_of_its_recording(run: Run, tmp_path: Path, name: str) -> None:
    container, video, audio, _ = RECORDINGS[name]
    made = recording(tmp_path / "a", container=container, picture_codec=video, sound_codec=audio, options={})
    with av.open(io.BytesIO(made)) as source, av.open(str(tmp_path / "b"), "w", format=container) as out:
        streams = {one.index: out.add_stream_from_template(one) for one in source.streams}  # type: ignore[type-var]
        out.metadata["comment"] = out.metadata["description"] = "a hidden wish"
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    content = (tmp_path / "b").read_bytes()
    assert b"hidden" in content
    kept = await keep(run, content, name="a", media_type=name, making=BY_MODEL)
    assert b"hidden" not in run.path(kept.handle).read_bytes()
    assert decoded(run.path(kept.handle).read_bytes()) == decoded(content)


async def test_a_large_wav_keeps_its_samples(run: Run, tmp_path: Path) -> None:
    samples = np.random.default_rng(1).integers(-900, 900, 400_001, dtype=np.int16)
    file = tmp_path / "a.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(samples.tobytes())
    kept = await keep(run, file, name="a.wav", media_type="audio/wav", making=Making(kind="algorithm"))
    with wave.open(str(run.path(kept.handle)), "rb") as read:
        assert read.readframes(read.getnframes()) == samples.tobytes()
    assert proved(await told(run, kept)) == ("signed", "yours", "algorithmicMedia")


async def test_several_at_once_are_all_signed(run: Run) -> None:
    making = Making(kind="algorithm")
    kept = await asyncio.gather(
        *(keep(run, picture(), name=f"{number}.png", media_type="image/png", making=making) for number in range(8))
    )
    assert {proved(await told(run, one))[:2] for one in kept} == {("signed", "yours")}


def test_words_that_only_begin_as_metadata_are_read_once() -> None:
    from sensorium.tools.credentials.said import said_in

    packet = b"<rdf:RDF xmlns:rdf='x'><xmp:CreatorTool>Brush 1.0</xmp:CreatorTool></rdf:RDF>"
    assert said_in(b"<RDF " * 800_000 + packet) == {"CreatorTool": "Brush 1.0"}  # by trying each of them it takes hours
