"""Puts files where a provider can fetch them, for those that take addresses only."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..base.errors import ArgumentError, ProviderError
from .api import expression
from .asking import Asking
from .shapes import Operation, Upload

if TYPE_CHECKING:
    from .filling import Filling


async def upload(asking: Asking, filling: "Filling", operation: Operation) -> dict[str, str | int]:
    """Return the addresses of the files that an order names by theirs.

    Raises:
        ArgumentError: The provider takes addresses only, and a file has none.
        ProviderError, SettingsError: It cannot be uploaded; nothing was charged.
    """
    found: dict[str, str | int] = {}
    way = operation.upload or asking.api.upload
    for handle in dict.fromkeys(filling.needs_address(operation.submit)):
        if way is None:
            found[handle] = _known_address(asking, filling, handle)
            continue
        filling.run.progress(None, f"uploading {filling.run.name(handle)}")
        try:
            found[handle] = await _put(asking, filling, handle, way)
        except ProviderError as error:
            # Whatever became of the file, the order was not sent.
            raise ProviderError(str(error), is_outage=error.is_outage) from None
    return found


async def _put(asking: Asking, filling: "Filling", handle: str, way: Upload) -> str | int:
    def look_up(name: str, filter: str) -> Any:
        if name == "file":
            return filling.file(handle, filter or "file")
        return filling(name, filter)

    if way.part is not None:
        way = replace(way, form={**(way.form or {}), way.part: "{file:file}"})
    answer = await asking.send(await filling.run.thread(asking.written, way, look_up))
    address = expression(way.url)(answer)
    if isinstance(address, bool) or not isinstance(address, str | int) or not str(address).strip():
        raise ProviderError(f"`{asking.api.name}` took the file and gave no address of it.")
    return address


def _known_address(asking: Asking, filling: "Filling", handle: str) -> str:
    """Return where a file was fetched from."""
    artifact = filling.run.artifact(handle)
    address = artifact.facts.get("address")
    if not isinstance(address, str) or not address.startswith(("https://", "http://")):
        raise ArgumentError(
            f"`{asking.api.name}` takes files by public addresses only, and {artifact.name!r} has none. Fetch it with "
            "`fetch_url`, or use a provider that takes files. Nothing was sent."
        )
    return address
