"""What is signed, and that whatever was changed of it afterwards is noticed."""

import asyncio
import base64
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from sensorium.tools.base.run import Run
from sensorium.tools.credentials.keeping import Making, keep
from sensorium.tools.credentials.reading import read_told


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "audio/wav", "image/svg+xml"])
async def test_one_changed_byte_is_noticed(
    run: Run, credited: ModuleType, tmp_path: Path, making: ModuleType, media_type: str
) -> None:
    sound = making.wav(tmp_path / "a.wav", making.tone(0.5)).read_bytes()
    others = {"audio/wav": sound, "image/svg+xml": credited.SVG, "image/jpeg": credited.picture("JPEG")}
    content = others.get(media_type, credited.picture())
    kept = await keep(run, content, name="a", media_type=media_type, making=credited.BY_MODEL)
    changed = bytearray(run.path(kept.handle).read_bytes())
    place = (
        changed.index(b"0 0 9") if media_type == "image/svg+xml" else len(changed) // (2 if sound == content else 1) - 9
    )
    if sound != content and media_type == "image/png":
        place = changed.index(b"IDAT") + 20
    changed[place] ^= 1
    file = tmp_path / "changed"
    file.write_bytes(changed)
    found = await credited.told(run, file)
    assert (found.maker.proof, found.manifest and found.manifest.state) == ("altered", "altered")


async def test_a_changed_claim_breaks_the_signature(run: Run, credited: ModuleType, tmp_path: Path) -> None:
    kept = await keep(run, credited.picture(), name="a.png", media_type="image/png", making=credited.BY_MODEL)
    content = run.path(kept.handle).read_bytes()
    file = tmp_path / "a.png"
    at = content.index(b"c2pa.created")
    file.write_bytes(content[:at] + b"c2pa.crested" + content[at + 12 :])
    found = await credited.told(run, file)
    assert found.maker.proof == "altered"
    assert found.manifest is None or found.manifest.state == "broken"


async def test_a_change_of_a_manifest_that_is_carried_on_is_noticed(
    run: Run, credited: ModuleType, tmp_path: Path
) -> None:
    drawn = await keep(run, credited.picture(), name="drawn.png", media_type="image/png", making=credited.BY_MODEL)
    making = replace(credited.BY_MODEL, inputs=(drawn.handle,))
    kept = await keep(run, credited.picture(), name="next.png", media_type="image/png", making=making)
    content = bytearray(run.path(kept.handle).read_bytes())
    content[content.index(b"softwareAgent") + 3] ^= 1  # in the first one, which is the input's
    file = tmp_path / "next.png"
    file.write_bytes(content)
    found = await credited.told(run, file)
    assert found.manifest
    assert (found.maker.proof, found.manifest.problems[0]) == ("altered", "ingredient.manifest.mismatch")


@pytest.mark.parametrize("media_type", ["image/png", "image/gif", "image/tiff", "image/svg+xml"])
@pytest.mark.parametrize(
    ("after", "byte"),
    [(b"cpadY", 50), (b"c2pa.ass", 0), (b"c2pa.cl", 1), (b"c2pa.sig", 0), (b"cpa", 0), (b"jumdc2pa", -20)],
)
async def test_bytes_that_no_signature_covers_are_looked_at_too(  # noqa: PLR0917
    run: Run, credited: ModuleType, tmp_path: Path, media_type: str, after: bytes, byte: int
) -> None:
    from sensorium.tools.credentials.built import is_as_built

    content = (
        credited.SVG if media_type == "image/svg+xml" else credited.picture(media_type.removeprefix("image/").upper())
    )
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
async def test_what_is_left_of_a_manifest_is_not_taken_for_none(
    run: Run, credited: ModuleType, tmp_path: Path, mark: bytes
) -> None:
    kept = await keep(run, credited.picture(), name="a.png", media_type="image/png", making=credited.BY_MODEL)
    file = tmp_path / "a.png"
    file.write_bytes(run.path(kept.handle).read_bytes().replace(mark, b"x" * len(mark)))
    found = await credited.told(run, file)
    assert (found.manifest, found.maker.proof, len(found.limits)) == (None, "altered", 1)


async def test_a_manifest_that_lies_elsewhere_is_said_to_and_not_fetched(
    run: Run, credited: ModuleType, tmp_path: Path
) -> None:
    address = b"https://store.example/urn:c2pa:1234"
    xmp = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        b"<rdf:Description rdf:about='' xmlns:dcterms='http://purl.org/dc/terms/' dcterms:provenance='%s'/>"
        b"</rdf:RDF></x:xmpmeta>"
    )
    file = tmp_path / "a.jpg"
    file.write_bytes(credited.picture("JPEG", xmp=xmp % address))
    found = await credited.told(run, file)
    assert (found.manifest, found.maker.proof) == (None, "none")
    assert found.limits == ["It names a manifest of C2PA on 'store.example', which is not fetched: nothing is proved."]


async def test_several_at_once_are_all_signed(run: Run, credited: ModuleType) -> None:
    making = Making(kind="algorithm")
    kept = await asyncio.gather(
        *(
            keep(run, credited.picture(), name=f"{number}.png", media_type="image/png", making=making)
            for number in range(8)
        )
    )
    assert {credited.proved(await credited.told(run, one))[:2] for one in kept} == {("signed", "yours")}
