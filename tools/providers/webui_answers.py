"""What a Stable Diffusion WebUI answers: pictures, how they were made, and how far it is."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast


def info_of(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the server says of how it was made; it is JSON in a text."""
    with suppress(ValueError, TypeError, RecursionError):
        found = json.loads(answer.get("info") or "{}")
        return found if isinstance(found, Mapping) else {}
    return {}


def pictures_in(answer: Mapping[str, Any], info: Mapping[str, Any], count: int) -> list[str]:
    """Return the pictures: a grid of all before them, and what extensions put after them, are none of those."""
    listed = answer.get("images")
    if not isinstance(listed, list):
        listed = [answer.get("image")]
    first = info.get("index_of_first_image", 0)
    first = first if isinstance(first, int) and first >= 0 and len(listed) > count else 0
    return [one for one in listed[first : first + count] if isinstance(one, str) and one]


def facts_of(info: Mapping[str, Any], number: int) -> dict[str, Any]:
    texts = info.get("infotexts")
    known = texts[number - 1] if isinstance(texts, list) and len(texts) >= number else ""
    return {"infotext": known[:4000]} if isinstance(known, str) and known else {}


def seed_of(info: Mapping[str, Any]) -> int | None:
    """Return the seed of the first picture; None for what is no such number."""
    seeds = info.get("all_seeds")
    seed = seeds[0] if isinstance(seeds, list) and seeds else info.get("seed")
    return seed if type(seed) is int and 0 <= seed < 2**64 else None


def progress_of(answer: Any) -> tuple[float | None, str]:
    """Return how far it is, and where."""
    answer = answer if isinstance(answer, Mapping) else {}
    state = answer.get("state")
    state = state if isinstance(state, Mapping) else {}
    fraction = answer.get("progress")
    known = isinstance(fraction, int | float) and 0 <= fraction <= 1
    step, steps = state.get("sampling_step"), state.get("sampling_steps")
    is_step = isinstance(step, int) and isinstance(steps, int) and 0 <= step <= steps < 100_000 and steps > 0
    note = f"drawing, step {step} of {steps}" if is_step else "drawing"
    return (float(cast("float", fraction)) if known else None), note
