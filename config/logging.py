"""Log set-up for every role: one line per event on standard error, with every known secret blotted out."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.secret import Secret
from config.settings import Settings

_SHORTEST_SECRET = 6
"""Shorter texts are no secrets worth the name, and blotting them out would garble every line."""

_CHATTY = {
    "alembic.runtime.plugins": logging.WARNING,
    "celery.app.trace": logging.WARNING,
    "celery.beat": logging.WARNING,
    "celery.worker.strategy": logging.WARNING,
    "flower.inspector": logging.ERROR,  # It warns of every worker that is too busy, or too young, to answer.
    "uvicorn.error": logging.WARNING,
}
"""They tell of every task and of each step of a start; our own lines tell of the work. Failures are still told."""


def configure(settings: Settings, role: str) -> None:
    """Sends structlog's and the standard library's records to standard error, as the settings ask.

    role is bound to every line. Calling it again replaces what was set up before.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _Bound(role),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _renderer(settings),
                Blotter(secret_texts(settings)),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name, level in _CHATTY.items():
        logging.getLogger(name).setLevel(logging.NOTSET if settings.log_level == "debug" else level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def secret_texts(part: object) -> frozenset[str]:
    """Every secret in the settings, passwords inside URLs included."""
    return frozenset(text for text in _secrets(part) if len(text) >= _SHORTEST_SECRET)


class Blotter:
    """Last processor of all: replaces each known secret in the finished line by three stars."""

    def __init__(self, secrets: frozenset[str]) -> None:
        escaped = {json.dumps(text)[1:-1] for text in secrets}
        self._texts = sorted(secrets | escaped, key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _method: str, line: Any) -> str:  # noqa: ANN401 - structlog's
        """The line as it may be shown."""
        text = str(line)
        for secret in self._texts:
            text = text.replace(secret, "***")
        return text


class _Bound:
    def __init__(self, role: str) -> None:
        self._role = role

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("role", self._role)
        return event


def _renderer(settings: Settings) -> Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)


def _secrets(part: object) -> Iterator[str]:
    if isinstance(part, Secret):
        yield part.reveal()
    elif isinstance(part, str):
        password = urlsplit(part).password if "://" in part else None
        if password:
            yield password
            yield unquote(password)
    elif isinstance(part, tuple):
        for member in part:
            yield from _secrets(member)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _secrets(getattr(part, field.name))
