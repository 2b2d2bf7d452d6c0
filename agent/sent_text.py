"""What left this machine, for a terminal."""

from collections.abc import Iterator, Sequence

from ..tools.base.egress import Sent, totals
from .printing import fit


def sent_lines(sent: Sequence[Sent], columns: int) -> Iterator[str]:
    """Yield what each host was sent, in two lines; nothing where nothing was."""
    for one in totals(sent):
        held = one.contents
        amounts = [f"{one.addresses} addresses asked"] if one.addresses else []
        amounts += [f"{held.pictures} pictures ({held.picture_bytes:,} bytes)"] if held.pictures else []
        amounts += [f"{held.sound_seconds:.1f} s of sound"] if held.sound_seconds or held.sound_bytes else []
        amounts += [f"{held.characters:,} characters"] if held.characters else []
        unsure = f", {one.unsure} of them perhaps" if one.unsure else ""
        where = " (on this machine)" if one.is_local else ""
        asked = f"{one.requests} request{'s' * (one.requests != 1)}{unsure}, {one.bytes:,} bytes"
        yield fit(f"  {one.host}{where}: {', '.join([asked, *amounts])}", columns)
        yield fit(f"      for {', '.join([*one.roles, *one.steps])}", columns)
