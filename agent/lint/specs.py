"""Tools as the linter sees them, made of our own tools or of plain data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from ...tools.base.tool import Tool
from .names import plain_name
from .shapes import ANY, Schema, choices, is_nullable, properties

ANYTHING = "any"

_KINDS = {
    "image": "picture", "picture": "picture", "photo": "picture",
    "img": "picture", "jpg": "picture", "jpeg": "picture", "png": "picture",
    "video": "video", "videos": "video", "movie": "video", "film": "video", "clip": "video",
    "audio": "audio", "audios": "audio", "sound": "audio", "speech": "audio", "voice": "audio", "music": "audio",
    "text": "text", "texts": "text", "txt": "text", "string": "text", "str": "text", "transcript": "text",
    "url": "url", "urls": "url", "link": "url",
    "frame": "picture", "frames": "frames", "images": "frames", "pictures": "frames", "photos": "frames",
    "image[]": "frames", "picture[]": "frames", "list[image]": "frames", "list[picture]": "frames",
    "any": ANYTHING, "file": ANYTHING, "media": ANYTHING, "*": ANYTHING, "": ANYTHING,
}  # fmt: skip
MEDIA_KINDS = frozenset({"picture", "video", "audio", "text", "url", "frames"})

# Fields of our tools' results that are files, by name. An artifact's type is known only when it is made.
_FILES = {
    "picture": "picture", "pictures": "picture", "sheet": "picture", "marked": "picture", "image": "picture",
    "cover": "picture", "audio": "audio", "sound": "audio", "speech": "audio", "music": "audio", "video": "video",
    "clip": "video", "film": "video", "transcript": "text", "text_file": "text", "srt": "text", "vtt": "text",
    "text": "text", "markdown": "text", "html": "text", "listing": "text", "details": "text",
}  # fmt: skip
# Strings that are handles of files of some kind.
HANDLES = frozenset({"media", "handle", "artifact", "second", "file", "path", "first"})
# Parts of a result that are there only when an argument asks for them.
_ASKED_FOR = {"sheet": ("contact_sheet", True)}


@dataclass(frozen=True, kw_only=True)
class Port:
    """One argument of a tool."""

    name: str
    kinds: frozenset[str] = frozenset()
    """The kinds of media it takes; empty when it takes none, or it is not known."""
    schema: Schema = field(default_factory=dict)
    required: bool = False
    many: bool = False
    lenient: bool = False
    """Whether the tool reads the value in a way of its own, so that its schema does not say what it refuses."""


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """What a tool takes and gives."""

    name: str
    aliases: tuple[str, ...] = ()
    ports: Mapping[str, Port] = field(default_factory=dict)
    """Its arguments by name; of a tool whose arguments have no names, none."""
    takes: tuple[str, ...] = ()
    """The kinds of its inputs in order, of a tool whose arguments have no names."""
    is_open: bool = False
    """Whether its arguments have names that are not known here."""
    output: Schema = field(default_factory=dict)
    gives: frozenset[str] = frozenset()
    """The kinds of its result; empty when only `output` says it."""
    definitions: Mapping[str, Any] = field(default_factory=dict)
    result_definitions: Mapping[str, Any] = field(default_factory=dict)
    own_lists: tuple[str, ...] = ()
    """The lists of its result that no other tool's result has."""
    is_pure: bool = True
    makes_files: bool = False
    limits: Mapping[str, Any] = field(default_factory=dict)
    price_usd: float | None = None
    seconds: float | None = None
    tool: Tool | None = None

    @property
    def required(self) -> list[str]:
        return [port.name for port in self.ports.values() if port.required]

    @property
    def input_kinds(self) -> frozenset[str]:
        """Every kind that one of its inputs takes."""
        return frozenset(self.takes) | frozenset(kind for port in self.ports.values() for kind in port.kinds)

    def converts(self) -> tuple[Port | None, str] | None:
        """Return the one port and the one kind of a tool that turns one thing into another; None for other tools."""
        if self.ports:
            needed = [port for port in self.ports.values() if port.required]
            files = [port for port in needed if port.kinds]
            ok = len(needed) == len(files) == 1 and len(self.gives) == 1
            return (files[0], next(iter(self.gives))) if ok else None
        if len(self.takes) != 1 or len(self.gives) != 1:
            return None
        return None if {*self.takes, *self.gives} & {ANYTHING} else (None, next(iter(self.gives)))


