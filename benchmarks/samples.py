"""Where the media samples lie: beside the checkout, or where `SENSORIUM_SAMPLES` says."""

import os
from pathlib import Path

_BESIDE = Path(__file__).parent.parent.parent / "shared" / "samples"
SAMPLES = Path(os.environ.get("SENSORIUM_SAMPLES") or _BESIDE)
TALK = SAMPLES / "video" / "talk_slides_en.mp4"
