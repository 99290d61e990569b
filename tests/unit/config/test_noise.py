"""Libraries that tell of every step are heard only when something is wrong, or when everything is asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from config.logging import configure
from config.settings import load

CHATTY = {
    "alembic.runtime.plugins": logging.WARNING,
    "celery.app.trace": logging.WARNING,
    "flower.inspector": logging.ERROR,
}


@pytest.fixture(autouse=True)
def our_logs() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    configure(load({}), "test")
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(("name", "level"), CHATTY.items())
def test_a_chatty_library_is_heard_from_its_level_up(name: str, level: int) -> None:
    configure(load({}), "worker")

    assert logging.getLogger(name).getEffectiveLevel() == level


@pytest.mark.parametrize("name", CHATTY)
def test_at_debug_everything_is_heard(name: str) -> None:
    configure(load({"SIGNOFF_LOG_LEVEL": "debug"}), "worker")

    assert logging.getLogger(name).getEffectiveLevel() == logging.DEBUG
