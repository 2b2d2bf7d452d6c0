"""What the user is asked about the calls of one plan, and what he answered."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..tools.base.approvals import Approvals, approval_key
from ..tools.base.budget import Budget, OutcomeUnknown
from ..tools.base.call import validate
from ..tools.base.errors import ToolError
from ..tools.base.labels import Labels
from ..tools.base.policy import Verdict, judge
from ..tools.base.run import Run
from ..tools.base.tool import Tool
from .approval import Ask
from .asks import literals, may_ask, written_key
from .plan import MISSING, PlanError, Step, calls, resolve


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

    def approvals(
        self,
        step: Step,
        name: str,
        tool: Tool,
        arguments: Mapping[str, Any],
        *,
        run: Run,
        labels: Mapping[str, Labels],
    ) -> Approvals:
        """Return the approval of a call that is about to be made, if it has one; it is used up by that."""
        if not self.approved:
            return Approvals()
        try:
            plain = validate(tool, arguments).model_dump(mode="json")
        except ToolError:
            return Approvals()  # the door says what is wrong
        key = approval_key(tool, plain)
        if not self._covers(step, name, tool, key, judge(tool, plain, run, labels=labels)):
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
        *,
        labels: Mapping[str, Labels],
    ) -> Iterator[Ask]:
        """Yield an ask for each call of a step that needs an approval and has none; all its arguments are known.

        Args:
            step: The step.
            tool: Its tool.
            scope: What its references resolve to.
            run: Whose policy decides.
            made: Returns what is journalled of a call, given the step, the call's name and its scope.
            labels: Who had a part in each argument.
        """
        if not may_ask(tool, run):
            return
        try:
            found = calls(step, {**scope, "run": MISSING})
        except PlanError:
            return  # that it cannot be called is found out by calling it
        for name, within in found:
            try:
                if name in self.rejected or made(step, name, within):
                    continue
                arguments = resolve(step.args, within)
                plain = validate(tool, arguments).model_dump(mode="json")
            except ToolError:
                continue  # that it cannot be called is found out by calling it
            verdict, key = judge(tool, plain, run, labels=labels), approval_key(tool, plain)
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
                is_exact=verdict.is_exact,
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
        return not (verdict.is_exact or (written["is_open"] and verdict.by_argument))
