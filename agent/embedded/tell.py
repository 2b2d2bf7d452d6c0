"""What the results of a run say, each in the language of the request."""

from collections.abc import Callable, Mapping
from typing import Any

from .intents import Facts, Intent, Probe
from .phrases import Tongue
from .tell_code import tell_analysis, tell_execution
from .tell_made import tell_edited, tell_heard, tell_made
from .tell_pictures import (
    tell_comparison,
    tell_frames,
    tell_frames_facts,
    tell_look,
    tell_picture,
    tell_probe,
    tell_scenes,
)
from .tell_words import (
    tell_chapters,
    tell_chart,
    tell_content,
    tell_found,
    tell_pace,
    tell_report,
    tell_spoken,
    tell_summary,
    tell_text,
    tell_transcript,
)
from .telling import Output, count_of, items_of

Results = Mapping[str, Mapping[str, Any]]
"""Step id -> tool, status, error, cached, seconds, output."""

_TELLERS: Mapping[str, Callable[[Output, Tongue], str]] = {
    "write_report": tell_report,
    "transcribe": tell_transcript,
    "find_moments": tell_found,
    "read_text": tell_text,
    "read_artifact": tell_content,
    "make_chapters": tell_chapters,
    "summarize_text": tell_summary,
    "measure_speech": tell_pace,
    "speak": tell_spoken,
    "make_chart": tell_chart,
    "look_at": tell_look,
    "compare_media": tell_comparison,
    "find_scenes": tell_scenes,
    "extract_frames": tell_frames,
    "analyze_code": tell_analysis,
    "run_python": tell_execution,
    "edit_media": tell_edited,
    "edit_image": tell_made,
    "make_image": tell_made,
    "make_video": tell_made,
    "compose_video": tell_made,
    "make_music": tell_made,
    "picture_sound": tell_made,
    "describe_sound": tell_heard,
}


def tell(tool: str, output: Any, intent: Intent, results: Results, say: Tongue) -> str:
    """Return what a result says about an intent, as a short paragraph or list.

    Args:
        tool: Whose result it is.
        output: The result; a list where the step ran once for each item.
        intent: What was wanted.
        results: All results, which tell where the pictures come from.
        say: In which language.
    """
    if tool == "image_facts":
        asked = intent if isinstance(intent, Facts) else Facts()
        if isinstance(output, list):
            outputs = [one for one in output if isinstance(one, Mapping)]
            total = count_of({"items": output}, "items")
            return tell_frames_facts(outputs, _places(results), asked, total, say)
        return tell_picture(output, asked, say)
    if tool == "probe_media":
        return tell_probe(output, intent if isinstance(intent, Probe) else Probe(), say)
    return _TELLERS[tool](output, say)


def _places(results: Results) -> dict[str, float]:
    """Return the time of each picture that was taken out of a video, by its handle."""
    frames = [one["output"] for one in results.values() if one.get("tool") == "extract_frames" and "output" in one]
    return {
        item["picture"]["handle"]: float(item["at_seconds"])
        for output in frames
        for item in items_of(output, "items")
        if item.get("at_seconds") is not None
    }
