"""Every tool, raising what it should not; worker processes import them from here."""

import asyncio
import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, TypeAdapter

from sensorium.mcp_server.run_agent import run_agent
from sensorium.mcp_server.view_media import view_media
from sensorium.tools import catalog
from sensorium.tools.base.tool import Tool

WORDS = "sk-canary at /private/place"


class UnspeakableError(Exception):
    """An error whose words cannot be had either."""

    def __str__(self) -> str:
        raise ValueError(WORDS)


def _invalid() -> Exception:
    try:
        TypeAdapter(int).validate_python(WORDS)
    except ValueError as error:
        return error
    raise AssertionError


KINDS: tuple[Callable[[], BaseException], ...] = (
    lambda: KeyError(WORDS),
    lambda: OSError(2, WORDS, "/private/place"),
    lambda: ExceptionGroup(WORDS, [ValueError(WORDS)]),
    lambda: UnicodeDecodeError("utf-8", WORDS.encode(), 0, 1, WORDS),
    lambda: MemoryError(WORDS),
    lambda: RecursionError(WORDS),
    lambda: asyncio.CancelledError(WORDS),
    UnspeakableError,
    lambda: StopAsyncIteration(WORDS),
    _invalid,
    lambda: TimeoutError(WORDS),
    lambda: SystemExit(WORDS),
)


def _raising(tool: Tool, number: int) -> Tool:
    @functools.wraps(tool.function)
    async def instead(**_: Any) -> BaseModel:
        raise KINDS[number % len(KINDS)]() from RuntimeError(WORDS)

    instead.__module__ = __name__
    return replace(tool, function=instead)


TOOLS = {one.name: _raising(one, number) for number, one in enumerate([*catalog().values(), view_media, run_agent])}
globals().update(TOOLS)