Catalog = Mapping[str, Tool] | Mapping[str, Any] | Iterable[Any]
Specs = Mapping[str, ToolSpec]


def read_catalog(catalog: Catalog) -> Specs:
    """Return a catalog as tool specs by name.

    Plain data is a list of tools or a mapping of name to tool; a tool has a name (`name`, `id` or `tool`), its input
    kinds (`inputs`, `input-type` …) and output kinds (`outputs`, `output-type` …), and may have `arguments` or
    `parameters` (a JSON schema, or a list of `{name, type}`), `output_schema`, `aliases`, `limits`, `cost_usd`,
    `seconds` and `effect`.
    """
    inside = catalog.get("nodes", catalog.get("tools")) if isinstance(catalog, Mapping) and len(catalog) <= 4 else None
    if isinstance(inside, list | tuple | Mapping):
        catalog = inside
    pairs = catalog.items() if isinstance(catalog, Mapping) else ((None, one) for one in catalog)
    specs = [_read(name, one) for name, one in pairs]
    return {one.name: one for one in specs if one.name}


def kind(word: Any) -> str:
    """Return a kind of media under the one name it has here."""
    text = str(word).strip().casefold()
    # `image/png` and `video/*` are media types.
    return _KINDS.get(text) or _KINDS.get(text.partition("/")[0], text)


def _read(name: Any, one: Any) -> ToolSpec:
    if isinstance(one, ToolSpec):
        return one
    if isinstance(one, Tool):
        return of_tool(one)
    if isinstance(one, str):
        return ToolSpec(name=one, is_open=True)
    if isinstance(one, list | tuple) and len(one) == 2:  # what goes in, and what comes out
        one = {"inputs": one[0], "outputs": one[1]}
    return _of_plain(name, one) if isinstance(one, Mapping) else ToolSpec(name=str(name or ""), is_open=True)


@cache
def of_tool(tool: Tool) -> ToolSpec:
    """Return one of our own tools as a spec."""
    schema, output = tool.input_schema, tool.output_schema
    files = {one.name: one for one in tool.media_arguments}
    ports = {
        name: Port(
            name=name,
            kinds=frozenset(files[name].kinds) if name in files else frozenset(),
            schema=schema["properties"].get(name, ANY),
            required=info.is_required(),
            many=name in files and files[name].many,
            lenient=_is_lenient(info) and name not in files,
        )
        for name, info in tool.arguments.model_fields.items()
    }
    definitions = output.get("$defs", {})
    made = [name for name, part in output.get("properties", {}).items() if is_file(part, definitions)]
    certain = [name for name in made if name in output.get("required", ()) and not is_nullable(
        output["properties"][name], definitions)]  # fmt: skip
    kinds = {kind_of_file(name) for name in certain} - {ANYTHING}
    return ToolSpec(
        name=tool.name,
        ports=ports,
        output=output,
        gives=frozenset(kinds) if len(certain) == 1 else frozenset(),
        definitions=schema.get("$defs", {}),
        result_definitions=definitions,
        own_lists=_own_lists(tool),
        is_pure=tool.effect == "pure",
        makes_files=bool(made),
        tool=tool,
    )


def _is_lenient(info: FieldInfo) -> bool:
    return any(type(one).__name__.endswith("Validator") for one in info.metadata)


def _own_lists(tool: Tool) -> tuple[str, ...]:
    shared = {name for parent in tool.returns.__mro__[1:] for name in getattr(parent, "model_fields", ())}
    return tuple(
        name
        for name, part in tool.output_schema.get("properties", {}).items()
        if name not in shared and any(one.get("type") == "array" for one in choices(part, {}))
    )


