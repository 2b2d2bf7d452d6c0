"""How streams of one codec are read and written, so that encoded frames fit between copied packets."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from . import hevc, nal
from .outline import Entry

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

_PROFILES = {66: "baseline", 77: "main", 100: "high", 110: "high10", 122: "high422", 244: "high444"}
# Nearly without loss: a few frames that are seen beside those they were made of.
_X264 = {"preset": "veryfast", "crf": "16", "bf": "0"}
_X265 = {"preset": "veryfast", "crf": "14", "forced-idr": "1"}
_X265_MORE = "log-level=none:bframes=0:open-gop=0:repeat-headers=0:info=0:pools=none:frame-threads=1"
_VPX = {"deadline": "good", "cpu-used": "4", "crf": "12", "b": "0", "auto-alt-ref": "0", "lag-in-frames": "0"}
VPX_ENCODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


class Unsafe(Exception):
    """Packets of a stream cannot be put together with new ones; says why, as a part of a sentence."""


class Dialect(Protocol):
    """What differs from codec to codec."""

    extradata: bytes | None
    """What the new stream says of itself: the parameters of the old frames and of the new ones."""
    encoder: str
    options: dict[str, str]
    has_header: bool
    """Its encoder gives the parameters apart from the frames."""
    why_not: str
    """Why nothing can be encoded; empty: it can."""

    def entry(self, packet: bytes) -> Entry:
        """Return whether decoding can begin at a key packet; raise `Unsafe` where parameters change on the way."""

    def old(self, packet: bytes) -> bytes:
        """Return a copied packet as the new stream has it."""

    def first(self, packet: bytes) -> bytes:
        """Return a packet that decoding begins at in the middle of a stream, told so where it must be."""

    def learn(self, extradata: bytes) -> None:
        """Take the encoder's parameters into the header; raise `Unsafe` where they are not those of before."""

    def new(self, packet: bytes) -> bytes:
        """Return an encoded packet as the new stream has it."""


@dataclass(eq=False)
class Plain:
    """VP8 and VP9, whose packets need nothing beside themselves, and what cannot be encoded here."""

    extradata: bytes | None
    why_not: str = ""
    encoder: str = ""
    options: dict[str, str] = field(default_factory=lambda: dict(_VPX))
    has_header: bool = False

    def entry(self, packet: bytes) -> Entry:
        return "clean"

    def old(self, packet: bytes) -> bytes:
        return packet

    def first(self, packet: bytes) -> bytes:
        return packet

    def learn(self, extradata: bytes) -> None:
        """Nothing: there is no header."""

    def new(self, packet: bytes) -> bytes:
        return packet


