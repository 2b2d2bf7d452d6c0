"""The door: every tool call, from anywhere, goes through here."""

import asyncio
import errno
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from .approvals import CallToApprove
from .catalog import find_tool
from .errors import (
    ApprovalError,
    ArgumentError,
    Cancelled,
    DeniedError,
    MediaError,
    StorageError,
    ToolError,
    TransientError,
)
from .labels import NOTHING, USER, Labels, joined, of_tool
from .letters import whole
from .memo import artifacts_in, handles_in
from .policy import judge
from .price import Quote, added
from .run import Call, Run
from .secrets import redact_model
from .sniff import sniff
from .tool import MediaArgument, Tool
from .workspace import PREFIX, Artifact

RETRY_WAITS_SECONDS = (0.5, 2.0)
"""Pauses before a transient failure is tried again; after the last one it is final."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A call's result and what is to be known about the call."""

    result: BaseModel
    artifacts: list[Artifact]
    cached: bool
    seconds: float
    provider: str = "sensorium"
    cost_usd: float = 0.0
    """What its orders really cost; those whose outcome is unknown as reserved."""
    units: Mapping[str, float] = field(default_factory=dict)
    """What its orders used: tokens, pictures, audio minutes …; see `price.UNITS`."""
    labels: Labels = NOTHING
    """Who had a part in its result."""


async def call(tool: str | Tool, args: Mapping[str, Any], run: Run) -> Any:
    """Call a tool and return its result; see `perform`."""
    return (await perform(tool, args, run)).result


async def perform(
    tool: str | Tool,
    args: Mapping[str, Any],
    run: Run,
    *,
    call_id: str | None = None,
    labels: Mapping[str, Labels] | None = None,
    quote: Quote | None = None,
) -> Outcome:
    """Call a tool: validate, resolve files, ask the policy, remember, execute, prove.

    Args:
        tool: Its name, or the tool.
        args: Its arguments, as plain data.
        run: What the tool is handed.
        call_id: What the call is known by.
        labels: Who had a part in each argument. Left out, it is whoever had a part in the call that makes this one, or
            the user where none does.
        quote: What the call would cost, where nobody looked at that before.

    Raises:
        ToolError: Something the caller can act on; see `errors`.
    """
    started = time.perf_counter()
    found = tool if isinstance(tool, Tool) else find_tool(tool, run.settings)
    arguments = validate(found, args)
    handles = await _resolve(found, arguments, run)
    _mend_letters(arguments)
    plain = arguments.model_dump(mode="json")
    outer = run.call.labels
    if labels is None:
        labels = dict.fromkeys(plain, frozenset(outer) or USER)
    is_approved = _permit(found, plain, run, labels, quote)
    call_id = call_id or uuid.uuid4().hex[:12]
    named = list(dict.fromkeys(handles_in(plain)))
    given = joined([run.workspace.labels(named), *labels.values(), [of_tool(found.name, call_id)]])
    # What names a file that is out of reach is not answered from memory: whoever opens the file is refused.
    pure = found.effect == "pure" and all(map(run.reaches, named))
    if pure and (hit := run.memo.get(found, run.memo.key(found, plain, run.models.fingerprint(found.roles)))):
        result, provider, met = hit
        if run.call.id:
            outer |= given | met
        run.admit(one.handle for one in artifacts_in(result))
        return Outcome(
            result=result,
            artifacts=artifacts_in(result),
            cached=True,
            seconds=time.perf_counter() - started,
            provider=provider,
            labels=given | met,
        )
    current = Call(
        id=call_id, tool=found.name, arguments=plain, inputs=handles, labels=set(given), is_approved=is_approved
    )
    result = await _execute(found, arguments, run.within(current))
    if isinstance(limits := getattr(result, "limits", None), list):
        limits += [one for one in current.notes if one not in limits]
    result = redact_model(result)
    artifacts = artifacts_in(result)
    for artifact in artifacts:
        prove(artifact, run)
    provider = current.providers[-1] if current.providers else "sensorium"
    idle = bool(found.roles) and current.idle_roles.issuperset(found.roles)
    served = run.models.fingerprint(found.roles) if idle else run.models.served(found.roles, current.providers)
    if pure and served is not None:
        # Not under the key from above: the best model may have been downloaded meanwhile, or have failed.
        run.memo.put(found, run.memo.key(found, plain, served), result, provider, frozenset(current.labels - given))
    if run.call.id:
        outer |= current.labels
    return Outcome(
        result=result,
        artifacts=artifacts,
        cached=False,
        seconds=time.perf_counter() - started,
        provider=provider,
        cost_usd=sum(one.usd or 0.0 for one in current.payments),
        units=reduce(added, (one.units for one in current.payments), {}),
        labels=frozenset(current.labels),
    )


def validate(tool: Tool, args: Mapping[str, Any], shown: Collection[str] = ()) -> BaseModel:
    """Return the arguments as the tool's model.

    Args:
        shown: The arguments that whoever calls knows of; all of them when left out.

    Raises:
        ArgumentError: One is unknown, missing or of the wrong type; the message names each and what is accepted.
    """
    try:
        return tool.arguments.model_validate(dict(args))
    except ValidationError as error:
        raise ArgumentError(wrong_arguments(tool.name, error, shown or tool.arguments.model_fields)) from error


