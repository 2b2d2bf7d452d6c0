"""Looking: what is known first, then the whole at a glance, then what the model wants to see, within a budget."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..base.answers import AnswerError
from ..base.budget import OverBudget
from ..base.errors import ArgumentError, ProviderError, SettingsError, ToolError
from ..base.moments import Findings
from ..base.tokens import text_tokens
from .account import Account
from .asked import ANSWERS, Answer
from .gallery import FRAME_SIDE_PIXELS, LINE_TOKENS, MOST_A_LOOK, Gallery
from .known import Known, tell
from .prompt import write_prompt
from .views import Plate, View

MOST_LOOKS = 4
"""Requests for one question: a sheet, windows, crops, and one more."""
KNOWN_SHARE, KNOWN_LATER_SHARE = 0.4, 0.15
"""How much of what is left of the budget may go into what is known, at first and later."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer, and what the model could see when it gave it."""

    answer: Answer
    views: dict[int, View]


@dataclass
class Looking:
    """One call of `look_at`."""

    gallery: Gallery
    question: str
    language: str
    findings: Sequence[Findings]
    account: Account
    replies: list[Reply] = field(default_factory=list)
    broken: str = ""
    """Why it ended before its time."""
    left_out: int = 0
    """Lines of what is known that were never told."""

    async def look(self) -> None:
        """Ask until the model has seen enough, or nothing more can be shown.

        Raises:
            ArgumentError: The budget does not do for one picture.
            AnswerError, OverBudget, ProviderError, SettingsError: The very first look failed; later ones only end it.
        """
        known = self._know(KNOWN_SHARE)
        self.left_out = known.left_out
        prompt_tokens = self._prompt_tokens(known)
        plates = await self.gallery.first(self.account.left - prompt_tokens)
        if not plates:
            raise ArgumentError(
                f"`budget_tokens` is {self.account.budget_tokens:,}, which is too little: the request itself takes "
                f"{prompt_tokens:,} tokens, and no picture fits beside it. Give more, or leave it out."
            )
        for turn in range(MOST_LOOKS):
            self.gallery.run.progress(turn / MOST_LOOKS, f"looking at {len(plates)} pictures")
            try:
                answer = await self._ask(plates, known, last=turn + 1 == MOST_LOOKS)
            except (AnswerError, OverBudget, ProviderError, SettingsError) as error:
                if not self.replies:
                    raise
                self.broken = str(error)
                return
            if answer.enough or not answer.want:
                return
            before = self._prompt_tokens(Known())
            room = self.account.left - before - int(self.account.left * KNOWN_LATER_SHARE if self.findings else 0)
            try:
                plates = await self.gallery.wanted(answer.want, room)
            except ToolError as error:  # what was seen so far was paid for
                self.broken = str(error)
                return
            if not plates:
                return
            near = [one.at_seconds for each in plates for one in each.views if one.at_seconds is not None]
            known = self._know(KNOWN_LATER_SHARE, near) if near else Known()

    async def _ask(self, plates: Sequence[Plate], known: Known, *, last: bool) -> Answer:
        self.gallery.shown += [view for one in plates for view in one.views]
        pictures = sum(one.tokens for one in plates)
        more = 0 if last else self._more(self._prompt_tokens(known) + pictures)
        prompt = self._prompt(plates, known, more)
        shown, schema = [one.shown for one in plates], ANSWERS[self.gallery.task]
        viewed = await self.gallery.eye.look(prompt, shown, schema=schema, run=self.gallery.run)
        self.account.settle(text_tokens(prompt) + pictures, len(plates), viewed)
        self.replies.append(Reply(answer=viewed.answer, views={one.number: one for one in self.gallery.shown}))
        return viewed.answer

    def _prompt(self, plates: Sequence[Plate], known: Known, more: int) -> str:
        return write_prompt(
            task=self.gallery.task,
            question=self.question,
            plates=plates,
            known=known,
            notes=self._notes(),
            language=self.language,
            boxes=self.gallery.eye.boxes,
            more=more,
            moving=self.gallery.subject.moves,
        )

    def _prompt_tokens(self, known: Known) -> int:
        return text_tokens(self._prompt([], known, 1))

    def _notes(self) -> str:
        """Return what was said before, so that no picture is sent twice."""
        if not self.replies:
            return ""
        said = {name: value for one in self.replies for name, value in _plain(one.answer).items() if value}
        said["seen"] = [one for reply in self.replies for one in _plain(reply.answer)["seen"]]
        return json.dumps(said, ensure_ascii=False)

    def _more(self, spent: int) -> int:
        """Return how many more pictures fit when so much of what is left is spent."""
        left = self.account.left - spent - self._prompt_tokens(Known())
        each = self.gallery.eye.picture_tokens(FRAME_SIDE_PIXELS, FRAME_SIDE_PIXELS * 9 // 16, "auto") + LINE_TOKENS
        return max(0, min(MOST_A_LOOK, left // each))

    def _know(self, share: float, near: Sequence[float] = ()) -> Known:
        most = int(self.account.left * share)
        return tell(self.findings, self.question, most, span=self.gallery.subject.span, near=near)


def _plain(answer: Answer) -> dict[str, Any]:
    return answer.model_dump(mode="json", exclude={"enough", "want"})
