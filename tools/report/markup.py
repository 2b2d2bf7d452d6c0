"""Pieces of HTML that several parts of a page use."""

import base64
from html import escape

from .illustrations import Illustration
from .wording import clean, clock


def text(media_text: str) -> str:
    """Return text found in media, or given by the user, as HTML that shows it and does nothing else."""
    return escape(clean(media_text))


def section(anchor: str, heading: str, body: str, kind: str = "") -> str:
    """Return a part of the page under a heading."""
    named = f' class="{kind}"' if kind else ""
    return f'<section id="{anchor}"{named}><h2>{heading}</h2>{body}</section>'


def figure(shown: Illustration, alt: str, caption: str = "", anchor: str = "") -> str:
    """Return a picture with its words; the picture travels inside the page."""
    source = f"data:{shown.artifact.media_type};base64,{base64.b64encode(shown.content).decode()}"
    named = f' id="{anchor}"' if anchor else ""
    told = f"<figcaption>{caption}</figcaption>" if caption else ""
    return (
        f'<figure{named}><img src="{source}" alt="{text(alt)}" width="{shown.width_pixels}" '
        f'height="{shown.height_pixels}">{told}</figure>'
    )


def axis(seconds: float) -> str:
    """Return the times under a drawing, a quarter apart."""
    ticks = "".join(f"<span>{clock(seconds * part / 4)}</span>" for part in range(5))
    return f'<div class="axis" aria-hidden="true">{ticks}</div>'
