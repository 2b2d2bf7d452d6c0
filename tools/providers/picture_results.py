"""Pictures out of an answer: written in it, or lying at an address for a while."""

import binascii
import io
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..base import faults
from ..base.endpoints import ServedModel
from ..base.errors import ArgumentError, DeniedError, MediaError, ProviderError, SettingsError, TransientError
from ..base.posting import get
from ..base.sniff import sniff
from ..credentials.keeping import Making, keep

if TYPE_CHECKING:
    from ..base.run import Run
    from ..base.workspace import Artifact, Fact

MOST_BYTES = 64 * 2**20
"""Of one picture: 16 million pixels as PNG."""
_DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w=.+-]+)*;base64,", re.I)
_ENDINGS = {"image/jpeg": "jpg", "image/svg+xml": "svg", "application/octet-stream": "bin", "text/plain": "txt"}


def decoded(served: ServedModel, text: str) -> bytes:
    """Return what was written in base64, with or without `data:` before it.

    Raises:
        ProviderError: It is none.
    """
    begins = _DATA.match(text[:200])
    try:
        content = b64decode(text[begins.end() :] if begins else text, validate=False)
    except (ValueError, binascii.Error):
        content = b""
    if not content:
        raise faults.broken_off(served, "a picture in it is no base64")
    return content


async def result_bytes(served: ServedModel, address: str, run: "Run") -> bytes:
    """Return the content of a result that is data, or lies at an address.

    Raises:
        ProviderError: It cannot be had: the address is none, expired, or leads where nothing is fetched from.
    """
    if address[:5].lower() == "data:":
        return decoded(served, address)
    try:
        if urlsplit(address)[:2] == urlsplit(served.endpoint.base_url)[:2]:
            return await read_whole(served, address, run)
        return await _fetched(address, run)
    except (ArgumentError, DeniedError, MediaError, ProviderError, SettingsError, TransientError) as error:
        # It was made, and paid: who asks again must know.
        told = f"`{served.full_name}` made it, and it cannot be fetched: {error}"
        raise ProviderError(told, may_be_paid=True) from error


async def read_whole(served: ServedModel, path: str, run: "Run", *, most_bytes: int = MOST_BYTES) -> bytes:
    """Return what an endpoint gives at a path, or at an address of its own.

    Raises:
        ProviderError: It does not give it, or too much.
    """
    parts, size = [], 0
    async with get(served, path, egress=run.egress) as response:
        async for part in response.aiter_bytes():
            parts.append(part)
            size += len(part)
            if size > most_bytes:
                raise faults.broken_off(served, f"a file of it goes on after {most_bytes} bytes")
    return b"".join(parts)


async def _fetched(address: str, run: "Run") -> bytes:
    from ..base.outward import refuse_if_local_only
    from ..fetching.dialling import Dialler
    from ..fetching.spelling import read_location
    from ..fetching.transport import Fetching

    dialler = Dialler(rules=run.settings.fetch, before=lambda host: refuse_if_local_only(run.settings, host))
    location = read_location(address)
    run.comes_from_web(location.host)
    with run.workspace.scratch() as folder:
        await Fetching(dialler=dialler).to_file(location, folder / "result")
        return await run.thread((folder / "result").read_bytes)


async def stored_picture(
    content: bytes,
    name: str,
    served: ServedModel,
    *,
    inputs: tuple[str, ...],
    run: "Run",
    facts: "Mapping[str, Fact] | None" = None,
) -> "Artifact":
    """Store what came for a picture, under the type that it has."""
    media_type = sniff(io.BytesIO(content)).media_type
    ending = _ENDINGS.get(media_type, media_type.rpartition("/")[2])
    making = Making(kind="model", provider=served.full_name, inputs=inputs)
    return await keep(run, content, name=f"{name}.{ending}", media_type=media_type, making=making, facts=facts)
