"""The last words of the embedded brain: what came out, what did not, and what to know about it."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...tools.report.wording import Wording, clean, quote
from ..plan import Plan
from .compose import Composed
from .facts import File
from .intents import (
    Cannot,
    Chapters,
    Chart,
    Code,
    Compare,
    DescribeSound,
    Draw,
    DrawSound,
    Edit,
    Explain,
    Facts,
    Film,
    Find,
    Frames,
    Greet,
    Help,
    Intent,
    Look,
    Music,
    NoTime,
    Probe,
    Rate,
    Read,
    Report,
    Say,
    Scenes,
    Slideshow,
    Summarize,
    Transcribe,
    Understanding,
)
from .phrases import ABILITIES, Tongue, lack_words
from .tell import Results, tell

_BEYOND = frozenset({"over-budget", "over-limit", "over-time"})
"""Rules whose message says itself what to do."""


def conclude(understood: Understanding, composed: Composed, files: Sequence[File], results: Results) -> str:
    """Return the answer to a request.

    Args:
        understood: What was wanted.
        composed: What was planned for it, and what was not.
        files: The user's files; those that cannot be used are said.
        results: How the steps ended; empty when there were none.
    """
    say = Tongue(understood.language)
    names = {file.handle: file.name for file in files}
    parts = [*_assumed(understood, say), *_greetings(understood, files, say)]
    parts += _answers(understood, composed, results, names, say)
    # Why a file that was given cannot be used is said below; "there are none" would be wrong.
    lacks = [one.lack for one in understood.intents if isinstance(one, Cannot) and not (one.lack == "know" and files)]
    parts += [lack_words(lack, say) for lack in lacks]
    if any(isinstance(intent, Code) and intent.rewrites for intent in understood.intents):
        parts.append(lack_words("rewrite", say))
    parts += [_no_time(intent.text, say) for intent in understood.intents if isinstance(intent, NoTime)]
    parts += [*composed.notes, *composed.remarks]
    parts += [
        say(f"{clean(file.name)} was not used: {clean(file.error)}", f"{clean(file.name)} 未使用：{clean(file.error)}")
        for file in files
        if file.error
    ]
    parts += _failures(composed, results, say)
    if limits := _limits(understood, results):
        parts.append("\n".join([say("Limits:", "局限："), *(f"- {limit}" for limit in limits)]))
    return "\n\n".join(dict.fromkeys(part for part in parts if part)) or say(*ABILITIES)


def explain_refusal(understood: Understanding, refused: Sequence[str]) -> str:
    """Return what is to be said when the plan of this brain was refused, and a way around it.

    What is beyond a limit of the user, or of who serves, is nobody's fault; anything else is ours.

    Args:
        understood: What was wanted.
        refused: The graph's messages: its findings as JSON after a few words.
    """
    say = Tongue(understood.language)
    findings = [finding for one in refused for finding in _findings(one)]
    told = Wording(say.language).told
    beyond = [told(clean(one["message"])) for one in findings if one.get("rule") in _BEYOND]
    findings = [one for one in findings if one.get("rule") not in _BEYOND]
    limits = [_too_long(one, say) for one in findings if one.get("rule") == "too-many-steps"]
    faults = [_fault(one) for one in findings if one.get("rule") != "too-many-steps"]
    fault = say(
        "My plan for this was refused before anything ran, which is a fault of Sensorium:",
        "针对这个请求的计划在执行前被拒绝，这是 Sensorium 的缺陷：",
    )
    around = say(
        "Ask for one thing at a time, or call a tool yourself: `sensorium tools` lists them.",
        "请一次只提一个要求，或直接调用工具：`sensorium tools` 列出全部工具。",
    )
    lines = [*beyond, *limits, *([fault] if faults else []), *faults, *([around] if findings or not beyond else [])]
    return "\n".join(dict.fromkeys(lines))


def _findings(refused: str) -> list[Mapping[str, str]]:
    """Return the findings of a refusal; words that are none are one finding."""
    _, _, listed = refused.partition(": ")
    try:
        found = json.loads(listed)
    except ValueError:
        return [{"message": refused}]
    return [one for one in found if isinstance(one, dict) and "message" in one] if isinstance(found, list) else []


def _fault(finding: Mapping[str, str]) -> str:
    """Return a finding on one line."""
    step = f"`{clean(finding['step'])}`: " if finding.get("step") else ""
    return f"- {step}{clean(finding['message'])}"


def _too_long(finding: Mapping[str, str], say: Tongue) -> str:
    needed, allowed = re.findall(r"\d+", finding["message"])[:2]
    return say(
        f"The plan needs {needed} steps; `--max-steps` allows {allowed}. Nothing was run.",
        f"计划需要 {needed} 步，而 `--max-steps` 只允许 {allowed} 步，因此没有执行。",
    )


def without_tools(understood: Understanding, needed: Sequence[str]) -> str:
    """Return what is to be said when the tools that are needed may not be called."""
    say = Tongue(understood.language)
    names = say.listed([f"`{name}`" for name in needed])
    return say(f"This needs tools that may not be called here: {names}.", f"这需要此处不能调用的工具：{names}。")


def _assumed(understood: Understanding, say: Tongue) -> list[str]:
    """Return how a request was taken that says nothing that is understood."""
    if not understood.assumed:
        return []
    if any(isinstance(one, Summarize) for one in understood.intents):
        return [say("I took your request as “summarize”.", "您的请求被理解为“总结”。")]
    return [say("I took your request as “analyze and report”.", "您的请求被理解为“分析并写报告”。")]


def _no_time(text: str, say: Tongue) -> str:
    return say(
        f"{quote(text)} is no time I can use, and was left out. Write 1:23, 0:01:23 or 83 seconds; "
        "what repeats needs more than 0 seconds.",
        f"{quote(text)} 不是可用的时间，未采用。请写 1:23、0:01:23 或 83 秒；间隔必须大于 0 秒。",
    )


def _greetings(understood: Understanding, files: Sequence[File], say: Tongue) -> list[str]:
    parts = []
    if any(isinstance(one, Greet) for one in understood.intents):
        names = say.listed([clean(file.name) for file in files])
        parts.append(
            say(f"Hello. What shall I do with {names}?", f"您好。要对 {names} 做什么？")
            if files
            else say("Hello.", "您好。")
        )
    asked = any(isinstance(one, Help) for one in understood.intents)
    if asked or (parts and not files):
        parts.append(say(*ABILITIES))
    return parts


def _answers(
    understood: Understanding, composed: Composed, results: Results, names: Mapping[str, str], say: Tongue
) -> list[str]:
    """Return what each intent's tools found, in the order it was asked for."""
    told = _on_the_way(composed, results)
    parts: list[str] = []
    for intent in understood.intents:
        found = _done(_tools_of(intent), results, told)
        for name in found or _done(_INSTEAD.get(type(intent), ()), results, told):
            told.add(name)
            output = results[name].get("output")
            text = tell(results[name]["tool"], output, intent, results, say)
            head = _about(output, names)
            parts.append(f"{head}\n{text}" if head and text else text)
    return parts


