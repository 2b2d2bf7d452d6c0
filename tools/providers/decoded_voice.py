"""The sound that a voice behind an endpoint gives, as samples."""

from typing import TYPE_CHECKING

from ..base.errors import MediaError
from ..base.models import Spoken
from ..base.sound import decode_sound

if TYPE_CHECKING:
    from ..base.run import Run

RATE = 24_000


def decoded(handle: str, run: "Run") -> Spoken:
    """Decode what was said; call it in a decoder process.

    Raises:
        MediaError: It is no sound that can be decoded, or holds what is no number.
    """
    import numpy as np

    sound = decode_sound(run.path(handle), run.name(handle), run, rate=RATE)
    if not np.isfinite(sound.samples).all():
        raise MediaError(f"{run.name(handle)!r} is damaged: some of its samples are no numbers. Ask for it again.")
    samples = (np.clip(sound.samples, -1.0, 1.0) * 32767).astype(np.int16)
    return Spoken(samples=samples, rate=RATE)
