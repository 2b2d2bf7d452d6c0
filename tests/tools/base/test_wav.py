import io
import wave

import numpy as np

from sensorium.tools.base.wav import wav_bytes


def test_samples_come_back_and_what_is_too_loud_or_no_number_does_no_harm() -> None:
    with wave.open(io.BytesIO(wav_bytes(np.array([0.5, 7.0, -7.0, np.nan], np.float32), 8_000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8_000)
        assert np.frombuffer(file.readframes(4), "<i2").tolist() == [16383, 32767, -32767, 0]


def test_two_channels_are_written_side_by_side() -> None:
    with wave.open(io.BytesIO(wav_bytes(np.array([[1.0, 0.0], [0.0, -1.0]], np.float32), 44_100))) as file:
        assert file.getnchannels() == 2
        assert np.frombuffer(file.readframes(2), "<i2").tolist() == [32767, 0, 0, -32767]
