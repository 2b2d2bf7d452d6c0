"""Keep secrets out of what is logged, and out of tracebacks that nobody caught."""

import logging
import sys
import threading
import traceback

from .secrets import redact_told


class SecretFilter(logging.Filter):
    """Strikes secrets from what is logged, tracebacks too."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if (struck := redact_told(said)) != said:
            record.msg, record.args = struck, ()
        if record.exc_info and not record.exc_text:
            # A formatter writes what it finds here, and makes its own only where it finds nothing.
            record.exc_text = redact_told("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        elif record.exc_text:
            record.exc_text = redact_told(record.exc_text)
        if record.stack_info:
            record.stack_info = redact_told(record.stack_info)
        return True


def logger_of(name: str) -> logging.Logger:
    """Return a logger from whose records secrets are struck before any handler sees them."""
    logger = logging.getLogger(name)
    if not any(isinstance(one, SecretFilter) for one in logger.filters):
        logger.addFilter(SecretFilter())
    return logger


def guard_process() -> None:
    """Strike secrets from what this program writes by itself: logs of any library, tracebacks that nobody caught."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, SecretFilter) for one in handler.filters):
            handler.addFilter(SecretFilter())
    sys.excepthook = lambda kind, error, trace: _print_error(error)
    threading.excepthook = lambda args: _print_error(args.exc_value)


def _print_error(error: BaseException | None) -> None:
    if error and not isinstance(error, SystemExit) and sys.stderr:
        print(redact_told("".join(traceback.format_exception(error))), end="", file=sys.stderr)
