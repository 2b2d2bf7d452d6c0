"""The manifest of C2PA in a file: who signed it, whether it still holds, and what it claims."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from ..base.errors import MediaError, UnavailableError
from . import native
from .identity import ORGANISATION
from .manifest import settings
from .story import MODEL_MADE, SOURCE_TYPES

_MOST_LETTERS, _MOST_ITEMS = 200, 100
_CHANGED = ("assertion.dataHash.mismatch", "assertion.bmffHash.mismatch", "assertion.boxesHash.mismatch")
_EXPIRED = "signingCredential.expired"
_UNKNOWN = ("signingCredential.untrusted", "timeStamp.untrusted")
"""Of a signature that holds, by someone who is on no list."""
_NO_FAULT = (*_UNKNOWN, _EXPIRED)
"""Of a file that was not changed; nobody knows whether it was signed before the certificate's time was over."""


class ElsewhereError(MediaError):
    """A file has no manifest, but says where one lies."""


class UsedFile(BaseModel):
    """A file that went into another, as the manifest says."""

    name: str
    relation: str = Field(
        description="`parentOf`: what was edited; `componentOf`: a part; `inputTo`: given to a model."
    )
    by: str = Field(default="", description="Who signed that it made it; empty for a file without a manifest.")
    digital_source_type: str = ""
    state: Literal["valid", "altered", "unsigned"] = "unsigned"


class Manifest(BaseModel):
    """What was claimed when a file was signed."""

    state: Literal["valid", "altered", "broken"] = Field(
        description="`altered`: the file was changed since it was signed; `broken`: what was signed was changed itself."
    )
    signer: Literal["yours", "self-made", "not known here"] = Field(
        description="`yours`: with a certificate of this library; `self-made`: with one that nobody vouches for."
    )
    issuer: str = ""
    name: str = Field(default="", description="The certificate's.")
    signed_at: str = Field(default="", description="As a timestamp authority says; empty when none was asked.")
    title: str = ""
    generator: str = ""
    agents: list[str] = Field(default_factory=list, description="Programs and models that did something.")
    actions: list[str] = Field(default_factory=list)
    tool: str = ""
    made_at: str = Field(default="", description="As the maker says.")
    source_type: str = ""
    is_edit: bool = False
    inputs: list[UsedFile] = Field(default_factory=list)
    manifests: int = Field(default=1, description="In the file: its own, and those of its inputs.")
    problems: list[str] = Field(default_factory=list)


def read_manifest(file: BinaryIO, media_type: str, anchors: str) -> Manifest | None:
    """Return the manifest that a file holds; None without one.

    Raises:
        MediaError: It cannot be read.
        ElsewhereError: It is not in the file.
    """
    try:
        c2pa = native.c2pa()
    except UnavailableError as error:
        raise MediaError(str(error)) from error
    chosen = settings(verify_trust=True)
    if anchors:
        chosen["trust"] = {"user_anchors": anchors}
    file.seek(0)
    try:
        with c2pa.Context.from_dict(chosen) as context:
            reader = c2pa.Reader.try_create(media_type, file, None, context)
            if reader is None:
                return None
            with reader:
                return _manifest(json.loads(reader.json()), _own_numbers(anchors))
    except c2pa.C2paError.NotSupported:
        return None
    except c2pa.C2paError as error:
        _, is_elsewhere, address = str(error).partition("must fetch remote manifests from url ")
        if is_elsewhere:
            raise ElsewhereError(
                f"It names a manifest of C2PA on {_host(address)!r}, which is not fetched: nothing is proved."
            ) from error
        raise MediaError(f"Its manifest of C2PA cannot be read: {_text(str(error))}") from error


def _manifest(store: Mapping[str, Any], own_numbers: frozenset[str]) -> Manifest:
    manifests = store.get("manifests") or {}
    own = manifests.get(str(store.get("active_manifest"))) or {}
    signature = own.get("signature_info") or {}
    failures = [one.get("code", "") for one in _failures(store)]
    actions = list(_actions(own))
    inputs = [_used(one, manifests) for one in (own.get("ingredients") or [])[:_MOST_ITEMS]]
    types = [one for one in (_type(action) for action in actions) if one]
    issuer = _text(signature.get("issuer"))
    parent = next((one for one in inputs if one.relation == "parentOf"), None)
    return Manifest(
        state=_state(failures),
        signer=_signer(store, issuer, is_own=str(signature.get("cert_serial_number")) in own_numbers),
        issuer=issuer,
        name=_text(signature.get("common_name")),
        signed_at=_text(signature.get("time")),
        title=_text(own.get("title")),
        generator=_generator(own),
        agents=list(dict.fromkeys(one for action in actions if (one := _agent(action)))),
        actions=[_text(action.get("action")).removeprefix("c2pa.") for action in actions],
        tool=next((_text(action["description"]) for action in actions if action.get("description")), ""),
        made_at=next((_text(action["when"]) for action in actions if action.get("when")), ""),
        source_type=types[-1] if types else _kept_type(parent),
        is_edit=parent is not None,
        inputs=inputs,
        manifests=max(1, len(manifests)),
        problems=[one for one in dict.fromkeys(failures) if one and one not in _UNKNOWN],
    )


