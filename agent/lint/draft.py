"""A plan beside what its tools are, and what each of its references points at."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from ..plan import RESERVED, Plan, Step, references
from .kinds import ANYTHING, HANDLES, MEDIA_KINDS, kind, kind_of_file
from .own_tools import is_file
from .shapes import ANY, NoSuchPart, Schema, choices, items_of, types, walk
from .toolspec import Specs, ToolSpec

_PART = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)|\[(-?\d{1,9})\]")
_ALONE = re.compile(r"\$\{([^{}$]+)\}|\$([A-Za-z_][\w.\[\]-]*)")
_EXTENSIONS = {
    "picture": "jpg jpeg png gif webp bmp tif tiff heic svg", "audio": "wav mp3 flac ogg m4a aac opus wma aiff",
    "video": "mp4 mov mkv avi webm m4v mpg mpeg wmv flv", "text": "txt md srt vtt csv json html pdf doc docx",
}  # fmt: skip
_KIND_OF = {extension: name for name, all in _EXTENSIONS.items() for extension in all.split()}
_FILE = re.compile(r"[^\n<>|\"*?]{1,200}\.([A-Za-z0-9]{2,5})")

Place = tuple[str | int, ...]
"""Where in a step's arguments something stands: name, then indexes and names inside the value."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """A reference, and where it stands."""

    place: Place
    reference: str
    alone: bool
    """Whether it is the whole value, and not a part of a text."""
    as_text: bool = False
    """Whether it is written `${…}`, which gives text."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a reference or a literal gives, as far as it is known."""

    schema: Schema = field(default_factory=dict)
    definitions: Mapping[str, Any] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset({ANYTHING})
    """The kinds of media it may be; `any` where it is not known, empty where it is a value and no media."""
    is_handle: bool = False
    """Whether it is text that names a file."""

    @property
    def is_known(self) -> bool:
        return ANYTHING not in self.kinds


UNKNOWN = Given()


