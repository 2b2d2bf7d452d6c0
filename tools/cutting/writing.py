"""Write an edited file: copied where that gives what was asked, else encoded; and prove it before it is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..base.errors import ArgumentError, MediaError
from ..base.moments import Span
from ..base.outputs import OutputFile
from ..credentials.keeping import Making, keep
from .asked import Asked, sound_format
from .copying import Copied, Copying, try_copying
from .edits import Edit, Rendered, Take, snapped
from .formats import FORMATS, Format, format_for
from .looks import Look, even
from .proving import joint_fault, prove
from .rendering import render
from .sound_files import write_sound
from .survey import Survey

if TYPE_CHECKING:
    from ..base.run import Run
    from ..base.workspace import Artifact

Way = Literal["copied", "partly encoded", "encoded"]
BEYOND_SECONDS = 60.0
"""A whole file is copied to so much behind its end: the end of a stream is not always said."""
USUAL_RATE = 25.0
"""Frames a second, of a film that does not say."""
_CREDENTIAL_BYTES = 16_000
"""What a manifest adds to a file."""
_KEPT_SAMPLINGS = frozenset({"", "4:2:0", "4:1:0", "4:0:0"})
"""Of colours: those that encoding loses nothing of."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A file that was made."""

    file: "Artifact"
    way: Way
    seconds: float | None = None
    start_seconds: float | None = None
    """Of the source, where the file is a part of it."""
    end_seconds: float | None = None
    encoded_frames: int = 0


