"""What the settings say of models on this machine: `[local]` of sensorium.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..base.errors import SettingsError

Device = Literal["cuda", "mps", "cpu"]
DEVICES: tuple[Device, ...] = get_args(Device)
_MOST_STEPS = 500


@dataclass(frozen=True, kw_only=True)
class LocalRules:
    """How models run here; what is None is left to the machine or to the model."""

    device: Device | None = None
    """The best there is when left out (`SENSORIUM_DEVICE`)."""
    steps: int | None = None
    """Steps of a diffusion model; fewer are quicker, and distilled models want as few as they were made for."""
    guidance_scale: float | None = None


def read_local(table: Any, environ: Mapping[str, str]) -> LocalRules:
    """Return what `[local]` and `SENSORIUM_DEVICE` say.

    Raises:
        SettingsError: A value cannot be used; the message names it and what can.
    """
    if not isinstance(table, Mapping):
        raise SettingsError("`local` in sensorium.toml must be a table: `[local]`.")
    if unknown := [one for one in table if one not in LocalRules.__dataclass_fields__]:
        raise SettingsError(f"`[local]` has {unknown[0]!r}. It can have: {', '.join(LocalRules.__dataclass_fields__)}.")
    device = environ.get("SENSORIUM_DEVICE") or table.get("device")
    if device is not None and device not in DEVICES:
        raise SettingsError(
            f"`SENSORIUM_DEVICE` (or `device` in `[local]`) is {device!r}; it must be one of: {', '.join(DEVICES)}."
        )
    steps, guidance = table.get("steps"), table.get("guidance_scale")
    if steps is not None and (type(steps) is not int or not 1 <= steps <= _MOST_STEPS):
        raise SettingsError(f"`steps` in `[local]` is {steps!r}; it must be a whole number from 1 to {_MOST_STEPS}.")
    if guidance is not None and (type(guidance) not in (int, float) or not 0 <= guidance <= 100):
        raise SettingsError(f"`guidance_scale` in `[local]` is {guidance!r}; it must be a number from 0 to 100.")
    return LocalRules(device=device, steps=steps, guidance_scale=None if guidance is None else float(guidance))
