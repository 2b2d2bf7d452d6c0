"""What a tool call may do: safe, asked about or denied; settings and what the tool is decide, never a model."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

from .errors import SettingsError
from .labels import NOTHING, Labels, Origin, in_words, trusted

if TYPE_CHECKING:
    from .price import Quote
    from .run import Run
    from .settings import Settings
    from .tool import Tool

Decision = Literal["safe", "ask", "deny"]

DECISIONS: tuple[Decision, ...] = get_args(Decision)
MAKING = frozenset({"speak", "draw", "film", "play"})
"""Roles whose models make something new; those that only see, hear or think may work inside the cap."""
_WHERE = "`[policy]` of sensorium.toml"
_RULE_FIELDS = ("tool", "argument", "matches", "decision", "tainted", "reason")
_REGEX = "re:"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A `[[policy.rules]]`: which calls it is about, and what becomes of them."""

    tool: str
    """A name, or a pattern with `*`."""
    decision: Decision
    argument: str | None = None
    """Only calls that give this argument (a name, or a pattern with `*`); None: every call."""
    matches: str | None = None
    """Only where a text of the argument matches this pattern with `*`, or after `re:` has this regular expression."""
    tainted: bool = False
    """With `decision = "safe"`: also calls that untrusted text had a part in, which are asked about otherwise."""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of a call."""

    decision: Decision
    reason: str = ""
    """Why, as a sentence; empty when it is safe."""
    setting: str = ""
    """What to change so that it is decided otherwise."""
    by_argument: bool = False
    """A rule about an argument decided it."""
    is_open: bool = False
    """A rule about an argument that is not known yet may still decide it otherwise."""
    is_exact: bool = False
    """Untrusted text wrote what steers the call: only an approval of these very arguments counts."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The `[policy]` of a user: rules in order, then words for whole tools; else it is decided by what a tool is.

    What is safe by all that is still asked about when untrusted text had a part in it: a call that reaches outside,
    runs code or makes something for money, in a plan that was written after such text was read, or with a control
    argument (an address, code, a command) out of such text. Only a rule with `tainted = true` lifts that, not `safe`
    for the whole tool. What is denied stays so.
    """

    ask_above_usd: float = 1.0
    """A price above this is asked about."""
    tools: Mapping[str, Decision] = field(default_factory=dict)
    """Name, or pattern with `*`, of tools -> what becomes of their calls."""
    rules: tuple[Rule, ...] = ()
    """The first that fits decides."""

    def decide(
        self,
        tool: "Tool",
        args: Mapping[str, Any],
        quote: "Quote | None" = None,
        *,
        unknown: Collection[str] = (),
        names: Callable[[str], Iterable[str]] = lambda handle: (),
        objection: str | None = None,
        origin: Origin = Origin(),  # noqa: B008
    ) -> Verdict:
        """Return what becomes of a call.

        Args:
            tool: What is called.
            args: Its arguments as plain data.
            quote: What it would cost, where that is known.
            unknown: Arguments whose value is known only when the call is made.
            names: Returns what else a file is called: its name, and the path of one of the user's.
            objection: What the tool itself says against the call; see `Tool.objection`.
            origin: Who had a part in the call.
        """
        verdict, is_settled = self._without_origin(tool, args, quote, unknown, names=names, objection=objection)
        if verdict.decision == "deny" or is_settled or not reaches_out(tool, quote):
            return verdict
        if not (taint := _taint(tool, origin, names, reaches_nothing_new=objection == "")):
            return verdict
        setting = f"a rule for `{tool.name}` with `tainted = true` in {_WHERE}"
        reason = " ".join(filter(None, [verdict.reason, taint]))
        return replace(verdict, decision="ask", reason=reason, setting=setting, is_exact=True)

    def _without_origin(
        self,
        tool: "Tool",
        args: Mapping[str, Any],
        quote: "Quote | None",
        unknown: Collection[str],
        *,
        names: Callable[[str], Iterable[str]],
        objection: str | None,
    ) -> tuple[Verdict, bool]:
        """Return what becomes of a call whoever wrote it, and whether a rule says that this is so for tainted ones."""
        is_open = False
        for number, rule in enumerate(self.rules, 1):
            if not fnmatchcase(tool.name, rule.tool):
                continue
            if rule.argument is not None:
                if _fits(rule, args, names):
                    return replace(_ruled(rule, number, by_argument=True), is_open=is_open), rule.tainted
                is_open = is_open or any(fnmatchcase(name, rule.argument) for name in unknown)
                continue
            return replace(_ruled(rule, number, by_argument=False), is_open=is_open), rule.tainted
        verdict = self._by_tool(tool.name) or _by_kind(tool, quote, objection)
        if verdict.decision == "safe":
            within = (found for one in tool.calls if (found := self._by_tool(one)) and found.decision == "ask")
            verdict = next(within, verdict)
        if verdict.decision == "safe" and quote and (quote.high_usd or 0.0) > self.ask_above_usd:
            verdict = self._dear(tool, quote)
        return replace(verdict, is_open=is_open), False

    def asks_for(self, quote: "Quote") -> bool:
        """Tell whether the price of a whole plan is asked about."""
        return (quote.high_usd or 0.0) > self.ask_above_usd

    def _by_tool(self, tool: str) -> Verdict | None:
        """Return what the settings say of this tool: its own name before the first pattern that fits."""
        patterns = (name for name in self.tools if fnmatchcase(tool, name))
        key = tool if tool in self.tools else next(patterns, None)
        if key is None:
            return None
        decision = self.tools[key]
        said = {"safe": "", "ask": f"`{key}` is set to be asked about.", "deny": f"`{key}` is denied."}[decision]
        return Verdict(decision=decision, reason=said, setting=f"`{key}` in {_WHERE}")

    def _dear(self, tool: "Tool", quote: "Quote") -> Verdict:
        return Verdict(
            decision="ask",
            reason=f"It may cost up to ${quote.high_usd:.2f}, more than ${self.ask_above_usd:g}.",
            setting=f"`ask_above_usd` in {_WHERE}",
        )


def judge(
    tool: "Tool",
    args: Mapping[str, Any],
    run: "Run",
    quote: "Quote | None" = None,
    *,
    unknown: Collection[str] = (),
    labels: Mapping[str, Labels] = MappingProxyType({}),
) -> Verdict:
    """Return what becomes of a call of a run; see `Policy.decide`.

    Args:
        tool: What is called.
        args: Its arguments as plain data.
        run: Whose policy decides.
        quote: What it would cost, where that is known.
        unknown: Arguments whose value is known only when the call is made.
        labels: Of each argument.
    """
    is_known = not tool.control_arguments.intersection(unknown)
    return run.settings.policy.decide(
        tool,
        args,
        quote,
        unknown=unknown,
        names=run.names_of,
        objection=tool.objection(args, run) if tool.objection and is_known else None,
        origin=Origin(context=run.labels, args=labels, is_planned=tool.name in run.planned),
    )


def reaches_out(tool: "Tool", quote: "Quote | None" = None) -> bool:
    """Tell whether a tool does more than look: it reaches outside, runs code, or makes something for money."""
    return tool.effect != "pure" or bool(MAKING.intersection(tool.roles) and may_cost(tool, quote))


def may_start(
    tool: "Tool", args: Mapping[str, Any], run: "Run", labels: Mapping[str, Labels] = MappingProxyType({})
) -> bool:
    """Tell whether a call may be made before the plan that it belongs to was looked at as a whole.

    What is paid for may not: only the price of all its steps tells whether a plan is asked about.

    Args:
        tool: What is called.
        args: All its arguments as plain data.
        run: Whose policy decides, and whose models serve.
        labels: Of each argument.
    """
    if may_be_paid(tool, run.settings):
        return False
    return judge(tool, args, run, labels=labels).decision == "safe"


def may_be_paid(tool: "Tool", settings: "Settings") -> bool:
    """Tell whether a model may serve a tool that is not known to be free."""
    from .endpoints import served_model, split_model
    from .price import price_of

    for role in tool.roles:
        for model in filter(None, (settings.models.get(role), *settings.fallbacks.get(role, ()))):
            if split_model(model)[0] not in settings.endpoints:
                continue
            try:
                price = price_of(served_model(model, role, settings.endpoints))
            except SettingsError:
                continue  # without its key it does not serve
            if price is None or any(price.usd.values()):
                return True
    return tool.cost == "paid"


def may_cost(tool: "Tool", quote: "Quote | None") -> bool:
    """Tell whether a call may cost money: unless its price is known to be nothing, a paid tool does."""
    if quote is None:
        return tool.cost == "paid"
    return quote.high_usd != 0.0


def read_policy(table: Any) -> Policy:
    """Return the policy that the table `[policy]` of the settings describes.

    Raises:
        SettingsError: It cannot be understood.
    """
    if not isinstance(table, Mapping):
        raise SettingsError("`policy` in sensorium.toml must be a table: `[policy]`.")
    most = table.get("ask_above_usd", Policy.ask_above_usd)
    if isinstance(most, bool) or not isinstance(most, int | float) or not most >= 0:
        raise SettingsError(f"`ask_above_usd` in {_WHERE} is {most!r}; it must be a number from 0 up, or `inf`.")
    rules = table.get("rules", [])
    if not isinstance(rules, list):
        raise SettingsError("`rules` in `[policy]` of sensorium.toml must be tables: `[[policy.rules]]`.")
    tools = {name: value for name, value in table.items() if name not in ("ask_above_usd", "rules")}
    return Policy(
        ask_above_usd=float(most),
        tools={name: _decision(value, f"`{name}` in {_WHERE}") for name, value in tools.items()},
        rules=tuple(_rule(one, number) for number, one in enumerate(rules, 1)),
    )


def _rule(table: Any, number: int) -> Rule:
    where = f"`[[policy.rules]]` {number} in sensorium.toml"
    if not isinstance(table, Mapping):
        raise SettingsError(f"{where} must be a table with `tool` and `decision`.")
    if unknown := [one for one in table if one not in _RULE_FIELDS]:
        raise SettingsError(f"{where} has {unknown[0]!r}. It can have: {', '.join(_RULE_FIELDS)}.")
    for name in _RULE_FIELDS:
        if name == "tainted":
            if not isinstance(table.get(name, False), bool):
                raise SettingsError(f"`tainted` of {where} is {table[name]!r}; it must be true or false.")
        elif name in table and not (isinstance(table[name], str) and table[name]):
            raise SettingsError(f"`{name}` of {where} is {table[name]!r}; it must be a text.")
    if "tool" not in table:
        raise SettingsError(f"{where} has no `tool`. Name one, or write `*` for all.")
    if "matches" in table and "argument" not in table:
        raise SettingsError(f"{where} has `matches` without `argument`. Name the argument, or write `*` for all.")
    if table.get("tainted") and table.get("decision") != "safe":
        raise SettingsError(f'`tainted` of {where} needs `decision = "safe"`: what is asked or denied is so for all.')
    matches = table.get("matches")
    if matches and matches.startswith(_REGEX):
        try:
            re.compile(matches.removeprefix(_REGEX))
        except re.error as error:
            raise SettingsError(f"`matches` of {where} is no regular expression: {error}.") from error
    return Rule(**{**table, "decision": _decision(table.get("decision"), f"`decision` of {where}")})


def _decision(value: Any, where: str) -> Decision:
    if value not in DECISIONS:
        raise SettingsError(f"{where} is {value!r}; it must be one of: {', '.join(DECISIONS)}.")
    decision: Decision = value
    return decision


def _by_kind(tool: "Tool", quote: "Quote | None", objection: str | None) -> Verdict:
    """Return what becomes of a call that no setting is about."""
    if objection:
        return _asked(tool, objection)
    if objection == "":
        return Verdict(decision="safe")
    if tool.effect == "network":
        return _asked(tool, "It reaches out to the network.")
    if tool.effect == "runs_code":
        return _asked(tool, "It runs code.")
    if MAKING.intersection(tool.roles) and may_cost(tool, quote):
        from .budget import usd  # which stands on more than rules need

        price = f"likely {usd(quote.likely_usd)}" if quote and quote.likely_usd is not None else "its price is unknown"
        return _asked(tool, f"A paid model makes something: {price}.")
    return Verdict(decision="safe")


def _taint(tool: "Tool", origin: Origin, names: Callable[[str], Iterable[str]], *, reaches_nothing_new: bool) -> str:
    """Say which untrusted text had a part in a call that does more than look; nothing where that does not matter."""
    # Code that nothing gets out of may be mended after its output was read, where the user's words led to running code.
    is_expected = reaches_nothing_new and (tool.effect == "network" or origin.is_planned)
    if not trusted(origin.context) and not is_expected:
        return f"It was planned after untrusted text was read: {in_words(origin.context, names)}."
    steered = {} if reaches_nothing_new else {one: origin.args.get(one, NOTHING) for one in tool.control_arguments}
    said = [f"`{name}` out of {in_words(one, names)}" for name, one in sorted(steered.items()) if not trusted(one)]
    return f"Untrusted text steers it: {' and '.join(said)}." if said else ""


def _asked(tool: "Tool", reason: str) -> Verdict:
    return Verdict(decision="ask", reason=reason, setting=f"`{tool.name}` in {_WHERE}")


def _ruled(rule: Rule, number: int, *, by_argument: bool) -> Verdict:
    said = rule.reason or f"Rule {number} of {_WHERE} is about `{rule.tool}`{_about(rule)}."
    return Verdict(
        decision=rule.decision,
        reason="" if rule.decision == "safe" else said,
        setting=f"rule {number} (`{rule.tool}`{_about(rule)}) in {_WHERE}",
        by_argument=by_argument,
    )


def _about(rule: Rule) -> str:
    if rule.argument is None:
        return ""
    return f" with `{rule.argument}`" + (f" = {rule.matches!r}" if rule.matches else "")


def _fits(rule: Rule, args: Mapping[str, Any], names: Callable[[str], Iterable[str]]) -> bool:
    given = [value for name, value in args.items() if fnmatchcase(name, rule.argument or "") and value is not None]
    if rule.matches is None:
        return bool(given)
    fits = _matcher(rule.matches)
    return any(map(fits, _texts(given, names)))


@cache
def _matcher(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a text matches, whatever its case: a rule must not be escaped by a capital letter."""
    if pattern.startswith(_REGEX):
        search = re.compile(pattern.removeprefix(_REGEX), re.IGNORECASE | re.DOTALL).search
        return lambda text: bool(search(text))
    folded = pattern.casefold()
    return lambda text: fnmatchcase(text.casefold(), folded)


def _texts(value: Any, names: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """Yield every text inside a plain value, and what else a file that it names is called."""
    if isinstance(value, str):
        yield value
        yield from names(value)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part, names)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, names)
    elif isinstance(value, bool):
        yield str(value).lower()
    elif value is not None:
        yield str(value)
