"""Write parts of files anew: decoded, changed, and encoded, in step and in little memory."""

import heapq

from ..base.outputs import OutputFile
from ..base.run import Run
from .edits import Edit, Rendered
from .formats import Format
from .muxing import muxed, words_track
from .picture_stream import PictureStream
from .sound_files import SoundStream

_CHECK_EVERY = 64


def render(output: OutputFile, form: Format, edit: Edit, run: Run) -> Rendered:
    """Write a film.

    Raises:
        MediaError: A file cannot be decoded.
    """
    with muxed(output, form) as out:
        picture = PictureStream.begin(out, form, edit, run)
        lanes = [picture.packets()]
        if edit.has_sound:
            lanes.append(SoundStream.begin(out, form, edit, run).packets())
        if edit.soft:
            lanes.append(words_track(out, form, edit.soft, edit.language))
        out.metadata.update(edit.tags)
        out.start_encoding()
        for number, (at, packet) in enumerate(heapq.merge(*lanes, key=lambda one: one[0])):
            if number % _CHECK_EVERY == 0:
                run.check()
                run.progress(min(1.0, max(0.0, at / max(edit.seconds, 0.001))), "writing")
            out.mux(packet)
    return picture.rendered()
