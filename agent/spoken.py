"""Strikes secrets from an answer while it comes, whichever of its parts they are in."""

from dataclasses import dataclass, field, replace

from ..tools.base.secrets import Stream, redact, redact_plain
from .stream import CallPiece, Completion, Piece


@dataclass
class Spoken:
    """One answer of a model."""

    _text: Stream = field(default_factory=Stream)
    _reasoning: Stream = field(default_factory=Stream)
    _calls: dict[int, Stream] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)

    def take(self, piece: Piece) -> Piece:
        """Return what may be passed on of what has come."""
        return replace(
            piece,
            text=self._text.take(piece.text),
            reasoning=self._reasoning.take(piece.reasoning),
            calls=tuple(map(self._call, piece.calls)),
        )

    def last(self, piece: Piece, completion: Completion) -> Piece:
        """Return the rest of the answer, and strike what its completion has gathered."""
        for call in completion.calls:
            call.name, call.id = redact(call.name), redact(call.id)
            call.arguments = redact(call.arguments) if isinstance(call.arguments, str) else redact_plain(call.arguments)
        taken = self.take(piece)
        held = ((number, stream.rest()) for number, stream in self._calls.items())
        rests = (CallPiece(number, self._names[number], rest) for number, rest in held if rest)
        return replace(
            taken,
            text=taken.text + self._text.rest(),
            reasoning=taken.reasoning + self._reasoning.rest(),
            calls=(*taken.calls, *rests),
        )

    def _call(self, piece: CallPiece) -> CallPiece:
        self._names[piece.number] = redact(piece.name)
        stream = self._calls.setdefault(piece.number, Stream())
        return replace(piece, name=self._names[piece.number], arguments=stream.take(piece.arguments))
