"""What is said of models that fail."""

import pytest

pytest.importorskip("torch", reason="the extra `local` is not installed")

from sensorium.tools.local.faults import fault_of


def test_one_that_is_too_large_is_told_with_what_needs_less() -> None:
    said = fault_of(RuntimeError("CUDA out of memory. Tried to allocate 9 GiB"), "big", "cuda", "Ask for less music")
    assert str(said) == (
        "`big` is too large for the graphics card (cuda). Ask for less music, set `SENSORIUM_DEVICE=cpu`, or choose a "
        "smaller model."
    )


def test_on_the_processor_nobody_is_sent_to_the_processor() -> None:
    assert str(fault_of(MemoryError(), "big", "cpu")) == (
        "`big` is too large for the processor (cpu). Choose a smaller model."
    )


def test_other_faults_are_told_in_their_own_words() -> None:
    assert str(fault_of(ValueError("no such layer"), "odd", "cpu")) == "`odd` cannot do this: no such layer"