def is_file(schema: Schema, definitions: Mapping[str, Any]) -> bool:
    """Return whether a part of a result is an artifact, or holds one as each item of a list."""
    for one in choices(schema, definitions):
        names = properties(one, definitions)
        if "handle" in names and "media_type" in names:
            return True
        if one.get("type") == "array" and isinstance(one.get("items"), Mapping):
            inside = properties(one["items"], definitions)
            if "handle" in inside and "media_type" in inside:
                return True
    return False


def kind_of_file(name: str) -> str:
    """Return the kind of the file that a part of a result is, by its name; `any` when that does not say."""
    return _FILES.get(name, ANYTHING)


def asked_for(part: str) -> tuple[str, Any] | None:
    """Return the argument and its value without which a result does not have a part."""
    return _ASKED_FOR.get(part)


_NAME = ("name", "id", "tool", "task", "title")
_INPUTS = ("inputs", "input_kinds", "input-type", "input_type", "input_types", "input", "takes", "in", "accepts")
_OUTPUTS = ("outputs", "output_kinds", "output-type", "output_type", "output_types", "output", "gives", "out",
            "produces")  # fmt: skip
_ARGUMENTS = ("arguments", "args", "parameters", "params", "input_schema", "inputSchema", "schema")
_RESULT = ("output_schema", "outputSchema", "result_schema", "returns")


def _of_plain(name: Any, one: Mapping[str, Any]) -> ToolSpec:
    if isinstance(one.get("function"), Mapping):  # as chat models are told of tools
        one = {**one["function"], **{key: part for key, part in one.items() if key != "function"}}
    found = _first(one, _NAME) if name is None else name
    inputs, outputs = _first(one, _INPUTS), _first(one, _OUTPUTS)
    ports, definitions = _ports(_first(one, _ARGUMENTS))
    if isinstance(inputs, Mapping):  # named inputs: name -> kind or schema
        more, more_definitions = _ports_of_kinds(inputs)
        ports, definitions = {**more, **ports}, {**more_definitions, **definitions}
        inputs = None
    takes = tuple(kind(part) for part in _list(inputs) if not isinstance(part, Mapping))
    if inputs and not takes:
        ports = {**_ports(inputs)[0], **ports}
    if ports and takes:
        ports, takes = _with_kinds(ports, takes), ()
    output, gives = _result(_first(one, _RESULT), outputs)
    effect = one.get("effect")
    return ToolSpec(
        name=str(found or ""),
        aliases=tuple(map(str, _list(one.get("aliases")))),
        ports=ports,
        takes=takes,
        is_open=not ports,
        output=output,
        gives=gives,
        definitions=definitions,
        result_definitions=output.get("$defs", {}),
        own_lists=tuple(
            key
            for key, part in output.get("properties", {}).items()
            if isinstance(part, Mapping) and part.get("type") == "array"
        ),
        is_pure=effect in (None, "pure", "read"),
        makes_files=effect in ("writes", "external"),
        limits=one["limits"] if isinstance(one.get("limits"), Mapping) else {},
        price_usd=_amount(one, ("cost_usd", "price_usd", "cost", "price")),
        seconds=_amount(one, ("seconds", "latency_seconds", "latency")),
    )


def _first(one: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((one[key] for key in keys if one.get(key) is not None), None)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]


def _amount(one: Mapping[str, Any], keys: Sequence[str]) -> float | None:
    value = _first(one, keys)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _ports(arguments: Any) -> tuple[dict[str, Port], Mapping[str, Any]]:
    """Return arguments given as a JSON schema, as name -> schema, or as a list of `{name, type}`."""
    if isinstance(arguments, Mapping) and isinstance(arguments.get("properties"), Mapping):
        required = set(_list(arguments.get("required")))
        ports = {str(name): _port(str(name), part, name in required) for name, part in arguments["properties"].items()}
        return ports, arguments.get("$defs", arguments.get("definitions", {}))
    if isinstance(arguments, Mapping) and arguments.keys() - {"type", "additionalProperties", "required"}:
        return _ports_of_kinds(arguments)
    if isinstance(arguments, list):
        named = [one for one in arguments if isinstance(one, Mapping) and one.get("name")]
        return {str(one["name"]): _port(str(one["name"]), one, bool(one.get("required"))) for one in named}, {}
    return {}, {}


