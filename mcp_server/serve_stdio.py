"""Run a server on standard input."""

from typing import TYPE_CHECKING

from ..tools.base.secret_logs import logger_of

if TYPE_CHECKING:
    from .app import MediaServer

logger = logger_of(__name__)


def serve_stdio(server: "MediaServer") -> None:
    """Serve until the client closes its end, or is gone."""
    try:
        server.run("stdio")
    except* BrokenPipeError:
        logger.info("the client left without reading its answers")
