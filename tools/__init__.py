"""What can be done: one file a tool, found by walking this folder."""

from .base.call import call, perform
from .base.catalog import catalog
from .base.run import Run

__all__ = ["Run", "call", "catalog", "perform"]
