"""Steps of a plan that others build on: what is seen and heard of a file, each in a plan only once."""

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from ...tools.report.wording import clean
from ..plan import literal
from .facts import File
from .intents import Understanding
from .phrases import Tongue
from .telling import exact
from .times import Span

MOST_MATCHES = 20
MOST_IN_SPAN = 40
LEAST_SECONDS = 0.1
"""A part of a file is never empty, even when it begins at or beyond the end."""
ROUNDING_SECONDS = 0.5
"""A player's clock shows 0:09 for 8.6 s."""
MARGIN_SECONDS = 1.0
"""People say "at 0:12" of a sentence that begins or ends a moment beside it."""
MOST_SENTENCES = 100
"""Sentences of a text file that a search or a report looks at: all that `summarize_text` gives."""

Plain = dict[str, Any]


@dataclass
class Builder:
    """Collects the steps; a step that is there already is only referred to.

    What perceives has the same arguments in every plan, so that a second question is answered from memory.
    """

    understood: Understanding
    files: list[File]
    named_any: bool
    """True when the user named files, even if none can be used."""
    given: list[File] = field(default_factory=list)
    """All files of the user that can be used: a script may read what the request does not name."""
    steps: dict[str, Plain] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def say(self) -> Tongue:
        return Tongue(self.understood.language)

    def step(self, name: str, tool: str, args: Plain, *, optional: bool = False) -> str:
        """Return a reference to the step with these arguments, added when there is none; its name may get a number."""
        free, number = name, 1
        while free in self.steps and self.steps[free]["args"] != args:
            number += 1
            free = f"{name}_{number}"
        if free not in self.steps:
            self.steps[free] = {"id": free, "tool": tool, "args": args, **({"optional": True} if optional else {})}
        return f"${free}"

    def named(self, name: str, file: File) -> str:
        return name if len(self.files) == 1 else f"{name}_{self.files.index(file) + 1}"

    def see_scenes(self, file: File) -> str:
        return self.step(self.named("scenes", file), "find_scenes", {"media": file.reference}, optional=True)

    def see_text(self, file: File, *, optional: bool = True) -> str:
        args: Plain = {"media": file.reference}
        if file.kind == "video" and "find_scenes" not in self.understood.without:
            args["scenes"] = f"{self.see_scenes(file)}.scenes"
        return self.step(self.named("text", file), "read_text", args, optional=optional)

    def hear(self, file: File, *, optional: bool = True) -> str:
        return self.step(self.named("speech", file), "transcribe", {"media": file.reference}, optional=optional)

    def see_code(self, file: File) -> str:
        return self.step(self.named("code", file), "analyze_code", {"file": file.reference}, optional=True)

    def perceive(self, file: File, kinds: Collection[str] = ()) -> list[str]:
        """Return what was said and what was written in a file, or only one of these kinds."""
        found = []
        kinds = kinds or ("speech", "text")
        if file.sounds and "speech" in kinds and "transcribe" not in self.understood.without:
            found.append(self.hear(file))
        if file.shows and "text" in kinds and "read_text" not in self.understood.without:
            found.append(self.see_text(file))
        if file.is_code:
            found.append(self.see_code(file))
        elif file.kind == "text":
            found.append(self.summary_of_text(file))
        return found

    def missing(self, lack: str, needed: str) -> None:
        """Note that no file has what is needed."""
        if not self.files:
            if self.named_any:
                return  # that they cannot be used is said with each of them
            self.notes.append(
                self.say(
                    f'This needs {needed}. Name the file after the request: `sensorium run "…" FILE`.',
                    f'这需要{needed}。请在请求后面写上文件：`sensorium run "…" 文件`。',
                )
            )
        elif len(self.files) == 1:
            self.notes.append(self.say(f"{self.files[0].name} has no {lack}.", f"{self.files[0].name} 没有{lack}。"))
        else:
            self.notes.append(self.say(f"None of the files has {lack}.", f"这些文件都没有{lack}。"))

    def has_part(self, file: File, span: Span | None) -> bool:
        """Tell whether a part begins before a file ends; what lies beyond its end is noted."""
        if span is None or file.seconds is None:
            return True
        start, end = span
        length, name = exact(file.seconds), clean(file.name)
        if start > file.seconds + ROUNDING_SECONDS or (not _is_point(span) and start >= file.seconds):
            late = exact(start)
            self.notes.append(
                self.say(
                    f"{late} is beyond the end of {name}, which is at {length}; it was left out.",
                    f"{late} 超出了 {name} 的结尾（{length}），未采用。",
                )
            )
            return False
        if math.isfinite(end) and end > file.seconds + ROUNDING_SECONDS:
            late = exact(end)
            self.remarks.append(
                self.say(
                    f"{late} is beyond the end of {name}, which is at {length}: the answer goes up to there.",
                    f"{late} 超出了 {name} 的结尾（{length}）：结果只到结尾为止。",
                )
            )
        return True

    def search(self, name: str, sources: list[str], query: str, span: Span | None, kinds: Collection[str] = ()) -> str:
        args: Plain = {"findings": sources, "limit": MOST_MATCHES if query else MOST_IN_SPAN}
        if query:
            args["query"] = literal(query)
        if kinds:
            args["kinds"] = list(kinds)
        if span:
            said = "text" not in kinds and (bool(query) or "speech" in kinds)
            args["between_seconds"] = self.bounded(self.second_at(span[0], said=said) if _is_point(span) else span)
        return self.step(name, "find_moments", args)

    def second_at(self, point: float, *, said: bool) -> Span:
        """Return the second that begins at a point, and a little around it for what is said."""
        ends = max((file.seconds for file in self.files if file.seconds), default=math.inf)
        margin = MARGIN_SECONDS if said else 0.0
        return (max(0.0, min(point, ends - LEAST_SECONDS) - margin), point + 1.0 + margin)

    def bounded(self, span: Span) -> list[float]:
        """Return a span that ends: at the end of the longest file when nothing else is said."""
        end = span[1] if math.isfinite(span[1]) else max((file.seconds or 0.0 for file in self.files), default=0.0)
        return [span[0], max(span[0] + LEAST_SECONDS, end)]

    def summary_of_text(self, file: File) -> str:
        """Return the sentences of a text file as findings."""
        args = {"file": file.reference, "sentences": MOST_SENTENCES}
        return self.step(self.named("sentences", file), "summarize_text", args, optional=True)


def _is_point(span: Span) -> bool:
    return span[0] == span[1]
