"""What changes when a model can look: pictures are described and asked about, and reports say what is shown."""

import re
from collections.abc import Sequence
from dataclasses import replace

from .facts import File
from .intents import Cannot, Facts, Find, Intent, Look, Report, Understanding
from .signs import signs_in

LOOK_AT = "look_at"
_SEE = Cannot("see")
_QUESTION = re.compile(r"[?？]\s*$")
# What is said is searched for; a model that looks is not needed for it.
_SAID = re.compile(
    r"\b(?:say|says|said|mention\w*|talk\w*|speak\w*|spoken|tell\w*|told|discuss\w*|explain\w*|word)\b|"
    r"[说讲提谈]|介绍|解释|单词",
    re.I,
)


def with_sight(understood: Understanding, files: Sequence[File]) -> Understanding:
    """Return what a request wants when there is somebody who sees."""
    understood = replace(understood, sees=True)
    if not any(file.shows for file in files):
        return understood
    if _SEE not in understood.intents:
        return _asked(understood)
    signs = signs_in(understood.request.casefold())
    # Facts and a report stood for the description that nobody could give, unless they were asked for themselves.
    stand_ins: set[Intent] = set()
    if "facts" not in signs:
        stand_ins.add(Facts())
    if not signs & {"report", "analyze"}:
        stand_ins.add(Report())
    question = bool(_QUESTION.search(understood.request))
    look = Look(question=understood.request, describes="describe" in signs and not question)
    intents = [look if one == _SEE else one for one in understood.intents if one not in stand_ins]
    return replace(understood, intents=tuple(dict.fromkeys(intents)))


def _asked(understood: Understanding) -> Understanding:
    """Return a question that is about no words in particular as one for somebody who sees."""
    asks = bool(_QUESTION.search(understood.request)) and not _SAID.search(understood.request)
    match understood.intents:
        case (Find(kinds=(), span=None),) if asks:
            pass
        case (Report(span=None),) if asks and understood.assumed:
            pass
        case _:
            return understood
    return replace(understood, intents=(Look(question=understood.request),), assumed=False)