def _on_the_way(composed: Composed, results: Results) -> set[str]:
    """Return the changes of files that another change went on from: what is told is what came out."""
    done = {name for name, one in results.items() if one.get("status") == "done" and one.get("tool") == "edit_media"}
    steps = Plan.model_validate({"goal": "", "steps": composed.steps}).steps if done and composed.steps else []
    used = {need for step in steps if step.id in done for need in step.needs()}
    return used & done


def _done(tools: Sequence[str], results: Results, told: set[str]) -> list[str]:
    """Return the steps of these tools that are done and not told yet, tool by tool."""
    done = {name: one["tool"] for name, one in results.items() if one.get("status") == "done" and name not in told}
    return [name for tool in tools for name, by in done.items() if by == tool]


def _about(output: Any, names: Mapping[str, str]) -> str:
    """Return the names of the files a result is about, where there are several."""
    if len(names) < 2 or not isinstance(output, Mapping):
        return ""
    handles = [output.get("media"), output.get("second")]
    return " / ".join(clean(names[str(handle)]) for handle in handles if handle in names)


def _tools_of(intent: Intent) -> tuple[str, ...]:
    """Return the tools whose results answer an intent; others are on the way to them."""
    if isinstance(intent, Transcribe) and intent.span:
        return ("find_moments",)
    return _ANSWERED_BY.get(type(intent), ())


