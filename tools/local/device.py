"""What PyTorch runs on here."""

from typing import TYPE_CHECKING, Any

from ..base.errors import SettingsError
from .rules import Device

if TYPE_CHECKING:
    import torch

NAMES = {"cuda": "the graphics card (cuda)", "mps": "Apple's graphics processor (mps)", "cpu": "the processor (cpu)"}


def find_device(wanted: Device | None) -> Device:
    """Return the best device there is, or the one that was chosen; imports PyTorch.

    Raises:
        SettingsError: The chosen one is not here.
    """
    import torch

    there: list[Device] = ["cpu"]
    if torch.backends.mps.is_available():
        there.insert(0, "mps")
    if torch.cuda.is_available():
        there.insert(0, "cuda")
    if wanted is not None and wanted not in there:
        raise SettingsError(
            f"`SENSORIUM_DEVICE` (or `device` in `[local]`) is {wanted!r}, and PyTorch finds: {', '.join(there)}. "
            "Leave it out to use the best, or install a PyTorch for that device."
        )
    return wanted or there[0]


def number_type(device: Device) -> "torch.dtype":
    """Return in which numbers a model is loaded: half as long where the device is made for that."""
    import torch

    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.float16 if device == "mps" else torch.float32


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether a model failed because it is too large for the device."""
    import torch

    out: Any = torch.OutOfMemoryError
    return isinstance(error, out | MemoryError) or "out of memory" in str(error).lower()
