"""Lines in memory: claimed, leased and fenced by the same rules as the statements in `pipeline.store.claims`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.ports import Claim, Due, HeldWake, HoldWait, LineNow, Release, TailMove
from pipeline.store import serial
from pipeline.words import (
    EventId,
    LineKey,
    Step,
    Urgency,
    WaitReason,
    lane,
    most_urgent,
    side_of_lane,
    urgency_of_lane,
)
from tests.support.memory.rows import Row, Tables

_NEW: Mapping[str, Any] = {
    "lane": "",
    "tail": 0,
    "head": 1,
    "step": Step.TRANSFORM,
    "vendor": "",
    "route": "",
    "token": 0,
}


class MemoryLines:
    """The port `Lines` within one transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._tables = tables
        self._lines = tables["lines"]
        self._now = now
        self._held: dict[LineKey, tuple[int, str]] = {}

    def touch(self, wanted: Mapping[LineKey, str]) -> dict[LineKey, LineNow]:
        """Insert or lock the rows of these lines."""
        for key in sorted(wanted):
            if self._lines.get(key) is None:
                self._lines.insert({**_NEW, "key": key, "flow": wanted[key]})
        return {key: _line_now(self._line(key)) for key in sorted(wanted)}

    def move_tails(self, moves: Sequence[TailMove]) -> None:
        """Set tails of touched lines; start idle ones and pull kicked ones forward."""
        for move in moves:
            row = self._line(move.key)
            if move.start:
                self._start(row, move)
                continue
            raised = f"{move.urgency}.{row['vendor']}" if row["vendor"] else row["lane"]
            row = self._lines.change(row, tail=move.tail, lane=raised)
            if move.kick:
                self._lines.change(row, ready_at=self._now, kicked_at=self._now, hinted_at=None)

    def claim(
        self,
        step: Step,
        lane: str,
        event_ids: Sequence[EventId],
        *,
        me: str,
        is_alone: bool,
        limit: int,
        lease_s: float,
    ) -> list[Claim]:
        """Lease due lines: those of the hinted events first, then (unless alone) others of the lane."""
        rows = [self._tables["events"].get(event_id) for event_id in event_ids]
        keys = {row["line_key"] for row in rows if row}
        until = self._now + timedelta(seconds=lease_s)

        def is_hinted(row: Row) -> bool:
            is_expired = row["leased_until"] is not None and row["leased_until"] < self._now
            return row["key"] in keys and (row["leased_until"] is None or (is_alone and is_expired))

        def fills(row: Row) -> bool:
            return row["lane"] == lane and row["leased_until"] is None

        found = self._take(step, is_hinted, me, until, limit) if keys else []
        room = 0 if is_alone else limit - len(found)
        if room > 0:
            found += self._take(step, fills, me, until, room)
        return found

    def fence(self, claims: Iterable[Claim]) -> dict[LineKey, int]:
        """Begin a later write: the lines whose lease is still ours; returns key -> the tail now."""
        ours: dict[LineKey, int] = {}
        for claim in sorted(claims, key=lambda claim: claim.key):
            row = self._line(claim.key)
            if row["token"] == claim.token and row["leased_until"] is not None:
                self._held[claim.key] = (row["token"], row["lane"])
                ours[claim.key] = row["tail"]
        return ours

    def release(self, releases: Sequence[Release]) -> None:
        """End leases of fenced lines; crashes back to 0."""
        for release in releases:
            token, lane_now = self._held[release.key]
            if token != release.token:
                raise KeyError(f"line {release.key} is held under token {token}, not {release.token}")
            row = self._line(release.key)
            if row["token"] != token:
                continue
            self._lines.change(
                row,
                step=release.step,
                lane=_raised(release.lane, lane_now),
                vendor=release.vendor,
                route=release.route,
                ready_at=release.ready_at,
                wait_reason=release.wait_reason,
                wanted=serial.dump(release.wanted) if release.wanted else None,
                failures=release.failures,
                head=row["head"] if release.head is None else release.head,
                hinted_at=self._now if release.hinted else None,
                leased_by=None,
                leased_until=None,
                crashes=0,
            )
            del self._held[release.key]

    def due(self, *, limit: int, rehint_after_s: float) -> list[Due]:
        """Due lines that need a hint, marked as hinted now."""
        hinted_before = self._now - timedelta(seconds=rehint_after_s)

        def needs_hint(row: Row) -> bool:
            is_unheld = row["leased_until"] is None or row["leased_until"] < self._now
            hinted_at = row["hinted_at"]
            return is_unheld and (hinted_at is None or hinted_at < hinted_before or self._was_gated(row, hinted_at))

        found = self._due(needs_hint)[: max(limit, 0)]
        for row in found:
            self._lines.change(row, hinted_at=self._now)
        return [
            Due(
                key=row["key"],
                step=Step(row["step"]),
                lane=row["lane"],
                event_id=self._head(row),
                is_expired=row["leased_until"] is not None,
            )
            for row in found
        ]

    def wake_held(self, wakes: Sequence[HeldWake]) -> None:
        """Make held lines ready now; hinted_at is cleared."""
        for wake in wakes:
            self._lines.change(
                self._line(wake.key),
                step=wake.step,
                lane=wake.lane,
                vendor=wake.vendor,
                route="",
                head=wake.head,
                ready_at=self._now if wake.is_ready else None,
                wait_reason=None,
                failures=0,
                hinted_at=None,
            )

    def waiting_for_holds(self) -> list[HoldWait]:
        """Lines that wait for holds and that nobody works on, those whose head was accepted first at the front."""
        waiting = [row for row in self._lines.where("wait_reason", WaitReason.HELD) if row["leased_until"] is None]
        found = [
            HoldWait(
                key=row["key"], lane=row["lane"], event_id=self._head(row), wanted=serial.load_holds(row["wanted"])
            )
            for row in waiting
        ]
        return sorted(found, key=lambda wait: (self._accepted_at(wait.event_id), wait.key))

    def wake_waiting(self, keys: Sequence[LineKey]) -> frozenset[LineKey]:
        """Make those of these lines ready now that still wait for holds, and return them."""
        waiting = {wait.key for wait in self.waiting_for_holds()}.intersection(keys)
        for key in sorted(waiting):
            self._lines.change(self._line(key), ready_at=self._now, wait_reason=None, hinted_at=self._now)
        return frozenset(waiting)

    def _accepted_at(self, event_id: EventId) -> datetime:
        row = self._tables["events"].get(event_id)
        if row is None:
            raise KeyError(event_id)
        accepted_at: datetime = row["accepted_at"]
        return accepted_at

    def _line(self, key: LineKey) -> Row:
        row = self._lines.get(key)
        if row is None:
            raise KeyError(key)
        return row

    def _start(self, row: Row, move: TailMove) -> None:
        self._lines.change(
            row,
            tail=move.tail,
            lane=move.lane,
            vendor=move.vendor or "",
            route="",
            step=Step.TRANSFORM,
            ready_at=move.ready_at or self._now,
            wait_reason=None,
            failures=0,
            hinted_at=self._now,
        )

    def _take(self, step: Step, which: Callable[[Row], bool], me: str, until: datetime, limit: int) -> list[Claim]:
        found = self._due(lambda row: row["step"] == step and which(row))[:limit]
        return [self._lease(row, me, until) for row in found]

    def _lease(self, row: Row, me: str, until: datetime) -> Claim:
        crashes = row["crashes"] if row["leased_until"] is None else row["crashes"] + 1
        row = self._lines.change(row, leased_by=me, leased_until=until, token=row["token"] + 1, crashes=crashes)
        self._held[row["key"]] = (row["token"], row["lane"])
        return Claim(
            key=row["key"],
            flow=row["flow"],
            token=row["token"],
            head=row["head"],
            tail=row["tail"],
            crashes=crashes,
            failures=row["failures"],
            urgency=urgency_of_lane(row["lane"]),
            is_taken_over=crashes > 0,
            leased_until=until,
            wanted=serial.load_holds(row["wanted"]),
        )

    def _due(self, which: Callable[[Row], bool]) -> list[Row]:
        """Lines that are due, of this kind and behind no gate, those due longest first."""
        found = [
            row for row in self._lines if row["ready_at"] is not None and row["ready_at"] <= self._now and which(row)
        ]
        closed = {
            gate["scope"] for gate in self._tables["gates"] if gate["until"] is None or gate["until"] > self._now
        }
        if closed:
            found = [row for row in found if not closed & _scopes(row)]
        return sorted(found, key=lambda row: (row["ready_at"], row["key"]))

    def _was_gated(self, row: Row, since: datetime) -> bool:
        """Whether a gate of the line opened since."""
        return any(
            gate["until"] is not None and since < gate["until"] <= self._now
            for gate in self._tables["gates"]
            if gate["scope"] in _scopes(row)
        )

    def _head(self, line: Row) -> EventId:
        at_head = (row for row in self._tables["events"].where("line_key", line["key"]))
        return next(EventId(row["id"]) for row in at_head if row["position"] == line["head"])


def _scopes(line: Row) -> set[str]:
    calls = {f"vendor:{line['vendor']}", f"route:{line['vendor']}.{line['route']}"}
    return {f"flow:{line['flow']}"} | (calls if line["step"] != Step.SETTLE else set())


def _line_now(row: Row) -> LineNow:
    return LineNow(
        key=row["key"],
        head=row["head"],
        tail=row["tail"],
        ready_at=row["ready_at"],
        wait_reason=WaitReason(row["wait_reason"]) if row["wait_reason"] else None,
        is_leased=row["leased_until"] is not None,
        kicked_at=row["kicked_at"],
        urgency=urgency_of_lane(row["lane"]) if row["lane"] else Urgency.STANDARD,
    )


def _raised(new: str, now: str) -> str:
    """The new lane, as urgent as the line's own where that is more urgent."""
    if not now:
        return new
    return lane(most_urgent(urgency_of_lane(new), urgency_of_lane(now)), side_of_lane(new))
