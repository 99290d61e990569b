"""Our own rows, as the bad days ask them: for figures and for what is under way, never for the verdict."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, select, update
from sqlalchemy.event import listens_for
from sqlalchemy.exc import OperationalError

from pipeline.store import engine
from pipeline.store.pages import SqlPages
from pipeline.store.status import Part
from pipeline.store.tables import attempts, dead_letters, deliveries, events, lines, ticks
from tests.support.processes import lives

_LOCK_LINES = select(lines.c.key).with_for_update(nowait=True)


class Rows:
    """The truth of one installation."""

    def __init__(self, url: str) -> None:
        self._reader = engine.reader(url)
        self._writer = _impatient_writer(url)
        self._patient = engine.writer(url)
        self._pages = SqlPages(url)
        self.database = self._reader.dialect.name

    def close(self) -> None:
        """Closes the connections."""
        for each in (self._reader, self._writer, self._patient, self._pages):
            each.dispose()

    def any_holder(self) -> int | None:
        """A process that has leased a line, rather one that carries; None while nobody has."""
        held = select(lines.c.leased_by).where(lines.c.leased_until.is_not(None)).order_by(lines.c.step)
        with self._reader.connect() as connection:
            pids = [int(found.rpartition(":")[2]) for found in connection.execute(held).scalars()]
        return next((pid for pid in pids if lives(pid)), None)

    def under_way(self, pid: int) -> list[str]:
        """The effect keys of what a process is sending."""
        found = (
            select(deliveries.c.effect_key)
            .join(events, events.c.id == deliveries.c.event_id)
            .join(lines, lines.c.key == events.c.line_key)
            .where(deliveries.c.state == "sending", lines.c.leased_by.endswith(f":{pid}"))
        )
        with self._reader.connect() as connection:
            return list(connection.execute(found).scalars())

    def crashed(self) -> int:
        """How many lines are held by a process that is gone, or were taken over from one and are not released yet."""
        held = select(lines.c.leased_by, lines.c.crashes).where(lines.c.leased_until.is_not(None))
        with self._reader.connect() as connection:
            return sum(
                1 for by, crashes in connection.execute(held) if crashes or not lives(int(by.rpartition(":")[2]))
            )

    def let_leases_run_out(self, pid: int) -> None:
        """Does at once what time would do to the leases of a process that is gone."""
        over = update(lines).where(lines.c.leased_by.endswith(f":{pid}")).values(leased_until=datetime.now(UTC))
        with self._patient.begin() as connection:
            connection.execute(over)

    def oldest_open_s(self) -> float:
        """The age of the oldest event that is neither at its end nor dead; 0 where there is none."""
        oldest = select(func.min(events.c.accepted_at)).where(events.c.state.in_(("accepted", "planned", "carried")))
        with self._reader.connect() as connection:
            found = connection.execute(oldest).scalar_one()
        return (datetime.now(UTC) - found).total_seconds() if found else 0.0

    def open_letters(self, code: str = "") -> list[str]:
        """The ids of dead letters that nobody has acted upon, all of them or those of a code."""
        found = select(dead_letters.c.id).where(dead_letters.c.state == "open")
        if code:
            found = found.where(dead_letters.c.code == code)
        with self._reader.connect() as connection:
            return [str(each) for each in connection.execute(found).scalars()]

    def counts(self) -> Counter[str]:
        """Events, and attempts by purpose and outcome (`look_up/found`), of all days so far."""
        tried = select(attempts.c.purpose, attempts.c.outcome, func.count()).group_by(
            attempts.c.purpose, attempts.c.outcome
        )
        with self._reader.connect() as connection:
            found = {f"{purpose}/{outcome}": number for purpose, outcome, number in connection.execute(tried)}
            found["events"] = connection.execute(select(func.count()).select_from(events)).scalar_one()
        return Counter(found)

    def tries(self, effect: str) -> list[str]:
        """The attempts at the deliveries whose effect key begins so, in order, as `purpose/outcome`."""
        found = (
            select(attempts.c.purpose, attempts.c.outcome)
            .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
            .where(deliveries.c.effect_key.startswith(effect, autoescape=True))
            .order_by(attempts.c.started_at, attempts.c.number)
        )
        with self._reader.connect() as connection:
            return [f"{purpose}/{outcome}" for purpose, outcome in connection.execute(found)]

    def times_stored(self, dedupe_keys: Sequence[str]) -> Counter[int]:
        """How many of these keys have how many events."""
        found = select(events.c.dedupe_key, func.count()).where(events.c.dedupe_key.in_(dedupe_keys))
        with self._reader.connect() as connection:
            return Counter(number for _, number in connection.execute(found.group_by(events.c.dedupe_key)))

    def have_run(self, jobs: Iterable[str], *, every_s: int) -> bool:
        """Whether each of these jobs of the timetable is done in the slot of this moment."""
        slot = datetime.fromtimestamp(time.time() // every_s * every_s, tz=UTC)
        done = select(ticks.c.job).where(ticks.c.slot == slot, ticks.c.ended_at.is_not(None))
        with self._reader.connect() as connection:
            return set(jobs) <= set(connection.execute(done).scalars())

    def vendor(self, name: str) -> Part:
        """How the lines stand that call a vendor next; none do where it is not in the status."""
        found = (part for part in self._pages.status().vendors if part.name == name)
        return next(found, Part(name=name))

    def is_at_rest(self) -> bool:
        """Whether nothing is open any more."""
        return all(part.open == 0 for part in self._pages.status().flows)

    def is_writable(self) -> bool:
        """Whether every line could be locked now."""
        try:
            with self._writer.connect() as connection:
                connection.execute(_LOCK_LINES)
        except OperationalError:
            return False
        return True

    def still_open(self) -> list[str]:
        """What is not through yet, a line each."""
        found = self._pages.event_list(state="open")
        return [f"open: {each.id} {each.type} {each.subject} {each.state} {each.reason}" for each in found]


def _impatient_writer(url: str) -> Engine:
    """An engine that waits for nobody's lock."""
    made = engine.writer(url)

    @listens_for(made, "connect")
    def _set_up(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own objects
        if made.dialect.name == "sqlite":
            connection.execute("PRAGMA busy_timeout=200")

    return made
