"""What it means for people that a model failed on this machine."""

from ..base.errors import UnavailableError
from .device import NAMES, is_out_of_memory
from .rules import Device


def fault_of(error: Exception, name: str, device: Device, less: str = "") -> UnavailableError:
    """Return what is said of a model that failed.

    Args:
        error: How.
        name: What the model is called.
        device: What it ran on.
        less: What to ask for to need less memory, where that helps: "Ask for less music".
    """
    if not is_out_of_memory(error):
        return UnavailableError(f"`{name}` cannot do this: {str(error)[:500] or type(error).__name__}")
    fixes = [less] if less else []
    if device != "cpu":
        fixes.append("set `SENSORIUM_DEVICE=cpu`")
    *first, last = [*fixes, "choose a smaller model"]
    fix = f"{', '.join(first)}, or {last}" if first else last
    return UnavailableError(f"`{name}` is too large for {NAMES[device]}. {fix[0].upper()}{fix[1:]}.")
