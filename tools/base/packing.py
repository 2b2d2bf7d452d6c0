"""Typed values as plain data and bytes: what goes to a decoder process, and what is believed of what comes back."""

import dataclasses
import importlib
import json
import math
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from .errors import MediaError
from .picture_files import MAX_PICTURE_PIXELS, MAX_SIDE_PIXELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

HOME = "sensorium.tools."
"""Where functions and classes may come from that are named across the border."""
KIND = "~"
"""The key that says what a mapping stands for."""
_MODES = {"1": 0, "L": 1, "RGB": 3, "RGBA": 4}
"""Of pictures, with their bytes a pixel; rows of mode 1 are whole bytes."""
_ARRAYS = frozenset({"uint8", "int16", "int32", "int64", "float32", "float64", "bool"})
_MOST_DEPTH = 40
_MOST_LETTER_BYTES = 32 << 20
"""Of plain data; once read, it takes many times as much memory."""
_MOST_AXES = 4


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

    def frame(self, value: Any) -> list[bytes | memoryview]:
        """Return the blobs of a frame: a value as JSON, then what is beside it."""
        letter = json.dumps(self.pack(value), separators=(",", ":"), allow_nan=False).encode("utf-8", "surrogatepass")
        return [letter, *self.blobs]

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


def letter_of(blobs: Sequence[bytes | bytearray]) -> Any:
    """Return the plain data of a frame.

    Raises:
        PackError: There is none.
    """
    if not blobs or len(blobs[0]) > _MOST_LETTER_BYTES:
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


def restored(value: Any, blobs: Sequence[Any], special: Callable[[str, Mapping[str, Any]], Any]) -> Any:
    """Return what was packed by someone who is trusted.

    Args:
        value: Plain data.
        blobs: What is beside it.
        special: Makes files, runs and readers from their kind and what is said of them.
    """
    if isinstance(value, list):
        return [restored(one, blobs, special) for one in value]
    if not isinstance(value, Mapping):
        return value
    kind = value[KIND]
    if kind in ("tuple", "set", "frozenset"):
        parts = [restored(one, blobs, special) for one in value["of"]]
        return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](parts)
    if kind == "dict":
        return {restored(key, blobs, special): restored(one, blobs, special) for key, one in value["of"]}
    if kind == "float":
        return float(value["is"])
    if kind == "bytes":
        return bytes(blobs[value["at"]])
    if kind == "array":
        return _array(value, blobs)
    if kind == "picture":
        return _picture(value, blobs)
    if kind == "model":
        return _class_named(value["class"]).model_validate(restored(value["value"], blobs, special))
    if kind == "data":
        cls = _class_named(value["class"])
        made = object.__new__(cls)
        for name, one in value["fields"].items():
            object.__setattr__(made, name, restored(one, blobs, special))
        return made
    return special(kind, value)


def believed(value: Any, blobs: Sequence[Any], wanted: Any, depth: int = 0) -> Any:
    """Return what was packed by someone who is not trusted, if it is of the type that is wanted.

    Raises:
        PackError: It is not.
    """
    if depth == 0:
        try:
            return believed(value, blobs, wanted, 1)
        except PackError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise PackError("it is of an unusual shape") from error
    if depth > _MOST_DEPTH:
        raise PackError("it is nested too deeply")
    if wanted is None or wanted is type(None):
        return _exactly(value, None)
    if wanted in (bool, int, str, float):
        return _plain(value, wanted)
    if wanted is bytes:
        return bytes(blobs[_place(value, "bytes", blobs)])
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        return _one_of(value, blobs, inner, depth)
    if origin is Literal:
        return value if isinstance(value, str | int) and value in inner else _no(value, "one of the known words")
    if origin is typing.Annotated:
        return believed(value, blobs, inner[0], depth)
    if origin in (list, Sequence, tuple, set, frozenset, dict, Mapping):
        return _parts(value, blobs, wanted, depth)
    if isinstance(origin or wanted, type):
        return _instance(value, blobs, wanted, depth)
    raise PackError(f"{wanted!r} is not known to travel")


