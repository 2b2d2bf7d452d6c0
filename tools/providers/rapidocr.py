"""Text in pictures with RapidOCR, whose models come inside its wheel."""

import os
import threading
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.models import TextLine, installed
from ..base.reading_order import joined, reading_order
from ..base.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..base.decoder_engine import Engine

# PP-OCRv6 small reads Chinese in both scripts, Japanese, and these languages in Latin letters (`default_models.yaml` of
# the wheel, without Vietnamese, whose letters with two accents it drops).
_LATIN = (
    "af az bs ca cs cy da de en es et eu fi fr ga gl hr hu id is it ku la lb lt lv mi ms mt nl no oc pl pt qu rm ro"
)
LANGUAGES = frozenset(["zh", "ja", "sk", "sl", "sq", "sv", "sw", "tl", "tr", "uz", *_LATIN.split()])

# Detection sees the picture at this size, recognition at its own. Measured on 25 slides of 240p to 1080p with 4 524
# letters: 480 loses lines below 14 px at 720p and 20 px at 1080p, 640 below 12 px; 960 reads all, for 0.1 s CPU more.
DETECT_PIXELS = 960
DETECT_PIXELS_LARGE = 1536
LARGE_PIXELS = 1920

# A longer strip (a scrolled page, a panorama) is read in pieces, because it would be scaled down to nothing.
STRIP_RATIO = 3.0

_lock = threading.Lock()


def provider(settings: Settings) -> "RapidOcr":
    return RapidOcr()


class RapidOcr:
    """Reads Chinese, Japanese and Latin script; offline always."""

    languages = LANGUAGES

    @property
    def identity(self) -> str:
        return f"rapidocr:{version('rapidocr')}"

    def missing(self) -> str | None:
        for package in ("rapidocr", "onnxruntime", "cv2"):
            if not installed(package):
                return f"The package `{package}` is not installed. Run `pip install rapidocr onnxruntime`."
        if not all(_models(part) for part in ("det", "rec")):
            return "The models are not in the `rapidocr` package. Run `pip install --force-reinstall rapidocr`."
        return None

    def read(self, picture: "NDArray[np.uint8]") -> list[TextLine]:
        """Read an RGB picture of shape (height, width, 3), in reading order; one picture at a time.

        Raises:
            MediaError: The picture ended the process that reads.
        """
        return _engine_process()(picture)


@cache
def _engine_process() -> "Engine[list[TextLine]]":
    from ..base.decoder_engine import Engine

    return Engine(read_lines)


def read_lines(picture: "NDArray[np.uint8]") -> list[TextLine]:
    """Read an RGB picture, in this process: the models take a second to load, and stay."""
    height, width = picture.shape[:2]
    lines: list[TextLine] = []
    for left, top, right, bottom in _pieces(picture):
        piece = picture[top:bottom, left:right]
        lines += [
            replace(
                line,
                box=(
                    (left + line.box[0] * (right - left)) / width,
                    (top + line.box[1] * (bottom - top)) / height,
                    (left + line.box[2] * (right - left)) / width,
                    (top + line.box[3] * (bottom - top)) / height,
                ),
            )
            for line in _read(piece)
        ]
    return lines


def _read(picture: "NDArray[np.uint8]") -> list[TextLine]:
    import numpy as np

    height, width = picture.shape[:2]
    detect_pixels = DETECT_PIXELS if max(height, width) <= LARGE_PIXELS else DETECT_PIXELS_LARGE
    with _lock:
        found = _engine(detect_pixels)(np.ascontiguousarray(picture[:, :, ::-1]))
    if found.txts is None:
        return []
    size = np.array([width, height])
    lines = []
    for text, corners, confidence in zip(found.txts, found.boxes, found.scores, strict=True):
        left, top = (corners.min(axis=0) / size).clip(0, 1)
        right, bottom = (corners.max(axis=0) / size).clip(0, 1)
        box = (float(left), float(top), float(right), float(bottom))
        lines.append(TextLine(text=text.strip(), box=box, confidence=float(confidence)))
    aspect = width / height
    return reading_order(joined(lines, aspect), aspect)


@cache
def _engine(detect_pixels: int) -> Any:
    """Build the engine once for each detection size; the models are shared."""
    from omegaconf import flag_override
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.log_level": "error",
            "Det.limit_side_len": detect_pixels,
            "Det.limit_type": "max",
            # One line at a time: a batch is padded to its longest line, which costs memory (516 to 373 MB) and letters.
            "Rec.rec_batch_num": 1,
        }
    )
    # Sessions of our own: the engine would download a model it does not find, and cannot switch spinning off.
    with flag_override(engine.cfg, "allow_objects", True):
        engine.cfg.Det.session = _session("det")
        engine.cfg.Rec.session = _session("rec")
    return engine


@cache
def _session(part: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False  # with the arena, peak memory is 85 MB higher
    options.intra_op_num_threads = min(4, _cores())
    # Waiting threads that spin cost 3.5 of 10.9 s CPU over the 25 slides, and a fifth of the wall time.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(_models(part)[0]), options, providers=["CPUExecutionProvider"])


def _models(part: str) -> list[Path]:
    spec = find_spec("rapidocr")
    folders = spec.submodule_search_locations if spec else None
    return sorted(Path(folders[0], "models").glob(f"*_{part}_*.onnx")) if folders else []


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _pieces(picture: "NDArray[np.uint8]") -> list[tuple[int, int, int, int]]:
    """Cut a long strip where it is emptiest; return left, top, right, bottom in pixels."""
    import numpy as np

    height, width = picture.shape[:2]
    if max(height, width) <= STRIP_RATIO * min(height, width) or max(height, width) <= LARGE_PIXELS:
        return [(0, 0, width, height)]
    tall = height > width
    green = (picture[:, ::2, 1] if tall else picture[::2, :, 1]).astype(np.int16)
    # How much changes along each row of a tall strip (each column of a wide one): almost nothing between two lines.
    # Smoothed, so that a wide strip is not cut between two letters.
    busy = np.abs(np.diff(green, axis=1 if tall else 0)).sum(axis=1 if tall else 0)
    busy = np.convolve(busy, np.ones(max(1, width // 60 if tall else height // 12)), mode="same")
    step = 2 * min(height, width)
    cuts = [0]
    while len(busy) - cuts[-1] > 1.5 * step:
        near = cuts[-1] + 3 * step // 4
        cuts.append(near + int(np.argmin(busy[near : near + step // 2])))
    cuts.append(len(busy))
    return [(0, start, width, end) if tall else (start, 0, end, height) for start, end in pairwise(cuts)]
