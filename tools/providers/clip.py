"""What pictures show, by CLIP on this machine: how near each is to words, with the package `transformers`."""

import asyncio
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base.picture_files import open_picture
from ..base.settings import Settings
from ..local.transformer import Transformer

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..base.run import Run

AT_ONCE = 16
"""Pictures that are looked at together."""


def provider(settings: Settings) -> "Clip":
    return Clip(settings)


class Clip:
    """A model in a folder or from the hub; it stays loaded."""

    def __init__(self, settings: Settings) -> None:
        self._transformer = Transformer(settings, "embed", "clip", "AutoModel")
        self._lock = threading.Lock()

    @property
    def identity(self) -> str:
        return self._transformer.weights.identity

    def missing(self) -> str | None:
        return self._transformer.weights.missing()

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

        ready = self._transformer.ready(run)
        with self._lock:
            try:
                given = ready.processor(
                    text=[query], images=list(pictures), return_tensors="pt", padding=True, truncation=True
                ).to(ready.device)
                with torch.inference_mode():
                    seen = ready.model(**given)
                rows = torch.nn.functional.normalize(seen.image_embeds.float(), dim=-1)
                words = torch.nn.functional.normalize(seen.text_embeds.float(), dim=-1)
                return [float(one) for one in (rows @ words[0]).cpu()]
            except Exception as error:
                raise self._transformer.fault(error, ready.device) from error