def returned_by(function: Callable[..., Any]) -> Any:
    """Return the type that a function says it returns."""
    holder = type("Returned", (), {"__annotations__": {"value": function.__annotations__["return"]}})
    module = sys.modules[function.__module__]
    return typing.get_type_hints(holder, globalns=vars(module), localns=_Names())["value"]


def is_large(wanted: Any) -> bool:
    """Return whether a type may hold decoded sound or pictures, which are large."""
    origin = get_origin(wanted) or wanted
    if getattr(origin, "__module__", "").partition(".")[0] in ("numpy", "PIL"):
        return True
    if dataclasses.is_dataclass(origin):
        return any(is_large(one) for one in _hints(typing.cast("type", origin)).values())
    return any(is_large(one) for one in get_args(wanted))


class _Names(dict[str, Any]):
    """What annotations name that is imported only for the type checker; imported when it is asked for."""

    def __missing__(self, name: str) -> Any:
        if name == "np":
            return importlib.import_module("numpy")
        if name == "NDArray":
            return importlib.import_module("numpy.typing").NDArray
        if name == "Image":
            return importlib.import_module("PIL.Image").Image
        raise KeyError(name)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls, localns=_Names())


def _one_of(value: Any, blobs: Sequence[Any], choices: Sequence[Any], depth: int) -> Any:
    for choice in choices:
        try:
            return believed(value, blobs, choice, depth + 1)
        except PackError:
            continue
    raise PackError("it is of none of the types that it may be of")


def _plain(value: Any, wanted: type) -> Any:
    if wanted is float and isinstance(value, Mapping):
        said = _fields(value, "float", "is")
        return float(said) if said in ("nan", "inf", "-inf") else _no(value, "a number")
    kinds = (int, float) if wanted is float else (wanted,)
    if type(value) not in kinds:
        _no(value, f"a value of type {wanted.__name__}")
    try:
        return wanted(value)
    except OverflowError:
        return _no(value, "a number of usual size")


def _parts(value: Any, blobs: Sequence[Any], wanted: Any, depth: int) -> Any:
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (dict, Mapping):
        pairs = _pairs(value)
        return {
            believed(key, blobs, inner[0], depth + 1): believed(one, blobs, inner[1], depth + 1) for key, one in pairs
        }
    if origin in (list, Sequence):
        is_tuple = origin is Sequence and isinstance(value, Mapping)
        parts = _list(_fields(value, "tuple", "of") if is_tuple else value)
        return [believed(one, blobs, inner[0], depth + 1) for one in parts]
    parts = _list(_fields(value, origin.__name__, "of"))
    any_length = origin is not tuple or (len(inner) == 2 and inner[1] is ...)
    kinds = [inner[0]] * len(parts) if any_length else inner
    if len(kinds) != len(parts):
        _no(value, f"{len(kinds)} parts")
    return origin(believed(one, blobs, kind, depth + 1) for one, kind in zip(parts, kinds, strict=True))


def _pairs(value: Any) -> list[list[Any]]:
    pairs = _list(_fields(value, "dict", "of"))
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        _no(value, "pairs")
    return pairs


