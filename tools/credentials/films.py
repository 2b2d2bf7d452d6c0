"""A manifest put into a film while that is copied, so that no more than a part of it is held in memory.

What c2pa itself writes anew it holds as a whole, and to hash it, up to 512 MB once more. Its library also lets one
compose a manifest and put it in oneself, for which `c2pa-python` 0.38 has no methods:
https://github.com/contentauth/c2pa-rs/blob/main/docs/embeddable-api.md
"""

import ctypes
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from . import native
from .box_tags import Box, boxes_of, moved
from .pieces import COPY_BYTES, CannotTag, exactly, size_of

_MANIFEST_ID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""Of the box that holds a manifest (C2PA 2.2, section A.5)."""
_PART_KB = 1024
"""What is hashed at once: a leaf of the Merkle tree of the `mdat`."""
_LEAF_BYTES, _TREE_BYTES = 40, 512
"""At most, in a manifest: a hash of 32 bytes, and what stands around all of them."""
_FREE = struct.Struct(">I4s")


@dataclass(frozen=True)
class PlainFilm:
    """A film without fragments, with all its media in one box."""

    boxes: tuple[Box, ...]
    """Without those of a manifest that it came with."""
    moov: bytes
    """As it is without them."""

    @property
    def place(self) -> int:
        """Where the manifest is put in: behind the box that says of which kind the file is."""
        return self.boxes[0].end

    @property
    def most_tree_bytes(self) -> int:
        """The most that the hashes of its parts add to a manifest."""
        (size,) = (one.end - one.at for one in self.boxes if one.kind == b"mdat")
        return _TREE_BYTES + _LEAF_BYTES * (size // (_PART_KB << 10) + 1)


def plain_film(file: BinaryIO) -> PlainFilm | None:
    """Return how a film is laid out; None where c2pa has to write it, as for fragments."""
    try:
        boxes, manifests = _parted(file)
        kinds = [one.kind for one in boxes]
        if kinds[:1] != [b"ftyp"] or boxes[0].at or {kinds.count(b"moov"), kinds.count(b"mdat")} != {1}:
            return None
        if {b"moof", b"meta"} & {*kinds} or len(manifests) > 1:
            return None
        found = boxes[kinds.index(b"moov")]
        if found.head != 8:
            return None
        moov = moved(exactly(file, found.at, found.end - found.at), boxes[0].end, 0)
        for one in manifests:
            moov = moved(moov, one.end, one.at - one.end)
    except (CannotTag, struct.error):
        return None
    return PlainFilm(tuple(boxes), moov)


def would_tear(file: BinaryIO) -> bool:
    """Tell whether c2pa 0.38 has to write a film and would destroy it.

    It puts a manifest where the last one was, and moves the places of all media, also of those before it.
    """
    try:
        boxes, manifests = _parted(file)
    except CannotTag:
        return False
    is_behind = any(box.kind == b"mdat" and box.at < one.at for box in boxes for one in manifests[-1:])
    return is_behind and plain_film(file) is None


def sign_film(builder: Any, media_type: str, film: PlainFilm, source: BinaryIO, out: BinaryIO) -> None:
    """Copy a film with the manifest of a builder in it.

    Args:
        builder: A `c2pa.Builder` with the signer in its context.
        media_type: Of the film.
        film: How it is laid out.
        source: The film.
        out: Where it is written, and its boxes but for the media are read again.

    Raises:
        c2pa.C2paError: It cannot be done.
    """
    composer = _Composer(builder, media_type)
    begun = composer.begun()
    room = len(begun) + _FREE.size + film.most_tree_bytes
    try:
        moov = moved(film.moov, film.place, room)
    except CannotTag as error:
        raise native.c2pa().C2paError(str(error)) from error
    for box in film.boxes:
        for part in [moov] if box.kind == b"moov" else _read(source, box.at, box.end):
            out.write(part)
        if box.at == 0:
            out.write(begun + _free(room - len(begun)))
        if box.kind == b"mdat":
            for part in _read(source, box.at + box.head, box.end):
                composer.hash(part, is_long=box.head == 16)
    out.flush()
    composer.hash_others(out)
    manifest = composer.signed()
    if not len(begun) <= len(manifest) <= room - _FREE.size:
        raise native.c2pa().C2paError("the manifest has another size than was foreseen")
    out.seek(film.place)
    out.write(manifest + _free(room - len(manifest)))  # a box `free` is in no hash


def _parted(file: BinaryIO) -> tuple[list[Box], list[Box]]:
    """Return the boxes of a film, and those of the manifest that it has."""
    boxes, manifests = list[Box](), list[Box]()
    for one in boxes_of(file, 0, size_of(file)):
        (manifests if _is_manifest(file, one) else boxes).append(one)
    return boxes, manifests


def _is_manifest(file: BinaryIO, box: Box) -> bool:
    content = box.at + box.head
    return box.kind == b"uuid" and exactly(file, content, min(16, box.end - content)) == _MANIFEST_ID


def _free(length: int) -> bytes:
    return _FREE.pack(length, b"free") + bytes(length - _FREE.size)


def _read(file: BinaryIO, at: int, end: int) -> Iterator[bytes]:
    for start in range(at, end, COPY_BYTES):
        yield exactly(file, start, min(COPY_BYTES, end - start))


class _Composer:
    """The functions of c2pa's library that `c2pa-python` does not offer, for one manifest."""

    def __init__(self, builder: Any, media_type: str) -> None:
        self._module = native.c2pa().c2pa
        self._builder = builder
        self._format = media_type.encode()

    def begun(self) -> bytes:
        """Return the box of the manifest before anything is hashed."""
        box = self._composed("placeholder")
        self._do("set_fixed_size_merkle", ctypes.c_size_t(_PART_KB))
        return box

    def hash(self, part: bytes, *, is_long: bool) -> None:
        """Add the next part of the `mdat`, whose head has 16 bytes where it is long."""
        length = ctypes.c_size_t(len(part))
        self._do("hash_mdat_bytes", ctypes.c_size_t(0), ctypes.c_char_p(part), length, ctypes.c_bool(is_long))

    def hash_others(self, file: BinaryIO) -> None:
        """Hash all but the media of the file in which the box of the manifest is."""
        with self._module.Stream(file) as stream:
            self._do("update_hash_from_stream", ctypes.c_char_p(self._format), stream._stream)

    def signed(self) -> bytes:
        """Return the box of the manifest."""
        return self._composed("sign_embeddable")

    def _composed(self, name: str) -> bytes:
        found = ctypes.POINTER(ctypes.c_ubyte)()
        length = self._do(name, ctypes.c_char_p(self._format), ctypes.byref(found))
        try:
            return ctypes.string_at(found, length)
        finally:
            self._module._lib.c2pa_free(found)

    def _do(self, name: str, *given: Any) -> int:
        function = getattr(self._module._lib, f"c2pa_builder_{name}")
        function.restype = ctypes.c_int64 if name in ("placeholder", "sign_embeddable") else ctypes.c_int
        with self._builder._exclusive_native_call():
            result = int(function(self._builder._handle, *given))
        if result < 0:
            self._module._raise_typed_c2pa_error(self._module._read_native_error() or f"{name} failed")
        return result
