"""Slow moves of a camera over a picture: which part of it is seen when."""

import math
from dataclasses import dataclass

from .shots import Move

ZOOM_A_SECOND = 0.025
"""How much larger a picture gets each second; slower looks like a fault, faster like an alarm."""
MOST_ZOOM = 1.22
"""At the end of a long shot; the source has that many more pixels than the film."""
PAN_SHARE = 0.045
"""Of the width that a pan goes over each second where the picture has no more than the film shows."""


@dataclass(frozen=True, kw_only=True)
class View:
    """Which part of a picture is seen: its middle, and how large it is against the largest there is."""

    x: float
    """0…1, from the left."""
    y: float
    zoom: float
    """1: all that has the shape of the film."""


def view_at(
    move: Move, fraction: float, seconds: float, spare: tuple[float, float], most_zoom: float = MOST_ZOOM
) -> View:
    """Return what is seen at a part of a shot.

    Args:
        move: Of the camera.
        fraction: 0 at the shot's start, 1 at its end; beyond these the camera stands.
        seconds: Of the shot.
        spare: How much of the picture's width and height the film does not show at zoom 1, as shares.
        most_zoom: What is left out beyond it must be seen.
    """
    eased = _eased(fraction)
    zoom = min(most_zoom, 1 + ZOOM_A_SECOND * seconds)
    if move in ("in", "out"):
        # Equal factors in equal times: it looks as if the camera went at one speed.
        return View(x=0.5, y=0.5, zoom=zoom ** (eased if move == "in" else 1 - eased))
    if move == "none":
        return View(x=0.5, y=0.5, zoom=1.0)
    at = eased if move in ("right", "down") else 1 - eased
    across = spare[0] if move in ("left", "right") else spare[1]
    pan_zoom = 1.0 if across > 0.1 else min(MOST_ZOOM, 1 / (1 - min(0.15, PAN_SHARE * seconds)))
    # What is free to move in, as a share of the picture: as much of it as suits the time.
    room = 1 - (1 - across) / pan_zoom
    used = min(room, 2 * PAN_SHARE * seconds)
    offset = (at - 0.5) * used
    return (
        View(x=0.5 + offset, y=0.5, zoom=pan_zoom)
        if move in ("left", "right")
        else View(x=0.5, y=0.5 + offset, zoom=pan_zoom)
    )


def _eased(fraction: float) -> float:
    """Return 0…1, starting and ending without a jerk, and even in between."""
    at = min(1.0, max(0.0, fraction))
    return 0.35 * at + 0.65 * (1 - math.cos(math.pi * at)) / 2
