"""Films as they are written."""

from fractions import Fraction
from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest

from sensorium.tools.film.encoders import Container, PictureTrack, SoundTrack
from sensorium.tools.film.writer import Writer

RATE = 48_000


@pytest.mark.parametrize("container", get_args(Container))
def test_sound_is_heard_with_its_picture(container: Container, tmp_path: Path) -> None:
    path = tmp_path / f"film.{container}"
    picture = PictureTrack(width_pixels=64, height_pixels=64, frames_per_second=Fraction(25))
    beep = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE // 25) / RATE)
    with Writer(path, container, picture=picture, sound=SoundTrack(rate=RATE)) as film:
        for number in range(75):
            is_on = number >= 25
            film.show(np.full((64, 64, 3), 255 * is_on, np.uint8), number / 25)
            film.hear((np.stack([beep, beep]) * is_on).astype(np.float32))
    with av.open(str(path)) as read:
        frames = list(read.decode(audio=0))
    assert frames[0].pts is not None and frames[0].time_base is not None
    heard = np.concatenate([one.to_ndarray()[0] for one in frames])
    begins = float(frames[0].pts * frames[0].time_base) + np.flatnonzero(np.abs(heard) > 0.1)[0] / RATE
    with av.open(str(path)) as read:
        seen = next(one.time for one in read.decode(video=0) if one.to_ndarray(format="gray").mean() > 100)
    assert begins == pytest.approx(seen, abs=0.003)