_ANSWERED_BY: Mapping[type[Intent], tuple[str, ...]] = {
    Report: ("write_report",),
    Transcribe: ("transcribe",),
    Chapters: ("make_chapters",),
    Find: ("find_moments",),
    Read: ("read_text", "read_artifact"),
    Frames: ("extract_frames",),
    Facts: ("image_facts", "read_text"),
    Look: ("look_at",),
    Compare: ("compare_media",),
    Say: ("speak",),
    Chart: ("make_chart",),
    Rate: ("measure_speech", "make_chart"),
    Probe: ("probe_media",),
    Scenes: ("find_scenes",),
    Summarize: ("summarize_text",),
    Code: ("analyze_code", "run_python"),
    Edit: ("edit_media", "edit_image"),
    Draw: ("make_image", "edit_image"),
    Film: ("make_video",),
    Explain: ("compose_video",),
    Slideshow: ("compose_video",),
    Music: ("make_music",),
    DrawSound: ("picture_sound",),
    DescribeSound: ("describe_sound",),
}

_INSTEAD: Mapping[type[Intent], tuple[str, ...]] = {
    Report: ("look_at", "probe_media", "transcribe", "read_text", "find_scenes"),
    Look: ("read_text", "image_facts"),
    Summarize: ("transcribe", "read_text"),
    Chapters: ("read_text", "find_scenes"),
}
"""What is told when the tools of an intent failed: what others found is not lost."""


def _failures(composed: Composed, results: Results, say: Tongue) -> list[str]:
    """Return a line for each step that failed; what failed only for want of another is left out."""
    bad = {name for name, one in results.items() if one.get("status") in ("failed", "skipped", "cancelled")}
    if not any(one.get("error") for one in results.values()):
        return []
    plan = Plan.model_validate({"goal": "", "steps": composed.steps})
    needs = {step.id: step.needs() for step in plan.steps}
    told = Wording(say.language).told
    lines = []
    if any("needs `subtitles`" in str((one.get("error") or {}).get("message", "")) for one in results.values()):
        lines.append(say("No speech was found, so there are no subtitles.", "没有听到语音，因此没有字幕。"))
    for name, one in results.items():
        error = one.get("error") or {}
        if name in bad:
            if "needs `subtitles`" in str(error.get("message", "")):
                continue
            if needs.get(name, set()) & bad and error.get("type") in ("Skipped", "ArgumentError"):
                continue
            what = say(" did not finish: ", " 未完成：")
            lines.append(f"`{one.get('tool')}`{what}{told(clean(str(error.get('message', ''))))}")
        elif error:
            lines.append(f"`{one.get('tool')}`{say(': ', '：')}{told(clean(str(error.get('message', ''))))}")
    return lines


def _limits(understood: Understanding, results: Results) -> list[str]:
    """Return what a reader must know before trusting the answer."""
    wording = Wording(understood.language)
    telling = {tool for intent in understood.intents for tool in _tools_of(intent)} | _HEARD_AND_READ
    if any(one.get("tool") == "write_report" and one.get("status") == "done" for one in results.values()):
        telling -= _IN_REPORTS
    found: list[str] = []
    for one in results.values():
        outputs = one.get("output")
        for output in outputs if isinstance(outputs, list) else [outputs]:
            if isinstance(output, Mapping) and one.get("tool") in telling:
                # That nothing was found is said above, in the language of the request.
                limits = [clean(str(limit)) for limit in output.get("limits", []) if _SEARCHED not in str(limit)]
                found += [wording.told(limit) for limit in limits]
    return list(dict.fromkeys(found))


_SEARCHED = "; the moments that were searched: "
_HEARD_AND_READ = {"transcribe", "read_text"}
"""What all words rest on."""
_IN_REPORTS = {
    "probe_media", "find_scenes", "extract_frames", "image_facts", "look_at", "measure_speech", *_HEARD_AND_READ
}  # fmt: skip
"""A report names the limits of these itself, in its language."""
