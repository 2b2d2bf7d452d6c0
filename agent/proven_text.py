"""What the user reads of a checked answer: marks as times, and what is not proven struck or marked."""

from collections.abc import Sequence

from ..tools.base.words import Language
from ..tools.report.wording import clean, clock
from .claims import Claim
from .evidence import Evidence
from .marks import Mark
from .proof import Checked, Proof

MOST_SHOWN = 6
"""Places that one mark shows."""
_NOT_BACKED = {"en": " (not backed by what was found)", "zh": "（没有依据）"}


def shown_text(proof: Proof, evidence: Evidence, language: Language, *, with_ids: bool = False) -> str:
    """Return the text as it is shown: what is struck is left out, what is marked says so, ids are times.

    Args:
        with_ids: Leave the ids, for a model that reads it again.
    """
    edits: list[tuple[int, int, str]] = []
    struck = {one.claim.start for one in proof.checked if one.status == "struck"}
    gone = _gone_blocks(proof)
    edits += [(start, _line_end(proof.text, end), "") for start, end in gone]
    for one in proof.checked:
        claim = one.claim
        if claim.whole in gone:
            continue
        if claim.start in struck:
            edits.append((claim.start, _space_after(proof.text, claim.end), ""))
            continue
        if not with_ids:
            edits += [edit for mark in claim.marks for edit in _readable(proof.text, mark, one, evidence, language)]
        if one.status == "marked":
            edits.append(_noted(proof.text, claim, _NOT_BACKED[language]))
    return _edited(proof.text, edits)


def summary_of(proof: Proof, language: Language, files: Sequence[str]) -> str:
    """Return the closing lines: how much was struck and marked, which files there are, and that words are a draft's."""
    struck = sum(one.status == "struck" for one in proof.checked)
    marked = sum(one.status == "marked" for one in proof.checked)
    invented = any("no tool made" in problem for one in proof.faults for problem in one.problems)
    drafted = any(one.is_quoting_draft for one in proof.checked)
    told = proof.text.casefold()
    parts = []
    if struck:
        them, plural = ("them", "s") if struck != 1 else ("it", "")
        english = f"{struck} statement{plural} struck: what was found contradicts {them} or does not say so."
        parts.append(_say(language, english, f"删去 {struck} 句：与所见所闻不符，或其中没有。"))
    if marked:
        them, plural = ("them", "s") if marked != 1 else ("it", "")
        english = f"{marked} statement{plural} marked: nothing that was found backs {them}."
        parts.append(_say(language, english, f"标注 {marked} 句：没有依据。"))
    if invented:
        names = ", ".join(f"`{clean(one)}`" for one in files)
        parts.append(
            _say(language, f"Files that were made: {names}.", f"实际生成的文件：{names}。")
            if files
            else _say(language, "No file was made.", "没有生成任何文件。")
        )
    if drafted and not ("draft" in told or "草稿" in told):
        parts.append(
            _say(
                language,
                "The transcript is a draft: quoted words may be wrong.",
                "语音转写为草稿，引用的词语可能有误。",
            )
        )
    if not parts:
        return ""
    return f"（{''.join(parts)}）" if language == "zh" else f"({' '.join(parts)})"


def _say(language: Language, english: str, chinese: str) -> str:
    return chinese if language == "zh" else english


def _gone_blocks(proof: Proof) -> set[tuple[int, int]]:
    """Return the items, rows and blocks of code of which nothing is left; other paragraphs keep their place."""
    blocks: dict[tuple[int, int], list[Checked]] = {}
    for one in proof.checked:
        blocks.setdefault(one.claim.whole, []).append(one)
    return {
        whole
        for whole, ones in blocks.items()
        if all(one.status == "struck" for one in ones)
        and not _rest(proof.text, whole, [one.claim for one in ones]).strip(" \t\n-*+•·|>#.)、0123456789[]")
    }


def _rest(text: str, whole: tuple[int, int], claims: Sequence[Claim]) -> str:
    parts, position = [], whole[0]
    for claim in sorted(claims, key=lambda one: one.start):
        parts.append(text[position : claim.start])
        position = claim.end
    return "".join([*parts, text[position : whole[1]]])


def _line_end(text: str, end: int) -> int:
    return end + 1 if text[end : end + 1] == "\n" else end


def _space_after(text: str, end: int) -> int:
    while end < len(text) and text[end] in " \t":
        end += 1
    return end


def _noted(text: str, claim: Claim, note: str) -> tuple[int, int, str]:
    """Return the edit that says that a sentence is not backed, inside the row or after the sentence."""
    if claim.block == "row" and text[claim.start : claim.end].endswith("|"):
        return claim.end - 1, claim.end - 1, f"{note.strip()} "
    return claim.end, claim.end, f"\n\n{note.strip()}" if claim.block == "code" else note


def _readable(
    text: str, mark: Mark, checked: Checked, evidence: Evidence, language: Language
) -> list[tuple[int, int, str]]:
    """Return the edit that makes a mark readable; a mark of times that lead somewhere stays as it is."""
    held = [one for one in mark.cited if (one.kind == "time" and evidence.at(one.start_seconds, one.end_seconds))
            or (one.kind == "id" and evidence.resolve(one.name))]  # fmt: skip
    if (
        len(held) == len(mark.cited)
        and all(one.kind == "time" for one in held)
        and "](" not in text[mark.start : mark.end]
    ):
        return []
    places = list(dict.fromkeys(
        one.name if one.kind == "time" else _place(evidence, evidence.resolve(one.name), language) for one in held
    ))  # fmt: skip
    places = [one for one in places if one]
    more = f" +{len(places) - MOST_SHOWN}" if len(places) > MOST_SHOWN else ""
    shown = ", ".join(places[:MOST_SHOWN]) + more
    if mark.bare:
        return [(mark.start, mark.end, shown or "–")]
    if not shown:
        start = mark.start
        while start > 0 and text[start - 1] in " \t":
            start -= 1
        return [(start, mark.end, "")]
    return [(mark.start, mark.end, f"[{shown}]")]


def _place(evidence: Evidence, name: str, language: Language) -> str:
    """Return where an id leads, for people: a time, a slide, a file, or that it was measured."""
    if name in evidence.measures:
        return _say(language, "measured", "实测")
    moment = evidence.moments[name]
    several = len(evidence.names) > 1
    home = clean(evidence.names.get(moment.media or "", "")).replace("[", "(").replace("]", ")")
    if moment.start_seconds is None:
        return home or name
    at = clock(moment.start_seconds)
    if moment.kind in ("text", "picture"):
        at = _say(language, f"on screen at {at}", f"画面 {at}")
    return f"{home} {at}" if several and home else at


def _edited(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    parts, position = [], 0
    for start, end, shown in sorted(edits):
        if start < position:
            continue
        parts += [text[position:start], shown]
        position = end
    return "".join([*parts, text[position:]])
