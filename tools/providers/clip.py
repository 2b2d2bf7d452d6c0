"""What pictures show, by CLIP on this machine: how near each is to words, with the package `transformers`."""

import asyncio
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..base.errors import UnavailableError
from ..base.picture_files import open_picture
from ..base.settings import Settings
from ..local.device import NAMES, find_device, is_out_of_memory
from ..local.weights import Weights, chosen

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..base.run import Run

AT_ONCE = 16
"""Pictures that are looked at together."""
_PACKAGES = ("torch", "transformers")


def provider(settings: Settings) -> "Clip":
    return Clip(settings)


class Clip:
    """A model in a folder or from the hub; it stays loaded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._weights = Weights(settings, "embed", "clip", chosen(settings, "embed", "clip"), "config.json", _PACKAGES)
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any, str] | None = None
        """The model, what prepares its input, and the device."""

    @property
    def identity(self) -> str:
        return self._weights.identity

    def missing(self) -> str | None:
        return self._weights.missing()

    async def nearness(self, query: str, pictures: Sequence[str], *, run: "Run") -> list[float]:
        """Return how near each picture is to words, -1 to 1; comparable within one search only.

        Args:
            query: In a language that the model was trained on; of a long text the beginning counts.
            pictures: Handles.

        Raises:
            UnavailableError: The model is not here, cannot be downloaded, or is too large for the device.
            MediaError: A picture cannot be opened.
        """
        near: list[float] = []
        try:
            for start in range(0, len(pictures), AT_ONCE):
                some = pictures[start : start + AT_ONCE]
                opened = [await run.decode(open_picture, run.path(one), run.name(one)) for one in some]
                near += await run.thread(self._compare, query, opened, run)
                run.progress(len(near) / len(pictures), "looking at pictures")
        except asyncio.CancelledError:
            run.call.stop.set()
            raise
        return near

    def _compare(self, query: str, pictures: "Sequence[Image]", run: "Run") -> list[float]:
        import torch

        with self._lock:
            model, processor, device = self._load(run)
            try:
                given = processor(
                    text=[query], images=list(pictures), return_tensors="pt", padding=True, truncation=True
                ).to(device)
                with torch.inference_mode():
                    seen = model(**given)
                rows = torch.nn.functional.normalize(seen.image_embeds.float(), dim=-1)
                words = torch.nn.functional.normalize(seen.text_embeds.float(), dim=-1)
                return [float(one) for one in (rows @ words[0]).cpu()]
            except Exception as error:
                raise self._fault(error, device) from error

    def _load(self, run: "Run") -> tuple[Any, Any, str]:
        if self._loaded is None:
            folder = self._weights.fetched(run)
            run.progress(None, f"loading {self._weights.name}")
            from transformers import AutoModel, AutoProcessor

            device = find_device(self._settings.local.device)
            try:
                # A folder, never a name: a name would make the loader ask the hub.
                model = AutoModel.from_pretrained(str(folder), use_safetensors=True, local_files_only=True)
                processor = AutoProcessor.from_pretrained(str(folder), local_files_only=True)
            except Exception as error:
                raise self._fault(error, device) from error
            self._loaded = (model.to(device).eval(), processor, device)
        return self._loaded

    def _fault(self, error: Exception, device: str) -> Exception:
        if is_out_of_memory(error):
            self._loaded = None
            return UnavailableError(
                f"`{self._weights.name}` is too large for {NAMES[device]}. Set `SENSORIUM_DEVICE=cpu`, or choose a "
                "smaller model."
            )
        return UnavailableError(f"`{self._weights.name}` cannot do this: {str(error)[:500] or type(error).__name__}")
