"""Deliveries and attempts: what is to be sent, and every try at it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, case, func, or_, select, update

from pipeline import commands
from pipeline.commands import Cause, Command
from pipeline.ports import AttemptEnd, Claim, Delivery, NewAttempt
from pipeline.states import OPEN_EVENT_STATES, move_delivery
from pipeline.store.replanning import Held, Stored, replan
from pipeline.store.statements import add_rows, move_each, run_each
from pipeline.store.tables import DELIVERY_HOLDS_ITS_KEY, DELIVERY_IS_OPEN, attempts, deliveries, events, holds, lines
from pipeline.words import DeliveryId, DeliveryState, EffectKey, EventId, EventState, Purpose

LOST = "lost"
"""The outcome of an attempt whose worker's lease ran out before it could tell."""


class SqlDeliveries:
    """The port `Deliveries` within one transaction."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now

    def plan(self, plans: Sequence[tuple[Cause, Sequence[Command]]]) -> None:
        """Store the commands of several events' plans, each in order.

        Open deliveries of earlier plans of the event are dropped, except `unknown` ones, which are kept (first) and
        not planned anew; a command whose effect key is `done` already is not planned again. What an ended event left
        behind is dropped too, and its `unknown` delivery is taken over: the way on is its look-up.
        Raises EffectHeldError where another open event holds the effect key.
        """
        if not plans:
            return
        wanted = [(cause, [(command.effect_key(cause), command) for command in planned]) for cause, planned in plans]
        stored = self._stored(wanted)
        changes = replan(wanted, stored)
        self._drop(changes.dropped)
        run_each(self._conn, _ADOPT, [_adopted_row(held) for held in changes.adopted])
        add_rows(self._conn, deliveries, [_planned_row(item) for item in changes.added])

    def take_over(self, claims: Sequence[Claim]) -> int:
        """Turn every `sending` delivery of these lines' heads into `unknown`; returns how many.

        A call of the lost lease may have left at its very end, so its `late` time is counted from now.
        """
        if not claims:
            return 0
        of_heads = (
            select(deliveries.c.id, deliveries.c.settled_after, func.max(attempts.c.started_at).label("started_at"))
            .select_from(deliveries)
            .join(attempts, attempts.c.delivery_id == deliveries.c.id)
            .join(events, events.c.id == deliveries.c.event_id)
            .join(lines, and_(lines.c.key == events.c.line_key, lines.c.head == events.c.position))
            .where(lines.c.key.in_([claim.key for claim in claims]), deliveries.c.state == DeliveryState.SENDING)
            .group_by(deliveries.c.id, deliveries.c.settled_after)
        )
        found = self._conn.execute(of_heads).all()
        move_delivery(DeliveryState.SENDING, DeliveryState.UNKNOWN)
        rows = [
            {"b_id": row.id, "b_settled_after": self._now + (row.settled_after - row.started_at)} for row in found
        ]
        run_each(self._conn, _TAKE_OVER, rows)
        if found:
            is_unended = and_(attempts.c.delivery_id.in_([row.id for row in found]), attempts.c.ended_at.is_(None))
            self._conn.execute(update(attempts).where(is_unended).values(ended_at=self._now, outcome=LOST))
        return len(found)

    def open_of(self, ids: Sequence[EventId]) -> dict[EventId, tuple[Delivery, ...]]:
        """Per event its deliveries that are neither done nor dropped, in order (unknown ones first)."""
        if not ids:
            return {}
        of_event: dict[EventId, list[Delivery]] = {}
        for row in self._conn.execute(_OPEN_OF_EVENTS, {"b_ids": [*ids]}).mappings():
            of_event.setdefault(row["event_id"], []).append(_delivery(row))
        return {event_id: tuple(rows) for event_id, rows in of_event.items()}

    def begin(self, attempts: Sequence[NewAttempt]) -> None:
        """Write attempt rows; a delivery whose purpose is send becomes `sending`."""
        move_delivery(DeliveryState.PLANNED, DeliveryState.SENDING)
        sends = [
            {"b_id": item.delivery_id, "b_settled_after": self._now + timedelta(seconds=item.late_s)}
            for item in attempts
            if item.purpose is Purpose.SEND
        ]
        move_each(self._conn, _SEND, sends, what="deliveries")
        add_rows(self._conn, _ATTEMPT_ROWS, [_attempt_row(item, self._now) for item in attempts])

    def end(self, ends: Sequence[AttemptEnd]) -> None:
        """Write outcomes; each move is checked against `states`."""
        run_each(self._conn, _END_ATTEMPT, [_end_row(item, self._now) for item in ends])
        move_each(self._conn, _END_DELIVERY, [_after_row(item, self._now) for item in ends], what="deliveries")

    def fail(self, ids: Sequence[DeliveryId]) -> None:
        """`planned` or `sending` deliveries of a dead event become `failed`; unknown ones stay."""
        if ids:
            failed = update(deliveries).where(deliveries.c.id.in_(ids), _MAY_FAIL)
            self._conn.execute(failed.values(state=DeliveryState.FAILED))

    def fail_of(self, ids: Sequence[EventId]) -> None:
        """As `fail`, for all deliveries of these events, whatever they hold."""
        if ids:
            of_events = update(deliveries).where(deliveries.c.event_id.in_(ids), _MAY_FAIL)
            self._conn.execute(of_events.values(state=DeliveryState.FAILED))

    def refs(self, keys: Sequence[EffectKey]) -> dict[EffectKey, str]:
        """vendor_ref of the done deliveries with these effect keys."""
        if not keys:
            return {}
        found = select(deliveries.c.effect_key, deliveries.c.vendor_ref).where(
            deliveries.c.effect_key.in_(keys), deliveries.c.state == DeliveryState.DONE, _HOLDS_KEY
        )
        return {row.effect_key: row.vendor_ref for row in self._conn.execute(found)}

    def drop_open(self, ids: Sequence[EventId]) -> None:
        """Open deliveries of these events that are not `unknown` become `dropped`."""
        if ids:
            of_events = update(deliveries).where(deliveries.c.event_id.in_(ids), _MAY_DROP)
            self._conn.execute(of_events.values(state=DeliveryState.DROPPED))

    def drop(self, ids: Sequence[DeliveryId]) -> None:
        """These deliveries, which are neither sending nor unknown, become `dropped`."""
        self._drop(ids)

    def forgive(self, ids: Sequence[EventId]) -> None:
        """Open deliveries of these events get all their tries back: a person asked for another go."""
        if ids:
            left = and_(deliveries.c.event_id.in_(ids), holds("deliveries", DELIVERY_IS_OPEN))
            self._conn.execute(update(deliveries).where(left).values(failures=0))

    def resume(self, ids: Sequence[EventId]) -> None:
        """`failed` deliveries of these events become `planned`, with all their tries before them."""
        if ids:
            move_delivery(DeliveryState.FAILED, DeliveryState.PLANNED)
            failed = and_(deliveries.c.event_id.in_(ids), deliveries.c.state == DeliveryState.FAILED)
            self._conn.execute(update(deliveries).where(failed).values(state=DeliveryState.PLANNED, failures=0))

    def _stored(self, wanted: Sequence[tuple[Cause, list[tuple[EffectKey, Command]]]]) -> list[Stored]:
        """What stands in the way of these plans: open deliveries of the same events, holders of the same keys."""
        own = and_(
            deliveries.c.event_id.in_([cause.event_id for cause, _ in wanted]), holds("deliveries", DELIVERY_IS_OPEN)
        )
        keys = [key for _, planned in wanted for key, _ in planned]
        found = (
            select(deliveries.c.id, deliveries.c.event_id, deliveries.c.effect_key, deliveries.c.state)
            .add_columns(events.c.state.label("event_state"))
            .select_from(deliveries)
            .join(events, events.c.id == deliveries.c.event_id)
            .where(or_(own, and_(deliveries.c.effect_key.in_(keys), _HOLDS_KEY)))
        )
        return [
            Stored(
                id=row.id,
                event_id=row.event_id,
                effect_key=row.effect_key,
                state=DeliveryState(row.state),
                is_event_open=EventState(row.event_state) in OPEN_EVENT_STATES,
            )
            for row in self._conn.execute(found)
        ]

    def _drop(self, ids: Iterable[DeliveryId]) -> None:
        if ids := list(ids):
            dropped = update(deliveries).where(deliveries.c.id.in_(ids), _MAY_DROP)
            self._conn.execute(dropped.values(state=DeliveryState.DROPPED))


_ATTEMPT_ROWS = attempts
_ATTEMPTS = (
    select(func.count())
    .select_from(attempts)
    .where(attempts.c.delivery_id == deliveries.c.id)
    .scalar_subquery()
    .label("attempts")
)
_IS_KNOWN = deliveries.c.state != DeliveryState.UNKNOWN
_OPEN_OF_EVENTS = (
    select(deliveries, _ATTEMPTS)
    .where(deliveries.c.event_id.in_(bindparam("b_ids")), holds("deliveries", DELIVERY_IS_OPEN))
    .order_by(deliveries.c.event_id, _IS_KNOWN, deliveries.c.plan_number, deliveries.c.ordinal)
)
_HOLDS_KEY = holds("deliveries", DELIVERY_HOLDS_ITS_KEY)
_MAY_FAIL = deliveries.c.state.in_([DeliveryState.PLANNED, DeliveryState.SENDING])
_MAY_DROP = deliveries.c.state.in_([DeliveryState.PLANNED, DeliveryState.FAILED])
_BY_ID = update(deliveries).where(deliveries.c.id == bindparam("b_id"))
_SEND = _BY_ID.where(deliveries.c.state == DeliveryState.PLANNED).values(
    state=DeliveryState.SENDING, settled_after=bindparam("b_settled_after")
)
_TAKE_OVER = _BY_ID.values(state=DeliveryState.UNKNOWN, settled_after=bindparam("b_settled_after"))
_ADOPT = _BY_ID.values(
    event_id=bindparam("b_event_id"), plan_number=bindparam("b_plan_number"), ordinal=bindparam("b_ordinal")
)
_SETTLED = bindparam("b_settled_after", type_=deliveries.c.settled_after.type)
_END_DELIVERY = _BY_ID.where(deliveries.c.state == bindparam("b_before")).values(
    state=bindparam("b_after"),
    failures=bindparam("b_failures"),
    vendor_ref=func.coalesce(bindparam("b_vendor_ref", type_=deliveries.c.vendor_ref.type), deliveries.c.vendor_ref),
    # Only ever later: the call may have waited for its turn after its row was written.
    settled_after=case(
        (deliveries.c.settled_after < _SETTLED, _SETTLED),
        else_=deliveries.c.settled_after,
    ),
)
_END_ATTEMPT = (
    update(attempts)
    .where(attempts.c.delivery_id == bindparam("b_delivery_id"), attempts.c.number == bindparam("b_number"))
    .values(
        ended_at=bindparam("b_ended_at"),
        outcome=bindparam("b_outcome"),
        status=bindparam("b_status"),
        code=bindparam("b_code"),
        detail=bindparam("b_detail"),
        wait_s=bindparam("b_wait_s"),
    )
)


def _adopted_row(held: Held) -> dict[str, Any]:
    return {
        "b_id": held.id,
        "b_event_id": held.cause.event_id,
        "b_plan_number": held.cause.plan_number,
        "b_ordinal": held.ordinal,
    }


def _planned_row(item: tuple[Cause, int, EffectKey, Command]) -> dict[str, Any]:
    cause, ordinal, effect_key, command = item
    return {
        "id": f"{cause.event_id}.{cause.plan_number}.{ordinal}",
        "event_id": cause.event_id,
        "plan_number": cause.plan_number,
        "ordinal": ordinal,
        "kind": command.KIND,
        "target": command.target(),
        "values": commands.dump(command),
        "expects": dict(command.expects),
        "undoes": command.undoes,
        "effect_key": effect_key,
        "state": DeliveryState.PLANNED,
    }


def _delivery(row: RowMapping) -> Delivery:
    return Delivery(
        id=row["id"],
        event_id=row["event_id"],
        plan_number=row["plan_number"],
        ordinal=row["ordinal"],
        kind=row["kind"],
        target=row["target"],
        command=commands.load(row["kind"], row["values"], expects=row["expects"], undoes=row["undoes"]),
        effect_key=row["effect_key"],
        state=DeliveryState(row["state"]),
        failures=row["failures"],
        attempts=row["attempts"],
        settled_after=row["settled_after"],
        vendor_ref=row["vendor_ref"],
    )


def _attempt_row(item: NewAttempt, now: datetime) -> dict[str, Any]:
    return {
        "delivery_id": item.delivery_id,
        "number": item.number,
        "purpose": item.purpose,
        "token": item.token,
        "started_at": now,
    }


def _end_row(item: AttemptEnd, now: datetime) -> dict[str, Any]:
    return {
        "b_delivery_id": item.delivery_id,
        "b_number": item.number,
        "b_ended_at": now,
        "b_outcome": item.outcome,
        "b_status": item.status,
        "b_code": item.code,
        "b_detail": item.detail,
        "b_wait_s": item.wait_s,
    }


def _after_row(item: AttemptEnd, now: datetime) -> dict[str, Any]:
    # A look-up that could not tell leaves its delivery where it was.
    stays = item.before is item.after
    is_lost = not stays and item.after is DeliveryState.UNKNOWN
    return {
        "b_id": item.delivery_id,
        "b_before": item.before,
        "b_after": item.after if stays else move_delivery(item.before, item.after),
        "b_failures": item.failures,
        "b_vendor_ref": item.vendor_ref or None,
        "b_settled_after": now + timedelta(seconds=item.late_s) if is_lost else None,
    }
