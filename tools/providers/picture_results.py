"""Pictures out of an answer: written in it, or lying at an address for a while."""

import binascii
import io
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..base import faults
from ..base.endpoints import ServedModel
from ..base.errors import DeniedError, MediaError, ProviderError
from ..base.sniff import sniff
from ..credentials.keeping import Making, keep

if TYPE_CHECKING:
    from ..base.makers import Task
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
    from ..jobs.downloading import Download, Expired

    endpoint = served.endpoint
    key = {"Authorization": endpoint.authorization} if endpoint.secret else {}
    # With the key where the endpoint itself has it, as its address says; other hosts do not get it.
    download = Download(run=run, name=endpoint.name, base_url=endpoint.base_url, keyed=key)
    with run.workspace.scratch() as folder:
        try:
            await download.to_file(address, folder / "result")
            if (folder / "result").stat().st_size <= MOST_BYTES:
                return await run.thread((folder / "result").read_bytes)
            why = f"it has more than {MOST_BYTES:,} bytes"
        except Expired:
            why = "there is nothing any more at its address"
        except (DeniedError, MediaError, ProviderError) as error:
            why = str(error)
    # It was made, and paid: who asks again must know.
    raise ProviderError(f"`{served.full_name}` made it, and it cannot be fetched: {why}", may_be_paid=True)


async def stored_picture(
    content: bytes,
    name: str,
    served: ServedModel,
    *,
    inputs: tuple[str, ...],
    task: "Task",
    run: "Run",
    facts: "Mapping[str, Fact] | None" = None,
) -> "Artifact":
    """Store what came for a picture, under the type that it has."""
    media_type = sniff(io.BytesIO(content)).media_type
    ending = _ENDINGS.get(media_type, media_type.rpartition("/")[2])
    making = Making(kind="model", provider=served.full_name, inputs=inputs, task=task)
    return await keep(run, content, name=f"{name}.{ending}", media_type=media_type, making=making, facts=facts)
