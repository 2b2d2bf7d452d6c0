"""Films whose cuts are known, and how well cuts that were found match them."""

from dataclasses import dataclass

from videos import FPS, Made, shots

FIXED = {"sc_threshold": "0", "g": "125", "keyint_min": "125"}
"""Options of the encoder: a key frame every 5 s, wherever the cuts are."""
NEAR_FRAMES = 1.01
"""A cut is found when it is at most one frame away."""


def extent(*, quick: bool) -> tuple[int, int]:
    """Return for how many seconds, and how many shots, to measure."""
    return (120, 14) if quick else (600, 40)


def films(*, quick: bool) -> tuple[Made, Made]:
    """Return the same shots with key frames at their cuts, and with groups of fixed length."""
    seconds, count = extent(quick=quick)
    at_cuts = shots("cut", seconds=seconds, count=count, sound=True)
    return at_cuts, shots("fixed", seconds=seconds, count=count, sound=True, **FIXED)


def full_decode(path: str) -> int:
    """Decode every picture of a video with PyAV alone and return how many there are."""
    import av

    with av.open(path) as container:
        return sum(1 for _ in container.decode(video=0))


@dataclass(frozen=True)
class Match:
    """How the cuts that were found agree with the true ones."""

    found: int
    true: int
    extra: int
    given: int
    worst_frames: float
    """Of those that were found."""

    @property
    def recall(self) -> float:
        return self.found / self.true

    @property
    def precision(self) -> float:
        return (self.given - self.extra) / max(1, self.given)


def match(cuts: list[float], made: Made) -> Match:
    """Compare cuts in seconds with those of a film."""
    errors = [min((abs(cut - true) * FPS for cut in cuts), default=1e9) for true in made.cuts_seconds]
    near = [error for error in errors if error <= NEAR_FRAMES]
    extra = sum(all(abs(cut - true) * FPS > NEAR_FRAMES for true in made.cuts_seconds) for cut in cuts)
    return Match(len(near), len(errors), extra, len(cuts), max(near, default=0.0))
