"""Lines: the order of an item's events, and the lease under which one worker holds it.

A lease is fenced by its token: each later write of a step begins with `fence`, which locks the row and drops
the lines that another worker took over meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, case, func, select, update

from pipeline.ports import Claim, Due, HeldWake, HoldWait, LineNow, Release, TailMove
from pipeline.store import claims, serial
from pipeline.store.statements import insert_into, run_each
from pipeline.store.tables import LINE_WAITS_FOR_HOLDS, events, holds, lines
from pipeline.words import EventId, LineKey, Step, Urgency, WaitReason, lane, most_urgent, side_of_lane
from pipeline.words import urgency_of_lane as urgency_of

_BY_KEY = lines.c.key == bindparam("b_key")


class SqlLines:
    """The port `Lines` within one transaction."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now
        self._held: dict[LineKey, tuple[int, str]] = {}
        """Lines whose lease is ours and whose rows this transaction has locked: token and lane."""

    def touch(self, wanted: Mapping[LineKey, str]) -> dict[LineKey, LineNow]:
        """Insert or lock the rows of these lines (key -> flow), in key order; they stay locked until the commit."""
        if not wanted:
            return {}
        insert = insert_into(self._conn, lines).on_conflict_do_nothing(index_elements=["key"])
        self._conn.execute(insert, [_new_line(key, wanted[key]) for key in sorted(wanted)])
        locked = select(lines).where(lines.c.key.in_(wanted)).order_by(lines.c.key).with_for_update()
        return {row["key"]: _line_now(row) for row in self._conn.execute(locked).mappings()}

    def move_tails(self, moves: Sequence[TailMove]) -> None:
        """Set tails of touched lines; start idle ones and pull kicked ones forward."""
        starts = [move for move in moves if move.start]
        kicks = [move for move in moves if move.kick and not move.start]
        others = [move for move in moves if not move.start and not move.kick]
        run_each(self._conn, _START, [self._start_row(move) for move in starts])
        # No message is published for a kicked line: the sweeper finds it at once because nothing hints at it.
        kicked = _MOVE.values(ready_at=self._now, kicked_at=self._now, hinted_at=None)
        run_each(self._conn, kicked, [_move_row(move) for move in kicks])
        run_each(self._conn, _MOVE, [_move_row(move) for move in others])

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
        """Lease due lines: those of the hinted events first, then (unless alone) others of the lane, up to limit."""
        lease = claims.Lease(me=me, now=self._now, until=self._now + timedelta(seconds=lease_s))
        hinted = (
            claims.take_hinted(self._conn, step, event_ids, lease, is_alone=is_alone, limit=limit)
            if event_ids
            else []
        )
        room = 0 if is_alone else limit - len(hinted)
        filled = claims.take_to_fill(self._conn, step, lane, lease, limit=room) if room > 0 else []
        found = [*hinted, *filled]
        self._held.update({claim.key: (claim.token, claim_lane) for claim, claim_lane in found})
        return [claim for claim, _ in found]

    def fence(self, claims: Iterable[Claim]) -> dict[LineKey, int]:
        """Begin a later write: lock the lines whose lease is still ours; returns key -> the tail now."""
        tokens = {claim.key: claim.token for claim in claims}
        if not tokens:
            return {}
        ours = [row for row in self._conn.execute(_FENCE, {"b_keys": [*tokens]}) if row.token == tokens[row.key]]
        self._held.update({row.key: (row.token, row.lane) for row in ours})
        return {row.key: row.tail for row in ours}

    def release(self, releases: Sequence[Release]) -> None:
        """End leases of fenced lines; crashes back to 0. A line's urgency falls only when it is idle again.

        Raises KeyError for a line that was neither claimed nor fenced in this transaction.
        """
        run_each(self._conn, _RELEASE, [self._release_row(release) for release in releases])
        for release in releases:
            del self._held[release.key]

    def due(self, *, limit: int, rehint_after_s: float) -> list[Due]:
        """Due lines that need a hint, marked as hinted now. Lines behind a closed gate need none."""
        if limit <= 0:
            return []
        return claims.due(
            self._conn, self._now, limit=limit, hinted_before=self._now - timedelta(seconds=rehint_after_s)
        )

    def wake_held(self, wakes: Sequence[HeldWake]) -> None:
        """Make held lines ready now (a dead letter was replayed, discarded or overtaken); hinted_at is cleared."""
        run_each(self._conn, _WAKE, [self._wake_row(wake) for wake in sorted(wakes, key=lambda wake: wake.key)])

    def waiting_for_holds(self) -> list[HoldWait]:
        """Lines that wait for holds and that nobody works on, those whose head was accepted first at the front."""
        found = (
            select(lines.c.key, lines.c.lane, lines.c.wanted, events.c.id.label("event_id"))
            .join(events, and_(events.c.line_key == lines.c.key, events.c.position == lines.c.head))
            .where(_WAITS_FOR_HOLDS)
            .order_by(events.c.accepted_at, lines.c.key)
        )
        return [
            HoldWait(key=row.key, lane=row.lane, event_id=row.event_id, wanted=serial.load_holds(row.wanted))
            for row in self._conn.execute(found)
        ]

    def wake_waiting(self, keys: Sequence[LineKey]) -> frozenset[LineKey]:
        """Make those of these lines ready now that still wait for holds, and return them; the caller publishes."""
        if not keys:
            return frozenset()
        woken = (
            update(lines)
            .where(lines.c.key.in_(keys), _WAITS_FOR_HOLDS)
            .values(ready_at=self._now, wait_reason=None, hinted_at=self._now)
            .returning(lines.c.key)
        )
        return frozenset(self._conn.execute(woken).scalars())

    def _start_row(self, move: TailMove) -> dict[str, Any]:
        return _move_row(move) | {
            "b_ready_at": move.ready_at or self._now,
            "b_now": self._now,
            "b_vendor": move.vendor or "",
            "b_lane": move.lane,
        }

    def _release_row(self, release: Release) -> dict[str, Any]:
        token, lane_now = self._held[release.key]
        if token != release.token:
            raise KeyError(f"line {release.key} is held under token {token}, not {release.token}")
        return {
            "b_key": release.key,
            "b_token": token,
            "b_step": release.step,
            "b_lane": _raised(release.lane, lane_now),
            "b_vendor": release.vendor,
            "b_route": release.route,
            "b_ready_at": release.ready_at,
            "b_wait_reason": release.wait_reason,
            "b_wanted": serial.dump(release.wanted) if release.wanted else None,
            "b_failures": release.failures,
            "b_head": release.head,
            "b_hinted_at": self._now if release.hinted else None,
        }

    def _wake_row(self, wake: HeldWake) -> dict[str, Any]:
        return {
            "b_key": wake.key,
            "b_step": wake.step,
            "b_lane": wake.lane,
            "b_vendor": wake.vendor,
            "b_head": wake.head,
            "b_ready_at": self._now if wake.is_ready else None,
        }


