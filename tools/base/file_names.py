"""What the name of a file must not have, whatever system the file comes to lie on."""

FORBIDDEN = frozenset('<>:"/\\|?*')
"""Not allowed on Windows; a slash nowhere."""
_DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    "conin$",
    "conout$",
    *(f"{name}{number}" for name in ("com", "lpt") for number in "123456789¹²³"),
}


def is_device(name: str) -> bool:
    """Return whether a name stands for a device on Windows, whatever its ending."""
    return name.partition(".")[0].casefold() in _DEVICES
