"""What was made or changed, in words."""

from ...tools.report.wording import clean, number
from .phrases import Tongue
from .telling import Output, files_line, paragraphs


def tell_made(output: Output, say: Tongue) -> str:
    """Return which files were made, how long they are, and by whom; and words that came with them."""
    texts = [clean(str(one)) for one in output.get("texts", []) if str(one).strip()]
    engine = clean(str(output.get("engine", "")))
    by = say(f"Made by {engine}.", f"由 {engine} 生成。") if engine else ""
    return paragraphs(files_line(output, say), _length(output, say), by, *texts)


def tell_edited(output: Output, say: Tongue) -> str:
    """Return the new files and how long they are together."""
    return paragraphs(files_line(output, say), _length(output, say))


def tell_heard(output: Output, say: Tongue) -> str:
    """Return what a sound is like."""
    return paragraphs(clean(str(output.get("answer", ""))), clean(str(output.get("summary", ""))))


def _length(output: Output, say: Tongue) -> str:
    seconds = output.get("seconds")
    if not isinstance(seconds, int | float):
        return ""
    return say(f"Length: {number(float(seconds))} s.", f"时长：{number(float(seconds))} 秒。")
