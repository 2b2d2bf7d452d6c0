"""What is said of code: what it holds, and what came of running it."""

import ast
from typing import Any

from ...tools.report.wording import clean
from .phrases import Tongue
from .telling import MOST_LINES, Output, bullets, files_line, items_of, paragraphs

LONGEST_OUTPUT = 600


def tell_analysis(output: Output, say: Tongue) -> str:
    """Return how large a file of code is, what is wrong with it, and its most complex functions."""
    measures = {one["name"]: one["value"] for one in items_of(output, "measures")}
    name, language = clean(str(output["name"])), clean(str(output["language"]))
    total, code, comments = (measures[one] for one in ("lines", "code_lines", "comment_lines"))
    lines = say(
        f"{name}: {language}, {_few(total, 'line')}, of them {code:g} of code and {comments:g} of comments.",
        f"{name}：{language}，共 {total:g} 行，其中代码 {code:g} 行，注释 {comments:g} 行。",
    )
    if "functions" not in measures:
        return lines
    held = say(
        f"It has {_few(measures['functions'], 'function')} and {_few(measures['classes'], 'class', 'classes')}; "
        f"{measures['without_docstring']:g} of them without a docstring. "
        f"Highest cyclomatic complexity: {measures['highest_complexity']:g}.",
        f"有 {measures['functions']:g} 个函数、{measures['classes']:g} 个类，其中 {measures['without_docstring']:g} 个"
        f"没有文档字符串。最高圈复杂度：{measures['highest_complexity']:g}。",
    )
    if not measures["functions"] + measures["classes"]:
        held = ""
    return paragraphs(lines, held, *_missing(output, say), _problems(output, say))


def _few(count: float, one: str, several: str = "") -> str:
    return f"{count:g} {one if count == 1 else several or one + 's'}"


def _missing(output: Output, say: Tongue) -> list[str]:
    missing = [clean(str(one["module"])) for one in items_of(output, "imports") if one.get("status") == "missing"]
    named = say.listed(missing[:MOST_LINES])
    return [say(f"Imported, and not installed here: {named}.", f"导入但此处未安装：{named}。")] if missing else []


def _problems(output: Output, say: Tongue) -> str:
    problems = items_of(output, "problems")
    if not problems:
        return say("The linter found nothing.", "静态检查没有发现问题。")
    told = [f"{_place(str(one['place']), say)}: {clean(one['rule'])} {clean(one['message'])}" for one in problems]
    return say("Findings:\n", "发现：\n") + bullets(told, len(told), say)


def _place(place: str, say: Tongue) -> str:
    if say.language != "zh":
        return place
    parts = place.split()
    return f"单元 {parts[1].rstrip(',')} 第 {parts[3]} 行" if parts[0] == "cell" else f"第 {parts[1]} 行"


def tell_execution(output: Output, say: Tongue) -> str:
    """Return how long a script took and where, or what code gave."""
    value = _value(output)
    if isinstance(value, dict) and "run_seconds" in value:
        return paragraphs(*_trial(value, str(output.get("stdout", "")), say))
    error = output.get("error")
    parts = []
    if error:
        line = say(f" in line {error['line']}", f"（第 {error['line']} 行）") if error.get("line") else ""
        parts.append(f"{clean(str(error['type']))}{line}: {clean(str(error['message']))}")
    elif output.get("ended") != "done":
        parts.append(say("It was stopped before it ended.", "程序在结束前被停止。"))
    if printed := str(output.get("stdout", "")).strip():
        parts.append(clean(printed[:LONGEST_OUTPUT]) + ("…" if len(printed) > LONGEST_OUTPUT else ""))
    if output.get("value"):
        parts.append(say("Value: ", "值：") + clean(str(output["value"]))[:LONGEST_OUTPUT])
    return paragraphs(*parts, files_line(output.get("artifacts"), say))


def _value(output: Output) -> Any:
    try:
        return ast.literal_eval(str(output.get("value")))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _trial(value: dict[str, Any], printed: str, say: Tongue) -> list[str]:
    if value.get("failed"):
        line = value.get("failed_line")
        where = say(f" in line {line}", f"（第 {line} 行）") if line else ""
        failed = clean(str(value["failed"]))
        return [say(f"Run in the sandbox, it ended with {failed}{where}.", f"在沙箱中运行时出错：{failed}{where}。")]
    seconds, cpu, runs = value["run_seconds"], value["run_cpu_seconds"], value["runs"]
    best = say(f"best of {runs} runs", f"{runs} 次中最快") if runs > 1 else say("one run", "运行一次")
    parts = [
        say(
            f"Run in the sandbox, it takes {seconds:.3g} s ({best}), {cpu:.3g} s of it on the processor.",
            f"在沙箱中运行需要 {seconds:.3g} 秒（{best}），其中处理器时间 {cpu:.3g} 秒。",
        )
    ]
    if not value.get("same_output", True):
        parts.append(say("Its output differs from run to run.", "每次运行的输出不同。"))
    slowest = [clean(one) for one in printed.splitlines() if " s itself, " in one]
    if slowest:
        parts.append(
            say(
                "Where the time goes, under the profiler, which slows it:\n", "时间花在（性能分析器下测得，会偏慢）：\n"
            )
            + bullets(slowest, len(slowest), say)
        )
    return parts
