"""The links of a plan that is a graph."""

from collections.abc import Mapping
from typing import Any

from ..plan import roots
from .names import plain_name
from .notations import NODE


def named_links(
    links: list[Mapping[str, Any]], steps: list[dict[str, Any]], ids: Mapping[str, str]
) -> frozenset[tuple[str, str]]:
    """Return links as pairs of ids, and make each step wait for what is linked to it."""
    named: set[tuple[str, str]] = set()
    for link in links:
        said = [link.get(end, link.get(other)) for end, other in (("source", "from"), ("target", "to"))]
        sources, targets = (_ends(one, steps, ids) for one in said)
        pairs = [(one, other) for one in sources for other in targets if one != other or len(sources) == 1]
        if not pairs:
            target = steps[targets[0]] if targets else steps[-1]
            lost = said[1] if sources else said[0]
            if lost is not None:
                target.setdefault("depends_on", []).append(str(lost))
            continue
        # A tool that is used twice has one name: the link goes forward, to the nearest, and none stands twice.
        source, target_at = min(
            pairs,
            key=lambda pair: (
                (steps[pair[0]]["id"], steps[pair[1]]["id"]) in named,
                pair[0] >= pair[1],
                abs(pair[1] - pair[0]),
            ),
        )
        id, target = str(steps[source]["id"]), steps[target_at]
        named.add((id, str(target["id"])))
        if id not in roots(target["args"]) and id not in target.get("depends_on", []):
            target.setdefault("depends_on", []).append(id)
    return frozenset(named)


def _ends(said: Any, steps: list[dict[str, Any]], ids: Mapping[str, str]) -> list[int]:
    """Return the places of the steps that one end of a link may mean."""
    by_id = ids.get(str(said))
    if by_id:
        return [next(at for at, step in enumerate(steps) if step["id"] == by_id)]
    if node := NODE.fullmatch(str(said)):
        at = int(node[1] or node[2] or node[3])
        return [at] if at < len(steps) else []
    if isinstance(said, int) and not isinstance(said, bool):
        return [said] if 0 <= said < len(steps) else []
    return [at for at, one in enumerate(steps) if plain_name(one["tool"]) == plain_name(str(said))]
