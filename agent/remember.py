"""What a user asks to be remembered, in the user's own words."""

import re

from ..tools.base.words import Language

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

    Only what the user says so is found: "remember that I prefer short answers", 记住我喜欢简短的回答.
    """
    found: list[str] = []

    def take(hit: re.Match[str]) -> str:
        if hit["end"] in ("?", "？"):
            return hit[0]  # "Remember that talk about kites?" asks
        found.append((hit["any"] or hit["own"]).strip(" ,;，；"))
        return " "

    rest = _CHINESE.sub(take, _ENGLISH.sub(take, request))
    return found, rest.strip() if re.search(r"\w", rest) else ""


def noted(facts: list[str], language: Language) -> str:
    """Say that something is remembered, and how it is forgotten."""
    if language == "zh":
        told = "、".join(f"“{one}”" for one in facts)
        return f"已记住：{told}。`sensorium facts` 列出全部，`sensorium facts delete N` 删除一条。"
    told = ", ".join(f"“{one}”" for one in facts)
    return f"I will remember: {told}. `sensorium facts` lists what I know, `sensorium facts delete N` forgets it."
