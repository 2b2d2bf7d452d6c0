"""A tool is a typed function: its signature is the schema."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model
from pydantic.json_schema import GenerateJsonSchema

from .estimate import Estimator

if TYPE_CHECKING:
    from .models import Models
    from .run import Run

Effect = Literal["pure", "writes", "network", "runs_code"]
Resource = Literal["cpu", "gpu", "network"]
MediaKind = Literal["video", "audio", "picture", "text", "data"]
Objection = Callable[[Mapping[str, Any], "Run"], str]
"""Of all arguments of a call as plain data: why it must be asked about, as a sentence."""


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What is known of a call before it is made."""

    problem: str = ""
    """Why it cannot succeed, as a sentence; empty where nothing speaks against it."""
    args: Mapping[str, Any] = field(default_factory=dict)
    """Arguments as they will be ordered in the end, where that is known: 5 s for 4."""
    priced_by: Mapping[str, Any] = field(default_factory=dict)
    """What a price may hold for, as it will be ordered in the end: also what a model takes unasked."""
    has_stand_in: bool = False
    """Whether another makes it, too, where the first cannot be paid."""


Foresight = Callable[[Mapping[str, Any], Set[str], "Models"], Foreseen]
"""(the arguments that are known, the names of all that are given, who serves) -> what is known of the call."""


@dataclass(frozen=True)
class OfKind:
    """Marks an argument as a file, and says of which kinds."""

    kinds: tuple[MediaKind, ...]


@dataclass(frozen=True)
class Control:
    """Marks an argument that steers what a call does outside: an address, code, a command, a recipient.

    A prompt, a title or a text to be read aloud is data: it ends up in what is made.
    """


def _handle_of(value: Any) -> Any:
    """Accept a path, an artifact, or an artifact's JSON where a file is asked for."""
    if isinstance(value, dict) and isinstance(value.get("handle"), str):
        return value["handle"]
    if hasattr(value, "handle"):
        return value.handle
    if hasattr(value, "__fspath__"):
        return value.__fspath__()
    return value


_File = Annotated[str, BeforeValidator(_handle_of)]
Media = Annotated[_File, OfKind(("video", "audio", "picture"))]
"""A path or an `artifact://sha256/…` handle; the door turns it into a handle before the tool sees it."""
Video = Annotated[_File, OfKind(("video",))]
Sounding = Annotated[_File, OfKind(("video", "audio"))]
"""A file that can have sound."""
Seen = Annotated[_File, OfKind(("video", "picture"))]
"""A file that can be looked at."""
Picture = Annotated[_File, OfKind(("picture",))]
Code = Annotated[_File, OfKind(("text", "data"))]
"""A file of code; `data`, because some encodings of source look like none of text."""
AnyFile = Annotated[_File, OfKind(("video", "audio", "picture", "text", "data"))]


class QuickSchema(GenerateJsonSchema):
    """Writes a default that is JSON already as it is, where Pydantic makes a serializer for each."""

    def encode_default(self, dft: Any) -> Any:
        return dft if dft is None or type(dft) in (bool, int, str) else super().encode_default(dft)


@dataclass(frozen=True)
class MediaArgument:
    """Which argument holds files, of which kinds, one or many."""

    name: str
    kinds: tuple[MediaKind, ...]
    many: bool
    within: str = ""
    """The argument whose parts have it as a field, where it is none itself: `scenes` of a film."""


