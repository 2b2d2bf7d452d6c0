"""Tools that other systems write as plain data."""

from collections.abc import Mapping, Sequence
from typing import Any

from .kinds import ANYTHING, MEDIA_KINDS, kind, names_of
from .names import plain_name
from .shapes import JSON_TYPES, Schema
from .toolspec import Port, ToolSpec
from .wellformed import well_formed

# Names of fields, without case and marks: `input-type` and `inputTypes` are alike.
_NAME = ("name", "id", "tool", "task", "title", "toolname")
_INPUTS = ("inputs", "inputkinds", "inputtype", "inputtypes", "inputmodalities", "input", "takes", "in", "accepts",
           "consumes")  # fmt: skip
_OUTPUTS = ("outputs", "outputkinds", "outputtype", "outputtypes", "outputmodalities", "output", "gives", "out",
            "produces")  # fmt: skip
_ARGUMENTS = ("arguments", "args", "parameters", "params", "inputschema", "schema")
_RESULT = ("outputschema", "resultschema", "returns")


def of_plain(name: Any, given: Mapping[str, Any]) -> ToolSpec:
    """Return a tool of plain data; `name` is what the catalog calls it."""
    one = _plain_names(given)
    if isinstance(one.get("function"), Mapping):  # as chat models are told of tools
        one = {**_plain_names(one["function"]), **{key: part for key, part in one.items() if key != "function"}}
    found = _first(one, _NAME) if name is None else name
    inputs, outputs, arguments = _first(one, _INPUTS), _first(one, _OUTPUTS), _first(one, _ARGUMENTS)
    if _is_schema(inputs) and arguments is None:
        inputs, arguments = None, inputs
    ports, definitions = _ports(arguments)
    if isinstance(inputs, Mapping):  # named inputs: name -> kind or schema
        ports = {**_ports_of_kinds(inputs), **ports}
        inputs = None
    named = {} if inputs is None else _ports(inputs)[0]
    takes = () if named else tuple(_kind_of(part) for part in _list(inputs))
    ports = {**named, **ports}
    if ports and takes:
        ports, takes = _with_kinds(ports, takes), ()
    output, gives = _result(_first(one, _RESULT), outputs)
    effect = one.get("effect")
    limits = one.get("limits")
    return ToolSpec(
        name=str(found) if isinstance(found, str | int) else "",
        aliases=tuple(alias for alias in _list(one.get("aliases")) if isinstance(alias, str)),
        ports=ports,
        takes=takes,
        is_open=not ports and (bool(takes) or not _is_closed(arguments)),
        output=output,
        gives=gives,
        definitions=definitions,
        result_definitions=_definitions(output),
        own_lists=tuple(key for key, part in output.get("properties", {}).items() if part.get("type") == "array"),
        is_pure=effect in (None, "pure", "read"),
        makes_files=effect in ("writes", "external"),
        limits={key: part for key, part in limits.items() if isinstance(key, str)}
        if isinstance(limits, Mapping)
        else {},
        price_usd=_amount(one, ("costusd", "priceusd", "cost", "price")),
        seconds=_amount(one, ("seconds", "latencyseconds", "latency")),
    )


def _plain_names(one: Mapping[Any, Any]) -> dict[str, Any]:
    return {plain_name(str(key)): part for key, part in one.items() if isinstance(key, str)}


def _is_schema(given: Any) -> bool:
    """Return whether it is the JSON schema of an object."""
    return isinstance(given, Mapping) and isinstance(given.get("properties"), Mapping)


def _is_closed(arguments: Any) -> bool:
    """Return whether a schema says that there are no arguments."""
    return (
        _is_schema(arguments) and not arguments["properties"] and arguments.get("additionalProperties", False) is False
    )


def _kind_of(part: Any) -> str:
    """Return the kind of an input or output that has no name."""
    if isinstance(part, Mapping):
        part = next((part[key] for key in ("kind", "type", "media") if key in part), None)
    return kind(part)


def _definitions(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema.get("$defs") or schema.get("definitions") or {}
    return found


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
    if _is_schema(arguments):
        required = [one for one in _list(arguments.get("required")) if isinstance(one, str)]
        ports = {str(name): _port(str(name), part, name in required) for name, part in arguments["properties"].items()}
        kept = {key: arguments.get(key) for key in ("$defs", "definitions")}
        return ports, _definitions(well_formed(kept))
    if isinstance(arguments, Mapping) and arguments.keys() - {"type", "additionalProperties", "required"}:
        return _ports_of_kinds(arguments), {}
    if isinstance(arguments, list | tuple):
        named = [one for one in arguments if isinstance(one, Mapping) and isinstance(one.get("name"), str)]
        return {one["name"]: _port(one["name"], one, one.get("required") is True) for one in named if one["name"]}, {}
    return {}, {}


def _ports_of_kinds(inputs: Mapping[str, Any]) -> dict[str, Port]:
    return {
        str(name): _port(
            str(name),
            part if isinstance(part, Mapping) else {"type": part} if isinstance(part, str) else {"kinds": _list(part)},
            part.get("required") is True if isinstance(part, Mapping) else True,
        )
        for name, part in inputs.items()
    }


_KIND = ("kinds", "kind", "media", "x-kinds", "contentMediaType")


def _port(name: str, part: Any, required: bool) -> Port:
    schema = dict(part) if isinstance(part, Mapping) else {}
    kinds = {kind(one) for one in _list(next((schema[key] for key in _KIND if schema.get(key)), None))}
    stated = schema.get("type")
    if isinstance(stated, str) and stated.casefold() not in JSON_TYPES and kind(stated) in MEDIA_KINDS:
        kinds.add(kind(stated))
    for key in ("kinds", "kind", "media"):
        schema.pop(key, None)
    schema = dict(well_formed(schema))
    return Port(name=name, kinds=frozenset(kinds), schema=schema, required=required, many=schema.get("type") == "array")


def _with_kinds(ports: Mapping[str, Port], takes: Sequence[str]) -> dict[str, Port]:
    """Give the kinds of a tool's inputs to those of its arguments that can only be meant."""
    left = list(takes)
    found = dict(ports)
    for name, port in ports.items():
        if port.kinds:
            continue
        # An argument `image` or `video_path` is the input of that kind.
        named = [one for one in left if plain_name(name).startswith(names_of(one))]
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


def _may_be_file(port: Port) -> bool:
    return port.schema.get("type", "string") in ("string", "array") and "enum" not in port.schema


def _given_kinds(port: Port, kinds: set[str]) -> Port:
    return Port(name=port.name, kinds=frozenset(kinds), schema=port.schema, required=port.required, many=port.many)


def _result(schema: Any, outputs: Any) -> tuple[Schema, frozenset[str]]:
    gives: set[str] = set()
    if isinstance(outputs, Mapping):
        stated = outputs.get("type")
        if "properties" in outputs or (isinstance(stated, str) and stated in JSON_TYPES):
            schema = schema or outputs
        else:  # name -> kind
            parts = {str(name): _port(str(name), {"type": part} if isinstance(part, str) else part, False)
                     for name, part in outputs.items()}  # fmt: skip
            gives = {one for port in parts.values() for one in port.kinds}
            known = {name: {**port.schema, "x-kinds": sorted(port.kinds)} for name, port in parts.items()}
            schema = schema or {"type": "object", "properties": known}
    else:
        gives = {_kind_of(one) for one in _list(outputs)} - {ANYTHING}
    return well_formed(schema), frozenset(gives)
