"""Retention goes through its classes batch by batch, and leaves the database to others in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from config.settings import Settings
from pipeline.ports import Limits, Payload, Ports
from pipeline.retention import Pruned, prune
from pipeline.store.retention import RETAINED
from tests.support.fakes import make_world
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import START, Clock

DAYS = {Payload.IGNORED: 14, Payload.EVENTS: 180}


@dataclass
class Tables:
    """So many rows are left of each class; a commit takes `commit_s`, by the world's own clock."""

    left: dict[Payload, int]
    commit_s: float = 0.0
    now: datetime = START
    passed_s: float = 0.0
    asked: list[tuple[Payload, int]] = field(default_factory=list)

    @property
    def upkeep(self) -> Tables:
        return self

    def prune(self, payload: Payload, *, before: datetime, limit: int) -> int:
        self.asked.append((payload, (self.now - before) // timedelta(days=1)))
        self.passed_s += self.commit_s
        gone = min(limit, self.left[payload])
        self.left[payload] -= gone
        return gone

    def run(self, work: Callable[[Any], int]) -> int:
        return work(self)


def _ports(tables: Tables, *, limits: Limits | None = None) -> Ports:
    ports = make_world(MemoryStore(Clock())).ports
    return replace(
        ports,
        store=tables,  # type: ignore[arg-type]  # All that is asked of it here.
        limits=limits or Limits(),
        monotonic=lambda: tables.passed_s,
    )


def _prune(tables: Tables, *, rests: list[float] | None = None) -> Pruned:
    kept: list[float] = [] if rests is None else rests
    return prune(DAYS, _ports(tables), batch_rows=10, rest=kept.append)


def test_every_class_gets_a_batch_in_turn_until_nothing_is_left() -> None:
    tables = Tables(left={Payload.IGNORED: 12, Payload.EVENTS: 3})

    assert _prune(tables) == Pruned(rows={Payload.IGNORED: 12, Payload.EVENTS: 3})
    assert tables.asked == [(Payload.IGNORED, 14), (Payload.EVENTS, 180), (Payload.IGNORED, 14)]


def test_nothing_is_told_of_a_class_that_had_nothing() -> None:
    assert _prune(Tables(left={Payload.IGNORED: 0, Payload.EVENTS: 0})) == Pruned()


def test_after_each_commit_it_rests_as_long_as_the_commit_took() -> None:
    rests: list[float] = []

    _prune(Tables(left={Payload.IGNORED: 10, Payload.EVENTS: 0}, commit_s=0.25), rests=rests)

    assert rests == [0.25, 0.25, 0.25]


def test_a_backlog_is_left_to_the_next_run_when_the_time_of_a_step_is_over() -> None:
    tables = Tables(left={Payload.IGNORED: 10_000, Payload.EVENTS: 10_000}, commit_s=10.0)

    pruned = _prune(tables)

    assert pruned == Pruned(rows={Payload.IGNORED: 30, Payload.EVENTS: 20}, is_cut_short=True)
    assert tables.left == {Payload.IGNORED: 9970, Payload.EVENTS: 9980}


def test_every_class_has_its_days_in_the_settings_its_columns_and_its_reason() -> None:
    told = Settings().retention

    assert [payload for payload in Payload if getattr(told, f"{payload}_days") < 1] == []
    assert set(RETAINED) == set(Payload)
    assert [payload for payload, kept in RETAINED.items() if not kept.reason.endswith(".")] == []
