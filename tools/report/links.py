"""The links of a page: from a sentence to the second, the frame and the line it rests on."""

from collections.abc import Mapping, Sequence
from html import escape

from ..base.moments import Moment
from .counted import base_name
from .illustrations import Illustration
from .model import Draft, Sentence
from .wording import Wording, clean, clock

MOST_SHOWN = 4
SAME_TIME_SECONDS = 10.0


class Links:
    """Makes links, and knows which anchors the evidence must carry."""

    def __init__(self, draft: Draft, pictures: Mapping[str, Illustration], say: Wording) -> None:
        self._moments = {one.id: one for one in draft.moments}
        self._measures = {one.name: one for one in draft.measures}
        self._files = {file.handle: at for at, file in enumerate(draft.files, 1)}
        self._say = say
        shown = dict.fromkeys(one.picture for one in draft.chapters if one.picture in pictures)
        self._frames = {handle: f"frame-{at}" for at, handle in enumerate(shown, 1) if handle}
        self._times = {self._anchor(one): one.id for one in reversed(draft.moments) if one.start_seconds is not None}
        self._frame_times: dict[str, float] = {}
        for one in draft.moments:
            if one.artifact and one.start_seconds is not None:
                self._frame_times.setdefault(one.artifact, one.start_seconds)

    def moments_of(self, evidence: Sequence[str]) -> list[Moment]:
        return [self._moments[name] for name in evidence if name in self._moments]

    def _anchor(self, moment: Moment) -> str:
        return self._time_anchor(moment.start_seconds or 0.0, moment.media)

    def _time_anchor(self, seconds: float, media: str | None) -> str:
        number = self._files.get(media or "", 1)
        return f"t{number if number > 1 else ''}={f'{seconds:.2f}'.rstrip('0').rstrip('.')}"

    def time_anchor_of(self, moment: Moment) -> str:
        """Return the anchor of a second that stands at this moment, or an empty string: each stands once."""
        if moment.start_seconds is None:
            return ""
        anchor = self._anchor(moment)
        return anchor if self._times[anchor] == moment.id else ""

    def at(self, seconds: float, media: str | None, shown: str) -> str:
        """Return a link to a second if the evidence has it, else the bare words."""
        anchor = self._time_anchor(seconds, media)
        if anchor not in self._times:
            return shown
        label = escape(self._say("play", at=clock(seconds)))
        return f'<a class="at" href="#{anchor}" title="{label}">{shown}</a>'

    def when(self, moment: Moment) -> str:
        """Return a moment's time as a link to its second."""
        if moment.start_seconds is None:
            return ""
        return self.at(moment.start_seconds, moment.media, clock(moment.start_seconds))

    def to(self, name: str) -> str:
        """Return a link to the line of a moment or a measure."""
        label = escape(self._say("show_moment", id=name))
        shown = escape(self._say.measure(base_name(name)) if name in self._measures else name)
        return f'<a class="id" href="#{escape(name)}" title="{label}">{shown}</a>'

    def frame(self, handle: str) -> str:
        """Return the anchor of a frame that is shown, or an empty string."""
        return self._frames.get(handle, "")

    def frame_caption(self, handle: str) -> str:
        """Say at which second a frame stands."""
        seconds = self._frame_times.get(handle)
        return "" if seconds is None else escape(self._say("picture_of", at=clock(seconds)))

    def cites(self, sentence: Sentence) -> str:
        """Return the links of one sentence; those beyond the first few open on demand.

        A time is written once for what stands close to it: the lines of a slide, the segments of a sentence.
        """
        close = 0.5 if sentence.role in ("claim", "model") else SAME_TIME_SECONDS
        links, last, framed = [], float("-inf"), set[str]()
        for name in sentence.evidence:
            moment = self._moments.get(name)
            link = self.to(name)
            if moment and moment.start_seconds is not None:
                if abs(moment.start_seconds - last) >= close:
                    link = f"{self.when(moment)} {link}"
                    last = moment.start_seconds
                frame = self.frame(moment.artifact or "")
                if frame and frame not in framed:
                    framed.add(frame)
                    link += f' <a class="id" href="#{frame}" aria-label="{escape(self._say("picture"))}">▣</a>'
            links.append(f"<span>{link}</span>")
        if len(links) <= MOST_SHOWN + 1:
            return f' <span class="cites">{" ".join(links)}</span>'
        rest = f"<details><summary>+{len(links) - MOST_SHOWN}</summary> {' '.join(links[MOST_SHOWN:])}</details>"
        return f' <span class="cites">{" ".join(links[:MOST_SHOWN])} {rest}</span>'

    def source(self, moment: Moment) -> str:
        """Say who found a moment and how sure it is."""
        source = moment.source
        by = "" if source.provider == "sensorium" else f", {clean(source.provider)}"
        return escape(f"{clean(source.tool)}{by}, {self._say(source.quality)}")
