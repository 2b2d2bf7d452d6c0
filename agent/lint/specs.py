"""Catalogs, of our own tools or of plain data, as the linter sees them."""

from collections.abc import Iterable, Mapping
from typing import Any

from ...tools.base.tool import Tool
from .own_tools import of_tool
from .plain_tools import of_plain
from .toolspec import Specs, ToolSpec

Catalog = Mapping[str, Tool] | Mapping[str, Any] | Iterable[Any]


def read_catalog(catalog: Catalog) -> Specs:
    """Return a catalog as tool specs by name.

    Plain data is a list of tools or a mapping of name to tool; a tool has a name (`name`, `id` or `tool`), its input
    kinds (`inputs`, `input-type` …) and output kinds (`outputs`, `output-type` …), and may have `arguments` or
    `parameters` (a JSON schema, or a list of `{name, type}`), `output_schema`, `aliases`, `limits`, `cost_usd`,
    `seconds` and `effect`.
    """
    if not isinstance(catalog, Iterable) or isinstance(catalog, str | bytes):
        return {}
    inside = catalog.get("nodes", catalog.get("tools")) if isinstance(catalog, Mapping) and len(catalog) <= 4 else None
    if isinstance(inside, list | tuple | Mapping):
        catalog = inside
    pairs = catalog.items() if isinstance(catalog, Mapping) else ((None, one) for one in catalog)
    specs = [_read(name, one) for name, one in pairs]
    return {one.name: one for one in specs if one.name}


def _read(name: Any, one: Any) -> ToolSpec:
    if isinstance(one, ToolSpec):
        return one
    if isinstance(one, Tool):
        return of_tool(one)
    if isinstance(one, str):
        return ToolSpec(name=one, is_open=True)
    if isinstance(one, list | tuple) and len(one) == 2:  # what goes in, and what comes out
        one = {"inputs": one[0], "outputs": one[1]}
    return of_plain(name, one) if isinstance(one, Mapping) else ToolSpec(name=str(name or ""), is_open=True)
