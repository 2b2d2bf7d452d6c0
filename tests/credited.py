"""What gets credentials in the tests of them, and what is read back of those."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sensorium.tools.base.run import Run
from sensorium.tools.base.workspace import Artifact
from sensorium.tools.credentials.identity import own_anchors
from sensorium.tools.credentials.keeping import Making
from sensorium.tools.credentials.reading import Told, read_told

BY_MODEL = Making(kind="model", provider="openai:gpt-image-1")
SVG = b'<?xml version="1.0"?><!-- <svg> --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 > 9"><path/></svg>'


def picture(kind: str = "PNG", **options: Any) -> bytes:
    """Return a picture of 60 by 40 points."""
    out = io.BytesIO()
    levels = np.arange(60 * 40 * 3, dtype=np.uint32) * 7919 >> 3
    Image.fromarray(levels.astype(np.uint8).reshape(40, 60, 3)).save(out, kind, **options)
    return out.getvalue()


async def told(run: Run, file: Artifact | Path) -> Told:
    """Return what is read back of a file, where the run's own signature is known."""
    path = run.path(file.handle) if isinstance(file, Artifact) else file
    anchors = own_anchors(run.settings.credentials, run.settings.home)
    return await run.decode(read_told, path, "a file", anchors)


def proved(found: Told) -> tuple[str, str, str]:
    """Return how it is proved, who signed it and where it is said to come from; it has a manifest."""
    assert found.manifest
    return found.maker.proof, found.manifest.signer, found.maker.digital_source_type
