"""Deliveries and attempts in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pipeline import commands
from pipeline.commands import Cause, Command
from pipeline.ports import AttemptEnd, Claim, Delivery, NewAttempt
from pipeline.states import CLOSED_DELIVERY_STATES, OPEN_EVENT_STATES, move_delivery
from pipeline.store.deliveries import LOST
from pipeline.store.replanning import Stored, replan
from pipeline.words import DeliveryId, DeliveryState, EffectKey, EventId, EventState, Purpose
from tests.support.memory.rows import Row, Tables, require

_MAY_FAIL = frozenset({DeliveryState.PLANNED, DeliveryState.SENDING})
_MAY_DROP = frozenset({DeliveryState.PLANNED, DeliveryState.FAILED})


class MemoryDeliveries:
    """The port `Deliveries` within one transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._tables = tables
        self._deliveries = tables["deliveries"]
        self._attempts = tables["attempts"]
        self._now = now

    def plan(self, plans: Sequence[tuple[Cause, Sequence[Command]]]) -> None:
        """Store the commands of several events' plans, each in order. Raises EffectHeldError."""
        wanted = [(cause, [(command.effect_key(cause), command) for command in planned]) for cause, planned in plans]
        changes = replan(wanted, self._stored(wanted))
        self.drop(changes.dropped)
        for held in changes.adopted:
            self._deliveries.change(
                self._row(held.id),
                event_id=held.cause.event_id,
                plan_number=held.cause.plan_number,
                ordinal=held.ordinal,
            )
        for added in changes.added:
            self._add(*added)

    def take_over(self, claims: Sequence[Claim]) -> int:
        """Turn every `sending` delivery of these lines' heads into `unknown`; returns how many."""
        found = [
            row
            for claim in claims
            for row in self._of_head(claim)
            if row["state"] == DeliveryState.SENDING and self._attempts.where("delivery_id", row["id"])
        ]
        for row in found:
            tries = self._attempts.where("delivery_id", row["id"])
            late = row["settled_after"] - max(attempt["started_at"] for attempt in tries)
            after = move_delivery(DeliveryState.SENDING, DeliveryState.UNKNOWN)
            self._deliveries.change(row, state=after, settled_after=self._now + late)
            for attempt in tries:
                if attempt["ended_at"] is None:
                    self._attempts.change(attempt, ended_at=self._now, outcome=LOST)
        return len(found)

    def open_of(self, ids: Sequence[EventId]) -> dict[EventId, tuple[Delivery, ...]]:
        """Per event its deliveries that are neither done nor dropped, in order (unknown ones first)."""
        found = {event_id: self._open(event_id) for event_id in ids}
        return {
            event_id: tuple(self._delivery(row) for row in sorted(rows, key=_in_order))
            for event_id, rows in found.items()
            if rows
        }

    def begin(self, attempts: Sequence[NewAttempt]) -> None:
        """Write attempt rows; a delivery whose purpose is send becomes `sending`."""
        after = move_delivery(DeliveryState.PLANNED, DeliveryState.SENDING)
        sends = [item for item in attempts if item.purpose is Purpose.SEND]
        planned = [DeliveryState.PLANNED] * len(sends)
        rows = require([self._deliveries.get(item.delivery_id) for item in sends], planned, what="deliveries")
        for item, row in zip(sends, rows, strict=True):
            self._deliveries.change(row, state=after, settled_after=self._now + timedelta(seconds=item.late_s))
        for item in attempts:
            self._attempts.insert(
                {
                    "delivery_id": item.delivery_id,
                    "number": item.number,
                    "purpose": item.purpose,
                    "token": item.token,
                    "started_at": self._now,
                }
            )

    def end(self, ends: Sequence[AttemptEnd]) -> None:
        """Write outcomes; each move is checked against `states`."""
        for item in ends:
            self._end_attempt(item)
        found, befores = [self._deliveries.get(item.delivery_id) for item in ends], [item.before for item in ends]
        rows = require(found, befores, what="deliveries")
        for item, row in zip(ends, rows, strict=True):
            self._end_delivery(item, row)

    def fail(self, ids: Sequence[DeliveryId]) -> None:
        """`planned` or `sending` deliveries of a dead event become `failed`; unknown ones stay."""
        self._to(DeliveryState.FAILED, [self._row(each) for each in ids], _MAY_FAIL)

    def fail_of(self, ids: Sequence[EventId]) -> None:
        """As `fail`, for all deliveries of these events."""
        self._to(DeliveryState.FAILED, self._of(ids), _MAY_FAIL)

    def refs(self, keys: Sequence[EffectKey]) -> dict[EffectKey, str]:
        """vendor_ref of the done deliveries with these effect keys."""
        found = (row for key in keys for row in self._deliveries.where("effect_key", key))
        return {row["effect_key"]: row["vendor_ref"] for row in found if row["state"] == DeliveryState.DONE}

    def drop(self, ids: Iterable[DeliveryId]) -> None:
        """These deliveries, which are neither sending nor unknown, become `dropped`."""
        self._to(DeliveryState.DROPPED, [self._row(each) for each in ids], _MAY_DROP)

    def forgive(self, ids: Sequence[EventId]) -> None:
        """Open deliveries of these events get all their tries back."""
        for row in (row for event_id in ids for row in self._open(event_id)):
            self._deliveries.change(row, failures=0)

    def drop_open(self, ids: Sequence[EventId]) -> None:
        """Open deliveries of these events that are not `unknown` become `dropped`."""
        self._to(DeliveryState.DROPPED, self._of(ids), _MAY_DROP)

    def resume(self, ids: Sequence[EventId]) -> None:
        """`failed` deliveries of these events become `planned`, with all their tries before them."""
        for row in self._of(ids):
            if row["state"] == DeliveryState.FAILED:
                after = move_delivery(DeliveryState.FAILED, DeliveryState.PLANNED)
                self._deliveries.change(row, state=after, failures=0)

    # ---- rows ----------------------------------------------------------------------------------------------------

    def _row(self, delivery_id: DeliveryId) -> Row:
        row = self._deliveries.get(delivery_id)
        if row is None:
            raise KeyError(delivery_id)
        return row

    def _of(self, ids: Sequence[EventId]) -> list[Row]:
        return [row for event_id in ids for row in self._deliveries.where("event_id", event_id)]

    def _open(self, event_id: EventId) -> list[Row]:
        rows = self._deliveries.where("event_id", event_id)
        return [row for row in rows if row["state"] not in CLOSED_DELIVERY_STATES]

    def _of_head(self, claim: Claim) -> list[Row]:
        at_head = [
            EventId(row["id"])
            for row in self._tables["events"].where("line_key", claim.key)
            if row["position"] == claim.head
        ]
        return self._of(at_head)

    def _to(self, state: DeliveryState, rows: Iterable[Row], may: frozenset[DeliveryState]) -> None:
        for row in rows:
            if row["state"] in may:
                self._deliveries.change(row, state=state)

    def _stored(self, wanted: Sequence[tuple[Cause, list[tuple[EffectKey, Command]]]]) -> list[Stored]:
        """What stands in the way of these plans: open deliveries of the same events, holders of the same keys."""
        found = {row["id"]: row for cause, _ in wanted for row in self._open(cause.event_id)}
        for _, planned in wanted:
            for key, _ in planned:
                holders = self._deliveries.where("effect_key", key)
                found |= {row["id"]: row for row in holders if row["state"] != DeliveryState.DROPPED}
        return [
            Stored(
                id=row["id"],
                event_id=row["event_id"],
                effect_key=row["effect_key"],
                state=DeliveryState(row["state"]),
                is_event_open=self._event_state(row["event_id"]) in OPEN_EVENT_STATES,
            )
            for row in found.values()
        ]

    def _event_state(self, event_id: EventId) -> EventState:
        row = self._tables["events"].get(event_id)
        if row is None:
            raise KeyError(event_id)
        return EventState(row["state"])

    def _add(self, cause: Cause, ordinal: int, effect_key: EffectKey, command: Command) -> None:
        self._deliveries.insert(
            {
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
        )

    def _delivery(self, row: Row) -> Delivery:
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
            attempts=len(self._attempts.where("delivery_id", row["id"])),
            settled_after=row["settled_after"],
            vendor_ref=row["vendor_ref"],
        )

    def _end_attempt(self, item: AttemptEnd) -> None:
        attempt = self._attempts.get(item.delivery_id, item.number)
        if attempt is not None:
            self._attempts.change(
                attempt,
                ended_at=self._now,
                outcome=item.outcome,
                status=item.status,
                code=item.code,
                detail=item.detail,
                wait_s=item.wait_s,
            )

    def _end_delivery(self, item: AttemptEnd, row: Row) -> None:
        stays = item.before is item.after
        after = item.after if stays else move_delivery(item.before, item.after)
        settled_after = row["settled_after"]
        if not stays and after is DeliveryState.UNKNOWN and settled_after is not None:
            # Only ever later: the call may have waited for its turn after its row was written.
            settled_after = max(settled_after, self._now + timedelta(seconds=item.late_s))
        self._deliveries.change(
            row,
            state=after,
            failures=item.failures,
            vendor_ref=item.vendor_ref or row["vendor_ref"],
            settled_after=settled_after,
        )


def _in_order(row: Row) -> tuple[bool, int, int]:
    return (row["state"] != DeliveryState.UNKNOWN, row["plan_number"], row["ordinal"])