@dataclass(frozen=True)
class Tool:
    """A typed async function with what its callers must know about it."""

    function: Callable[..., Awaitable[BaseModel]]
    effect: Effect
    resource: Resource
    version: int
    """Part of the memo's key: raise it when the same arguments should give another result."""
    cost: Literal["free", "paid"]
    roles: tuple[str, ...]
    """Model roles its result depends on; part of the memo's key through `Models.fingerprint`."""
    timeout_seconds: float | None
    units: Estimator | None = None
    """What a call will take, before it runs; None for what is not worth counting."""
    objection: Objection | None = None
    """Empty when a call reaches nothing that the user did not name; None: its effect alone says what it reaches."""
    foresee: Foresight | None = None
    calls: tuple[str, ...] = ()
    """Tools that it calls itself: what the user wants to be asked about is asked about for them, too."""

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def description(self) -> str:
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first paragraph of the docstring on one line."""
        return " ".join(self.description.split("\n\n")[0].split())

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The arguments as a Pydantic model; unknown ones are refused. `run` is never part of it."""
        hints = get_type_hints(self.function, include_extras=True)
        fields: dict[str, Any] = {}
        for name, parameter in inspect.signature(self.function).parameters.items():
            if name == "run":
                continue
            default = ... if parameter.default is inspect.Parameter.empty else parameter.default
            fields[name] = (hints[name], default)
        return create_model(f"{self.name}_arguments", __config__=ConfigDict(extra="forbid"), **fields)

    @cached_property
    def returns(self) -> type[BaseModel]:
        """The Pydantic model that a call gives."""
        result: type[BaseModel] = get_type_hints(self.function)["return"]
        assert issubclass(result, BaseModel), f"{self.name} must return a Pydantic model"
        return result

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        return self.arguments.model_json_schema(schema_generator=QuickSchema)

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        return self.returns.model_json_schema(mode="serialization")

    @cached_property
    def media_arguments(self) -> tuple[MediaArgument, ...]:
        """The arguments that are files."""
        found = []
        for name, hint in get_type_hints(self.function, include_extras=True).items():
            kinds = _kinds(hint)
            if name != "return" and kinds:
                found.append(MediaArgument(name, kinds, _is_list(hint)))
        return tuple(found)

    @cached_property
    def inner_files(self) -> tuple[MediaArgument, ...]:
        """The fields that are files, of arguments that are lists of models."""
        found = []
        for name, hint in get_type_hints(self.function, include_extras=True).items():
            part = _part(hint) if name != "return" else None
            for its_name, its in get_type_hints(part, include_extras=True).items() if part else ():
                if kinds := _kinds(its):
                    found.append(MediaArgument(its_name, kinds, False, within=name))
        return tuple(found)

    def with_files(self, arguments: Mapping[str, Any], change: Callable[[Any, MediaArgument], Any]) -> dict[str, Any]:
        """Return plain arguments with every file that they name changed, wherever it stands in them."""
        changed = dict(arguments)
        for one in self.media_arguments:
            if (value := changed.get(one.name)) is not None:
                is_list = one.many and isinstance(value, list | tuple)
                changed[one.name] = [change(file, one) for file in value] if is_list else change(value, one)
        for one in self.inner_files:
            if isinstance(parts := changed.get(one.within), list | tuple):
                changed[one.within] = [
                    {**part, one.name: change(part[one.name], one)}
                    if isinstance(part, Mapping) and part.get(one.name) is not None
                    else part
                    for part in parts
                ]
        return changed

    def files_in(self, arguments: Mapping[str, Any]) -> list[Any]:
        """Return every file that plain arguments name, in order."""
        found: list[Any] = []
        self.with_files(arguments, lambda file, _: found.append(file))
        return found

    @cached_property
    def control_arguments(self) -> frozenset[str]:
        """The arguments that are marked `Control()`."""
        hints = get_type_hints(self.function, include_extras=True)
        return frozenset(name for name, hint in hints.items() if name != "return" and _is_control(hint))


def tool(
    *,
    effect: Effect,
    resource: Resource = "cpu",
    version: int = 1,
    cost: Literal["free", "paid"] = "free",
    roles: tuple[str, ...] = (),
    timeout_seconds: float | None = None,
    units: Estimator | None = None,
    objection: Objection | None = None,
    foresee: Foresight | None = None,
    calls: tuple[str, ...] = (),
) -> Callable[[Callable[..., Awaitable[BaseModel]]], Tool]:
    """Make a tool of a typed async function with a keyword-only `run`.

    Args:
        effect: `pure` results are remembered for good; `writes` makes files for the user; others reach outside.
        resource: What it is bound by; a semaphore for each keeps the machine usable.
        version: Raise it when the same arguments should give another result.
        cost: `paid` calls go through the ledger.
        roles: Model roles the result depends on, for example `("hear",)`; the tool names who served each with
            `run.used(engine.identity)`, or its results are not remembered.
        timeout_seconds: When to stop it; the settings' limit when left out.
        units: What a call will take, of its arguments and the facts of its files, before it runs.
        objection: Why a call must be asked about, instead of what `effect` alone would say: empty for an address that
            the user named, or for code that nothing gets out of. It must be quick: it is asked several times a call.
        foresee: What is known of a call before the plan that it is in runs; quick, and nothing leaves for it.
        calls: Tools that it calls itself, and that a user may want to be asked about.
    """

    def wrap(function: Callable[..., Awaitable[BaseModel]]) -> Tool:
        return Tool(
            function, effect, resource, version, cost, roles, timeout_seconds, units, objection, foresee, calls
        )  # fmt: skip

    return wrap


def _kinds(hint: Any) -> tuple[MediaKind, ...]:
    if get_origin(hint) is Annotated:
        base, *marks = get_args(hint)
        return next((mark.kinds for mark in marks if isinstance(mark, OfKind)), ()) or _kinds(base)
    return next((kinds for part in get_args(hint) if (kinds := _kinds(part))), ())


def _part(hint: Any) -> type[BaseModel] | None:
    """Return the model that an argument is a list of."""
    if get_origin(hint) is list and isinstance(inner := get_args(hint)[0], type) and issubclass(inner, BaseModel):
        return inner
    return next((part for one in get_args(hint) if (part := _part(one))), None)


def _is_control(hint: Any) -> bool:
    return any(isinstance(part, Control) or _is_control(part) for part in get_args(hint))


def _is_list(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return _is_list(get_args(hint)[0])
    return get_origin(hint) is list or any(_is_list(part) for part in get_args(hint))
