"""What the policy asks about the calls of a plan, and what the user answered."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..tools.base.approvals import Approvals, approval_key
from ..tools.base.budget import Budget, OutcomeUnknown
from ..tools.base.call import validate
from ..tools.base.errors import ToolError
from ..tools.base.memo import digest
from ..tools.base.policy import Verdict
from ..tools.base.price import Quote
from ..tools.base.run import Run
from ..tools.base.tool import Tool
from .approval import Ask
from .plan import MISSING, PlanError, Step, calls, literal, look_up, references, resolve, root_of, roots

PRICE_SETTING = "`ask_above_usd` in `[policy]` of sensorium.toml"


@dataclass(kw_only=True)
class Consent:
    """The asks and the answers about one plan; the executor keeps to it."""

    asked: list[Ask] = field(default_factory=list)
    """What waits for an answer."""
    approved: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Name of a call -> its approval: `key`, `is_written`, `is_open`; see `Ask`."""
    rejected: dict[str, dict[str, str]] = field(default_factory=dict)
    """Name of a call -> `status`, `type` and `message` of its record."""
    used: set[str] = field(default_factory=set)
    """Names of approved calls that were made."""
    ended: set[str] = field(default_factory=set)
    """Steps of the plan that ended before it was interrupted by an ask."""
    edited: dict[str, str] = field(default_factory=dict)
    """Step -> its call as the user wants it."""
    again: list[dict[str, Any]] = field(default_factory=list)
    """Orders to send once more though they may have been paid: `key`, and `number` of the one that has no outcome."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "asked": [one.plain() for one in self.asked],
            "approved": self.approved,
            "rejected": self.rejected,
            "used": sorted(self.used),
            "ended": sorted(self.ended),
            "edited": self.edited,
            "again": self.again,
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Consent":
        """Return what `plain` gave; nothing asked and answered for an empty one."""
        return cls(
            asked=[Ask.of(one) for one in plain.get("asked", ())],
            approved=dict(plain.get("approved", {})),
            rejected=dict(plain.get("rejected", {})),
            used=set(plain.get("used", ())),
            ended=set(plain.get("ended", ())),
            edited=dict(plain.get("edited", {})),
            again=list(plain.get("again", ())),
        )

    def approve(self, ask: Ask) -> None:
        """Note that the user approved a call; what was approved and used before may be used once more."""
        if ask.resend:
            self.again.append(ask.resend)
        else:
            self.approved[ask.name] = {"key": ask.key, "is_written": ask.is_written, "is_open": ask.is_open}
        self.used.discard(ask.name)

    def note(self, name: str) -> dict[str, str]:
        """Return what the record of a step has to say of the user's answer, beside how it ended."""
        return {"edited": self.edited[name]} if name in self.edited else {}

    def send_again(self, budget: Budget) -> None:
        """Let the approved orders be sent once more, if they are still the ones that were asked about."""
        for one in self.again:
            order = budget.ledger.find(budget.run, one["key"])
            if order and order.number == one["number"]:
                budget.allow_again(one["key"])

    def ask_again(self, step: Step, name: str, unknown: OutcomeUnknown, budget: Budget) -> None:
        """Note that it must be asked whether an order is sent once more that may have been paid already."""
        order = budget.ledger.find(budget.run, unknown.order.key)
        resend = {"key": unknown.order.key, "number": order.number if order else 0}
        said = f"{unknown} Send it again?"
        self.asked.append(
            Ask(
                name=name, step=step.id, tool=step.tool, args=step.args, reason=said, setting="", key="", resend=resend,
                allowed=("approve", "reject"),
            )
        )  # fmt: skip

    def approvals(self, step: Step, name: str, tool: Tool, arguments: Mapping[str, Any], run: Run) -> Approvals:
        """Return the approval of a call that is about to be made, if it has one; it is used up by that."""
        if not self.approved:
            return Approvals()
        try:
            plain = validate(tool, arguments).model_dump(mode="json")
        except ToolError:
            return Approvals()  # the door says what is wrong
        key = approval_key(tool, plain)
        if not self._covers(step, name, tool, key, judge(tool, plain, run)):
            return Approvals()
        self.used.add(name)
        return Approvals([key])

    def missing(
        self,
        step: Step,
        tool: Tool,
        scope: Mapping[str, Any],
        run: Run,
        made: Callable[[Step, str, Mapping[str, Any]], object],
    ) -> Iterator[Ask]:
        """Yield an ask for each call of a step that needs an approval and has none; all its arguments are known.

        Args:
            step: The step.
            tool: Its tool.
            scope: What its references resolve to.
            run: Whose policy decides.
            made: Returns what is journalled of a call, given the step, the call's name and its scope.
        """
        if not may_ask(tool, run):
            return
        try:
            made_of = calls(step, {**scope, "run": MISSING})
        except PlanError:
            return  # that it cannot be called is found out by calling it
        for name, within in made_of:
            try:
                if name in self.rejected or made(step, name, within):
                    continue
                arguments = resolve(step.args, within)
                plain = validate(tool, arguments).model_dump(mode="json")
            except ToolError:
                continue  # that it cannot be called is found out by calling it
            verdict, key = judge(tool, plain, run), approval_key(tool, plain)
            if verdict.decision != "ask" or self._covers(step, name, tool, key, verdict):
                continue
            yield Ask(
                name=name,
                step=step.id,
                tool=tool.name,
                args=literals(arguments),
                reason=verdict.reason,
                setting=verdict.setting,
                key=key,
                # An edit would change the step, and with it the other items.
                allowed=("approve", "edit", "reject") if name == step.id else ("approve", "reject"),
            )

    def _covers(self, step: Step, name: str, tool: Tool, key: str, verdict: Verdict) -> bool:
        """Return whether the user approved a call and the approval is not used up."""
        if name in self.used:
            return False
        own = self.approved.get(name)
        if own and own["key"] == key:
            return True
        written = self.approved.get(step.id)
        if not written or not written["is_written"] or written["key"] != written_key(step, tool):
            return False
        return not (written["is_open"] and verdict.by_argument)


def ask_about(
    step: Step,
    tool: Tool,
    scope: Mapping[str, Any],
    later: Collection[str],
    run: Run,
    *,
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
    verdict = run.settings.policy.decide(tool, plain, price, unknown=unknown, names=run.names_of)
    if verdict.decision == "safe" and dear:
        verdict = replace(verdict, decision="ask", reason=dear, setting=PRICE_SETTING)
    if verdict.decision != "ask":
        return None
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
        is_open=verdict.is_open,
        for_each=step.for_each,
    )


def may_ask(tool: Tool, run: Run) -> bool:
    """Return whether there are arguments with which the policy asks about a tool."""
    verdict = run.settings.policy.decide(tool, {}, unknown=tool.arguments.model_fields)
    return verdict.decision == "ask" or verdict.is_open


def judge(tool: Tool, plain: Mapping[str, Any], run: Run) -> Verdict:
    """Return the verdict of the policy about a call, as the door asks for it."""
    return run.settings.policy.decide(tool, plain, names=run.names_of)


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
