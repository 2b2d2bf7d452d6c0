"""What a client is told: a result, how a job stands, how far a call is."""

from typing import Any

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent

from .job import Standing
from .pages import compact
from .waiting import Report

MOST_CHARS = 60_000
"""Claude Code puts longer results into a file; a page with its job's standing stays under this."""
POLL_SECONDS = 25
"""The longest that `job_status` waits: well under the 60 s of the most impatient clients."""


def answer_of(standing: Standing, *, structured: bool) -> CallToolResult:
    """Return the result of a call, or the handle of the job that it became.

    Args:
        standing: How the call stands.
        structured: The tool has an output schema, so that something structured is due.
    """
    if standing.result is not None:
        return CallToolResult.model_validate(standing.result)
    body = body_of(standing)
    return CallToolResult(
        content=[TextContent(type="text", text=compact(body))],
        structured_content=body if structured else None,
        is_error=standing.is_over,
    )


def status_of(standing: Standing) -> CallToolResult:
    """Return how a job stands, with its result when it has one, in the form the tool itself would have given it."""
    head = TextContent(type="text", text=compact(body_of(standing)))
    if standing.result is None:
        return CallToolResult(content=[head])
    result = CallToolResult.model_validate(standing.result)
    return CallToolResult(content=[head, *result.content], is_error=result.is_error)


def progress_of(context: Context[Any, Any]) -> Report:
    """Return what tells this call's client how far it is: a percentage that only grows, as the protocol asks."""
    last = 0.0

    async def report(fraction: float | None, note: str) -> None:
        nonlocal last
        # A heartbeat without news is a step too small to be seen.
        last = min(max(last + 0.001, round(100 * (fraction or 0.0), 2)), 99.999)
        await context.report_progress(round(last, 3), 100, note or None)

    return report


def body_of(standing: Standing) -> dict[str, Any]:
    """Return how a call or a job stands as plain data, and what to do next."""
    body: dict[str, Any] = {
        "job_id": standing.job,
        "tool": standing.tool,
        "status": standing.status,
        "seconds": round(standing.seconds, 1),
    }
    if standing.status == "running":
        if standing.fraction is not None:
            body["percent"] = round(100 * standing.fraction)
        if standing.note:
            body["doing"] = standing.note
        body["next"] = (
            f"Call `job_status` with this job_id and wait_seconds={POLL_SECONDS} until the status is done. Do not call "
            f"`{standing.tool}` again; `job_cancel` stops it."
        )
    elif standing.status == "asking":
        body["next"] = (
            "The user must answer a question before it goes on. Call `job_status` with this job_id and "
            f"wait_seconds={POLL_SECONDS}: that asks. Do not call `{standing.tool}` again; `job_cancel` stops it."
        )
    elif standing.status == "cancelled":
        body["next"] = f"Call `{standing.tool}` again if it is still wanted; what it had found out is not redone."
    return body
