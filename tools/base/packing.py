"""Typed values as plain data and bytes, as they go to a decoder process and come back."""

import dataclasses
import importlib
import json
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import MediaError

if TYPE_CHECKING:
    from .outputs import OutputFile

HOME = "sensorium.tools."
"""Where functions and classes may come from that are named across the border."""
KIND = "~"
"""The key that says what a mapping stands for."""
MOST_LETTER_BYTES, MOST_ASK_BYTES = 16 << 20, 64 << 10
"""Of plain data: of a result, where a page of 4 MB in an old character set may have 12 MB in UTF-8, and of what is
asked for or told, which is a few short values."""
_MOST_PARTS = 2_000_000
"""Of a letter, counted before it is read, which stops all other work and takes 60 bytes and more a part: 35,000 cuts
have as many, which is one a second for ten hours."""


class PackError(ValueError):
    """A value is not what it should be; from a decoder process, a lie."""


@dataclass
class Parcel:
    """Plain data with what is no text beside it."""

    blobs: list[bytes | memoryview] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    """Files that are to be lent, in order."""
    lent: list[Any] = field(default_factory=list)
    """Objects that stay here and are asked from there: text readers."""
    outputs: "list[OutputFile]" = field(default_factory=list)
    """Files that are written for it, in order."""

    def frame(self, value: Any) -> list[bytes | memoryview]:
        """Return the blobs of a frame: a value as JSON, then what is beside it."""
        letter = json.dumps(self.pack(value), separators=(",", ":"), allow_nan=False, ensure_ascii=False)
        return [letter.encode("utf-8", "surrogatepass"), *self.blobs]

    def pack(self, value: Any) -> Any:
        """Return a value as plain data; a `Run` becomes the place of one.

        Raises:
            PackError: It is of a kind that does not travel.
        """
        from .run import Run

        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, int | float) and not hasattr(value, "dtype"):
            return value if isinstance(value, int) or math.isfinite(value) else {KIND: "float", "is": repr(value)}
        if isinstance(value, Path):
            self.paths.append(value)
            return {KIND: "file", "at": len(self.paths) - 1}
        if isinstance(value, Run):
            return {KIND: "run"}
        if isinstance(value, bytes | bytearray):
            return {KIND: "bytes", "at": self._blob(bytes(value))}
        if isinstance(value, tuple | set | frozenset):
            return {KIND: type(value).__name__, "of": [self.pack(one) for one in value]}
        if isinstance(value, list):
            return [self.pack(one) for one in value]
        if isinstance(value, Mapping):
            return {KIND: "dict", "of": [[self.pack(key), self.pack(one)] for key, one in value.items()]}
        return self._object(value)

    def _object(self, value: Any) -> Any:
        from pydantic import BaseModel

        from .outputs import OutputFile

        if isinstance(value, OutputFile):
            self.outputs.append(value)
            return {KIND: "output", "at": len(self.outputs) - 1}
        if isinstance(value, BaseModel):
            return {KIND: "model", "class": _name_of(type(value)), "value": self.pack(value.model_dump(mode="json"))}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {one.name: self.pack(getattr(value, one.name)) for one in dataclasses.fields(value)}
            return {KIND: "data", "class": _name_of(type(value)), "fields": fields}
        if hasattr(value, "dtype"):
            return self._numbers(value)
        if hasattr(value, "tobytes") and hasattr(value, "mode"):
            size = [value.width, value.height]
            return {KIND: "picture", "mode": value.mode, "size": size, "at": self._blob(value.tobytes())}
        if callable(getattr(value, "read", None)) and hasattr(value, "languages"):
            self.lent.append(value)
            return {KIND: "reader", "at": len(self.lent) - 1, "identity": value.identity}
        if callable(getattr(value, "sign", None)):  # its key stays here
            self.lent.append(value)
            return {KIND: "pen", "at": len(self.lent) - 1, "chain": value.chain, "algorithm": value.algorithm}
        raise PackError(f"{type(value).__name__} does not travel to a decoder process")

    def _numbers(self, value: Any) -> Any:
        import numpy as np

        if not isinstance(value, np.ndarray):
            return self.pack(value.item())
        whole = np.ascontiguousarray(value)
        blob = self._blob(whole.reshape(-1).view(np.uint8).data)
        return {KIND: "array", "dtype": whole.dtype.name, "shape": list(value.shape), "at": blob}

    def _blob(self, blob: bytes | memoryview) -> int:
        self.blobs.append(blob)
        return len(self.blobs) - 1


def letter_of(blobs: Sequence[bytes | bytearray], most_bytes: int = MOST_LETTER_BYTES) -> Any:
    """Return the plain data of a frame.

    Raises:
        PackError: There is none, or too much.
    """
    if not blobs or len(blobs[0]) > most_bytes or sum(map(blobs[0].count, (b"[", b"{", b","))) > _MOST_PARTS:
        raise PackError("there is nothing in it, or too much")
    try:
        return json.loads(blobs[0], parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise PackError("it is no JSON") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not allowed")


def function_named(name: str) -> Callable[..., Any]:
    """Return a function of ours from `module:name`.

    Raises:
        PackError: It is none, or of another home.
    """
    module, _, attribute = name.partition(":")
    if not module.startswith(HOME):
        raise PackError(f"{name!r} is no function of `sensorium.tools`")
    found = getattr(importlib.import_module(module), attribute, None)
    if not isinstance(found, types.FunctionType) or found.__module__ != module:
        raise PackError(f"{name!r} is no function of `sensorium.tools`")
    return found


def name_of_function(function: Callable[..., Any]) -> str:
    """Return a function's `module:name`.

    Raises:
        PackError: It cannot be found again by its name, or is not of `sensorium.tools`.
    """
    name = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', '')}"
    if function_named(name) is not function:
        raise PackError(f"{name!r} is not at the top of its module")
    return name


def _name_of(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def class_named(name: str) -> Any:
    """Return a class of ours from `module:name`; the name comes from someone who is trusted."""
    module, _, attribute = name.partition(":")
    found = getattr(importlib.import_module(module), attribute, None) if module.startswith(HOME) else None
    if not isinstance(found, type):
        raise MediaError(f"{name!r} is no class that travels to a decoder process.")
    return found
