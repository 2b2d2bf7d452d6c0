"""What is said of code: what it holds, and what came of running it."""

import ast
from typing import Any

from ...tools.report.wording import clean, visible
from .phrases import Tongue
from .telling import MOST_LINES, Output, bullets, files_line, items_of, paragraphs

LONGEST_OUTPUT, MOST_PRINTED_LINES = 2000, 40
NO_NETWORK = ("Name or service not known", "name resolution", "Network is unreachable")
SHORTEST_SECONDS = 0.001
"""Less than this says more of the clock than of the script."""


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
    told = list(dict.fromkeys(told))
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
        return paragraphs(*_trial(value, output, say))
    error = output.get("error")
    parts = []
    if error:
        line = say(f" in line {error['line']}", f"（第 {error['line']} 行）") if error.get("line") else ""
        parts.append(f"{clean(str(error['type']))}{line}: {clean(str(error['message']))}")
    elif output.get("ended") != "done":
        parts.append(say("It was stopped before it ended.", "程序在结束前被停止。"))
    parts += _printed(output, say)
    if output.get("value"):
        parts.append(say("Value: ", "值：") + clean(str(output["value"]))[:LONGEST_OUTPUT])
    return paragraphs(*parts, files_line(output.get("artifacts"), say))


def _value(output: Output) -> Any:
    try:
        return ast.literal_eval(str(output.get("value")))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _printed(output: Output, say: Tongue, stream: str = "stdout") -> list[str]:
    """Return what a script wrote, line by line, as it stands: a table keeps its columns."""
    printed = visible(str(output.get(stream, ""))).strip("\n").rstrip()
    if not printed:
        return []
    head = say("It printed:", "输出：") if stream == "stdout" else say("It wrote to stderr:", "错误输出：")
    lines = printed[:LONGEST_OUTPUT].split("\n")[:MOST_PRINTED_LINES]
    is_cut = len("\n".join(lines)) < len(printed)
    return [head, *(f"    {one}" for one in lines), *(["    …"] if is_cut else [])]


_ADVICE = {
    "EOFError": ("Nobody can type anything in for it there.", "在那里无法为它输入内容。"),
    "FileNotFoundError": (
        "It sees the files that are given with it, by their names: `sensorium run REQUEST script.py data.csv`.",
        "它只能看到与它一起给出的文件，按文件名查找：`sensorium run 请求 script.py data.csv`。",
    ),
    "ModuleNotFoundError": (
        "Give its other files along: they lie beside it, without folders. Nothing can be installed in the sandbox.",
        "请把它的其他文件一起给出：它们与脚本放在同一处，不分文件夹。沙箱中无法安装任何包。",
    ),
}
"""What to do about a script that failed for want of what the sandbox does not have."""


def _trial(value: dict[str, Any], output: Output, say: Tongue) -> list[str]:
    script = clean(str(value["script"]))
    if value.get("failed"):
        line = value.get("failed_line")
        where = say(f" in line {line}", f"（第 {line} 行）") if line else ""
        failed = clean(str(value["failed"]))
        parts = [
            say(
                f"Run in the sandbox, {script} ended with {failed}{where}.",
                f"在沙箱中运行 {script} 时出错：{failed}{where}。",
            )
        ]
        if value.get("wants_arguments"):
            parts.append(say("It is run without arguments here.", "这里运行时不带参数。"))
        elif any(one in failed for one in NO_NETWORK):
            parts.append(say("There is no network in the sandbox.", "沙箱中没有网络。"))
        elif advice := _ADVICE.get(failed.partition(":")[0]):
            parts.append(say(*advice))
        return [*parts, *_printed(output, say), *_printed(output, say, "stderr")]
    seconds, cpu, runs = _short(value["run_seconds"]), _short(value["run_cpu_seconds"]), value["runs"]
    best = say(f"best of {runs} runs", f"{runs} 次中最快") if runs > 1 else say("one run", "运行一次")
    parts = [
        say(
            f"Run in the sandbox, {script} takes {seconds} s ({best}), {cpu} s of it on the processor.",
            f"在沙箱中运行 {script} 需要 {seconds} 秒（{best}），其中处理器时间 {cpu} 秒。",
        )
    ]
    parts += _printed(output, say) or [say("It printed nothing.", "没有输出。")]
    if not value.get("same_output", True):
        parts.append(say("Its output differs from run to run.", "每次运行的输出不同。"))
    slowest = [clean(str(one)) for one in value.get("slowest", [])]
    if slowest:
        parts.append(
            say(
                "Where the time goes, under the profiler, which slows it:\n", "时间花在（性能分析器下测得，会偏慢）：\n"
            )
            + bullets(slowest, len(slowest), say)
        )
    return [*parts, files_line(output.get("artifacts"), say)]


def _short(seconds: float) -> str:
    return f"{seconds:.3g}" if seconds >= SHORTEST_SECONDS else f"< {SHORTEST_SECONDS:g}"
