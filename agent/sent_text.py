"""What left this machine, for a terminal."""

import textwrap
from collections.abc import Iterator, Sequence

from ..tools.base.egress import Sent, totals
from ..tools.base.visible import clean
from .printing import fit


def sent_lines(sent: Sequence[Sent], columns: int) -> Iterator[str]:
    """Yield what each host was sent, on as many lines as all of it needs; nothing where nothing was."""
    for one in totals(sent):
        held = one.contents
        amounts = [f"{_counted(one.addresses, 'address', 'addresses')} asked"] if one.addresses else []
        pictures = _counted(held.pictures, "picture", "pictures")
        amounts += [f"{pictures} ({held.picture_bytes:,} bytes)"] if held.pictures else []
        amounts += [f"{held.sound_seconds:.1f} s of sound"] if held.sound_seconds or held.sound_bytes else []
        amounts += [f"{held.characters:,} characters"] if held.characters else []
        unsure = f", {one.unsure} of them perhaps" if one.unsure else ""
        where = " (on this machine)" if one.is_local else ""
        asked = f"{_counted(one.requests, 'request', 'requests')}{unsure}, {one.bytes:,} bytes"
        told = clean(f"{one.host}{where}: {', '.join([asked, *amounts])}", keep="")
        yield from textwrap.wrap(told, columns, initial_indent="  ", subsequent_indent="      ")
        yield fit(f"      for {', '.join([*one.roles, *one.steps])}", columns)


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
