"""Where the files of job APIs lie: those that come with Sensorium, and the user's own before them."""

from pathlib import Path

OURS = Path(__file__).parent.parent / "providers" / "jobs"


def users_folder(home: Path) -> Path:
    """Return the folder of the user's own files."""
    return home / "providers"


def job_files(home: Path | None) -> dict[str, Path]:
    """Return the files by their providers' names; the user's of the same name wins."""
    folders = [OURS, *([users_folder(home)] if home else [])]
    return {file.stem: file for folder in folders for file in sorted(folder.glob("*.toml"))}
