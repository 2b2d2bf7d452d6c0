"""What a request wants of files of code."""

import re
from collections.abc import Sequence
from dataclasses import replace

from .facts import File
from .intents import Cannot, Code, Find, Greet, Help, Intent, NoTime, Read, Report, Say, Summarize
from .wording import sign

_RUN = sign(
    r"""
        run(?:s|ning)?|execut(?:e|es|ing)|outputs?|(?:does|will|would) .{1,20}print
        does (?:it|this) work|test (?:it|this|the script)|try it
    """,
    r"运行|执行|跑(?:一下|一遍|起来)?|测试|输出",
)
_TIME = sign(
    r"""
        time (?:it|this|the|my)|how (?:fast|slow|long)|benchmark|runtime|run ?-?time|measure|performance
    """,
    r"计时|多快|多慢|多久|多长时间|耗时|性能|测速|哪里慢",
)
_PROFILE = sign(
    r"""
        profil(?:e|es|ing|er)|bottlenecks?|slow(?:est|er)?|hot ?-?spots?|where (?:does|is) .{0,20}time
        optimi[sz](?:e|es|ing|ation)|speed(?:ing)? (?:it |this |up)|make (?:it|this|the \w+) faster|faster
    """,
    r"剖析|性能分析|瓶颈|最慢|慢在|热点|优化|加速|提速|更快|快一点|快些",
)
_REWRITE = sign(
    r"""
        optimi[sz](?:e|es|ing|ation)|speed(?:ing)? (?:it |this |up)|make (?:it|this|the \w+) (?:\w+ )?(?:faster|better)
        refactor|rewrite|re-write|improve|clean (?:it |this )?up|fix|debug|port|convert|translate|simplify
        document(?:ation)? ?(?:it|this|the (?:code|script|functions?))?|docstrings?
        (?:add|write) .{0,20}(?:comments?|tests?)
    """,
    r"优化|加速|提速|更快|重构|重写|改写|改进|完善|修复|修一下|调试|文档|注释|改成|转成|简化|写.{0,6}测试",
)
_ANALYZE = sign(
    r"""
        analy[sz](?:e|es|ing|is)|review|explain|structure|lint|check|inspect|complex(?:ity)?|functions?|class(?:es)?|methods?
        imports?|dependenc(?:y|ies)|bugs?|issues?|problems?|errors?|mistakes?|warnings?|quality|what does|look at
        describe|overview|audit|secur(?:e|ity)|unsafe|dead code|unused|report|summar
    """,
    r"分析|检查|审查|评审|结构|复杂度|函数|类|方法|导入|依赖|解释|问题|错误|漏洞|缺陷|质量|概览|报告|总结|看看|安全|未使用",
)
_READ = re.compile(
    r"\s*(?:read|print|show|display|open)(?: me)?(?: it| this| (?:the )?(?:code|source|script|file))*\W*$"
    r"|(?:显示|看|读)(?:一下)?(?:源?代码|源码|内容)"
)
_KEPT = (Read, Say, NoTime, Greet, Help)
_CODE_LACKS = frozenset({"code", "write", "edit", "translate", "see", "know"})


def with_code(intents: Sequence[Intent], text: str, files: Sequence[File], *, assumed: bool) -> list[Intent]:
    """Return what is wanted when some of the files are code.

    Args:
        intents: What was understood without looking at the kind of the files.
        text: The request, to be matched.
        files: Those that can be used.
        assumed: The intents are only the usual ones.
    """
    code = [file for file in files if file.is_code]
    if not code:
        return list(intents)
    wanted = _wanted(text)
    if wanted is None and _READ.match(text):
        return [Read()]
    if wanted is None and not assumed:
        return list(intents)
    if len(code) < len(files):  # beside other media: what is said of those stays
        kept = [one for one in intents if not (isinstance(one, Cannot) and one.lack in _CODE_LACKS)]
        return [*kept, wanted] if wanted else kept
    kept = [one for one in intents if isinstance(one, _KEPT) or (isinstance(one, Find) and wanted is None)]
    kept += [one for one in intents if isinstance(one, Cannot) and one.lack not in _CODE_LACKS]
    reports = [one for one in intents if isinstance(one, Report) and not assumed and re.search("report|报告", text)]
    sums = [one for one in intents if isinstance(one, Summarize) and one.text]
    if wanted is None and any(isinstance(one, Find | Read) for one in kept):
        return [*reports, *sums, *kept]
    return [wanted or Code(), *reports, *sums, *kept]


def _wanted(text: str) -> Code | None:
    found = Code(
        runs=bool(_RUN.search(text)),
        times=bool(_TIME.search(text)),
        profiles=bool(_PROFILE.search(text)),
        rewrites=bool(_REWRITE.search(text)),
    )
    if found.times or found.profiles:
        found = replace(found, runs=True, times=True)
    return found if found != Code() or _ANALYZE.search(text) else None