@dataclass
class Draft:
    """A plan that is being checked."""

    plan: Plan
    specs: Specs
    finished: Mapping[str, Any]
    files: Sequence[Mapping[str, Any]] | None
    """Facts of the files that `$files` names; None when they are not known."""
    links: frozenset[tuple[str, str]]
    asked: frozenset[str] = frozenset()
    """The steps whose results are wanted, beside the last one."""
    _given: dict[tuple[str, str | None], Given | NoSuchPart] = field(default_factory=dict)

    @cached_property
    def steps(self) -> dict[str, Step]:
        found: dict[str, Step] = {}
        for step in self.plan.steps:
            found.setdefault(step.id, step)
        return found

    @cached_property
    def tools(self) -> dict[str, ToolSpec]:
        """The spec of each step whose tool there is."""
        return {step.id: self.specs[step.tool] for step in self.plan.steps if step.tool in self.specs}

    @cached_property
    def uses(self) -> dict[str, list[Use]]:
        """The references in each step's arguments."""
        return {id: list(_uses(step.args, ())) for id, step in self.steps.items()}

    @cached_property
    def needs(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for step in self.plan.steps:
            named = {split(one)[0] for one in references([step.args, step.for_each])}
            found.setdefault(step.id, set()).update(named.union(step.depends_on).difference(RESERVED))
        return found

    @cached_property
    def users(self) -> dict[str, list[str]]:
        """The steps that wait for each step."""
        found: dict[str, list[str]] = {step.id: [] for step in self.plan.steps}
        for name, needed in self.needs.items():
            for need in needed:
                if need in found:
                    found[need].append(name)
        return found

    def file(self, reference: str) -> Mapping[str, Any] | None:
        """Return the facts of the user's file that `$files[0]` names, when they are known."""
        root, path = split(reference)
        if root != "files" or not self.files or len(path) != 1 or not isinstance(path[0], int):
            return None
        return self.files[path[0]] if -len(self.files) <= path[0] < len(self.files) else None

    def given(self, reference: str, step: Step) -> Given:
        """Return what a reference in a step gives.

        Raises:
            NoSuchPart: The result it names has no such part.
        """
        key = (reference, step.for_each if reference.startswith("item") else None)
        if key not in self._given:
            try:
                self._given[key] = self._find(reference, step)
            except NoSuchPart as error:
                self._given[key] = error
        found = self._given[key]
        if isinstance(found, NoSuchPart):
            raise found
        return found

    def _find(self, reference: str, step: Step) -> Given:
        root, path = split(reference)
        if root == "files":
            file = self.file(reference)
            schema = walk({"type": "array", "items": {"type": "string"}}, path, {}, "files")
            is_one = schema.get("type") == "string"
            return Given(schema=schema if is_one or path else ANY, kinds=_file_kinds(file))
        if root == "request":
            return Given(schema=walk({"type": "string"}, path, {}, "request"), kinds=frozenset({"text"}))
        if root == "item":
            each = split_each(step.for_each)
            if each is None or split(each)[0] == "item":
                return UNKNOWN
            whole = self.given(each, step)
            whole = replace(whole, schema=items_of(whole.schema, whole.definitions), kinds=one_of(whole.kinds))
            return _inside(whole, path, "item", _name_of(each))
        if root in self.finished or root == "run":
            return UNKNOWN
        spec = self.tools.get(root)
        if spec is None:
            return UNKNOWN
        return self._of_step(spec, self.steps[root], path)

    def _of_step(self, spec: ToolSpec, step: Step, path: Sequence[str | int]) -> Given:
        if spec.output.keys() - {"$defs"}:
            schema = {"type": "array", "items": spec.output} if step.for_each else spec.output
            kinds = spec.gives if spec.tool is None else frozenset()
            return _inside(Given(schema=schema, definitions=spec.result_definitions, kinds=kinds), path, step.id, "")
        if not spec.gives:
            return UNKNOWN
        names = [part for part in path if isinstance(part, str)]
        said = {kind(part) for part in names} & MEDIA_KINDS
        if said and not said & spec.gives:
            raise NoSuchPart(
                f"ends at `${step.id}`, which gives {' and '.join(sorted(spec.gives))}", names[-1], sorted(spec.gives)
            )
        kinds = frozenset(said & spec.gives) or spec.gives
        if any(isinstance(part, int) for part in path):
            return Given(kinds=kinds if step.for_each else one_of(kinds))
        return Given(kinds=list_of(kinds) if step.for_each else kinds)

    def literal(self, value: Any) -> Given:
        """Return what a literal gives: a file's kind by its name."""
        if not isinstance(value, str):
            return UNKNOWN
        named = kind_of_name(value)
        if named is None:
            return UNKNOWN
        # An address is taken by what downloads it as well as by what opens it.
        kinds = {named, "url"} if "://" in value else {named}
        return Given(schema={"type": "string"}, kinds=frozenset(kinds))


def kind_of_name(name: str) -> str | None:
    """Return the kind of media that the name of a file says it is."""
    found = _FILE.fullmatch(name.strip())
    return _KIND_OF.get(found[1].casefold()) if found else None


def one_of(kinds: frozenset[str]) -> frozenset[str]:
    """Return the kinds of one item of a list of these kinds."""
    return frozenset("picture" if one == "frames" else one for one in kinds)


def list_of(kinds: frozenset[str]) -> frozenset[str]:
    """Return the kinds of a list of what is of these kinds."""
    return frozenset("frames" if one == "picture" else one for one in kinds)


def _inside(whole: Given, path: Sequence[str | int], root: str, name: str) -> Given:
    """Return a part of what is given; `name` is that of the whole."""
    definitions = whole.definitions
    part = walk(whole.schema, path, definitions, root)
    names = [one for one in path if isinstance(one, str)] or ([name] if name else [])
    stated = {kind(one) for inner in choices(part, definitions) for one in inner.get("x-kinds", ())}
    is_handle = bool(names) and names[-1] in HANDLES
    if stated:
        found = frozenset(stated)
    elif not path and whole.kinds:
        found = whole.kinds
    elif is_file(part, definitions):
        found = frozenset({kind_of_file(names[-1]) if names else ANYTHING})
    elif not types(part, definitions):
        found = frozenset({ANYTHING})
    elif types(part, definitions) == {"string"}:
        parent = kind_of_file(names[-2]) if is_handle and len(names) > 1 else ANYTHING
        found = frozenset({parent if is_handle else "text"})
    else:
        found = frozenset()
    return Given(schema=part, definitions=definitions, kinds=found, is_handle=is_handle)


@lru_cache(maxsize=4096)
def split(reference: str) -> tuple[str, tuple[str | int, ...]]:
    """Return the root of a reference and the names and indexes of its path."""
    root, *path = (name or int(index) for name, index in _PART.findall(reference))
    return str(root), tuple(path)


def joined(root: str, path: Sequence[str | int]) -> str:
    """Return a reference, without its dollar sign."""
    return root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def split_each(for_each: str | None) -> str | None:
    """Return the reference that `for_each` is."""
    return next(iter(references(for_each)), None) if for_each else None


def at_place(args: Mapping[str, Any], place: Place) -> Any:
    """Return the value at a place of the arguments."""
    value: Any = args
    for part in place:
        value = value[part]
    return value


def _uses(value: Any, place: Place) -> Iterator[Use]:
    if isinstance(value, str):
        if "$" not in value:
            return
        found = list(references(value))
        alone = len(found) == 1 and _ALONE.fullmatch(value) is not None
        for one in found:
            yield Use(place=place, reference=one, alone=alone, as_text=value.startswith("${"))
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _uses(part, (*place, name))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from _uses(part, (*place, at))


def _file_kinds(file: Mapping[str, Any] | None) -> frozenset[str]:
    return frozenset({kind(file["kind"])}) if file and file.get("kind") else frozenset({ANYTHING})


def _name_of(reference: str) -> str:
    names = [part for part in split(reference)[1] if isinstance(part, str)]
    return names[-1] if names else ""
