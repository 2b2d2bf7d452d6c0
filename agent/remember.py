"""What a user asks to be remembered, in the user's own words."""

import re

from ..tools.base.words import Language
from ..tools.fetching.own_words import own_words

_START = r"(?:^|(?<=[.!?\n。！？；;]))\s*"
_ENGLISH = re.compile(
    rf"{_START}(?:please[,\s]+|also[,\s]+|and\s+)?(?:(?:remember|keep in mind|note|memori[sz]e)(?:\s+that|\s*:)\s+"
    r"(?P<any>[^.!?\n]+)|(?:remember|keep in mind|don'?t forget)(?:\s+that)?,?\s+"
    r"(?P<own>(?:i|i'm|i'd|i've|my|we|we're|our|mine)\b[^.!?\n]*))(?P<end>[.!?\n]|$)",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    rf"{_START}(?:请|麻烦)?你?(?:帮我)?(?:记住|记下来?|记一下|请?记得|别忘了)(?:[：:]\s*(?P<any>[^。！？!?\n]+)"
    r"|[，,\s]*(?P<own>(?:我|我们|以后|今后)[^。！？!?\n]*))(?P<end>[。！？!?\n]|$)"
)


def asked_to_remember(request: str) -> tuple[list[str], str]:
    """Return what a request wants remembered, and the rest of it.

    Only what the user says so is found: "remember that I prefer short answers", 记住我喜欢简短的回答; nothing quoted or
    pasted in.
    """
    found: list[str] = []
    # What is quoted or pasted in is somebody else's: it would be remembered as the user's own, for good.
    kept = zip(own_words(request), request, strict=True)
    own, rest = "".join(letter if letter == written else "_" for letter, written in kept), request
    for pattern in (_ENGLISH, _CHINESE):
        for hit in reversed([*pattern.finditer(own)]):
            if hit["end"] in ("?", "？"):
                continue  # "Remember that talk about kites?" asks
            start, end = hit.span("any" if hit["any"] else "own")
            found.insert(0, rest[start:end].strip(" ,;，；"))
            own, rest = (f"{one[: hit.start()]} {one[hit.end() :]}" for one in (own, rest))
    return found, rest.strip() if re.search(r"\w", rest) else ""


def noted(facts: list[str], language: Language) -> str:
    """Say that something is remembered, and how it is forgotten."""
    if language == "zh":
        told = "、".join(f"“{one}”" for one in facts)
        return f"已记住：{told}。`sensorium facts` 列出全部，`sensorium facts delete N` 删除一条。"
    told = ", ".join(f"“{one}”" for one in facts)
    return f"I will remember: {told}. `sensorium facts` lists what I know, `sensorium facts delete N` forgets it."