_WAITS_FOR_HOLDS = and_(holds("lines", LINE_WAITS_FOR_HOLDS), lines.c.leased_until.is_(None))

_FENCE = (
    select(lines.c.key, lines.c.token, lines.c.tail, lines.c.lane)
    .where(lines.c.key.in_(bindparam("b_keys")), lines.c.leased_until.is_not(None))
    .order_by(lines.c.key)
    .with_for_update()
)

_MOVE = (
    update(lines)
    .where(_BY_KEY)
    .values(
        tail=bindparam("b_tail"),
        # A line that waits keeps its target; only how urgent it is may rise.
        lane=case(
            (lines.c.vendor == "", lines.c.lane), else_=bindparam("b_urgency").concat(".").concat(lines.c.vendor)
        ),
    )
)

_START = (
    update(lines)
    .where(_BY_KEY)
    .values(
        tail=bindparam("b_tail"),
        lane=bindparam("b_lane"),
        vendor=bindparam("b_vendor"),
        route="",
        step=Step.TRANSFORM,
        ready_at=bindparam("b_ready_at"),
        wait_reason=None,
        failures=0,
        hinted_at=bindparam("b_now"),
    )
)

_RELEASE = (
    update(lines)
    .where(_BY_KEY, lines.c.token == bindparam("b_token"))
    .values(
        step=bindparam("b_step"),
        lane=bindparam("b_lane"),
        vendor=bindparam("b_vendor"),
        route=bindparam("b_route"),
        ready_at=bindparam("b_ready_at"),
        wait_reason=bindparam("b_wait_reason"),
        wanted=bindparam("b_wanted"),
        failures=bindparam("b_failures"),
        head=func.coalesce(bindparam("b_head", type_=lines.c.head.type), lines.c.head),
        hinted_at=bindparam("b_hinted_at"),
        leased_by=None,
        leased_until=None,
        crashes=0,
    )
)

_WAKE = (
    update(lines)
    .where(_BY_KEY)
    .values(
        step=bindparam("b_step"),
        lane=bindparam("b_lane"),
        vendor=bindparam("b_vendor"),
        route="",
        head=bindparam("b_head"),
        ready_at=bindparam("b_ready_at"),
        wait_reason=None,
        failures=0,
        hinted_at=None,
    )
)


def _new_line(key: LineKey, flow: str) -> dict[str, Any]:
    return {
        "key": key,
        "flow": flow,
        "lane": "",
        "tail": 0,
        "head": 1,
        "step": Step.TRANSFORM,
        "vendor": "",
        "route": "",
        "token": 0,
    }


def _line_now(row: RowMapping) -> LineNow:
    return LineNow(
        key=row["key"],
        head=row["head"],
        tail=row["tail"],
        ready_at=row["ready_at"],
        wait_reason=WaitReason(row["wait_reason"]) if row["wait_reason"] else None,
        is_leased=row["leased_until"] is not None,
        kicked_at=row["kicked_at"],
        urgency=urgency_of(row["lane"]) if row["lane"] else Urgency.STANDARD,
    )


def _move_row(move: TailMove) -> dict[str, Any]:
    return {"b_key": move.key, "b_tail": move.tail, "b_urgency": move.urgency}


def _raised(new: str, now: str) -> str:
    """The new lane, as urgent as the line's own where that is more urgent."""
    return lane(most_urgent(urgency_of(new), urgency_of(now)), side_of_lane(new)) if now else new
