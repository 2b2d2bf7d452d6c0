"""Wishes as models take them: bent where that is no harm, refused before they cost anything."""

from typing import Any

import pytest

from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.makers import Wish
from sensorium.tools.jobs.fitting import fit
from sensorium.tools.jobs.shapes import Operation, Result, Span, Submit, Take

FORMS = Take(of=("16:9", "9:16", "1:1"))


def fitted(
    values: dict[str, Any], files: Any = None, *, takes: Any, defaults: Any = None
) -> tuple[dict[str, Any], str]:
    operation = Operation(
        name="x", role="film", task="video", models=("*",), takes=takes, defaults=defaults or {}, maps={},
        submit=Submit(path="/"), result=Result(files="x"),
    )  # fmt: skip
    found = fit(operation, Wish(task="video", values=values, files=files or {}), "shop:m")
    assert fit(operation, found.wish, "shop:m").wish == found.wish  # what was bent once is not bent again
    return dict(found.wish.values), " ".join(found.notes)


@pytest.mark.parametrize(
    ("wished", "takes", "defaults", "values", "note"),
    [
        ({"aspect": "16:9"}, {"aspect": FORMS}, {}, {"aspect": "16:9"}, ""),
        ({}, {"aspect": FORMS}, {"aspect": "1:1"}, {"aspect": "1:1"}, ""),
        ({"aspect": "21:9"}, {"aspect": FORMS}, {}, {"aspect": "16:9"}, "21:9 was asked for; the nearest"),
        (
            {"width_pixels": 1000, "height_pixels": 600},
            {"aspect": FORMS, "resolution": Take(of=("480p", "720p", "1080p"))},
            {},
            {"aspect": "16:9", "resolution": "720p"},
            "1000x600 was asked for; the nearest that can be had is 1280x720",
        ),
        ({"aspect": "9:16"}, {"size": Take(of=("1024x1024", "1024x1536"))}, {}, {"size": "1024x1536"}, "nearest"),
        ({"aspect": "16:9"}, {"size": Take()}, {"size": "1024x1024"}, {"size": "1820x1024"}, ""),
        (
            {"size": "3840x2160"},
            dict.fromkeys(["width_pixels", "height_pixels"], Take(span=Span(least=256, most=1536, step=32))),
            {},
            {"width_pixels": 1536, "height_pixels": 864},
            "1536x864",
        ),
        ({"resolution": "720p"}, {"aspect": FORMS}, {}, {}, "number of pixels cannot be chosen"),
        ({"aspect": "wide"}, {"aspect": FORMS}, {}, {}, "no size that is known"),
        ({"seconds": 7}, {"seconds": Take(of=(5, 10))}, {}, {"seconds": 5}, "7 s was asked for"),
        ({"seconds": 8.0}, {"seconds": Take(of=(5, 10))}, {}, {"seconds": 10}, "8 s was asked for"),
        ({"seconds": 1}, {"seconds": Take(span=Span(least=4, most=8))}, {}, {"seconds": 4}, "nearest"),
        ({"seed": 3, "style": "oil"}, {}, {}, {}, "takes no `seed`; it was left out. `shop:m` takes no `style`"),
        ({"count": 1, "with_sound": False}, {}, {}, {}, ""),
        ({"style": "Oil"}, {"style": Take(of=("oil", "ink"))}, {}, {"style": "oil"}, ""),
    ],
)
def test_what_can_be_bent_is_bent_and_noted(
    wished: Any, takes: Any, defaults: Any, values: dict[str, Any], note: str
) -> None:
    found, notes = fitted(wished, takes=takes, defaults=defaults)
    assert found == values
    assert note in notes
    assert bool(note) == bool(notes)


@pytest.mark.parametrize(
    ("wished", "files", "takes", "words"),
    [
        ({"prompt": "x" * 101}, {}, {"prompt": Take(span=Span(most=100))}, "at most 100 characters.*has 101"),
        ({"prompt": " "}, {}, {"prompt": Take(span=Span(least=1))}, "at least 1 characters"),
        ({"seconds": 20}, {}, {"seconds": Take(of=(5, 10))}, "takes 5, 10 s as `seconds`, and 20 s was asked for"),
        ({"seconds": 20}, {}, {}, "takes no `seconds`, and it is 20"),
        ({"strength": 2.0}, {}, {"strength": Take(span=Span(least=0, most=1))}, "from 0 to 1.*2 was asked"),
        ({"with_sound": True}, {}, {}, "takes no `with_sound`"),
        ({"with_sound": True}, {}, {"with_sound": Take(of=(False,))}, "takes only false"),
        ({"voice": "Bob"}, {}, {"voice": Take(of=("Ann", "Eve"))}, "knows no `voice` 'Bob'. It takes: Ann, Eve"),
        ({}, {}, {"prompt": Take(needed=True)}, "needs `prompt`"),
        ({}, {"mask": ("m",)}, {"picture": Take()}, "takes no `mask` for `video`. It takes: `picture`"),
        ({}, {"pictures": ("a", "b")}, {"pictures": Take(span=Span(most=1))}, "takes at most 1 as `pictures`"),
        ({}, {"pictures": ("a",)}, {"pictures": Take(span=Span(least=2))}, "takes at least 2 as `pictures`"),
    ],
)
def test_what_cannot_be_had_is_refused_for_free(wished: Any, files: Any, takes: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        fitted(wished, files, takes=takes)
