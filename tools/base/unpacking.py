"""What was packed, as it was: restored where the sender is trusted, and where not, believed if it is of its type."""

import dataclasses
import importlib
import math
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from .packing import KIND, PackError, class_named
from .picture_files import MAX_PICTURE_PIXELS, MAX_SIDE_PIXELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

_MODES = {"1": 0, "L": 1, "RGB": 3, "RGBA": 4}
"""Of pictures, with their bytes a pixel; rows of mode 1 are whole bytes."""
_ARRAYS = frozenset({"uint8", "int16", "int32", "int64", "float32", "float64", "bool"})
_MOST_DEPTH = 40
_MOST_AXES = 4


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
        return class_named(value["class"]).model_validate(restored(value["value"], blobs, special))
    if kind == "data":
        cls = class_named(value["class"])
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
