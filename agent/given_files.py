"""What a user names as a file: a path, or an address."""

from pathlib import Path


def is_address(given: str) -> bool:
    """Tell whether something stands for a place on the web where a file is given."""
    return given[:8].lower().startswith(("http://", "https://"))


def given_file(text: str) -> str | Path:
    """Return what a user named as a file: an address as it stands, for a path would lose one of its slashes."""
    return text if is_address(text) else Path(text)
