"""Read from a file who made it: what its manifest proves, and what its metadata only says."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from ..base.errors import MediaError
from ..base.sniff import sniff
from .built import is_as_built
from .other_metadata import other_metadata
from .said import ends_of, said_in, was_signed
from .signed import ElsewhereError, Manifest, read_manifest
from .story import SOURCE_TYPES
from .tagging import MANIFESTS

How = Literal["model", "partly model", "rules", "composed", "edited", "captured", "unknown"]
HOW: dict[str, How] = {
    "trainedAlgorithmicMedia": "model",
    "compositeWithTrainedAlgorithmicMedia": "partly model",
    "compositeSynthetic": "partly model",
    "algorithmicMedia": "rules",
    "dataDrivenMedia": "rules",
    "virtualRecording": "rules",
    "composite": "composed",
    "compositeCapture": "composed",
    "humanEdits": "edited",
    "minorHumanEdits": "edited",
    "algorithmicallyEnhanced": "edited",
    "digitalCreation": "edited",
    "digitalCapture": "captured",
    "computationalCapture": "captured",
    "screenCapture": "captured",
    "negativeFilm": "captured",
    "positiveFilm": "captured",
    "print": "captured",
}
"""IPTC's words in ours."""


class Maker(BaseModel):
    """Who made a file, when, how."""

    how: How = "unknown"
    digital_source_type: str = Field(default="", description="IPTC's word; empty when nothing says it.")
    by: str = Field(default="", description="The program, and the model if one made it.")
    tool: str = ""
    made_at: str = ""
    proof: Literal["signed", "altered", "unread", "said", "none"] = Field(
        default="none",
        description="`signed`: the signature holds over all that the file shows, whoever signed; `altered`: it was "
        "signed and changed since, or the signature does not hold; `unread`: it was not looked at; `said`: only its "
        "metadata says so, which anybody can write.",
    )


class Told(BaseModel):
    """What a file tells of its making."""

    media_type: str
    bytes: int
    maker: Maker
    manifest: Manifest | None = None
    metadata: dict[str, str] = Field(default_factory=dict, description="As written; anybody can write anything there.")
    limits: list[str] = Field(default_factory=list)


def read_told(file: Path, name: str, anchors: str, *, looks: bool = True) -> Told:
    """Return what a file tells of its making.

    Args:
        file: Anything.
        name: What messages call it.
        anchors: Certificates, in PEM, of the roots that are one's own.
        looks: Whether it is taken apart; otherwise only words in it are found, which nothing in a file can hinder.
    """
    with file.open("rb") as opened:
        media_type = sniff(opened).media_type
        if media_type == "text/xml":
            media_type = "image/svg+xml"
        limits: list[str] = []
        manifest, is_elsewhere = None, False
        try:
            manifest = read_manifest(opened, MANIFESTS.get(media_type, media_type), anchors) if looks else None
        except MediaError as error:
            limits.append(str(error))
            is_elsewhere = isinstance(error, ElsewhereError)
        content = ends_of(opened)
        if manifest and manifest.state == "valid" and manifest.generator.startswith("Sensorium "):
            changed = [] if is_as_built(content) else ["what no signature covers was changed"]
            manifest = manifest.model_copy(update={"state": "altered", "problems": changed}) if changed else manifest
        size = file.stat().st_size
    metadata = {**(other_metadata(file, name, media_type) if looks else {}), **said_in(content)}
    # A drawing with one wrong byte is no text any more.
    could_be = media_type in MANIFESTS or content.lstrip()[:5] in (b"<?xml", b"<svg ", b"<svg>")
    is_lost = looks and manifest is None and not is_elsewhere and could_be and was_signed(content)
    if is_lost and not limits:
        limits.append("It holds parts of a manifest of C2PA, which cannot be read.")
    maker = _maker(manifest, metadata, is_lost=is_lost)
    return Told(
        media_type=media_type,
        bytes=size,
        maker=maker if looks else maker.model_copy(update={"proof": "unread"}),
        manifest=manifest,
        metadata=metadata,
        limits=limits,
    )


def _maker(manifest: Manifest | None, metadata: dict[str, str], *, is_lost: bool) -> Maker:
    if manifest is not None:
        kind = manifest.source_type
        return Maker(
            how=HOW.get(kind, "edited" if manifest.is_edit else "unknown"),
            digital_source_type=kind,
            by=", ".join(dict.fromkeys([*manifest.agents, manifest.generator])) or "not said",
            tool=manifest.tool,
            made_at=manifest.made_at,
            proof="signed" if manifest.state == "valid" else "altered",
        )
    kind = metadata.get("DigitalSourceType", "").removeprefix(SOURCE_TYPES).rpartition("/")[2]
    names = ("CreatorTool", "AISystemUsed", "made by", "software", "encoder", "Software")
    by = next((metadata[one] for one in names if metadata.get(one)), "")
    if not (kind or by):
        return Maker(proof="altered" if is_lost else "none")
    return Maker(
        how=HOW.get(kind, "unknown"),
        digital_source_type=kind,
        by=by,
        tool=metadata.get("tool", ""),
        made_at=metadata.get("CreateDate", "") or metadata.get("at", ""),
        proof="altered" if is_lost else "said",
    )
