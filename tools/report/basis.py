"""Find the moments a measure rests on when its tool does not name them."""

import re
from collections.abc import Iterable, Mapping

from ..base.moments import Kind, Measure, Moment

# What is counted or timed.
_COUNTED: Mapping[str, Kind] = {
    "scenes": "cut",
    "text_lines": "text",
    "slides": "text",
    "speech_seconds": "speech",
    "speech_share_percent": "speech",
    "words_spoken": "speech",
    "words_per_minute": "speech",
    "characters_per_minute": "speech",
    "pauses": "speech",
    "longest_pause_seconds": "speech",
}
# How the statement of `probe_media` or `image_facts` begins that has the same number.
_SIZE, _SOUND = r"Video: |Picture: |\w+, [\d,]+ × [\d,]+ pixels$", "Sound: "
_STATED: Mapping[str, str] = {
    "duration_seconds": "Length: ",
    "width_pixels": _SIZE,
    "height_pixels": _SIZE,
    "frames_per_second": "Video: ",
    "audio_channels": _SOUND,
    "audio_samples_per_second": _SOUND,
    "loudness_lufs": "Loudness: ",
    "silence_seconds": "silence$",
    "frontal_faces_at_least": r"At least \d+ frontal face|Frontal face ",
}


def basis(measure: Measure, moments: Iterable[Moment]) -> list[str]:
    """Return the ids of the moments a file's measure rests on; none when that cannot be told.

    Args:
        measure: Under the name its tool gave it.
        moments: Numbered moments of all files.
    """
    own = [one for one in moments if one.media == measure.media]
    if kind := _COUNTED.get(measure.name):
        return [one.id for one in own if one.kind == kind]
    if stated := _STATED.get(measure.name):
        tools = ("probe_media", "image_facts")
        facts = [one for one in own if one.kind == "fact" and one.source.tool in tools]
        return [one.id for one in facts if re.match(stated, one.text)]
    return []
