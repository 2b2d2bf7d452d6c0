"""What stands at the top of a page about a file: its facts, the picture, the player."""

from html import escape
from urllib.parse import quote

from ..base.moments import Moment
from .counted import of_file
from .illustrations import Illustration
from .markup import figure, text
from .model import File
from .wording import Wording


def file_box(at: int, file: File, shown: Illustration | None, say: Wording) -> str:
    """Return the facts of one file, the picture if it is one, and a player that hides where the file is not."""
    values = of_file(file.measures, file)
    facts = [(say("file"), text(file.name)), (say("type"), text(file.media_type)), (say("size"), _bytes(file.bytes))]
    if file.coverage.seconds:
        facts.append((say("length"), say.length(file.coverage.seconds)))
    probed = [one for one in file.moments if one.source.tool == "probe_media" and one.start_seconds is None]
    width, height = values.get("width_pixels"), values.get("height_pixels")
    if width and height and not probed:
        facts.append((say("picture"), f"{width.value:.0f} × {height.value:.0f}"))
    facts += [_fact(one, say) for one in probed if not one.text.startswith("Length")]
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    picture = figure(shown, file.name) if shown else ""
    return f'<div class="file"><dl>{rows}</dl>{picture}{_player(at, file, say)}</div>'


def _fact(moment: Moment, say: Wording) -> tuple[str, str]:
    """Return what a statement of `probe_media` is about, and what it says."""
    about, colon, said = say.told(moment.text).replace("：", ": ").partition(": ")
    link = f'<a href="#{moment.id}">{text((said if colon else about).rstrip(".。"))}</a>'
    return (text(about.lower()), link) if colon else ("", link)


def _player(at: int, file: File, say: Wording) -> str:
    # A name that is no UTF-8 is known here only in part, so the file cannot be linked.
    if file.kind not in ("video", "audio") or "\N{REPLACEMENT CHARACTER}" in file.name:
        return ""
    # The dot keeps a name such as `javascript:x` from being read as a scheme.
    source = escape(f"./{quote(file.name)}")
    return (
        f'<div class="player" data-file="{at}" hidden><div class="stage">'
        f'<button type="button" aria-label="{say("close")}">×</button>'
        f'<{file.kind} controls preload="metadata" src="{source}"></{file.kind}></div></div>'
        f'<p class="note absent" hidden>{say("beside", name=text(file.name))}</p>'
    )


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
