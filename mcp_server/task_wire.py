"""How a task looks on the wire: `io.modelcontextprotocol/tasks`, as its schema for 2026-07-28 has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from mcp import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    CreateMessageResult,
    ElicitResult,
    ListRootsResult,
    RequestParams,
)
from pydantic import BaseModel, Field, ValidationError

IDENTIFIER = "io.modelcontextprotocol/tasks"
TaskStatus = Literal["working", "input_required", "completed", "failed", "cancelled"]
LONGEST_ID = 64
_ANSWERS: Mapping[str, type[BaseModel]] = {
    "elicitation/create": ElicitResult,
    "sampling/createMessage": CreateMessageResult,
    "roots/list": ListRootsResult,
}


class TaskParams(RequestParams):
    """What `tasks/get` and `tasks/cancel` say."""

    task_id: str = Field(alias="taskId", min_length=1, max_length=LONGEST_ID)


class UpdateParams(TaskParams):
    """What `tasks/update` says."""

    input_responses: dict[str, Any] = Field(alias="inputResponses")


@dataclass(frozen=True, kw_only=True)
class TaskView:
    """How a task stands."""

    task: str
    status: TaskStatus
    created: float
    changed: float
    kept_seconds: float
    """How long it can be asked for at least, from its creation."""
    poll_seconds: float
    note: str = ""
    requests: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What its client is asked, by key."""
    result: Mapping[str, Any] | None = None
    """What the tool gave, also when that is an error."""
    error: Mapping[str, Any] | None = None
    """Why there is no result: a protocol error."""

    @property
    def is_over(self) -> bool:
        return self.status in ("completed", "failed", "cancelled")

    def head(self) -> dict[str, Any]:
        """Return what is said when the task is made."""
        said = {
            "taskId": self.task,
            "status": self.status,
            "createdAt": _time(self.created),
            "lastUpdatedAt": _time(self.changed),
            "ttlMs": round(1000 * self.kept_seconds),
            "pollIntervalMs": round(1000 * self.poll_seconds),
        }
        return {**said, "statusMessage": self.note} if self.note else said

    def whole(self) -> dict[str, Any]:
        """Return what is said when the task is asked for."""
        match self.status:
            case "input_required":
                return {**self.head(), "inputRequests": {key: dict(one) for key, one in self.requests.items()}}
            case "completed":
                return {**self.head(), "result": dict(self.result or {})}
            case "failed":
                return {**self.head(), "error": dict(self.error or {})}
        return self.head()


def plain_result(result: CallToolResult) -> dict[str, Any]:
    """Return a tool's result as a call would have given it."""
    return result.model_dump(by_alias=True, mode="json", exclude_none=True)


def answer_to(request: Mapping[str, Any], key: str, response: Any) -> BaseModel:
    """Return what a client answered to a request of a task.

    Raises:
        MCPError: It is no answer to such a request.
    """
    try:
        return _ANSWERS[request["method"]].model_validate(response, by_name=False)
    except ValidationError:
        raise MCPError(INVALID_PARAMS, f"inputResponses[{key!r}] is no answer to {request['method']}") from None


def unknown(task: str) -> MCPError:
    """Return what to tell a client of a task that is not there, or not the client's."""
    return MCPError(INVALID_PARAMS, f"You have no task {task[:LONGEST_ID]!r}; it may have been forgotten.")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
