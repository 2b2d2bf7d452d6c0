"""What a file tells of its making: what it was made of, and nothing that is private."""

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.credentials.keeping import Making, keep


async def test_inputs_are_named_with_who_made_them(run: Run, credited: ModuleType, tmp_path: Path) -> None:
    mine = tmp_path / "小狗 & me.jpg"
    mine.write_bytes(credited.picture("JPEG"))
    original = run.workspace.adopt(mine)
    drawn = await keep(run, credited.picture(), name="drawn.png", media_type="image/png", making=credited.BY_MODEL)
    edited = await keep(
        run, credited.picture("WEBP"), name="edited.webp", media_type="image/webp",
        making=Making(kind="edit", inputs=(drawn.handle,)),
    )  # fmt: skip
    making = Making(kind="composite", inputs=(original.handle, edited.handle))
    whole = await keep(run, credited.picture(), name="whole.png", media_type="image/png", making=making)
    found = (await credited.told(run, whole)).manifest
    assert found and found.actions == ["created", "placed", "placed"]
    assert (found.source_type, found.state) == ("compositeWithTrainedAlgorithmicMedia", "valid")
    assert [(one.name, one.relation, one.state) for one in found.inputs] == [
        ("小狗 & me.jpg", "componentOf", "unsigned"),
        ("edited.webp", "componentOf", "valid"),
    ]
    assert found.manifests == 3  # those of the inputs are carried on
    parent = (await credited.told(run, edited)).manifest
    assert parent and (parent.actions, parent.is_edit) == (["opened", "edited"], True)
    assert (parent.source_type, parent.inputs[0].by.partition(",")[0]) == (
        "trainedAlgorithmicMedia",
        "openai:gpt-image-1",
    )


async def test_of_an_edited_original_nothing_is_claimed(run: Run, credited: ModuleType, tmp_path: Path) -> None:
    mine = tmp_path / "mine.jpg"
    mine.write_bytes(credited.picture("JPEG"))
    handle = run.workspace.adopt(mine).handle
    edited = await keep(
        run, credited.picture(), name="a.png", media_type="image/png", making=Making(kind="edit", inputs=(handle,))
    )
    assert (await credited.told(run, edited)).maker.digital_source_type == ""
    making = replace(credited.BY_MODEL, inputs=(handle,), task="inpaint")
    painted = await keep(run, credited.picture(), name="b.png", media_type="image/png", making=making)
    found = await credited.told(run, painted)
    assert (found.maker.how, found.maker.digital_source_type) == (
        "partly model",
        "compositeWithTrainedAlgorithmicMedia",
    )
    assert found.manifest and [one.relation for one in found.manifest.inputs] == ["parentOf"]


async def test_a_model_is_named_of_what_is_made_of_a_file_that_only_says_so(
    run: Run, credited: ModuleType, tmp_path: Path
) -> None:
    xmp = b"<rdf:RDF xmlns:rdf='x'><I:DigitalSourceType>%s</I:DigitalSourceType></rdf:RDF>"
    address = b"http://cv.iptc.org/newscodes/digitalsourcetype/"
    expected = {
        b"trainedAlgorithmicMedia": ("compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia"),
        b"digitalCapture": ("composite", ""),
    }
    for word, types in expected.items():
        file = tmp_path / f"{word.decode()}.jpg"
        file.write_bytes(credited.picture("JPEG", xmp=xmp % (address + word)))
        handle = run.workspace.adopt(file).handle
        for kind, source_type in zip(("composite", "edit"), types, strict=True):
            making = Making(kind=kind, inputs=(handle,))  # type: ignore[arg-type]
            made = await keep(run, credited.picture(), name="a.png", media_type="image/png", making=making)
            assert (await credited.told(run, made)).maker.digital_source_type == source_type


async def test_an_edit_of_what_a_camera_took_and_a_model_changed_is_in_part_of_the_model(
    run: Run, credited: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sensorium.tools.credentials import manifest
    from sensorium.tools.credentials.story import SOURCE_TYPES

    done = [("c2pa.created", "digitalCapture"), ("c2pa.edited", "compositeWithTrainedAlgorithmicMedia")]
    actions = [{"action": action, "digitalSourceType": SOURCE_TYPES + kind} for action, kind in done]
    with monkeypatch.context() as patched:
        patched.setattr(manifest, "_actions", lambda story, ingredients: actions)
        by_rules = Making(kind="algorithm")  # which is signed in this process
        taken = await keep(run, credited.picture(), name="a.png", media_type="image/png", making=by_rules)
    edit = Making(kind="edit", inputs=(taken.handle,))
    made = await keep(run, credited.picture(), name="b.png", media_type="image/png", making=edit)
    assert (await credited.told(run, made)).maker.how == "partly model"
    with monkeypatch.context() as patched:
        patched.setattr(manifest, "_actions", lambda story, ingredients: actions[:1])
        taken = await keep(run, credited.picture(), name="c.png", media_type="image/png", making=by_rules)
    assert (await credited.told(run, taken)).maker.how == "captured"
    edit = Making(kind="edit", inputs=(taken.handle,))
    made = await keep(run, credited.picture(), name="d.png", media_type="image/png", making=edit)
    assert (await credited.told(run, made)).maker.how == "edited"


async def test_what_a_provider_signed_itself_is_kept_as_it_came(run: Run, credited: ModuleType, tmp_path: Path) -> None:
    provider = Run.open(Settings(home=tmp_path / "another", offline=True))  # whose certificate is a stranger's here
    theirs = await keep(
        provider, credited.picture(), name="theirs.png", media_type="image/png", making=credited.BY_MODEL
    )
    content = provider.path(theirs.handle).read_bytes()
    provider.library.close()
    ours = await keep(run, content, name="ours.png", media_type="image/png", making=credited.BY_MODEL)
    found = (await credited.told(run, ours)).manifest
    assert found and (found.state, found.signer, found.actions) == ("valid", "yours", ["opened", "edited.metadata"])
    assert [(one.relation, one.state) for one in found.inputs] == [("parentOf", "valid")]
    file = tmp_path / "theirs.png"
    file.write_bytes(content)
    seen = (await credited.told(run, file)).manifest
    assert seen and (seen.state, seen.signer) == ("valid", "self-made")


async def test_no_secret_gets_into_a_file(run: Run, credited: ModuleType, tmp_path: Path) -> None:
    from sensorium.tools.base import secrets

    secrets.know("sk-abcdef1234567890")
    mine = tmp_path / "sk-abcdef1234567890.jpg"
    mine.write_bytes(credited.picture("JPEG"))
    making = replace(credited.BY_MODEL, inputs=(run.workspace.adopt(mine).handle,))
    kept = await keep(run, credited.picture(), name="sk-abcdef1234567890.png", media_type="image/png", making=making)
    assert b"sk-abcdef1234567890" not in run.path(kept.handle).read_bytes()
    words = credited.SVG.replace(b"<path/>", b"<text>sk-abcdef1234567890</text>")
    drawn = await keep(run, words, name="a.svg", media_type="image/svg+xml", making=Making(kind="algorithm"))
    assert b"sk-abcdef1234567890" not in run.path(drawn.handle).read_bytes()
    assert credited.proved(await credited.told(run, drawn))[0] == "signed"


async def test_a_manifest_says_nothing_of_prompts(run: Run, credited: ModuleType) -> None:
    kept = await keep(run, credited.picture(), name="a.png", media_type="image/png", making=credited.BY_MODEL)
    content = run.path(kept.handle).read_bytes()
    assert b"private" not in content and b"make_image" in content
