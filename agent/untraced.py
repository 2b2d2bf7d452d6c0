"""Keep what is said and seen from tracing services: LangGraph sends all of it where `LANGSMITH_TRACING` is set."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def untraced() -> Iterator[None]:
    """Let no tracer be told of what is run inside: the ledger of what left this machine would not know of it."""
    from langsmith.run_helpers import tracing_context

    with tracing_context(enabled=False):
        yield