def _kept_type(parent: UsedFile | None) -> str:
    """Return what an edited file still is: of a recording that somebody changed, nothing; of a model's, the model's."""
    return parent.digital_source_type if parent and parent.digital_source_type in MODEL_MADE else ""


def _own_numbers(anchors: str) -> frozenset[str]:
    """Return the numbers of the certificates that sign; others that hang on the same roots are strangers'."""
    if not anchors:
        return frozenset()
    from cryptography import x509

    found = []
    for one in x509.load_pem_x509_certificates(anchors.encode()):
        with suppress(x509.ExtensionNotFound, ValueError):
            if one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
                continue
        found.append(str(one.serial_number))
    return frozenset(found)


def _signer(store: Mapping[str, Any], issuer: str, *, is_own: bool) -> Literal["yours", "self-made", "not known here"]:
    active = (store.get("validation_results") or {}).get("activeManifest") or {}
    if is_own and any(one.get("code") == "signingCredential.trusted" for one in active.get("success") or []):
        return "yours"
    return "self-made" if issuer == ORGANISATION else "not known here"


def _state(failures: Sequence[str]) -> Literal["valid", "altered", "broken"]:
    faults = [one for one in failures if one not in _NO_FAULT]
    if not faults:
        return "valid"
    return "altered" if all(one in _CHANGED for one in faults) else "broken"


def _failures(store: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what is wrong with the file's own manifest, and what became of those it carries since it was signed.

    What was wrong with an input before is said of that one.
    """
    results = store.get("validation_results") or {}
    yield from (results.get("activeManifest") or {}).get("failure") or []
    for one in results.get("ingredientDeltas") or []:
        yield from (one.get("validationDeltas") or {}).get("failure") or []


def _used(one: Mapping[str, Any], manifests: Mapping[str, Any]) -> UsedFile:
    its_own = manifests.get(str(one.get("active_manifest"))) or {}
    actions = list(_actions(its_own))
    results = (one.get("validation_results") or {}).get("activeManifest") or {}
    faults = [fault.get("code") for fault in results.get("failure") or [] if fault.get("code") not in _NO_FAULT]
    agents = [*(agent for action in actions if (agent := _agent(action))), _generator(its_own)]
    return UsedFile(
        name=_text(one.get("title")),
        relation=_text(one.get("relationship")),
        by=", ".join(dict.fromkeys(agent for agent in agents if agent)),
        digital_source_type=next((kind for action in reversed(actions) if (kind := _type(action))), ""),
        state="unsigned" if not its_own else "altered" if faults else "valid",
    )


def _actions(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in manifest.get("assertions") or []:
        if str(one.get("label", "")).startswith("c2pa.actions") and isinstance(one.get("data"), Mapping):
            found = one["data"].get("actions")
            yield from (action for action in (found or [])[:_MOST_ITEMS] if isinstance(action, Mapping))


def _agent(action: Mapping[str, Any]) -> str:
    agent = action.get("softwareAgent")
    if isinstance(agent, Mapping):
        return " ".join(one for one in (_text(agent.get("name")), _text(agent.get("version"))) if one)
    return _text(agent)


def _generator(manifest: Mapping[str, Any]) -> str:
    for one in manifest.get("claim_generator_info") or []:
        return " ".join(part for part in (_text(one.get("name")), _text(one.get("version"))) if part)
    return _text(manifest.get("claim_generator"))


def _type(action: Mapping[str, Any]) -> str:
    return _text(action.get("digitalSourceType")).removeprefix(SOURCE_TYPES).rpartition("/")[2]


def _host(address: str) -> str:
    with suppress(ValueError):
        return _text(urlsplit(address).hostname) or "another machine"
    return "another machine"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable())[:_MOST_LETTERS].strip()
