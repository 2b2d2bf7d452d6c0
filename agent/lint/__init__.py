"""What is wrong with a plan, and its repair, before it costs anything."""

from .check import check
from .finding import Finding, errors
from .repairing import Repaired, mend, repair
from .rules_limits import Bounds

__all__ = ["Bounds", "Finding", "Repaired", "check", "errors", "mend", "repair"]
