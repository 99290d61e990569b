"""Replay plans: what a person was shown, and how far it was applied."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Update, and_, delete, func, select, update

from pipeline.ports import ReplayItem, ReplayPlan, ReplayProgress
from pipeline.store import serial
from pipeline.store.statements import add_rows, insert_into
from pipeline.store.tables import replay_items, replay_plans
from pipeline.words import ReplayState

_BY_PLACE = frozenset({"items", "refused"})
"""What stands in rows of its own, so that each step of a long plan writes one short row."""
_MAY_BEGIN = (ReplayState.PLANNED, ReplayState.STOPPED)


class SqlReplays:
    """The port `Replays` within one transaction."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now

    def save(self, plan: ReplayPlan) -> None:
        """Keep a plan; the same one again begins anew, unless it is being applied."""
        row = {name: value for name, value in vars(plan).items() if name not in _BY_PLACE}
        insert = insert_into(self._conn, replay_plans).values(**row)
        anew = {name: insert.excluded[name] for name in row if name != "hash"}
        is_free = replay_plans.c.state != ReplayState.APPLYING
        kept = insert.on_conflict_do_update(index_elements=["hash"], set_=anew, where=is_free)
        if self._conn.execute(kept.returning(replay_plans.c.hash)).first() is None:
            return
        self._conn.execute(delete(replay_items).where(replay_items.c.plan_hash == plan.hash))
        rows = [
            {"plan_hash": plan.hash, "place": place, "item": serial.dump(item), "at": self._now}
            for place, item in enumerate(plan.items)
        ]
        add_rows(self._conn, replay_items, rows)

    def find(self, plan_hash: str) -> ReplayPlan | None:
        """The plan with this hash, whole."""
        columns = [column for column in replay_plans.c if column.name != "next_at"]
        found = self._conn.execute(select(*columns).where(replay_plans.c.hash == plan_hash)).mappings()
        row = found.one_or_none()
        if row is None:
            return None
        of_plan = select(replay_items).where(replay_items.c.plan_hash == plan_hash).order_by(replay_items.c.place)
        rows = self._conn.execute(of_plan).all()
        return ReplayPlan(
            **{**row, "state": ReplayState(row["state"])},
            items=tuple(serial.load(ReplayItem, each.item) for each in rows),
            refused={each.item["letter_id"]: each.refused for each in rows if each.refused},
        )

    def progress(self, plan_hash: str) -> ReplayProgress:
        """How far it is."""
        next_at = self._conn.execute(select(func.max(replay_plans.c.next_at))).scalar_one()
        where = select(replay_plans.c.state, replay_plans.c.done_to).where(replay_plans.c.hash == plan_hash)
        row = self._conn.execute(where).one()
        wait_s = (next_at - self._now).total_seconds() if next_at else 0.0
        return ReplayProgress(state=ReplayState(row.state), done_to=row.done_to, wait_s=max(0.0, wait_s))

    def begin(self, plan_hash: str) -> None:
        """Let it be applied, or go on; one that is applied stays so."""
        waits = _plan(plan_hash).where(replay_plans.c.state.in_(_MAY_BEGIN))
        self._conn.execute(waits.values(state=ReplayState.APPLYING))

    def advance(self, plan_hash: str, done_to: int, *, is_last: bool, pace_s: float) -> bool:
        """Deal with the item at done_to, in this transaction; False: it is dealt with, stopped, or too early."""
        # Whoever replays by any plan waits here for the others: all of them together keep to one pace.
        applying = select(replay_plans.c.hash).where(replay_plans.c.state == ReplayState.APPLYING)
        self._conn.execute(applying.order_by(replay_plans.c.hash).with_for_update())
        paced = replay_plans.alias("paced")
        is_early = select(paced.c.hash).where(paced.c.next_at > self._now).exists()
        is_next = and_(replay_plans.c.state == ReplayState.APPLYING, replay_plans.c.done_to == done_to)
        if pace_s:
            is_next = and_(is_next, ~is_early)
        then = {"next_at": self._now + timedelta(seconds=pace_s)} if pace_s else {}
        state = ReplayState.APPLIED if is_last else ReplayState.APPLYING
        advanced = _plan(plan_hash).where(is_next).values(done_to=done_to + 1, state=state, **then)
        return self._conn.execute(advanced).rowcount == 1

    def refuse(self, plan_hash: str, place: int, why: str) -> None:
        """Record that the letter at a place was not replayed."""
        at_place = and_(replay_items.c.plan_hash == plan_hash, replay_items.c.place == place)
        self._conn.execute(update(replay_items).where(at_place).values(refused=why))

    def stop(self, plan_hash: str) -> bool:
        """Let nothing more of it be replayed; False when it is not being applied."""
        applied = _plan(plan_hash).where(replay_plans.c.state == ReplayState.APPLYING)
        return self._conn.execute(applied.values(state=ReplayState.STOPPED)).rowcount == 1


def _plan(plan_hash: str) -> Update:
    return update(replay_plans).where(replay_plans.c.hash == plan_hash)
