"""Films whose manifest is put in while they are copied."""

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import av
import pytest
from PIL import Image

from sensorium.tools.base.run import Run
from sensorium.tools.credentials.box_tags import Box, boxes_of, moved
from sensorium.tools.credentials.films import plain_film
from sensorium.tools.credentials.keeping import Making, keep
from sensorium.tools.credentials.story import BY_MODEL

MANIFEST = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


@pytest.fixture
def film(tmp_path: Path, making: ModuleType) -> bytes:
    """A film of 2 s with sound, its tables behind the media."""
    path: Path = making.video(
        tmp_path / "film.mp4", lambda number: making.slide(str(number)), seconds=2.0, sound=making.tone(2.0)
    )
    return path.read_bytes()


def boxes(content: bytes) -> list[Box]:
    return list(boxes_of(io.BytesIO(content), 0, len(content)))


def shown(path: Path) -> list[tuple[str, float, bytes]]:
    """Return what is decoded of each stream: its kind, the time, and the samples."""
    with av.open(path) as container:
        frames = container.decode(*container.streams)
        return [(type(one).__name__, one.time or 0.0, one.to_ndarray().tobytes()) for one in frames]


def long_headed(content: bytes) -> bytes:
    """Return a film whose media have a length of 64 bits, in the room of the box before them."""
    room, media = (next(one for one in boxes(content) if one.kind == kind) for kind in (b"free", b"mdat"))
    assert (room.end, room.end - room.at, media.head) == (media.at, 8, 8)
    head = struct.pack(">I4sQ", 1, b"mdat", media.end - media.at + 8)
    return content[: room.at] + head + content[media.at + 8 :]


def tables_first(content: bytes) -> bytes:
    """Return a film whose tables stand before its media, as for the web."""
    first, tables = (next(one for one in boxes(content) if one.kind == kind) for kind in (b"ftyp", b"moov"))
    length = tables.end - tables.at
    moved_on = moved(content[tables.at : tables.end], first.end, length)
    return content[: first.end] + moved_on + content[first.end : tables.at] + content[tables.end :]


def many_parts(content: bytes) -> bytes:
    """Return a film that is hashed in several parts, the last one not whole."""
    media = next(one for one in boxes(content) if one.kind == b"mdat")
    head = struct.pack(">I4s", media.end - media.at + 3_500_000, b"mdat")
    return content[: media.at] + head + content[media.at + 8 : media.end] + bytes(3_500_000) + content[media.end :]


LAYOUTS: dict[str, Callable[[bytes], bytes]] = {
    "as it is muxed": lambda content: content,
    "with a long head": long_headed,
    "its tables first": tables_first,
    "in many parts": many_parts,
}


