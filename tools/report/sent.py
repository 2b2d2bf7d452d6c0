"""What a run sent to other machines, in words."""

from collections.abc import Iterator

from ..base.egress import HostTotal
from .model import Draft
from .wording import Wording, number


def told(draft: Draft, say: Wording) -> list[str]:
    """Return what left this machine, one line for each host; no line at all where that is not known."""
    if draft.sent is None:
        return []
    away = [one for one in draft.sent if not one.is_local]
    here = [one for one in draft.sent if one.is_local]
    lines = [] if away or draft.run.own_brain else [say("sent_nothing")]
    lines += [_line("sent_away", one, say) for one in away] + [_line("sent_here", one, say) for one in here]
    return [*lines, say("sent_until", run=draft.run.run_id)] if draft.sent else lines


def _line(key: str, one: HostTotal, say: Wording) -> str:
    what = say.listed(list(_amounts(one, say)))
    line = say(key, host=one.host, what=what, requests=one.requests, who=say.listed([*one.roles, *one.steps]))
    return line + (say("sent_unsure", count=one.unsure) if one.unsure else "")


def _amounts(one: HostTotal, say: Wording) -> Iterator[str]:
    held = one.contents
    if one.addresses:
        yield say("sent_addresses", count=one.addresses)
    if held.pictures:
        yield say("sent_pictures", count=held.pictures, bytes=f"{held.picture_bytes:,}")
    if held.sound_seconds or held.sound_bytes:
        yield say("sent_sound", seconds=number(round(held.sound_seconds, 1)), bytes=f"{held.sound_bytes:,}")
    if held.characters:
        yield say("sent_characters", count=f"{held.characters:,}")
    yield say("sent_bytes", bytes=f"{one.bytes:,}")
