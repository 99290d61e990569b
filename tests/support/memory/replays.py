"""Replay plans in memory."""

from __future__ import annotations

from datetime import datetime, timedelta

from pipeline.ports import ReplayItem, ReplayPlan, ReplayProgress
from pipeline.store import serial
from pipeline.words import ReplayState
from tests.support.memory.rows import Row, Tables


class MemoryReplays:
    """The port `Replays` within one transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._plans = tables["replay_plans"]
        self._items = tables["replay_items"]
        self._now = now

    def save(self, plan: ReplayPlan) -> None:
        """Keep a plan; the same one again begins anew, unless it is being applied."""
        row = {name: value for name, value in vars(plan).items() if name not in {"items", "refused"}}
        known = self._plans.get(plan.hash)
        if known is None:
            self._plans.insert(row)
        elif known["state"] == ReplayState.APPLYING:
            return
        else:
            self._plans.change(known, **row)
        for old in self._items.where("plan_hash", plan.hash):
            self._items.delete(old)
        for place, item in enumerate(plan.items):
            row = {"plan_hash": plan.hash, "place": place, "item": serial.dump(item), "at": self._now}
            self._items.insert(row)

    def find(self, plan_hash: str) -> ReplayPlan | None:
        """The plan with this hash, whole."""
        row = self._plans.get(plan_hash)
        if row is None:
            return None
        values = {name: value for name, value in row.items() if name != "next_at"}
        rows = sorted(self._items.where("plan_hash", plan_hash), key=lambda each: int(each["place"]))
        return ReplayPlan(
            **{**values, "state": ReplayState(row["state"])},
            items=tuple(serial.load(ReplayItem, each["item"]) for each in rows),
            refused={each["item"]["letter_id"]: each["refused"] for each in rows if each["refused"]},
        )

    def progress(self, plan_hash: str) -> ReplayProgress:
        """How far it is."""
        row = self._row(plan_hash)
        return ReplayProgress(state=ReplayState(row["state"]), done_to=row["done_to"], wait_s=self._wait_s())

    def begin(self, plan_hash: str) -> None:
        """Let it be applied, or go on; one that is applied stays so."""
        row = self._plans.get(plan_hash)
        if row is not None and row["state"] in {ReplayState.PLANNED, ReplayState.STOPPED}:
            self._plans.change(row, state=ReplayState.APPLYING)

    def advance(self, plan_hash: str, done_to: int, *, is_last: bool, pace_s: float) -> bool:
        """Deal with the item at done_to, in this transaction; False: it is dealt with, stopped, or too early."""
        row = self._row(plan_hash)
        is_next = row["state"] == ReplayState.APPLYING and row["done_to"] == done_to
        if not is_next or (pace_s and self._wait_s()):
            return False
        then = {"next_at": self._now + timedelta(seconds=pace_s)} if pace_s else {}
        state = ReplayState.APPLIED if is_last else ReplayState.APPLYING
        self._plans.change(row, done_to=done_to + 1, state=state, **then)
        return True

    def refuse(self, plan_hash: str, place: int, why: str) -> None:
        """Record that the letter at a place was not replayed."""
        row = self._items.get(plan_hash, place)
        if row is not None:
            self._items.change(row, refused=why)

    def stop(self, plan_hash: str) -> bool:
        """Let nothing more of it be replayed; False when it is not being applied."""
        row = self._plans.get(plan_hash)
        if row is None or row["state"] != ReplayState.APPLYING:
            return False
        self._plans.change(row, state=ReplayState.STOPPED)
        return True

    def _row(self, plan_hash: str) -> Row:
        row = self._plans.get(plan_hash)
        if row is None:
            raise KeyError(plan_hash)
        return row

    def _wait_s(self) -> float:
        waits = [(row["next_at"] - self._now).total_seconds() for row in self._plans if row["next_at"]]
        return max([0.0, *waits])
