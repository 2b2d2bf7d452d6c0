"""Where a value came from, as labels that go with it; only some of them may steer what a call does outside."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

Labels = frozenset[str]
"""`user`, `system`, `settings`, `tool:NAME#CALL`, `web:HOST`, `media:SHA`, `mcp:SERVER`."""

NOTHING: Labels = frozenset()
USER: Labels = frozenset({"user"})
_TRUSTED = frozenset({"user", "system", "settings"})
_HANDLE = "artifact://sha256/"
_MODEL = "think"
_ORDER = ("media", "web", "mcp", "tool")


def trusted(labels: Labels) -> bool:
    """Return whether nobody but the user and Sensorium itself had a part in a value.

    What a tool gives is not: a name, a title, what is said, shown or printed may be anybody's words.
    """
    return labels <= _TRUSTED


def untrusted(labels: Labels) -> Labels:
    """Return the labels of those who are not trusted."""
    return labels - _TRUSTED


def joined(many: Iterable[Iterable[str]]) -> Labels:
    """Return the labels of what is made of several values."""
    return frozenset().union(*many)


def condensed(labels: Labels, by: str) -> Labels:
    """Return the labels of what a model wrote after it read a lot: the files, pages and servers, and who wrote it.

    All steps that it read are named once, by what is recorded of the run; in a long conversation they are many.
    """
    read = untrusted(labels)
    return frozenset(one for one in read if not one.startswith("tool:")) | ({by} if read else NOTHING)


def of_model(run: str) -> str:
    """Return the label of what the model that plans wrote in a run, after it had read what is not trusted."""
    return of_tool(_MODEL, run)


def of_tool(name: str, call: str) -> str:
    """Return the label of what a call of a tool gave."""
    return f"tool:{name}#{call}"


def of_media(handle: str) -> str:
    """Return the label of what stands in a file of the user's."""
    return f"media:{handle.removeprefix(_HANDLE)}"


def of_web(host: str) -> str:
    """Return the label of what a web host sent."""
    return f"web:{host}"


def of_mcp(server: str) -> str:
    """Return the label of what an MCP server answered."""
    return f"mcp:{server}"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who had a part in a call."""

    context: Labels = NOTHING
    """What had been read when the plan that has the call was written."""
    args: Mapping[str, Labels] = field(default_factory=dict)
    """Argument -> labels of its value."""
    is_planned: bool = False
    """A plan of the same conversation that was written on the user's words alone uses the same tool."""


def in_words(labels: Labels, names: Callable[[str], Iterable[str]] = lambda handle: ()) -> str:
    """Say where untrusted values came from: the files and pages first, else the steps.

    Args:
        labels: Of the values.
        names: Returns what a file is called, by its handle.
    """
    parted = [one.partition(":")[::2] for one in sorted(untrusted(labels))]
    said = {
        kind: list(dict.fromkeys(_said(kind, rest, names) for one, rest in parted if one == kind)) for kind in _ORDER
    }
    outside = [*said["media"], *said["web"], *said["mcp"]]
    through = f" (through {_listed(said['tool'])})" if outside and said["tool"] else ""
    return f"{_listed(outside or said['tool'])}{through}"


def step_of(label: str) -> str:
    """Return the step that gave what has this label of a tool."""
    name, _, call = label.removeprefix("tool:").partition("#")
    return call.partition("-")[2] or name


def _said(kind: str, rest: str, names: Callable[[str], Iterable[str]]) -> str:
    if kind == "media":
        return repr(next(iter(names(_HANDLE + rest)), "a file"))
    if kind == "tool":
        return "an answer of the model" if rest.startswith(f"{_MODEL}#") else f"`{step_of(rest)}`"
    return f"the page of {rest}" if kind == "web" else f"the MCP server {rest}"


def _listed(words: list[str], most: int = 6) -> str:
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
