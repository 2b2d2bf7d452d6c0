"""Run a server on standard input."""

import signal
from typing import TYPE_CHECKING

from ..tools.base.secret_logs import logger_of

if TYPE_CHECKING:
    from .app import MediaServer

logger = logger_of(__name__)


def serve_stdio(server: "MediaServer") -> None:
    """Serve until the client closes its end, or is gone, or somebody at a terminal stops it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # As for SIGTERM: the SDK's thread that waits for the next line would hold what Ctrl-C stops in Python's way.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        server.run("stdio")
    except* BrokenPipeError:
        logger.info("the client left without reading its answers")
