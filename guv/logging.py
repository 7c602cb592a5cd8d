"""Logging: events with keys, one line each, secrets masked."""

import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any

import structlog

_SECRET_KEYS = re.compile(
    r"password|passwd|secret|token|api[_-]?key|license[_-]?key|authorization|credential|encryption",
    re.IGNORECASE,
)
# Up to the last "@", since a password may contain an unencoded "@" or "/".
_USER_INFO = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s\"<>]*@", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE)
_KNOWN = re.compile(
    r"\bguv_[A-Za-z0-9_-]{32,}|\b(HRKU-|NRAK-|gAAAAA)[A-Za-z0-9_=-]{6,}|\b[A-Za-z0-9]{30,}NRAL\b"
)
MASK = "[masked]"


def mask(text: str) -> str:
    """Mask user info in URLs, authorization values and tokens of a known form."""
    text = _USER_INFO.sub(rf"\1{MASK}@", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    return _KNOWN.sub(MASK, text)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {k: MASK if _SECRET_KEYS.search(str(k)) else _masked(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value if value is None or isinstance(value, int | float) else mask(str(value))


def mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Mask every secret of an event; the last structlog processor before rendering."""
    return {k: MASK if _SECRET_KEYS.search(k) else _masked(v) for k, v in event.items()}


def tell_end(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """Log the exception that ends a process or a thread, as one masked line."""
    if issubclass(kind, Exception):  # and not on Ctrl-C
        ended = (kind, error or kind(), trace)
        logging.getLogger(__name__).critical("process_failed", exc_info=ended)


def tell_ends() -> None:
    """Install `tell_end` for exceptions that end this process or a thread."""
    sys.excepthook = tell_end
    threading.excepthook = lambda told: tell_end(told.exc_type, told.exc_value, told.exc_traceback)


def configure_logs(level: str, *, json: bool) -> None:
    """Send structlog and the standard library's logging to stdout, masked.

    Args:
        level: Name of the lowest level that is written.
        json: JSON lines, or lines for a terminal.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    )
    finish: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        mask_event,
        renderer,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=finish, foreign_pre_chain=shared)
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("httpx", "httpcore", "rq", "rq.worker", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