def wrong_arguments(name: str, error: ValidationError, accepted: Collection[str]) -> str:
    """Return what to tell of arguments that a tool cannot take: what is wrong with each, and which there are."""
    problems = "; ".join(f"`{'.'.join(map(str, one['loc'])) or 'arguments'}`: {one['msg']}" for one in error.errors())
    takes = ", ".join(f"`{one}`" for one in accepted)
    return f"`{name}` cannot take these arguments: {problems}. It takes: {takes}."


def _mend_letters(arguments: BaseModel) -> None:
    """Put U+FFFD for half a letter in texts, which no file can hold; names of files are handles by now."""
    for name, value in arguments:
        if isinstance(value, str | list | dict):
            setattr(arguments, name, whole(value))


def _permit(tool: Tool, plain: Mapping[str, Any], run: Run, labels: Mapping[str, Labels], quote: Quote | None) -> bool:
    """Let a call pass that the policy has no objection to, or that the user approved; return whether that was so.

    Raises:
        DeniedError: The policy denies it.
        ApprovalError: The policy asks about it, and it has no approval that is left.
    """
    verdict = judge(tool, plain, run, quote, labels=labels)
    if verdict.decision == "deny":
        raise DeniedError(f"`{tool.name}` is not allowed: {verdict.reason} To allow it, change {verdict.setting}.")
    call = CallToApprove(tool=tool, arguments=plain, reason=verdict.reason, setting=verdict.setting)
    if run.call.is_approved or (verdict.decision == "ask" and run.approvals and run.approvals.use(call.key)):
        return True
    if verdict.decision == "safe" or run.approvals is None:
        return False
    raise ApprovalError(
        f"`{tool.name}` needs approval, and has none for these arguments. {verdict.reason} Approve it when a run on a "
        f"terminal asks, allow all of a run with `--yes`, or change {verdict.setting}.",
        call,
    )


async def _resolve(tool: Tool, arguments: BaseModel, run: Run) -> list[str]:
    """Replace the paths in `arguments` by handles and return all handles."""
    handles: list[str] = []
    for argument in tool.media_arguments:
        value = getattr(arguments, argument.name)
        if value is None:
            continue
        values = value if argument.many else [value]
        resolved = [await _handle(one, argument, tool, run) for one in values]
        setattr(arguments, argument.name, resolved if argument.many else resolved[0])
        handles += resolved
    for argument in tool.inner_files:
        for part in getattr(arguments, argument.within) or ():
            if (value := getattr(part, argument.name)) is not None:
                handle = await _handle(value, argument, tool, run)
                setattr(part, argument.name, handle)
                handles.append(handle)
    return handles


async def _handle(value: str, argument: MediaArgument, tool: Tool, run: Run) -> str:
    if "://" in value and not value.startswith(PREFIX):
        raise ArgumentError(
            f"`{tool.name}` opens files, and {value[:500]!r} is an address. Fetch it with `fetch_url` first, and give "
            "the `file` of its result: in a plan, `$page.file` of a step `page`."
        )
    if value.startswith(PREFIX) or not run.reaches(value):
        artifact = run.artifact(value)
    else:
        artifact = await asyncio.to_thread(run.workspace.adopt, Path(value))
    kind = artifact.media_type.split("/")[0].replace("image", "picture")
    if kind not in ("video", "audio", "picture", "text"):
        kind = "data"
    if kind not in argument.kinds:
        raise MediaError(
            f"{artifact.name!r} is {artifact.media_type}, and `{tool.name}` needs {' or '.join(argument.kinds)}. "
            "The type is read from the content, not from the name."
        )
    return artifact.handle


async def _execute(tool: Tool, arguments: BaseModel, run: Run) -> BaseModel:
    """Run the tool with its time limit, again after a transient failure."""
    limit = tool.timeout_seconds or run.settings.step_timeout_seconds
    given = {name: getattr(arguments, name) for name in type(arguments).model_fields}
    for wait in (*RETRY_WAITS_SECONDS, None):
        run.check()
        try:
            async with asyncio.timeout(limit) as clock:
                return await tool.function(**given, run=run)
        except TransientError:
            if wait is None:
                raise
            await asyncio.sleep(wait)
        except TimeoutError as error:
            if not clock.expired():
                raise  # for example of a network drive
            run.call.stop.set()
            raise Cancelled(
                f"`{tool.name}` took longer than {limit:g} s and was stopped. Raise `SENSORIUM_STEP_TIMEOUT`."
            ) from error
        except asyncio.CancelledError:
            run.call.stop.set()  # a thread cannot be cancelled; it looks at this in its loops
            raise
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise StorageError(f"`{tool.name}` could not write its files: {error.strerror}. Free the disk.") from error
    raise AssertionError("unreachable")


def prove(artifact: Artifact, run: Run) -> None:
    """Check that an artifact is there, whole, and of the type it is said to be.

    Raises:
        ToolError: It is not; a tool that says it made a file must have made it.
    """
    with run.workspace.path(artifact.handle).open("rb") as file:
        seen = sniff(file).media_type
    claimed = artifact.media_type
    if seen.split("/")[0] in ("video", "audio", "image") and seen.split("/")[0] != claimed.split("/")[0]:
        raise ToolError(f"{artifact.name!r} was said to be {claimed}, but its content is {seen}.")