def _instance(value: Any, blobs: Sequence[Any], wanted: Any, depth: int) -> Any:
    inner = get_args(wanted)
    cls: type = get_origin(wanted) or wanted
    if dataclasses.is_dataclass(cls):
        fields, hints = _fields(value, "data", "fields"), _hints(cls)
        names = {one.name for one in dataclasses.fields(cls)}
        if not isinstance(fields, Mapping) or set(fields) != names:
            _no(value, f"the fields of {cls.__name__}")
        made = object.__new__(cls)
        for name in names:
            object.__setattr__(made, name, believed(fields[name], blobs, hints[name], depth + 1))
        return made
    if hasattr(cls, "model_validate"):
        from pydantic import ValidationError

        try:
            return cls.model_validate(_json(_fields(value, "model", "value"), depth + 1))
        except ValidationError as error:
            raise PackError(f"it is no {cls.__name__}") from error
    if cls.__module__.partition(".")[0] == "numpy":
        # NDArray[np.uint8] is ndarray[…, dtype[uint8]].
        dtype = get_args(inner[1])[0].__name__ if len(inner) == 2 and get_args(inner[1]) else None
        return _array(value, blobs, dtype)
    if cls.__module__.partition(".")[0] == "PIL":
        return _picture(value, blobs)
    raise PackError(f"{cls!r} is not known to travel")


def _json(value: Any, depth: int) -> Any:
    """Return the packed dump of a model as it was."""
    if depth > _MOST_DEPTH:
        raise PackError("it is nested too deeply")
    if isinstance(value, list):
        return [_json(one, depth + 1) for one in value]
    if isinstance(value, Mapping):
        if value.get(KIND) == "float":
            return _plain(value, float)
        return {_plain(key, str): _json(one, depth + 1) for key, one in _pairs(value)}
    return value


def _array(value: Any, blobs: Sequence[Any], dtype: str | None = None) -> "NDArray[np.generic]":
    import numpy as np

    blob = blobs[_place(value, "array", blobs)]
    said, shape = value.get("dtype"), value.get("shape")
    if said not in _ARRAYS or (dtype is not None and said != dtype.rstrip("_")):
        _no(value, f"an array of {dtype or 'numbers'}")
    if not isinstance(shape, list) or len(shape) > _MOST_AXES:
        _no(value, "a shape")
    if not all(type(one) is int and 0 <= one < 2**40 for one in shape):
        _no(value, "a shape")
    kind = np.dtype(said)
    if math.prod(shape) * kind.itemsize != len(blob):
        raise PackError("an array is not as large as it says")
    if said == "bool" and len(blob) and int(np.frombuffer(blob, np.uint8).max()) > 1:
        _no(value, "truth values")
    found = np.frombuffer(blob, kind).reshape(shape)
    return found if found.flags.writeable else found.copy()


def _picture(value: Any, blobs: Sequence[Any]) -> "Image":
    from PIL import Image

    blob = blobs[_place(value, "picture", blobs)]
    mode, size = value.get("mode"), value.get("size")
    if mode not in _MODES or not isinstance(size, list) or len(size) != 2:
        _no(value, "a picture")
    width, height = size
    if not all(type(one) is int and 0 < one <= MAX_SIDE_PIXELS for one in size) or width * height > MAX_PICTURE_PIXELS:
        _no(value, "a picture of a usual size")
    if len(blob) != ((width + 7) // 8 if mode == "1" else width * _MODES[mode]) * height:
        raise PackError("a picture is not as large as it says")
    return Image.frombytes(mode, (width, height), bytes(blob))


def _place(value: Any, kind: str, blobs: Sequence[Any]) -> int:
    at = _fields(value, kind, "at")
    if type(at) is not int or not 0 <= at < len(blobs):
        _no(value, "a part that is there")
    return int(at)


def _fields(value: Any, kind: str, name: str) -> Any:
    if not isinstance(value, Mapping) or value.get(KIND) != kind or name not in value:
        _no(value, kind)
    return value[name]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else _no(value, "a list")


def _exactly(value: Any, wanted: Any) -> Any:
    return value if value is wanted else _no(value, repr(wanted))


def _no(value: Any, wanted: str) -> Any:
    raise PackError(f"{wanted} was expected, and {type(value).__name__} came")


def _name_of(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _class_named(name: str) -> Any:
    module, _, attribute = name.partition(":")
    found = getattr(importlib.import_module(module), attribute, None) if module.startswith(HOME) else None
    if not isinstance(found, type):
        raise MediaError(f"{name!r} is no class that travels to a decoder process.")
    return found
