"""Sound as a WAV file of 16 bits, which everything that takes sound takes."""

import io
import wave
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def wav_bytes(samples: "NDArray[np.float32]", rate: int) -> bytes:
    """Return samples of -1…1, of shape (count,) or (count, channels), as a WAV file; what is louder is cut off."""
    import numpy as np

    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1 if samples.ndim == 1 else samples.shape[1], 2, rate, 0, "NONE", "not compressed"))
        file.writeframes((np.clip(np.nan_to_num(samples), -1.0, 1.0) * 32767).astype("<i2").tobytes())
    return out.getvalue()
