"""`[sandbox]` of the home's sensorium.toml: what confines code, and its limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..base.errors import SettingsError
from .limits import Limits

KINDS = ("auto", "bubblewrap", "podman", "docker", "seatbelt", "monty", "none")
IMAGE = "sensorium-sandbox"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the user chose."""

    kind: str = "auto"
    """`auto`: the best that works; another: this or nothing."""
    image: str = IMAGE
    """The image that podman or docker take; it is never downloaded."""
    limits: Limits = field(default_factory=Limits)


def read_choice(table: Any) -> Choice:
    """Read the table.

    Raises:
        SettingsError: Something in it is not understood.
    """
    if not isinstance(table, Mapping):
        raise SettingsError("`sandbox` in sensorium.toml must be a table: `[sandbox]`.")
    changes = dict(table)
    kind, image = changes.pop("kind", "auto"), changes.pop("image", IMAGE)
    if kind not in KINDS:
        raise SettingsError(f"`kind` of `[sandbox]` is {kind!r}. It can be: {', '.join(KINDS)}.")
    if not isinstance(image, str) or not image or image.startswith("-"):
        raise SettingsError(f"`image` of `[sandbox]` is {image!r}; it must be the name of an image.")
    try:
        return Choice(kind=str(kind), image=image, limits=Limits().with_changes(changes))
    except ValueError as error:
        raise SettingsError(f"`[sandbox]` in sensorium.toml: {error}") from error
