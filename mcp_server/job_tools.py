"""The tools that ask for jobs and stop them."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import Field

from ..tools.base.errors import SensoriumError
from .answers import MOST_CHARS, POLL_SECONDS, progress_of, status_of
from .asking import Asking, input_required
from .failures import failed
from .owner import owner
from .service import Service

JobId = Annotated[str, Field(min_length=1, max_length=64, description="The `job_id` that a call gave.")]


def add_job_tools(server: MCPServer[Any], service: Service) -> None:
    """Register `job_status` and `job_cancel`."""

    @server.tool(
        title="Wait for a job",
        description="Wait for a job and get how it stands, and its result once it is done. Use it after a call gave a "
        "`job_id` instead of a result, again and again until `status` is no longer `running`; never make that call "
        "again instead. What a job asks its user is asked here. Jobs go on without it, also after a lost connection.",
        annotations=ToolAnnotations(
            title="Wait for a job",
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        ),
        structured_output=False,
        meta={"anthropic/maxResultSizeChars": MOST_CHARS},
    )
    async def job_status(
        job_id: JobId,
        wait_seconds: Annotated[
            float, Field(ge=0, le=POLL_SECONDS, description="How long to wait for its end; 25 saves calls.")
        ] = POLL_SECONDS,
        *,
        context: Context[Any, Any],
    ) -> CallToolResult | InputRequiredResult:
        """Return how a job stands, once its user was asked what it asks."""
        asking, who = Asking(context=context), owner()
        try:
            await asking.take(service.jobs, who)
            standing = await service.jobs.status(job_id, who, wait_seconds, progress_of(context), asking.user)
        except SensoriumError as error:
            return _refused(error)
        return input_required(standing) if asking.in_rounds and standing.question else status_of(standing)

    @server.tool(
        title="Stop a job",
        description="Stop a job and the work it does, when it is no longer wanted. What it had found out is kept, so "
        "that asking again costs less.",
        annotations=ToolAnnotations(
            title="Stop a job",
            read_only_hint=False,
            destructive_hint=True,
            idempotent_hint=True,
            open_world_hint=False,
        ),
        structured_output=False,
    )
    async def job_cancel(job_id: JobId) -> CallToolResult:
        """Stop a job."""
        try:
            return status_of(await service.jobs.cancel(job_id, owner()))
        except SensoriumError as error:
            return _refused(error)


def _refused(error: SensoriumError) -> CallToolResult:
    """Return an error in its own words; to one that a function raises, the SDK puts a heading."""
    return CallToolResult.model_validate(failed(str(error)))
