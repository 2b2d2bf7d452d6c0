"""How long the linter takes, how many defects it finds and mends, and what it says of good plans.

python benchmarks/lint.py [TOOLS.json PLANS.jsonl …]

Without arguments: 40-step plans, and defects made on the spot (`plans.py`). With a catalog of the TaskBench shape and
files of predicted graphs, one JSON object a line: the share of plans with a defect, before and after.
"""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from defects import DEFECTS, Spoilt
from plans import FILES, GIVES, catalog, good_plan, long_plan
from pydantic import BaseModel, Field

from sensorium.agent.lint import check, errors, mend
from sensorium.agent.plan import Plan, Step
from sensorium.tools.base.catalog import catalog as own_tools

PLANS = 600
FACTS = {"handle": f"artifact://sha256/{'0' * 64}", "name": "talk.mp4", "kind": "video", "seconds": 600.0,
         "has_sound": True, "has_pictures": True}  # fmt: skip


class Shape(BaseModel):
    """What others check of a plan: that its JSON has the right shape."""

    goal: str
    steps: list[Step] = Field(min_length=1)


def own_plan(steps: int) -> dict[str, Any]:
    """Return a plan over our own tools, with references into results, lists and every kind of argument."""
    made: list[dict[str, Any]] = []
    for n in range(steps // 5):
        media = {"media": "$files[0]"}
        made += [
            {"id": f"scenes{n}", "tool": "find_scenes", "args": {**media, "min_scene_seconds": 1 + n}},
            {"id": f"frames{n}", "tool": "extract_frames", "args": {**media, "scenes": f"$scenes{n}.scenes"}},
            {"id": f"facts{n}", "tool": "image_facts", "args": {"media": "$item.picture"},
             "for_each": f"$frames{n}.items"},
            {"id": f"text{n}", "tool": "read_text", "args": {**media, "max_frames": 50 + n}, "optional": True},
            {"id": f"report{n}", "tool": "write_report", "args": {
                "findings": [f"$scenes{n}", f"$facts{n}", f"$text{n}"], "media": ["$files[0]"], "title": f"Part {n}"}},
        ]  # fmt: skip
    return {"goal": "report on the film", "steps": made}


def milliseconds(work: Callable[[], object], turns: int = 60) -> tuple[float, float]:
    """Return the median and the least CPU time of one turn: the clock of a shared machine says more about others."""
    spent = []
    for _ in range(turns):
        started = time.process_time()
        work()
        spent.append((time.process_time() - started) * 1000)
    spent.sort()
    return spent[turns // 2], spent[0]


def speed() -> None:
    """Print how long a plan of 40 steps takes, beside what a check of its shape alone takes."""
    own, foreign = own_plan(40), long_plan(random.Random(1), 40)
    broken = {**own, "steps": [{**step, "tool": step["tool"].replace("_", "-")} for step in own["steps"]]}
    tools, plan = own_tools(), Plan.model_validate(own)
    rows = [
        ("our tools: check", lambda: check(plan, tools, facts=[FACTS])),
        ("our tools: from JSON, check and repair, nothing wrong", lambda: mend(own, tools, facts=[FACTS])),
        ("our tools: 40 tool names mended", lambda: mend(broken, tools, facts=[FACTS])),
        ("foreign catalog of 38 tools as plain data: read it, check", lambda: check(foreign, catalog(), facts=FILES)),
        ("for comparison: the shape alone (Pydantic)", lambda: Shape.model_validate(own)),
    ]
    print("| 40 steps | CPU ms, median of 60 | least |\n|---|---|---|")
    for name, work in rows:
        median, least = milliseconds(work, 5 if "mended" in name else 60)
        print(f"| {name} | {median:.2f} | {least:.2f} |")


def shape_of(plan: Sequence[dict[str, Any]]) -> list[str]:
    """Return what a plan does, whatever its steps are called: each call with what it is given, in order."""
    by_id = {step["id"]: step for step in plan}

    def told(step: dict[str, Any]) -> str:
        return step["tool"] + repr(sorted((name, given(value)) for name, value in step["args"].items()))

    def given(value: Any) -> str:
        return told(by_id[value[1:]]) if isinstance(value, str) and value[1:] in by_id else repr(value)

    return sorted(map(told, plan))


def shape_only(plan: Any) -> bool:
    """Return whether a check of the shape, of ids and of the names of tools would refuse a plan, as others check."""
    try:
        read = Shape.model_validate(plan)
    except ValueError:
        return True
    ids = {step.id for step in read.steps}
    return len(ids) < len(read.steps) or any(step.tool not in GIVES for step in read.steps)


def defects() -> None:
    """Print for each kind of defect how often it is found and mended, and what is said of good plans."""
    tools = catalog()
    disturbed = changed = 0
    for seed in range(PLANS):
        good = good_plan(dice := random.Random(seed), dice.randint(3, 12))
        mended = mend(good, tools, facts=FILES)
        disturbed += bool(check(good, tools, facts=FILES))
        changed += bool(mended.repairs)
    print(f"\nGood plans: {PLANS}; with a finding: {disturbed}; changed by the repair: {changed}.\n")
    print("| defect | plans | found | mended to the plan before it was spoilt | names and shape alone find |")
    print("|---|---|---|---|---|")
    for name, spoil in DEFECTS.items():
        spoilt = [one for one in _spoilt(spoil) if one is not None]
        found = sum(any(one.rule in each.rules for one in check(each.plan, tools, facts=FILES)) for each in spoilt)
        certain = [one for one in spoilt if one.mended is not None]
        right = sum(_is_mended(one, tools) for one in certain)
        told = f"{right / len(certain):.1%} of {len(certain)}" if certain else "not certain"
        others = sum(shape_only(one.plan) for one in spoilt) / len(spoilt)
        print(f"| {name} | {len(spoilt)} | {found / len(spoilt):.1%} | {told} | {others:.0%} |")


def _spoilt(spoil: Callable[[Any, random.Random], Spoilt | None]) -> list[Spoilt | None]:
    made = []
    for seed in range(PLANS):
        dice = random.Random(7 * seed + 1)
        made.append(spoil(good_plan(dice, dice.randint(3, 12)), dice))
    return made


def _is_mended(spoilt: Spoilt, tools: list[dict[str, Any]]) -> bool:
    assert spoilt.mended is not None
    mended = mend(spoilt.plan, tools, facts=FILES)
    if mended.plan is None or errors(mended.findings):
        return False
    return shape_of([one.model_dump() for one in mended.plan.steps]) == shape_of(spoilt.mended["steps"])


def predictions(tools: Path, plans: Sequence[Path]) -> None:
    """Print the share of predicted graphs with a defect as the notes count them, before and after the repair."""
    described = json.loads(tools.read_text(encoding="utf-8"))
    kinds = {
        one["id"]: tuple({kind.lower() for kind in one[f"{end}-type"]} for end in ("input", "output"))
        for one in described["nodes"]
    }
    print(
        "| file | plans | | invented tool | edge of a wrong kind | dangling edge | any |\n|---|---|---|---|---|---|---|"
    )
    for path in plans:
        graphs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        before, after = Counter[str](), Counter[str]()
        for graph in graphs:
            nodes = [one["task"] if isinstance(one, dict) else one for one in graph["task_nodes"]]
            edges = [(one.get("source"), one.get("target")) for one in graph["task_links"]]
            before.update(_wrong(nodes, edges, kinds))
            after.update(_wrong_after(graph, described, kinds))
        for name, counts in (("as predicted", before), ("mended", after)):
            shares = (counts[one] / len(graphs) for one in ("tool", "edge", "dangling", "any"))
            print(f"| {path.name} | {len(graphs)} | {name} | {' | '.join(f'{one:.1%}' for one in shares)} |")


def _wrong(nodes: Sequence[str], edges: Sequence[tuple[Any, Any]], kinds: dict[str, Any]) -> set[str]:
    wrong = {"tool"} if any(one not in kinds for one in nodes) else set()
    for source, target in edges:
        if source not in nodes or target not in nodes:
            wrong.add("dangling")
        elif source in kinds and target in kinds and not kinds[source][1] & kinds[target][0]:
            wrong.add("edge")
    return wrong | ({"any"} if wrong else set())


def _wrong_after(graph: Any, described: Any, kinds: dict[str, Any]) -> set[str]:
    mended = mend(graph, described).plan
    if mended is None:
        return {"any"}
    tools = {step.id: step.tool for step in mended.steps}
    edges = [(tools.get(need), step.tool) for step in mended.steps for need in step.needs()]
    return _wrong(list(tools.values()), edges, kinds)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        predictions(Path(sys.argv[1]), [Path(one) for one in sys.argv[2:]])
    else:
        speed()
        defects()
