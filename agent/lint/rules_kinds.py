"""What is wrong along an edge: the kind of media is not what the next step takes."""

from collections.abc import Iterator
from typing import Any

from ..plan import Step, references
from .draft import Draft, Given, Place, split
from .finding import Finding
from .kinds import ANYTHING, MEDIA_KINDS, kind
from .names import converts_by_name, words
from .rules_files import check_file_argument
from .rules_types import check_types
from .shapes import NoSuchPart
from .toolspec import Port, Specs, ToolSpec
from .wrong_kind import wrong_kind

MAX_CONVERTERS = 3
"""The longest chain of tools that is put in between."""
MOST_CHAINS = 200
"""Where there are more ways than this, none of them is the only one."""


def check_edges(step: Step, spec: ToolSpec, draft: Draft) -> Iterator[Finding]:
    """Find inputs that are not of the kind or type that the tool takes."""
    if not spec.ports:
        yield from _check_open(step, spec, draft)
        return
    for name, value in step.args.items():
        port = spec.ports.get(name)
        if port is None:
            continue
        if spec.tool is not None and port.kinds:
            yield from check_file_argument(step, spec, port, draft)
        elif port.kinds:
            yield from _check_plain_argument(step, port, name, value, draft)
        yield from check_types(step, spec, port, draft)
    yield from _check_links(step, spec, draft)


def _check_open(step: Step, spec: ToolSpec, draft: Draft) -> Iterator[Finding]:
    """Check the inputs of a tool of which only the kinds are known, not the names of its arguments."""
    takes = frozenset(spec.takes)
    if takes and ANYTHING not in takes:
        for name in step.args:
            # An argument that is named as one of the kinds is of that kind.
            named = {kind(word) for word in (name, *words(name))} & takes
            port = Port(name=name, kinds=frozenset(named) or takes)
            yield from _check_plain_argument(step, port, name, step.args[name], draft)
    yield from _check_links(step, spec, draft)


def _check_links(step: Step, spec: ToolSpec, draft: Draft) -> Iterator[Finding]:
    """Check links that no reference stands for."""
    takes = spec.input_kinds
    if not takes or ANYTHING in takes:
        return
    referred = {split(use.reference)[0] for use in draft.uses[step.id]}
    linked = [source for source, target in sorted(draft.links) if target == step.id and source not in referred]
    is_unfed = spec.is_open and not referred and not any(draft.literal(one).is_known for one in step.args.values())
    if not linked and is_unfed and not step.args:
        linked = list(step.depends_on)
    for source in linked:
        given = draft.tools[source].gives if source in draft.tools else frozenset()
        if given and ANYTHING not in given and not _fits(given, takes):
            what = f"The result of `{source}`"
            through = _through(given, takes - {"text"} or takes, spec, draft.specs)
            repair = {"do": "convert-link", "source": source, "through": through} if through else None
            yield wrong_kind(step, what, given, takes, repair=repair)


def _check_plain_argument(step: Step, port: Port, name: str, value: Any, draft: Draft) -> Iterator[Finding]:
    if ANYTHING in port.kinds:
        return
    for use in draft.uses[step.id]:
        if use.place[0] != name or not (use.alone or "text" not in port.kinds):
            continue
        try:
            given = draft.given(use.reference, step)
        except NoSuchPart:
            continue
        yield from _compare(step, use.place, f"`${use.reference}`", given=given, wanted=port.kinds, draft=draft)
    if port.kinds - MEDIA_KINDS:
        return  # the name of a file does not say whether it is a mask, or a contract
    for place, literal in _literals(value, (name,)):
        given = draft.literal(literal)
        # Text may hold the name of a file, and a single word with a medium's ending is a file.
        is_file_name = " " not in literal and "text" not in given.kinds
        if given.is_known and not given.kinds & port.kinds and ("text" not in port.kinds or is_file_name):
            source = _waited_for(step, port.kinds, draft)
            if source is None:
                yield from _compare(step, place, repr(literal), given=given, wanted=port.kinds, draft=draft)
            else:
                repair = {"do": "set-place", "place": list(place), "value": f"${source}"}
                yield wrong_kind(step, repr(literal), given.kinds, port.kinds, repair=repair)


def _waited_for(step: Step, wanted: frozenset[str], draft: Draft) -> str | None:
    """Return the one step that this one waits for without using its result, and whose result fits."""
    used = {split(use.reference)[0] for use in draft.uses[step.id]}
    waits = [one for one in step.depends_on if one not in used and one in draft.tools]
    fitting = [one for one in waits if draft.tools[one].gives & wanted and not draft.tools[one].output]
    return fitting[0] if len(fitting) == 1 and draft.tools[fitting[0]].tool is None else None


def _fits(given: frozenset[str], wanted: frozenset[str]) -> bool:
    """Return whether one of the kinds is taken; one picture is a list of one."""
    return bool(given & wanted) or ("frames" in wanted and "picture" in given)


def _literals(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str) and not any(references(value)):
        yield place, value
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from _literals(part, (*place, at))


def _compare(
    step: Step, place: Place, what: str, *, given: Given, wanted: frozenset[str], draft: Draft
) -> Iterator[Finding]:
    if not given.is_known or not given.kinds or _fits(given.kinds, wanted):
        return
    # Beside a medium, text says what to do with it.
    files = wanted - {"text"} or wanted
    through = _through(given.kinds, files, draft.tools[step.id], draft.specs)
    repair = {"do": "convert", "place": list(place), "through": through} if through else None
    yield wrong_kind(step, what, given.kinds, wanted, repair=repair)


def _through(given: frozenset[str], wanted: frozenset[str], user: ToolSpec, specs: Specs) -> list[str] | None:
    """Return the one shortest chain of tools that turns one kind into another; None when there is none, or several.

    A chain to a converter does not pass what that makes: it would be made, and made again from what was made of it.
    """
    made_after = user.gives if user.converts() else frozenset()
    ways: dict[str, list[tuple[str, str]]] = {}
    for spec in specs.values():
        if (found := spec.converts()) and spec.tool is None:
            port, gives = found
            for one in port.kinds if port else spec.takes:
                if one != gives:
                    ways.setdefault(one, []).append((gives, spec.name))
    # Each chain: what it gives, its tools, and whether the name of each says what it converts.
    chains: list[tuple[str, tuple[str, ...], bool]] = [(one, (), True) for one in sorted(given)]
    for _ in range(MAX_CONVERTERS):
        chains = [
            (gives, (*made, name), named and converts_by_name(name, one, gives))
            for one, made, named in chains
            for gives, name in ways.get(one, ())
        ]
        arrived = [(made, named) for one, made, named in chains if one in wanted]
        chains = [one for one in chains if one[0] not in made_after]
        if arrived:
            # Of several, the one whose names say that they convert: `Text-to-Image`, and not `Image Search`.
            only = [made for made, named in arrived if named or len(arrived) == 1]
            return list(only[0]) if len(only) == 1 else None
        if len(chains) > MOST_CHAINS:
            return None
    return None
