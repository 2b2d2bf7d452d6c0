"""What of a request is the user's own: not what it quotes, pastes in, or says not to open."""

import re

_ADDRESS = re.compile(r"https?://[^\s<>\"`“”‘’«»「」『』，。；、！？]+", re.IGNORECASE)
_WORD = re.compile(r"[\u4e00-\u9fff]|[^\W_]+")
_QUOTED = re.compile(
    r"(?P<block>^[ \t]*(?P<fence>```+|~~~+).*?(?:^[ \t]*(?P=fence)|\Z)|(?:^[ \t]*>[^\n]*(?:\n|\Z))+)"
    r"|(?<!\w)\"[^\"]*\"|“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|「[^「」]*」|『[^『』]*』",
    re.MULTILINE | re.DOTALL,
)
_PASTED = re.compile(
    r"(?:\b(?:this|that|these|the|following|my|our|his|her|their)\s+(?:\w+\s+)?(?:texts?|e?-?mails?|letters?|messages?"
    r"|scripts?|code|notes?|snippet|article|paragraph|sentences?|comments?|review|post|transcript)"
    r"|\b(?:summari[sz]e|explain|optimi[sz]e|what is wrong|what's wrong)"
    r"|(?P<changed>\b(?:translate|proofread|rewrite|rephrase)|翻译|润色|改写)"
    r"|文本|文字|邮件|信件?|代码|脚本|短信|消息|文章|段落|句子|评论|总结|解释|优化)\s*[:：]",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"(?:\b(?:do not|don['’]?t|never|not to|without|no need to|avoid)\s+(?:ever\s+)?"
    r"(?:open|visit|fetch|load|click|follow|download|go|access|look|use|read|watch|call|contact|touch)(?:ing)?"
    r"(?:\s+(?:up|at|into|to|on|in|from|any|anything|the|this|that|link|page|site|website|address|url|file|video))*"
    r"|(?:不要|请?别|不必|无需|不用|请?勿|禁止)(?:再|去)?(?:打开|访问|点击?|下载|抓取|读取?|看|用)"
    r"(?:这个|该|此|链接|网址|网页|页面|地址)*)"
    rf"\s*[:：]?\s*[<\"“「`(（]?(?={_ADDRESS.pattern})",
    re.IGNORECASE,
)
_FEW_WORDS = 3
"""Beside addresses: `"https://a.example and https://b.example"` names them, and quotes nobody."""


def own_words(text: str) -> str:
    """Return a request with spaces for what is not the user's own: whoever wrote that may be anybody.

    That are passages in quotation marks, in fences and behind `>` which hold more than addresses, what follows "this
    text:", and addresses after "do not open". It goes by signs that people set; words pasted without any are taken for
    the user's.
    """
    own = _QUOTED.sub(_without_passage, text)
    if pasted := next((one.end() for one in _PASTED.finditer(own) if _is_text(one)), None):
        own = own[:pasted] + _blank(own[pasted:])
    for refused in reversed([*_REFUSED.finditer(own)]):
        if address := _ADDRESS.match(own, refused.end()):
            own = own[: address.start()] + _blank(address[0]) + own[address.end() :]
    return own


def _without_passage(passage: re.Match[str]) -> str:
    beside = len(_WORD.findall(_ADDRESS.sub(" ", passage[0])))
    return _blank(passage[0]) if beside > (0 if passage["block"] else _FEW_WORDS) else passage[0]


def _is_text(pasted: re.Match[str]) -> bool:
    """Tell whether words follow, and not an address with what is wanted of it."""
    before = len(_WORD.findall(_ADDRESS.split(pasted.string[pasted.end() :], maxsplit=1)[0]))
    return before > (0 if pasted["changed"] else _FEW_WORDS)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
