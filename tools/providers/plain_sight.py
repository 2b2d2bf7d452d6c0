"""What can be said of pictures without a model that sees: the text in them, and what is measured."""

from ..base.models import installed
from ..base.settings import Settings


def provider(settings: Settings) -> "PlainSight":
    return PlainSight()


class PlainSight:
    """Stands for `read_text` and `image_facts`, which `look_at` calls when no model can look."""

    identity = "plain-sight"

    def missing(self) -> str | None:
        for package in ("cv2", "rapidocr"):
            if not installed(package):
                return f"The package `{package}` is not installed. Run `pip install opencv-python-headless rapidocr`."
        return None
