"""What every maker behind an endpoint of its own says about itself."""

from typing import TYPE_CHECKING

from ..base.outward import refuse_endpoint
from ..base.posting import get, read_whole
from ..base.settings import Settings
from .at_endpoint import AtEndpoint

if TYPE_CHECKING:
    from ..base.run import Run

MOST_BYTES = 8 * 2**20
"""Of an answer that is asked for to see that there is one."""


class AtOwnEndpoint(AtEndpoint):
    """A maker behind an endpoint; it asks no fallback, for others take other requests."""

    free_path = "/models"
    """What is asked to see that the server answers; it costs nothing."""

    def __init__(self, settings: Settings, model: str, role: str) -> None:
        super().__init__(settings, model)
        self.role = role

    async def try_out(self, run: "Run") -> str | None:
        """Ask for what costs nothing; None, for any answer will do.

        Raises:
            SensoriumError: It cannot be asked.
        """
        async with get(self._served(), self.free_path, egress=run.egress) as response:
            await read_whole(self._served(), response, MOST_BYTES)
        return None

    def _refuse(self) -> None:
        refuse_endpoint(self._served().endpoint)
