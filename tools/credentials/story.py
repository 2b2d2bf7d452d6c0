"""What a file tells of its making: the same facts in its metadata and in its manifest."""

from dataclasses import dataclass
from typing import Literal

Relation = Literal["parentOf", "componentOf", "inputTo"]
"""What a file is to the one made of it, in C2PA's words: what was edited; a part of it; what a model was given."""
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""IPTC's words for where media comes from (https://cv.iptc.org/newscodes/digitalsourcetype, 2026-11-21)."""
BY_MODEL, PART_BY_MODEL = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
BY_RULES, COMPOSED = "algorithmicMedia", "composite"
MODEL_MADE = (BY_MODEL, PART_BY_MODEL)
HERE = "sensorium"
"""The provider of what is made on this machine without any model."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """A file that went into another."""

    name: str
    media_type: str
    relation: Relation
    source_type: str = ""
    """What the library knows it to be, where a model had a part in it."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """Who made a file, how, when and out of what. No words of the user are in it: prompts can be private."""

    kind: str
    """As `Making.kind`."""
    title: str
    media_type: str
    tool: str
    provider: str
    version: str
    """Of Sensorium."""
    made_at: str
    """In UTC, as ISO 8601 writes it, to the second."""
    source_type: str
    """A word of IPTC's; empty where it is not known what the edited file was."""
    inputs: tuple[Input, ...] = ()

    @property
    def software(self) -> str:
        return f"Sensorium {self.version}"

    @property
    def source_address(self) -> str:
        return SOURCE_TYPES + self.source_type if self.source_type else ""

    @property
    def by(self) -> str:
        """Who made it, for fields that hold one line."""
        return self.software if self.provider == HERE else f"{self.software}, {self.provider}"

    @property
    def line(self) -> str:
        """The whole of it in a line of text, for formats that have no better place; `read_line` reads it."""
        parts = [f"made by {self.by}", f"tool {self.tool}", f"at {self.made_at}"]
        parts += [f"digital source type {self.source_type}"] if self.source_type else []
        return "; ".join(parts) + "."
