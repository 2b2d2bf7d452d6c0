"""What the policy asks about a step, and how that is shown."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from ..tools.base.approvals import approval_key
from ..tools.base.call import validate
from ..tools.base.errors import ToolError
from ..tools.base.labels import Labels
from ..tools.base.memo import digest
from ..tools.base.pictures import clock
from ..tools.base.policy import judge, reaches_out
from ..tools.base.price import Quote
from ..tools.base.run import Run
from ..tools.base.tool import Tool
from .approval import Ask
from .origins import places
from .plan import Step, literal, look_up, references, resolve, root_of, roots

_MOST_PLACES = 3
PRICE_SETTING = "`ask_above_usd` in `[policy]` of sensorium.toml"


def ask_about(
    step: Step,
    tool: Tool,
    scope: Mapping[str, Any],
    later: Collection[str],
    run: Run,
    *,
    labels: Mapping[str, Labels],
    price: Quote | None = None,
    dear: str = "",
) -> Ask | None:
    """Return what is to be asked about a step before its plan runs, or None.

    Args:
        step: The step.
        tool: Its tool.
        scope: What is known of what its references name.
        later: Steps whose results are not known yet.
        run: Whose policy decides.
        labels: Who had a part in each argument.
        price: What the step costs, where a model is paid for it.
        dear: Why the price of the plan is asked about; empty when it is not.
    """
    if not (dear or price or may_ask(tool, run)):
        return None
    unknown = {name for name, value in step.args.items() if roots(value) - (scope.keys() - {*later, "item", "run"})}
    try:
        arguments = resolve({name: value for name, value in step.args.items() if name not in unknown}, scope)
        is_whole = not unknown and step.for_each is None
        plain = validate(tool, arguments).model_dump(mode="json") if is_whole else _with_defaults(tool, arguments)
    except ToolError:
        return None  # that it cannot be called is found out by calling it
    verdict = judge(tool, plain, run, price, unknown=unknown, labels=labels)
    if verdict.decision == "safe" and dear:
        verdict = replace(verdict, decision="ask", reason=dear, setting=PRICE_SETTING)
    if verdict.decision != "ask":
        return None
    if not (dear or is_whole):
        later_on = judge(tool, plain, run, unknown=unknown, labels=labels)  # by then nobody looks at the price
        if later_on.decision == "ask" and (later_on.is_exact or tool.control_arguments & unknown):
            return None  # who approves sees what steers a call, so it is asked about when that is known
    shown = {name: literals(value) for name, value in arguments.items() if roots(step.args[name]) != {"files"}}
    return Ask(
        name=step.id,
        step=step.id,
        tool=tool.name,
        args={name: shown.get(name, step.args[name]) for name in step.args},
        reason=verdict.reason,
        setting=verdict.setting,
        key=approval_key(tool, plain) if is_whole else written_key(step, tool),
        is_written=not is_whole,
        is_exact=verdict.is_exact,
        is_open=verdict.is_open,
        for_each=step.for_each,
    )


def may_ask(tool: Tool, run: Run) -> bool:
    """Return whether there are arguments with which the policy asks about a tool."""
    verdict = run.settings.policy.decide(tool, {}, unknown=tool.arguments.model_fields)
    return verdict.decision == "ask" or verdict.is_open or reaches_out(tool)


def written_key(step: Step, tool: Tool) -> str:
    """Return what an approval is bound to that was given before all arguments were known: the step as it is written."""
    return digest("written", step.id, tool.name, tool.version, step.args, step.for_each)


def sources(step: Step, tools: Mapping[str, str], scope: Mapping[str, Any], run: Run) -> dict[str, str]:
    """Say for each argument that is a reference where its value comes from.

    Args:
        step: The step.
        tools: Step id -> its tool, for all steps so far.
        scope: What references resolve to.
        run: Knows the names of the files.
    """
    return {
        name: " and ".join(dict.fromkeys(_source(one, tools, scope, run) for one in found))
        for name, value in step.args.items()
        if (found := list(references(value)))
    }


def where_it_stands(value: Any, results: Mapping[str, Any], tools: Mapping[str, str], run: Run) -> str:
    """Say in which files and steps the text of an argument stands, or nothing; it is searched for, not believed.

    Args:
        value: The argument as a plan writes it.
        results: Step -> its plain result.
        tools: Step -> its tool.
        run: Knows the names of the files.
    """
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    found = [one for text in texts if isinstance(text, str) for one in places(text.replace("$$", "$"), results)]
    said = dict.fromkeys(_place(*one, tools, run) for one in found)
    more = f" and {len(said) - _MOST_PLACES} more places" if len(said) > _MOST_PLACES else ""
    return f"{', '.join(list(said)[:_MOST_PLACES])}{more}"


def _place(step: str, media: str, second: float | None, tools: Mapping[str, str], run: Run) -> str:
    named = next(iter(run.names_of(media)), "")
    at = f" at {clock(second)}" if second is not None else ""
    by = f"step `{step}` ({tools.get(step, '')})"
    return f"{named!r}{at} by {by}" if named else f"what {by} gave{at}"


def _source(reference: str, tools: Mapping[str, str], scope: Mapping[str, Any], run: Run) -> str:
    root = root_of(reference)
    if root == "files":
        try:
            named = look_up(reference, scope)
            return f"your file {run.name(named)!r}" if isinstance(named, str) else "your files"
        except ToolError:
            return "your files"
    known = {"request": "your request", "item": "the item", "run": "what ran so far"}
    if root in tools:
        return f"`${reference}`: what step `{root}` ({tools[root]}) gives"
    return known.get(root, f"`${reference}`")


def literals(value: Any) -> Any:
    """Return a plain value as a plan writes it: nothing in it is a reference."""
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, Mapping):
        return {name: literals(part) for name, part in value.items()}
    return [literals(one) for one in value] if isinstance(value, list) else value


def _with_defaults(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of arguments, beside what those have that are left out."""
    fields = tool.arguments.model_fields.items()
    return {name: field.get_default(call_default_factory=True) for name, field in fields if not field.is_required()} | {
        **arguments
    }