def _ports_of_kinds(inputs: Mapping[str, Any]) -> tuple[dict[str, Port], Mapping[str, Any]]:
    return {
        str(name): _port(
            str(name),
            part if isinstance(part, Mapping) else {"type": part} if isinstance(part, str) else {"kinds": _list(part)},
            bool(part.get("required", False)) if isinstance(part, Mapping) else True,
        )
        for name, part in inputs.items()
    }, {}


_JSON_TYPES = {
    "string": "string", "str": "string", "number": "number", "float": "number", "integer": "integer",
    "int": "integer", "boolean": "boolean", "bool": "boolean", "object": "object", "dict": "object",
    "array": "array", "list": "array", "null": "null",
}  # fmt: skip


def _port(name: str, part: Any, required: bool) -> Port:
    schema = dict(part) if isinstance(part, Mapping) else {}
    said = schema.get("kinds", schema.get("kind", schema.get("media", schema.get("x-kinds"))))
    kinds = {kind(one) for one in _list(said)}
    stated = schema.get("type")
    if isinstance(stated, str) and stated.casefold() not in _JSON_TYPES:
        if kind(stated) in MEDIA_KINDS:
            kinds.add(kind(stated))
        schema.pop("type")
    elif isinstance(stated, str):
        schema["type"] = _JSON_TYPES[stated.casefold()]
    for key in ("kinds", "kind", "media", "required"):
        if not (key == "required" and isinstance(schema.get(key), list)):
            schema.pop(key, None)
    many = schema.get("type") == "array"
    return Port(name=name, kinds=frozenset(kinds), schema=schema, required=required, many=many)


def _with_kinds(ports: Mapping[str, Port], takes: Sequence[str]) -> dict[str, Port]:
    """Give the kinds of a tool's inputs to those of its arguments that can only be meant."""
    left = list(takes)
    found = dict(ports)
    for name, port in ports.items():
        if port.kinds:
            continue
        # An argument `image` or `video_path` is the input of that kind.
        named = [one for one in left if plain_name(name).startswith(_names_of(one))]
        if named:
            left.remove(named[0])
            found[name] = _given_kinds(port, {named[0]})
    free = [port for port in found.values() if not port.kinds and port.required and _may_be_file(port)]
    if left and len(free) == 1:
        found[free[0].name] = _given_kinds(free[0], set(left))
    elif left and len(free) == len(left):
        for port, one in zip(free, left, strict=True):
            found[port.name] = _given_kinds(port, {one})
    return found


def _names_of(one: str) -> tuple[str, ...]:
    return tuple(plain_name(word) for word, meant in _KINDS.items() if meant == one and word)


def _may_be_file(port: Port) -> bool:
    return port.schema.get("type", "string") in ("string", "array") and "enum" not in port.schema


def _given_kinds(port: Port, kinds: set[str]) -> Port:
    return Port(name=port.name, kinds=frozenset(kinds), schema=port.schema, required=port.required, many=port.many)


def _result(schema: Any, outputs: Any) -> tuple[Schema, frozenset[str]]:
    gives: set[str] = set()
    if isinstance(outputs, Mapping):
        if "properties" in outputs or outputs.get("type") in _JSON_TYPES:
            schema = schema or outputs
        else:  # name -> kind
            parts = {str(name): _port(str(name), {"type": part} if isinstance(part, str) else part, False)
                     for name, part in outputs.items()}  # fmt: skip
            gives = {one for port in parts.values() for one in port.kinds}
            known = {name: {**port.schema, "x-kinds": sorted(port.kinds)} for name, port in parts.items()}
            schema = schema or {"type": "object", "properties": known}
    else:
        gives = {kind(one) for one in _list(outputs) if isinstance(one, str)}
    return (schema if isinstance(schema, Mapping) else {}), frozenset(gives)