async def kept(run: Run, content: bytes, making: Making) -> Path:
    return run.path((await keep(run, content, name="film.mp4", media_type="video/mp4", making=making)).handle)


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_film_shows_what_it_did_and_its_manifest_stands_at_its_start(
    run: Run, credited: ModuleType, tmp_path: Path, film: bytes, layout: str
) -> None:
    plain = tmp_path / "plain.mp4"
    plain.write_bytes(LAYOUTS[layout](film))
    path = await kept(run, plain.read_bytes(), credited.BY_MODEL)
    content = path.read_bytes()
    first, second, *_ = boxes(content)
    assert (first.kind, second.kind, content[second.at + 8 : second.at + 24]) == (b"ftyp", b"uuid", MANIFEST)
    assert shown(path) == shown(plain)
    found = await credited.told(run, path)
    assert (credited.proved(found)[0], found.manifest.state) == ("signed", "valid")


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_changed_byte_anywhere_in_a_film_is_noticed(
    run: Run, credited: ModuleType, tmp_path: Path, film: bytes, layout: str
) -> None:
    path = await kept(run, LAYOUTS[layout](film), credited.BY_MODEL)
    content = path.read_bytes()
    changed = tmp_path / "changed.mp4"
    for box in boxes(content):
        if box.kind not in (b"mdat", b"moov"):
            continue
        for place in (box.at + box.head, box.at + box.head + 9, (box.at + box.end) // 2, box.end - 1):
            other = bytearray(content)
            other[place] ^= 1
            changed.write_bytes(other)
            found = await credited.told(run, changed)
            assert found.maker.proof == "altered", (box.kind, place - box.at)


async def test_a_film_that_is_made_of_a_signed_one_has_one_manifest(
    run: Run, credited: ModuleType, film: bytes
) -> None:
    first = await kept(run, film, credited.BY_MODEL)
    again = await kept(run, first.read_bytes(), credited.BY_MODEL)
    content = again.read_bytes()
    assert sum(content[one.at + 8 : one.at + 24] == MANIFEST for one in boxes(content)) == 1
    assert (await credited.told(run, again)).manifest.state == "valid"


def in_fragments(folder: Path, content: bytes) -> bytes:
    """Return a film in fragments, of which each tells where in the file it is."""
    whole, parted = folder / "whole.mp4", folder / "parted.mp4"
    whole.write_bytes(content)
    options = {"movflags": "frag_keyframe+empty_moov"}
    with av.open(whole) as given, av.open(str(parted), "w", options=options) as made:
        streams = {one.index: made.add_stream_from_template(one) for one in given.streams}
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                made.mux(packet)
    return parted.read_bytes()


@pytest.mark.parametrize("layout", [*LAYOUTS, "in fragments"])
async def test_a_film_whose_last_manifest_stands_behind_its_media_shows_what_it_did(
    run: Run, credited: ModuleType, tmp_path: Path, film: bytes, layout: str
) -> None:
    content = in_fragments(tmp_path, film) if layout == "in fragments" else LAYOUTS[layout](film)
    signed = (await kept(run, content, credited.BY_MODEL)).read_bytes()
    manifest = boxes(signed)[1]
    plain = tmp_path / "plain.mp4"
    plain.write_bytes(content + signed[manifest.at : manifest.end])
    again = await kept(run, plain.read_bytes(), credited.BY_MODEL)
    assert shown(again) == shown(plain)
    found = await credited.told(run, again)
    if layout == "in fragments":
        assert any("stands behind its media" in one for one in run.call.notes)
        assert found.maker.proof == "altered"
    else:
        assert (found.manifest.state, found.manifest.manifests, run.call.notes) == ("valid", 2, [])


async def test_a_picture_whose_last_manifest_stands_behind_its_points_keeps_them(
    run: Run, credited: ModuleType
) -> None:
    kinds = {"name": "a.avif", "media_type": "image/avif", "making": credited.BY_MODEL}
    content = credited.picture("AVIF")
    signed = run.path((await keep(run, content, **kinds)).handle).read_bytes()
    manifest = boxes(signed)[1]
    again = await keep(run, content + signed[manifest.at : manifest.end], **kinds)
    with Image.open(run.path(again.handle)) as kept, Image.open(io.BytesIO(content)) as before:
        assert kept.tobytes() == before.tobytes()


def packed(content: bytes) -> bytes:
    """Return a film whose tables are packed, as QuickTime can."""
    tables = next(one for one in boxes(content) if one.kind == b"moov")
    stream = struct.pack(">I", tables.end - tables.at) + zlib.compress(content[tables.at : tables.end])
    inside = struct.pack(">I4s4sI4s", 12, b"dcom", b"zlib", 8 + len(stream), b"cmvd") + stream
    head = struct.pack(">I4sI4s", 16 + len(inside), b"moov", 8 + len(inside), b"cmov")
    return content[: tables.at] + head + inside + content[tables.end :]


UNMOVABLE: dict[str, Callable[[bytes], bytes]] = {
    "packed tables": packed,
    "tables in another box": lambda content: content.replace(b"minf", b"gmhd"),
    "other places, and tables that grow before the media": lambda content: tables_first(content).replace(
        b"udta", b"saio"
    ),
}


@pytest.mark.parametrize("layout", UNMOVABLE)
async def test_a_film_whose_places_cannot_all_be_moved_stays_as_it_came(
    run: Run, credited: ModuleType, film: bytes, layout: str
) -> None:
    content = UNMOVABLE[layout](film)
    path = await kept(run, content, credited.BY_MODEL)
    assert path.read_bytes() == content
    assert any("places" in one for one in run.call.notes)


def test_what_c2pa_has_to_write_is_left_to_it(tmp_path: Path, film: bytes) -> None:
    odd = {
        "another first box": film[boxes(film)[0].end :],
        "cut": film[:-100],
        "empty": b"",
        "places that are not moved here": film.replace(b"udta", b"saio"),
        "two boxes of media": film + struct.pack(">I4s", 9, b"mdat") + b"0",
        "no tables": film.replace(b"moov", b"skip"),
        "several manifests": film + 2 * (struct.pack(">I4s", 24, b"uuid") + MANIFEST),
    }
    assert all(content != film for content in odd.values())
    for name, content in {"whole": film, **odd}.items():
        path = tmp_path / "odd.mp4"
        path.write_bytes(content)
        with path.open("rb") as file:
            assert (plain_film(file) is not None) == (name == "whole"), name


_SIGNED = """
import json, re, sys
from pathlib import Path
from sensorium.tools.credentials import films, identity, manifest, native
from sensorium.tools.credentials.chosen import Credentials

source, out, home = map(Path, sys.argv[1:4])
pen = identity.identity(Credentials(), home)
c2pa = native.c2pa()
signer = c2pa.Signer.from_callback(pen.sign, c2pa.C2paSigningAlg[pen.algorithm.upper()], pen.chain)
context = c2pa.Context.from_dict(manifest.settings(), signer=signer)

def peak_kb():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

with source.open("rb") as file:
    film = films.plain_film(file)
made = {"label": "c2pa.actions.v2", "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": sys.argv[4]}]}}
builder = c2pa.Builder({"assertions": [made]}, context=context)
with source.open("rb") as file, out.open("x+b") as output:
    before = peak_kb()
    films.sign_film(builder, "video/mp4", film, file, output)
    after = peak_kb()
with out.open("rb") as file:
    state = json.loads(c2pa.Reader("video/mp4", file).json())["validation_state"]
print(state, after - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_long_film_is_not_held_in_memory(tmp_path: Path, film: bytes) -> None:
    ftyp, tables = (next(one for one in boxes(film) if one.kind == kind) for kind in (b"ftyp", b"moov"))
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.write(film[: ftyp.end] + film[tables.at : tables.end] + struct.pack(">I4s", 8 + (200 << 20), b"mdat"))
        file.truncate(file.tell() + (200 << 20))
    command = [sys.executable, "-c", _SIGNED, str(large), str(tmp_path / "out.mp4"), str(tmp_path), BY_MODEL]
    state, grown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert (state, int(grown) < 40 << 10) == ("Valid", True), grown
