"""A decoder process that goes on to serve, because what it loads is large."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .decoder_processes import Child, Makers
from .decoding import Decoding, limits, usual_nursery
from .errors import MediaError
from .packing import name_of_function

T = TypeVar("T")


@dataclass(eq=False)
class Engine(Generic[T]):
    """A process that serves one function; it is handed pixels, not files."""

    function: Callable[..., T]
    _child: Child | None = None
    _pid: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, *args: Any) -> T:
        """Return what the function returns.

        Raises:
            MediaError: What it was handed ended the process.
        """
        with self._lock:
            makers = usual_nursery()  # which is used herewith, and so does not end
            for last in (False, True):
                if self._pid != os.getpid():  # forked meanwhile: the process there was is another's
                    self._child, self._pid = None, os.getpid()
                fresh = self._child is None
                child = self._child = self._child or self._start(makers)
                try:
                    return Decoding(None, self.function, args, {}).keep(child)
                except BaseException as error:
                    self._child = None
                    child.end()
                    # One that was there before may have been ended with the process that it was forked from.
                    if fresh or last or not isinstance(error, MediaError):
                        raise
        raise AssertionError("unreachable")

    def _start(self, makers: Makers) -> Child:
        module = name_of_function(self.function).partition(":")[0]
        return makers.child([module], limits(cpu_seconds=None), kept=True)