class H264:
    """H.264: the new frames have parameter sets of another number beside the old ones."""

    encoder = "libx264"
    has_header = True

    def __init__(self, context: "VideoCodecContext") -> None:
        self.extradata, self.why_not = context.extradata, ""
        self.options: dict[str, str] = {}
        self._made: tuple[bytes, ...] = ()
        self._known: set[bytes] = set()
        self._header, self._ending = None, b""
        self._in_band = (context.extradata or b"")[:1] != b"\x01"
        """The old packets have start codes."""
        found = nal.header(context.extradata or b"")
        if found is None:
            self.why_not = "its header names no parameters"
            return
        self._header, self._ending = found
        if self._in_band:
            self.extradata = self._header.packed(self._ending)
        self._known = set(self._header.sequence + self._header.picture)
        try:
            free = sorted(set(range(nal.MOST_SETS + 1)) - self._header.ids())
        except ValueError as error:
            self.why_not = str(error)
            return
        profile = self._header.profile
        if profile not in _PROFILES or not free:
            self.why_not = f"H.264 of profile {profile} cannot be encoded here"
            return
        self.options = {**_X264, "profile": _PROFILES[profile], "x264-params": f"sps-id={free[-1]}"}

    def entry(self, packet: bytes) -> Entry:
        found = list(nal.split(packet)) if self._in_band else nal.units(packet, self._length_bytes)
        if found is None:
            raise Unsafe("some of its packets are damaged")
        if any(nal.kind(one) in (nal.SPS, nal.PPS) and one not in self._known for one in found):
            raise Unsafe("it changes its parameters on the way")
        try:
            if any(nal.recovery_frames(one) for one in found if nal.kind(one) == nal.SEI):
                return ""  # only after some frames is the picture whole
        except ValueError:
            return ""
        return "clean" if any(nal.kind(one) == nal.IDR for one in found) else "key"

    def old(self, packet: bytes) -> bytes:
        if self._in_band and self._header is not None:
            return nal.joined(list(nal.split(packet)), self._length_bytes)
        return packet

    def first(self, packet: bytes) -> bytes:
        return packet

    def learn(self, extradata: bytes) -> None:
        found = nal.header(extradata)
        if found is None or self._header is None:
            raise Unsafe("the encoder names no parameters")
        made = found[0].sequence + found[0].picture
        if self._made and made != self._made:
            raise Unsafe("the encoder's parameters change")
        self._made = made
        self.extradata = self._header.joined(found[0]).packed(self._ending)

    def new(self, packet: bytes) -> bytes:
        kept = [one for one in nal.split(packet) if nal.kind(one) not in (nal.SPS, nal.PPS, nal.SEI)]
        return nal.joined(kept, self._length_bytes)

    @property
    def _length_bytes(self) -> int:
        return self._header.length_bytes if self._header is not None else 4


class Hevc:
    """HEVC: the new frames have parameter sets of other numbers, which are written into each of their units."""

    encoder = "libx265"
    has_header = True

    def __init__(self, context: "VideoCodecContext") -> None:
        self.extradata, self.why_not = context.extradata, ""
        self.options = {**_X265, "x265-params": _X265_MORE}
        self._given = context.extradata or b""
        self._numbers: hevc.Numbers | None = None
        self._made: list[bytes] = []
        self._known: set[bytes] = set()
        try:
            self._known = set(hevc.sets_of(self._given))
            self._numbers = hevc.Numbers.beside(self._given)
        except (ValueError, IndexError):
            self.why_not = "its parameters leave no room for others"

    def entry(self, packet: bytes) -> Entry:
        found = self._units(packet)
        if any(hevc.kind(one) in hevc.SETS and one not in self._known for one in found):
            raise Unsafe("it changes its parameters on the way")
        return "clean" if any(hevc.kind(one) in hevc.CLEAN for one in found) else "key"

    def old(self, packet: bytes) -> bytes:
        return packet

    def first(self, packet: bytes) -> bytes:
        return self._joined([hevc.alone(one) for one in self._units(packet)])

    def learn(self, extradata: bytes) -> None:
        assert self._numbers is not None
        try:
            made = [self._numbers.on(one) for one in hevc.sets_of(extradata)]
        except (ValueError, IndexError) as error:
            raise Unsafe("the encoder's parameters cannot stand beside the others") from error
        if self._made and made != self._made:
            raise Unsafe("the encoder's parameters change")
        self._made = made
        self.extradata = hevc.with_sets(self._given, made)

    def new(self, packet: bytes) -> bytes:
        assert self._numbers is not None
        return self._joined([self._numbers.on(one) for one in nal.split(packet) if hevc.kind(one) < hevc.VPS])

    def _units(self, packet: bytes) -> list[bytes]:
        if not hevc.is_boxed(self._given):
            return list(nal.split(packet))
        found = nal.units(packet, hevc.length_bytes(self._given))
        if found is None:
            raise Unsafe("some of its packets are damaged")
        return found

    def _joined(self, units: list[bytes]) -> bytes:
        if not hevc.is_boxed(self._given):
            return b"".join(b"\x00\x00\x00\x01" + one for one in units)
        return nal.joined(units, hevc.length_bytes(self._given))
