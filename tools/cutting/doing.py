"""Do what an edit was asked for: find the cheapest way that gives it exactly, and prove what was written."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from ..base.errors import ArgumentError, MediaError
from ..base.moments import Span
from ..base.outputs import OutputFile
from ..base.sound import silences
from ..base.sound_blocks import Reading
from ..credentials.keeping import Making, keep
from ..film.captions import draw_caption, face_for
from ..film.captions import without as without_signs
from .animations import (
    FRAMES_PER_SECOND,
    MAX_BYTES,
    MOST_FRAMES,
    MOST_SECONDS,
    WIDTH_PIXELS,
    Animation,
    animate,
    film_of,
)
from .asked import (
    MOST_PIECES,
    Asked,
    checked_parts,
    crop_box,
    loud_parts,
    pieces_at,
    scaled_size,
    sound_format,
    without,
)
from .copying import Copied, Copying, try_copying
from .formats import FORMATS, Format, format_for
from .joining import Whole, try_joining
from .looks import Look, even
from .proving import joint_fault, prove
from .rendering import Edit, Other, Take, Words, render
from .sound_files import write_sound
from .stills import StillEdit, edit_still
from .subtitle_files import MOST_BYTES, one_at_a_time, read_subtitles
from .survey import Survey, survey

if TYPE_CHECKING:
    from ..base.run import Run
    from ..base.workspace import Artifact
    from ..film.writer import Container

Way = Literal["copied", "partly encoded", "encoded"]
_BEYOND_SECONDS = 60.0
"""A whole file is copied to so much behind its end: the end of a stream is not always said."""
_LEAST_SECONDS = 0.02
_CREDENTIAL_BYTES = 16_000
"""What a manifest adds to a picture."""


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
class Editing:
    """One call of `edit_media`."""

    run: "Run"
    media: str
    asked: Asked
    folder: Path
    source: Survey
    notes: list[str] = field(default_factory=list)
    _made: int = 0

    @property
    def name(self) -> str:
        return self.run.name(self.media)

    async def done(self) -> list[Done]:
        """Return what was made.

        Raises:
            ArgumentError: It cannot be had of this file; the message says what can.
            MediaError: The file cannot be decoded.
        """
        task = self.asked.task
        if self.source.facts.kind == "picture":
            return [await self._still()]
        if task == "split":
            return [
                await self._cut([part], f"part-{number:02d}") for number, part in enumerate(await self._pieces(), 1)
            ]
        if task == "trim":
            return [await self._cut([self.asked.span(self.source.seconds, self.name)], "trim")]
        if task == "remove":
            return [await self._cut(await self._left(), "cut")]
        if task == "convert":
            return [await self._convert()]
        if task == "extract_sound":
            return [await self._extract()]
        if task in ("mute", "replace_sound", "mix_sound"):
            return [await self._sound()]
        if task == "add_subtitles":
            return [await self._soft()]
        if task == "rotate" and not self.asked.mirror:
            return [await self._turned()]
        if task in ("speed", "reverse") and not self.source.facts.video:
            return [await self._render_sound(self._edit([self._take()]), self._sound_form(), task)]
        return [await self._changed()]

    # Parts

    async def _pieces(self) -> list[Span]:
        asked, seconds = self.asked, self.source.seconds
        if asked.at_seconds:
            return pieces_at(asked.at_seconds, seconds, self.name)
        found = checked_parts(asked, seconds, self.name) if asked.parts else await self._loud()
        if len(found) > MOST_PIECES:
            raise ArgumentError(
                f"There would be {len(found)} files; the limit is {MOST_PIECES}. Raise `min_silence_seconds`, or give "
                "fewer `parts`."
            )
        return found

    async def _left(self) -> list[Span]:
        """Return what is left when silences, or given parts, are left out."""
        asked, seconds = self.asked, self.source.seconds
        if asked.parts:
            return without(checked_parts(asked, seconds, self.name), seconds, self.name)
        return await self._loud()

    async def _loud(self) -> list[Span]:
        self._need_sound("cut at silences; give `at_seconds` or `parts`")
        asked, run = self.asked, self.run
        silent = await run.decode(
            _silences, run.path(self.media), self.name, asked.silence_db, asked.min_silence_seconds, run
        )
        found = loud_parts(silent, self.source.seconds, asked.keep_seconds, self.name)
        if len(found) == 1 and found[0] == (0.0, self.source.seconds):
            self.notes.append(
                f"No silence under {asked.silence_db:g} dB of at least {asked.min_silence_seconds:g} s was found, so "
                "nothing was cut. Raise `silence_db`, or lower `min_silence_seconds`."
            )
        return found

    def _need_sound(self, for_what: str) -> None:
        if self.source.facts.audio is None:
            raise MediaError(
                f"{self.name!r} has no sound to {for_what}. It has: {'; '.join(self.source.facts.streams)}."
            )

    # Ways

    async def _cut(self, parts: Sequence[Span], suffix: str) -> Done:
        """Write parts of the file, one behind the other, as they are."""
        source = self.source
        form = self._form()
        if any(end - start < _LEAST_SECONDS for start, end in parts):
            raise ArgumentError(f"A part of less than {_LEAST_SECONDS:g} s cannot be cut out. Give a longer one.")
        if source.facts.video is None and source.is_lossless and form.name in ("wav", "flac"):
            takes = [self._take(start, end) for start, end in parts]
            done = await self._render_sound(self._edit(takes), form, suffix)
            return replace(done, way="copied", start_seconds=parts[0][0], end_seconds=parts[-1][1])
        copying = self._copying(form, exact=self.asked.exact)
        copied, output = await self._copy(copying, parts, suffix)
        if copied is None:
            takes = [self._take(start, end) for start, end in parts]
            done = await self._render(self._edit(takes), form, suffix)
            return replace(done, start_seconds=parts[0][0], end_seconds=parts[-1][1])
        return await self._keep_copied(output, copied, form, suffix, self._cut_seconds(copied, parts))

    def _cut_seconds(self, copied: Copied, parts: Sequence[Span]) -> float:
        """Return how long what was copied should be."""
        whole = sum(one.end_seconds - one.start_seconds for one in copied.pieces)
        # Sound goes on behind the last frame where the whole rest was asked for.
        behind = min(parts[-1][1], self.source.seconds) - copied.pieces[-1].end_seconds
        return whole + max(0.0, behind)

    async def _copy(self, copying: Copying, parts: Sequence[Span], suffix: str) -> tuple[Copied | None, OutputFile]:
        """Write parts out of packets; None where that cannot be, which is noted."""
        run = self.run
        output = self._output(suffix, copying.form)
        tried = await run.decode(try_copying, copying, output, list(parts))
        reason = tried.reason
        if tried.copied is not None and any(one.joints_seconds for one in tried.copied.pieces):
            pieces = list(tried.copied.pieces)
            reason = await run.decode(joint_fault, output.path, self.name, run.path(self.media), pieces, run)
        if tried.copied is not None and not reason:
            if tried.copied.left_out:
                self._note(f"{copying.form.name} does not take over: {', '.join(tried.copied.left_out)}.")
            return tried.copied, output
        output.remove()
        self._note(f"All of it was encoded anew: {reason}.")
        return None, output

    async def _keep_copied(
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
        has_sound = self.source.facts.audio is not None if sound is None else sound
        has_picture = self.source.facts.video is not None and bool(form.video_encoder)
        done = await self._keep(output, form, suffix, seconds, picture=has_picture, sound=has_sound)
        way: Way = "partly encoded" if copied.encoded_frames or new_sound else "copied"
        if copied.frames and copied.encoded_frames == copied.frames:
            way = "encoded"
        return replace(
            done,
            way=way,
            start_seconds=round(copied.pieces[0].start_seconds, 3),
            end_seconds=round(copied.pieces[0].end_seconds, 3) if len(copied.pieces) == 1 else done.end_seconds,
            encoded_frames=copied.encoded_frames,
        )

    async def _render(self, edit: Edit, form: Format, suffix: str) -> Done:
        run, source = self.run, self.source
        if not form.video_encoder:
            return await self._render_sound(edit, form, suffix)
        if source.is_hdr:
            self._note("The picture has a high dynamic range, which was not kept: its colours may look pale.")
        if source.channels > 2:
            self._note(f"The {source.channels} channels of sound were mixed to stereo.")
        size = (edit.look.width_pixels, edit.look.height_pixels) if edit.look else (0, 0)
        if self.asked.task not in ("crop", "scale", "rotate") and size != (source.width_pixels, source.height_pixels):
            self._note(f"The size was made even, as encoders need it: {size[0]}×{size[1]} px.")
        if source.more:
            self._note(f"What was encoded anew does not have any more: {', '.join(source.more)}.")
        output = self._output(suffix, form)
        made = await run.decode(render, output, cast("Container", form.name), edit, run)
        if made.damaged:
            self._note(f"{made.damaged} damaged packets could not be decoded; what they showed is missing.")
        return await self._keep(output, form, suffix, made.seconds, picture=True, sound=edit.has_sound)

    async def _render_sound(self, edit: Edit, form: Format, suffix: str) -> Done:
        run, source = self.run, self.source
        output = self._output(suffix, form)
        rate = source.rate if source.rate else 48_000
        made = await run.decode(
            write_sound, output, form, edit, run, rate=rate, codec=source.audio_codec if source.is_lossless else ""
        )
        return await self._keep(output, form, suffix, made.seconds, picture=False, sound=True)

    async def _keep(
        self, output: OutputFile, form: Format, suffix: str, seconds: float, *, picture: bool, sound: bool
    ) -> Done:
        """Prove a file that was written, and store it."""
        run, video = self.run, self.source.facts.video
        slack = 2 / (video.frames_per_second or 25) if video else 0.1
        if video is not None and video.variable_rate:
            slack = max(slack, 1.0)
        proof = await run.decode(
            prove,
            output.path,
            self._file_name(suffix, form),
            seconds,
            picture=picture,
            sound=sound,
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
            name=self._file_name(suffix, form),
            media_type=facts.media_type if form.name in ("opus", "ogg") else form.media_type,
            making=Making(kind="edit", inputs=self._inputs()),
            facts=about,
        )
        return Done(file=file, way="encoded", seconds=facts.seconds)

    # Tasks

    async def _convert(self) -> Done:
        asked, source = self.asked, self.source
        assert asked.format is not None
        form = FORMATS[asked.format]
        span = asked.span(source.seconds, self.name)
        if form.name in ("gif", "webp"):
            return await self._animated(form, span)
        if form.is_picture:
            raise ArgumentError(
                f"{self.name!r} moves, and {form.name} is a still picture. Take frames with `extract_frames`."
            )
        if asked.frames_per_second or asked.max_bytes or asked.width_pixels:
            raise ArgumentError(
                "`width_pixels`, `frames_per_second` and `max_bytes` are for GIF, WebP and pictures. Use the task "
                "`scale` for another size of a film."
            )
        if not form.video_encoder:
            return await self._extract()
        if source.facts.video is None:
            raise MediaError(
                f"{self.name!r} has no picture for {form.name}. Give a format of sound (m4a, mp3, wav, flac, opus, "
                "ogg), or make a film of it with `picture_sound`."
            )
        whole = span == (0.0, source.seconds)
        parts = [(0.0, source.seconds + _BEYOND_SECONDS) if whole else span]
        copies_sound = source.facts.audio is None or source.audio_codec in form.audio
        edit = None if copies_sound else self._edit([self._take(*span)], picture=False)
        copying = self._copying(form, sound=copies_sound, edit=edit)
        copied, output = await self._copy(copying, parts, "as")
        if copied is None:
            return await self._render(self._edit([self._take(*span)]), form, "as")
        new_sound = not copies_sound
        return await self._keep_copied(output, copied, form, "as", span[1] - span[0], new_sound=new_sound)

    async def _animated(self, form: Format, span: Span) -> Done:
        asked, run = self.asked, self.run
        if self.source.facts.video is None:
            raise MediaError(f"{self.name!r} has no moving picture for {form.name}; it is sound.")
        seconds = span[1] - span[0]
        rate = asked.frames_per_second or FRAMES_PER_SECOND
        if seconds > MOST_SECONDS or seconds * rate > MOST_FRAMES:
            raise ArgumentError(
                f"{seconds:.1f} s at {rate:g} frames a second are too much for {form.name}: the limits are "
                f"{MOST_SECONDS:g} s and {MOST_FRAMES:,} frames. Give a part with `start_seconds` and `end_seconds`."
            )
        animation = Animation(
            take=self._take(*span),
            form=form.name,
            frames_per_second=rate,
            width_pixels=asked.width_pixels or min(WIDTH_PIXELS, self.source.width_pixels),
            max_bytes=self._own_bytes(asked.max_bytes or MAX_BYTES),
        )
        output = self._output("animated", form)
        made = await run.decode(animate, output, animation, run)
        if made.width_pixels < min(animation.width_pixels, self.source.width_pixels):
            most = asked.max_bytes or MAX_BYTES
            self._note(f"It was made {made.width_pixels} px wide to keep to {most:,} bytes.")
        file = await keep(
            run,
            output.path,
            name=self._file_name("animated", form),
            media_type=form.media_type,
            making=Making(kind="edit", inputs=self._inputs()),
            facts={"seconds": made.seconds, "width_pixels": made.width_pixels, "height_pixels": made.height_pixels},
        )
        self._weigh(file)
        return Done(file=file, way="encoded", seconds=made.seconds, start_seconds=span[0], end_seconds=span[1])

    def _own_bytes(self, most: int) -> int:
        """Return how many bytes are left for a picture when it is written into it who made it."""
        return most - min(_CREDENTIAL_BYTES, most // 4) if self.run.settings.credentials.enabled else most

    def _weigh(self, file: "Artifact") -> None:
        most = self.asked.max_bytes
        if most is not None and file.bytes > most:
            self._note(f"With what tells who made it, it has {file.bytes:,} bytes, more than {most:,}.")

    async def _extract(self) -> Done:
        asked, source = self.asked, self.source
        self._need_sound("extract")
        form = sound_format(source, asked.format)
        if form.video_encoder or form.is_picture:
            raise ArgumentError(f"{form.name} is no format of sound. Give m4a, mp3, wav, flac, opus or ogg.")
        span = asked.span(source.seconds, self.name)
        whole = span == (0.0, source.seconds)
        if source.audio_codec in form.audio and not (source.is_lossless and form.name in ("wav", "flac") and not whole):
            parts = [(0.0, source.seconds + _BEYOND_SECONDS) if whole else span]
            copying = self._copying(form, picture=False)
            copied, output = await self._copy(copying, parts, "sound")
            if copied is not None:
                done = await self._keep(output, form, "sound", span[1] - span[0], picture=False, sound=True)
                return replace(done, way="copied", start_seconds=span[0], end_seconds=span[1])
        done = await self._render_sound(self._edit([self._take(*span)], picture=False), form, "sound")
        return replace(done, start_seconds=span[0], end_seconds=span[1])

    async def _sound(self) -> Done:
        """Mute, replace or mix sound: the picture is copied."""
        asked, source = self.asked, self.source
        seconds = source.seconds
        has_sound = source.facts.audio is not None
        edit = self._edit([self._take()], picture=False)
        if asked.task == "mute":
            self._need_sound("mute")
            span = asked.span(seconds, self.name)
            if span == (0.0, seconds):
                if source.facts.video is None:
                    raise ArgumentError(f"{self.name!r} is sound alone: muted, nothing would be left.")
                edit = replace(edit, has_sound=False)
            else:
                edit = replace(edit, silent=(span,))
        else:
            other = await self._other()
            if other.way == "mix" and not has_sound:
                self._note(f"{self.name!r} had no sound of its own; it has only the new one.")
                other = replace(other, way="replace")
            if other.delay_seconds + other.take.seconds < seconds - 0.1 and other.way == "replace":
                self._note(
                    f"The new sound ends at {other.delay_seconds + other.take.seconds:.2f} s; then it is silent."
                )
            edit = replace(edit, has_sound=True, other=other, channels=2)
        suffix = {"mute": "muted", "replace_sound": "new-sound", "mix_sound": "mixed"}[asked.task]
        form = self._form()
        if source.facts.video is None:
            return await self._render_sound(edit, self._sound_form(), suffix)
        copying = self._copying(form, sound=False, edit=edit)
        copied, output = await self._copy(copying, [(0.0, seconds + _BEYOND_SECONDS)], suffix)
        if copied is None:
            return await self._render(replace(edit, look=self._look()), form, suffix)
        expected = seconds if edit.has_sound else copied.pieces[0].end_seconds
        return await self._keep_copied(
            output, copied, form, suffix, expected, sound=edit.has_sound, new_sound=edit.has_sound
        )

    async def _other(self) -> Other:
        asked, run = self.asked, self.run
        assert asked.sound is not None
        found = await run.decode(survey, run.path(asked.sound), run.name(asked.sound))
        if found.facts.audio is None:
            raise MediaError(
                f"{run.name(asked.sound)!r} has no sound to use. It has: {'; '.join(found.facts.streams)}."
            )
        delay = asked.start_seconds or 0.0
        if delay >= self.source.seconds:
            raise ArgumentError(
                f"`start_seconds` is {delay:g}, where the new sound begins, and {self.name!r} lasts "
                f"{self.source.seconds:.2f} s."
            )
        return Other(
            take=_whole_take(run, asked.sound, found),
            way="mix" if asked.task == "mix_sound" else "replace",
            gain=10 ** (asked.volume_db / 20),
            delay_seconds=delay,
        )

    async def _soft(self) -> Done:
        """Add a track of subtitles; nothing is encoded."""
        form = self._form()
        if self.source.facts.video is None or not form.subtitle_codec:
            raise MediaError(f"{self.name!r} has no picture, so nobody would see subtitles. Make a film of it first.")
        words = await self._words()
        edit = replace(self._edit([self._take()], picture=False), has_sound=False, soft=words)
        edit = replace(edit, language=self.asked.language)
        copying = self._copying(form, edit=edit)
        copied, output = await self._copy(copying, [(0.0, self.source.seconds + _BEYOND_SECONDS)], "subtitled")
        if copied is None:
            edit = replace(self._edit([self._take()]), soft=words, language=self.asked.language)
            return await self._render(edit, form, "subtitled")
        return await self._keep_copied(output, copied, form, "subtitled", self.source.seconds)

    async def _words(self) -> tuple[Words, ...]:
        """Return the subtitles that lie in the file."""
        handle = self.asked.subtitles
        assert handle is not None
        path, name = self.run.path(handle), self.run.name(handle)
        content = await self.run.thread(_content, path)
        found = one_at_a_time(read_subtitles(content, name))
        words = [
            Words(start_seconds=one.start_seconds, end_seconds=min(one.end_seconds, self.source.seconds), text=one.text)
            for one in found
            if one.start_seconds < self.source.seconds - 0.01
        ]
        if not words:
            raise MediaError(
                f"The first subtitle of {name!r} is at {found[0].start_seconds:.1f} s, and {self.name!r} lasts "
                f"{self.source.seconds:.1f} s. Are they of this film?"
            )
        if len(words) < len(found):
            self._note(f"{len(found) - len(words)} of {len(found)} subtitles come after the end, and were left out.")
        return tuple(words)

    async def _turned(self) -> Done:
        """Have a film shown turned: by a mark in the file where it has one, so that nothing is encoded."""
        form, source = self._form(), self.source
        if source.facts.video is None:
            raise MediaError(f"{self.name!r} has no picture to turn; it is sound.")
        if form.name in ("mp4", "mov"):
            copying = replace_copying(self._copying(form), self.asked.degrees)
            copied, output = await self._copy(copying, [(0.0, source.seconds + _BEYOND_SECONDS)], "turned")
            if copied is not None:
                return await self._keep_copied(output, copied, form, "turned", source.seconds)
        return await self._changed()

    async def _changed(self) -> Done:
        """Encode the whole film with another look or speed, or with words on it."""
        asked, source = self.asked, self.source
        if source.facts.video is None:
            raise MediaError(f"{self.name!r} has no picture to {asked.task.replace('_', ' ')}; it is sound.")
        edit = self._edit([self._take()])
        look = self._look()
        if asked.task == "crop":
            left, top, width, height, notes = crop_box(asked, source, self.name, even_sizes=True)
            self.notes += notes
            look = Look(width_pixels=width, height_pixels=height, crop=(left, top, width, height))
        elif asked.task == "scale":
            width, height = scaled_size(asked, source)
            look = Look(width_pixels=even(width), height_pixels=even(height), bars=True)
            if (look.width_pixels, look.height_pixels) != (width, height):
                self._note(f"The size was made even, as encoders need it: {look.width_pixels}×{look.height_pixels} px.")
            if abs(look.width_pixels / look.height_pixels / (source.width_pixels / source.height_pixels) - 1) > 0.02:
                self._note(
                    "The picture has another shape than the size; it stands between black bars. Use `crop` first."
                )
        elif asked.task == "rotate":
            width, height = look.width_pixels, look.height_pixels
            size = (height, width) if asked.degrees % 180 else (width, height)
            look = replace(
                look, width_pixels=size[0], height_pixels=size[1], degrees=asked.degrees, mirror=asked.mirror
            )
        elif asked.task == "speed":
            assert asked.speed is not None
            edit = replace(edit, speed=asked.speed)
        elif asked.task == "reverse":
            edit = replace(edit, backwards=True)
        elif asked.task == "burn_subtitles":
            edit = replace(edit, burned=await self._drawn(look))
        suffix = {"burn_subtitles": "subtitled", "speed": "speed", "reverse": "reversed"}.get(asked.task, asked.task)
        return await self._render(replace(edit, look=look), self._form(), suffix)

    async def _drawn(self, look: Look) -> tuple[Words, ...]:
        words = await self._words()
        face, gone = await self.run.thread(face_for, "".join(one.text for one in words))
        if gone:
            self._note(f"No font here has {gone[:20]!r}; these signs were left out.")
        return await self.run.thread(self._draw, words, look, face, gone)

    def _draw(self, words: Sequence[Words], look: Look, face: object, gone: str) -> tuple[Words, ...]:
        from ..film.captions import Face

        drawn = []
        for number, one in enumerate(words):
            self.run.progress(0.1 * number / len(words), "drawing subtitles")
            text = without_signs(one.text, gone)
            picture = draw_caption(
                text, cast("Face", face), width_pixels=look.width_pixels, height_pixels=look.height_pixels
            )
            drawn.append(replace(one, drawn=picture))
        return tuple(drawn)

    async def _still(self) -> Done:
        asked, run, source = self.asked, self.run, self.source
        own = format_for(source.facts.media_type, "picture")
        form = FORMATS[asked.format] if asked.format else own
        if form.video_encoder:
            output = self._output("film", form)
            film = await run.decode(film_of, run.path(self.media), self.name, output, cast("Container", form.name), run)
            return await self._keep(output, form, "film", film.seconds, picture=True, sound=False)
        if not form.is_picture:
            raise MediaError(f"{self.name!r} is a picture and has no sound for {form.name}.")
        if asked.start_seconds is not None or asked.end_seconds is not None or asked.frames_per_second is not None:
            raise ArgumentError(f"{self.name!r} is a still picture: it has no seconds to choose from.")
        most = self._own_bytes(asked.max_bytes) if asked.max_bytes else None
        edit = StillEdit(format=form.name, max_bytes=most, degrees=asked.degrees, mirror=asked.mirror)
        if asked.task == "crop":
            left, top, width, height, notes = crop_box(asked, source, self.name, even_sizes=False)
            self.notes += notes
            edit = replace(edit, crop=(left, top, width, height))
        elif asked.task == "scale" or asked.width_pixels is not None:
            edit = replace(edit, size=scaled_size(asked, source))
        output = self._output(asked.task, form)
        made = await run.decode(edit_still, run.path(self.media), self.name, output, edit)
        self.notes += [one for one in made.notes if one not in self.notes]
        proof = await run.decode(survey, output.path, output.path.name)
        if (proof.width_pixels, proof.height_pixels) != (made.width_pixels, made.height_pixels):
            raise MediaError(f"{self.name!r} was written with another size than it was made with. Its file is damaged.")
        file = await keep(
            run,
            output.path,
            name=self._file_name(asked.task, form),
            media_type=form.media_type,
            making=Making(kind="edit", inputs=self._inputs()),
            facts={"width_pixels": made.width_pixels, "height_pixels": made.height_pixels},
        )
        self._weigh(file)
        return Done(file=file, way="encoded")

    # Parts of a request

    def _form(self) -> Format:
        """Return what the result is written as: the format of the source, unless another was asked for."""
        facts = self.source.facts
        form = FORMATS[self.asked.format] if self.asked.format else format_for(facts.media_type, facts.kind)
        if facts.video is None and form.video_encoder:
            form = sound_format(self.source, None)
        if facts.video is not None and not form.video_encoder:
            raise ArgumentError(f"`{self.asked.task}` gives a film, and {form.name} is none. Use `convert` afterwards.")
        return form

    def _sound_form(self) -> Format:
        return sound_format(self.source, self.asked.format)

    def _copying(
        self, form: Format, *, exact: bool = True, picture: bool = True, sound: bool = True, edit: Edit | None = None
    ) -> Copying:
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

    def _take(self, start_seconds: float = 0.0, end_seconds: float | None = None) -> Take:
        take = _whole_take(self.run, self.media, self.source)
        end = self.source.seconds if end_seconds is None else end_seconds
        return replace(take, start_seconds=start_seconds, end_seconds=end)

    def _look(self) -> Look:
        return Look(width_pixels=even(self.source.width_pixels), height_pixels=even(self.source.height_pixels))

    def _edit(self, takes: Sequence[Take], *, picture: bool = True) -> Edit:
        video = self.source.facts.video
        return Edit(
            takes=tuple(takes),
            look=self._look() if picture and video is not None else None,
            frames_per_second=min(120.0, max(1.0, (video.frames_per_second if video else None) or 25.0)),
            steady=video is None or not video.variable_rate,
            speed=self.asked.speed or 1.0,
            backwards=self.asked.task == "reverse",
            has_sound=self.source.facts.audio is not None,
            channels=1 if self.source.channels == 1 else 2,
            tags=self.source.tags,
        )

    def _output(self, suffix: str, form: Format) -> OutputFile:
        self._made += 1
        path = self.folder / f"{self._made}-{suffix}.{form.ending}"
        return OutputFile(path=path, max_bytes=self.run.settings.max_bytes)

    def _file_name(self, suffix: str, form: Format) -> str:
        stem = Path(self.name).stem[:80] or "file"
        return f"{stem}.{form.ending}" if suffix == "as" else f"{stem}-{suffix}.{form.ending}"

    def _inputs(self) -> tuple[str, ...]:
        more = [self.asked.sound, self.asked.subtitles]
        return tuple(dict.fromkeys([self.media, *(one for one in more if one)]))

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def replace_copying(copying: Copying, degrees: int) -> Copying:
    """Return the same copying, whose picture is to be shown turned clockwise."""
    copying.turned_degrees = degrees
    return copying


async def join(run: "Run", handles: Sequence[str], asked: Asked, folder: Path) -> tuple[Done, list[str]]:
    """Put files one behind the other.

    Raises:
        ArgumentError: There are too few or too many.
        MediaError: One of them cannot be decoded, or is a picture.
    """
    if len(handles) < 2:
        raise ArgumentError("`join` needs at least two files: `media` and `files`, or two or more `files`.")
    if len(handles) > MOST_PIECES:
        raise ArgumentError(f"{len(handles)} files are too many to join at once; the limit is {MOST_PIECES}.")
    found = [await run.decode(survey, run.path(one), run.name(one)) for one in handles]
    for handle, one in zip(handles, found, strict=True):
        if one.facts.kind == "picture":
            raise MediaError(
                f"{run.name(handle)!r} is a still picture, which lasts for no time. Use `compose_video` to show it."
            )
    films = [one for one in found if one.facts.video is not None]
    if films and found[0].facts.video is None:
        raise MediaError(
            f"{run.name(handles[0])!r} is sound, and other files have pictures. Put a film first, or mix the sound in "
            "with `mix_sound`."
        )
    if films and len(films) < len(found):
        sound_only = next(h for h, one in zip(handles, found, strict=True) if one.facts.video is None)
        raise MediaError(f"{run.name(sound_only)!r} has no picture to show. Make a film of it with `picture_sound`.")
    if sum(one.seconds for one in found) > 12 * 3600:
        raise ArgumentError("The files last more than 12 hours together. Join fewer.")
    editing = Editing(run, handles[0], asked, folder, found[0])
    form = editing._form()
    output = editing._output("joined", form)
    wholes = [
        Whole(path=run.path(handle), name=run.name(handle), seconds=one.seconds)
        for handle, one in zip(handles, found, strict=True)
    ]
    tried = await run.decode(try_joining, wholes, output, form, run)
    inputs = tuple(dict.fromkeys(handles))
    has_sound = any(one.facts.audio is not None for one in found)
    if tried.copied is not None:
        seconds = tried.copied.pieces[-1].end_seconds
        done = await editing._keep(output, form, "joined", seconds, picture=bool(films), sound=has_sound)
        return replace(done, way="copied"), editing.notes
    output.remove()
    editing._note(f"All of it was encoded anew: {tried.reason}.")
    if films and len({(one.width_pixels, one.height_pixels) for one in films}) > 1:
        size = found[0].width_pixels, found[0].height_pixels
        editing._note(
            f"Films of another size stand between black bars in {size[0]}×{size[1]} px, the size of the first."
        )
    if has_sound and any(one.facts.audio is None for one in found):
        editing._note("Where a file has no sound, it is silent.")
    edit = editing._edit([_whole_take(run, handle, one) for handle, one in zip(handles, found, strict=True)])
    edit = replace(
        edit,
        look=replace(edit.look, bars=True) if edit.look else None,
        has_sound=has_sound,
        channels=1 if all(one.channels <= 1 for one in found) else 2,
    )
    assert inputs
    return await editing._render(edit, form, "joined"), editing.notes


def _whole_take(run: "Run", handle: str, found: Survey) -> Take:
    return Take(
        path=run.path(handle),
        name=run.name(handle),
        start_seconds=0.0,
        end_seconds=found.seconds,
        origin_seconds=found.sound_origin_seconds,
        has_picture=found.facts.video is not None,
        has_sound=found.facts.audio is not None,
    )


def _silences(path: Path, name: str, silence_db: float, min_silence_seconds: float, run: "Run") -> list[Span]:
    return silences(path, name, run, Reading(), threshold_db=silence_db, at_least_seconds=min_silence_seconds)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)