@dataclass(eq=False)
class Writing:
    """One call of `edit_media`: ways to write a file, each proven before it is stored."""

    run: "Run"
    media: str
    asked: Asked
    folder: Path
    source: Survey
    notes: list[str] = field(default_factory=list)
    _made: int = 0

    @property
    def name(self) -> str:
        """What the file is called, for messages."""
        return self.run.name(self.media)

    def need_sound(self, for_what: str) -> None:
        """Refuse a file without sound."""
        if self.source.facts.audio is None:
            raise MediaError(
                f"{self.name!r} has no sound to {for_what}. It has: {'; '.join(self.source.facts.streams)}."
            )

    async def copy_parts(
        self, copying: Copying, parts: Sequence[Span], suffix: str
    ) -> tuple[Copied | None, OutputFile]:
        """Write parts out of packets; None where that cannot be, which is noted."""
        run = self.run
        output = self.output(suffix, copying.form)
        tried = await run.decode(try_copying, copying, output, list(parts))
        reason = tried.reason
        if tried.copied is not None and any(one.joints_seconds for one in tried.copied.pieces):
            pieces = list(tried.copied.pieces)
            reason = await run.decode(joint_fault, output.path, self.name, run.path(self.media), pieces, run)
        if tried.copied is not None and not reason:
            self._note_copied(tried.copied)
            if copying.edit is not None and copying.edit.has_sound:
                self.note_mixed()
            return tried.copied, output
        output.remove()
        self.note(f"All of it was encoded anew: {reason}.")
        return None, output

    async def keep_copied(
        self,
        output: OutputFile,
        copied: Copied,
        form: Format,
        suffix: str,
        seconds: float,
        *,
        sound: bool | None = None,
        new_sound: bool = False,
    ) -> Done:
        """Prove and store what was copied, with where it was really cut."""
        has_sound = self.source.facts.audio is not None if sound is None else sound
        has_picture = self.source.facts.video is not None and bool(form.video_encoder)
        heard = copied.is_heard
        done = await self.keep(output, form, suffix, seconds, picture=has_picture, sound=has_sound, heard=heard)
        way: Way = "partly encoded" if copied.encoded_frames or new_sound else "copied"
        if copied.frames and copied.encoded_frames == copied.frames:
            way = "encoded"
        return replace(
            done,
            way=way,
            start_seconds=round(copied.pieces[0].start_seconds, 3),
            end_seconds=round(copied.pieces[-1].end_seconds, 3),
            encoded_frames=copied.encoded_frames,
        )

    async def render_film(self, edit: Edit, form: Format, suffix: str) -> Done:
        """Encode a film, prove it and store it: all of it, or its picture alone beside what can be copied."""
        if not form.video_encoder:
            return await self.render_sound(edit, form, suffix)
        self._note_picture(edit)
        run, source, output = self.run, self.source, self.output(suffix, form)
        if edit.is_one_file and edit.speed == 1 and not edit.backwards:
            copies = edit.has_sound and edit.other is None and not edit.silent and source.audio_codec in form.audio
            beside = replace(edit, has_sound=edit.has_sound and not copies)
            tried = await run.decode(try_copying, self.copying(form, sound=copies, edit=beside), output, [])
            if tried.copied is not None and tried.copied.rendered is not None:
                self._note_copied(tried.copied)
                self._note_rendered(tried.copied.rendered, encodes_sound=beside.has_sound)
                heard = tried.copied.is_heard
                done = await self.keep(
                    output, form, suffix, edit.seconds, picture=True, sound=edit.has_sound, heard=heard
                )
                self.weigh(done.file)
                return done
            output = self.output(suffix, form)
        if source.more:
            self.note(f"What was encoded anew does not have any more: {', '.join(source.more)}.")
        made = await run.decode(render, output, form, edit, run)
        self._note_rendered(made, encodes_sound=edit.has_sound)
        done = await self.keep(output, form, suffix, made.seconds, picture=True, sound=edit.has_sound)
        self.weigh(done.file)
        return done

    def _note_picture(self, edit: Edit) -> None:
        """Say what becomes of a picture that is encoded."""
        source, look = self.source, edit.look
        assert look is not None
        if source.is_hdr and not look.is_deep:
            self.note("The picture has a high dynamic range, which was not kept: its colours may look pale.")
        if source.sampling not in _KEPT_SAMPLINGS or source.bits > look.bits:
            self.note(
                f"The colours were in {source.sampling} with {source.bits} bits, and are in 4:2:0 with {look.bits} "
                "bits now."
            )
        if source.is_transparent:
            self.note("The picture is transparent in parts, which was not kept.")
        size = look.width_pixels, look.height_pixels
        if self.asked.task not in ("crop", "scale") and {*size} != {source.width_pixels, source.height_pixels}:
            self.note(f"The size was made even, as encoders need it: {size[0]}×{size[1]} px.")

    def _note_copied(self, copied: Copied) -> None:
        if copied.left_out:
            self.note(f"Not taken over: {', '.join(copied.left_out)}.")
        if not copied.is_heard and self.source.facts.audio is not None:
            self.note("No sound lies in this part; its track is empty.")

    def _note_rendered(self, made: Rendered, *, encodes_sound: bool) -> None:
        if made.damaged:
            self.note(f"{made.damaged} damaged packets could not be decoded; what they showed is missing.")
        if made.made_whole:
            self.note("The picture was interlaced; its frames were made whole.")
        if encodes_sound:
            self.note_mixed()

    def note_mixed(self) -> None:
        """Say it when sound of more channels is encoded."""
        if self.source.channels > 2:
            self.note(f"The {self.source.channels} channels of sound were mixed to stereo.")

    async def render_sound(self, edit: Edit, form: Format, suffix: str) -> Done:
        """Encode sound alone, prove it and store it."""
        run, source = self.run, self.source
        self.note_mixed()
        output = self.output(suffix, form)
        rate = source.rate if source.rate else 48_000
        made = await run.decode(
            write_sound, output, form, edit, run, rate=rate, codec=source.audio_codec if source.is_lossless else ""
        )
        done = await self.keep(output, form, suffix, made.seconds, picture=False, sound=True)
        self.weigh(done.file)
        return done

    async def keep(
        self,
        output: OutputFile,
        form: Format,
        suffix: str,
        seconds: float,
        *,
        picture: bool,
        sound: bool,
        heard: bool = True,
    ) -> Done:
        """Prove a file that was written, and store it; `heard`: there is something on its track of sound."""
        run, video = self.run, self.source.facts.video
        slack = 2 / (video.frames_per_second or USUAL_RATE) if video else 0.1
        if video is not None and video.variable_rate:
            slack = max(slack, 1.0)
        proof = await run.decode(
            prove,
            output.path,
            self.file_name(suffix, form),
            seconds,
            picture=picture,
            sound=sound,
            heard=heard,
            slack_seconds=slack + 0.02 * seconds if not picture else slack,
            run=run,
        )
        facts = proof.facts
        about: dict[str, str | int | float | bool | None] = {"seconds": facts.seconds}
        if facts.video is not None:
            about |= {"width_pixels": facts.video.width_pixels, "height_pixels": facts.video.height_pixels}
        file = await keep(
            run,
            output.path,
            name=self.file_name(suffix, form),
            media_type=facts.media_type if form.name in ("opus", "ogg") else form.media_type,
            making=Making(kind="edit", inputs=self.inputs()),
            facts=about,
        )
        return Done(file=file, way="encoded", seconds=facts.seconds)

    def own_bytes(self, most: int) -> int:
        """Return how many bytes are left for a picture when it is written into it who made it."""
        return most - min(_CREDENTIAL_BYTES, most // 4) if self.run.settings.credentials.enabled else most

    def weigh(self, file: "Artifact") -> None:
        """Note it when what was encoded has more bytes than it may, or more than what it was made of."""
        before, own = self.source.facts.bytes, _CREDENTIAL_BYTES if self.run.settings.credentials.enabled else 0
        # No film is so small that it matters.
        most = self.asked.max_bytes or (before if self.shrinks and self.source.facts.kind == "picture" else None)
        may_grow = self.asked.max_bytes is not None or not (self.asked.task == "convert" or self.shrinks)
        if not may_grow and file.bytes - own > before:
            self.note(
                f"It has {file.bytes:,} bytes, more than the {before:,} of {self.name!r}. A smaller size, a shorter "
                "part or another format has fewer."
            )
        elif most is not None and file.bytes > most:
            self.note(f"With what tells who made it, it has {file.bytes:,} bytes, more than {most:,}.")

    @property
    def shrinks(self) -> bool:
        """Whether a size was asked for that is no larger."""
        asked, source = self.asked, self.source
        is_larger = (asked.width_pixels or 0) > source.width_pixels or (asked.height_pixels or 0) > source.height_pixels
        return asked.task == "scale" and not is_larger

    def form(self) -> Format:
        """Return what the result is written as: the format of the source, unless another was asked for."""
        facts = self.source.facts
        form = FORMATS[self.asked.format] if self.asked.format else format_for(facts.media_type, facts.kind)
        if facts.video is None and form.video_encoder:
            form = sound_format(self.source, None)
        if facts.video is not None and not form.video_encoder:
            raise ArgumentError(f"`{self.asked.task}` gives a film, and {form.name} is none. Use `convert` afterwards.")
        return form

    def sound_form(self) -> Format:
        """Return what sound alone is written as."""
        return sound_format(self.source, self.asked.format)

    def copying(
        self, form: Format, *, exact: bool = True, picture: bool = True, sound: bool = True, edit: Edit | None = None
    ) -> Copying:
        """Return how the file is copied into a format."""
        return Copying(
            path=self.run.path(self.media),
            name=self.name,
            form=form,
            run=self.run,
            exact=exact,
            picture=picture,
            sound=sound,
            edit=edit,
        )

    def take(self, start_seconds: float = 0.0, end_seconds: float | None = None) -> Take:
        """Return a part of the file to be encoded; all of it when left out."""
        take = whole_take(self.run, self.media, self.source)
        end = self.source.seconds if end_seconds is None else end_seconds
        return replace(take, start_seconds=start_seconds, end_seconds=end)

    def look(self) -> Look:
        """Return how the film is shown, in even numbers of pixels; in its own colours where these can be encoded."""
        # Words are drawn in BT.709, and other films may have other colours.
        can = self.asked.task not in ("burn_subtitles", "join") and "hevc" in self.form().video
        return Look(
            width_pixels=even(self.source.width_pixels),
            height_pixels=even(self.source.height_pixels),
            colours=self.source.colours if can else None,
        )

    def edit(self, takes: Sequence[Take], *, picture: bool = True) -> Edit:
        """Return parts of the file put one behind the other, otherwise unchanged."""
        video = self.source.facts.video
        edit = Edit(
            takes=tuple(takes),
            look=self.look() if picture and video is not None else None,
            frames_per_second=min(120.0, max(1.0, (video.frames_per_second if video else None) or USUAL_RATE)),
            steady=video is None or not video.variable_rate,
            speed=self.asked.speed or 1.0,
            backwards=self.asked.task == "reverse",
            has_sound=self.source.facts.audio is not None,
            channels=1 if self.source.channels == 1 else 2,
            tags=self.source.tags,
            sound_tags=self.source.sound_tags,
        )
        if edit.look is None or not edit.steady:
            return edit
        return replace(edit, takes=tuple(_from_frame_to_frame(one, edit.rate, self.source.seconds) for one in takes))

    def output(self, suffix: str, form: Format) -> OutputFile:
        """Return a file to write to, that does not exist yet."""
        self._made += 1
        path = self.folder / f"{self._made}-{suffix}.{form.ending}"
        return OutputFile(path=path, max_bytes=self.run.settings.max_bytes)

    def file_name(self, suffix: str, form: Format) -> str:
        """Return what a result is called."""
        stem = Path(self.name).stem[:80] or "file"
        return f"{stem}.{form.ending}" if suffix == "as" else f"{stem}-{suffix}.{form.ending}"

    def inputs(self) -> tuple[str, ...]:
        """Return what a result is made of, the edited file first."""
        more = [*(self.asked.files or []), self.asked.sound, self.asked.subtitles]
        return tuple(dict.fromkeys([self.media, *(one for one in more if one)]))

    def note(self, note: str) -> None:
        """Say something of the result, once."""
        if note not in self.notes:
            self.notes.append(note)


def _from_frame_to_frame(take: Take, rate: Fraction, seconds: float) -> Take:
    """Return a part that begins and ends where frames do, as one that is copied; behind the last frame nothing does."""
    start = snapped(take.start_seconds, rate)
    if take.end_seconds >= seconds:
        return replace(take, start_seconds=start)
    return replace(take, start_seconds=start, end_seconds=max(snapped(take.end_seconds, rate), start + float(1 / rate)))


def whole_take(run: "Run", handle: str, found: Survey) -> Take:
    """Return all of a file."""
    return Take(
        path=run.path(handle),
        name=run.name(handle),
        start_seconds=0.0,
        end_seconds=found.seconds,
        origin_seconds=found.sound_origin_seconds,
        has_picture=found.facts.video is not None,
        has_sound=found.facts.audio is not None,
    )
