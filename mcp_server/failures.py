"""What a client is told when a call comes to nothing."""

from typing import Any

ERROR_CHARS = 2000
HALF_A_LETTER = "It holds half a letter, as is left of an emoji that was cut in two. Write whole letters."


def failed(message: str) -> dict[str, Any]:
    """Return a failure as `CallToolResult` has it on the wire."""
    return {"content": [{"type": "text", "text": brief(message)}], "isError": True}


def brief(message: str) -> str:
    """Return an error with its beginning, what happened, and its end, what to do."""
    if len(message) <= ERROR_CHARS:
        return message
    return f"{message[: ERROR_CHARS // 2]} … {message[-ERROR_CHARS // 2 :]}"


def unforeseen(what: str) -> str:
    """Return what a client is told; the error itself may hold anything and is for whoever runs the server.

    Args:
        what: The tool or the method that failed.
    """
    return (
        f"`{what}` failed because of an error in it; what went wrong is in the server's log (stderr). "
        "Other tools are not affected."
    )
