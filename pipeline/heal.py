"""Heals: a difference that may be mended becomes a fact on its item's line, and its flow plans what that means.

Nothing is written here. So every promise holds for a heal as for any notice: order, ownership, effects that happen
once, what must still be true when a write leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from pipeline import intake, keys, ownership
from pipeline.differences import HAND_EDITS, STATE, Cause
from pipeline.events import Event, NewEvent
from pipeline.flows import facts
from pipeline.flows.shared.healing import CHANGED, NOT_UNDOABLE
from pipeline.flows.tenant import Policy
from pipeline.ports import AuditEntry, Bounds, Difference, DifferenceState, Hint, Ports, Tx
from pipeline.suspects import Suspect, look_at
from pipeline.words import EventId, EventKind, EventState, JsonValue, Side, Urgency

SOURCE = "signoff.reconciliation"

PUT_BACK = HAND_EDITS | {Cause.EDITED_IN_OPENTEXT, Cause.EDITED_IN_BOTH}
"""One value is written over another, so a person can have the other back."""
NEVER, NOT_OPEN, NOT_HEALED = "never", "not_open", "not_healed"
"""Why a difference is not healed, or a heal not taken back, beside what the plan of one may say."""
HEAL_WAITS, HEAL_DIED, HEAL_WROTE_NOTHING = "heal_waits", "heal_died", "heal_wrote_nothing"
UNDO_WAITS, UNDO_DIED = "undo_waits", "undo_died"
_NOT_WRITTEN = {
    EventState.ACCEPTED: HEAL_WAITS,
    EventState.PLANNED: HEAL_WAITS,
    EventState.CARRIED: HEAL_WAITS,
    EventState.DEAD: HEAL_DIED,
}
"""Why there is nothing to take back of a heal whose event stands so; any other but `delivered` wrote nothing."""
_TAKEN_BACK = {
    EventState.ACCEPTED: UNDO_WAITS,
    EventState.PLANNED: UNDO_WAITS,
    EventState.CARRIED: UNDO_WAITS,
    EventState.DEAD: UNDO_DIED,
    EventState.DELIVERED: NOT_HEALED,
}
"""Why a heal is not taken back once more whose way back stands so; any other wrote nothing, so it may be."""


@dataclass(frozen=True, kw_only=True)
class Acted:
    """What became of one difference. reason: why nothing was done, "" where it was."""

    difference_id: str
    reason: str = ""

    @property
    def is_done(self) -> bool:
        """Whether its heal, or the way back, is on its line."""
        return not self.reason


def heal(difference_ids: Sequence[str], *, by: str, ports: Ports, run_id: str = "") -> list[Acted]:
    """Accept the heal of each difference that is open and whose policy is not `never`. run_id: in which run."""
    done = []
    for each in difference_ids:
        reason, hints = ports.store.run(partial(_heal, difference_id=each, run_id=run_id, by=by, ports=ports))
        ports.waker.wake(hints)
        done.append(Acted(difference_id=each, reason=reason))
    return done


def undo(difference_id: str, *, by: str, bounds: Bounds, ports: Ports) -> Acted:
    """Accept that a heal's value gives way to the former one again, where both sides still show what it wrote.

    It counts as undone once that was written; where somebody was quicker the difference stands again. Raises the
    errors of the vendors, which are read first.
    """
    healed, reason = ports.store.run(partial(_healed, difference_id=difference_id))
    if healed is None:
        return Acted(difference_id=difference_id, reason=reason)
    reason = _why_not_undone(healed, bounds, ports)
    if reason:
        return Acted(difference_id=difference_id, reason=reason)
    reason, hints = ports.store.run(partial(_undo, healed=healed, by=by, ports=ports))
    ports.waker.wake(hints)
    return Acted(difference_id=difference_id, reason=reason)


# ---- healing -------------------------------------------------------------------------------------------------------


def _heal(tx: Tx, difference_id: str, run_id: str, by: str, ports: Ports) -> tuple[str, list[Hint]]:
    found = tx.differences.find(ids=[difference_id])
    if not found or found[0].state is not DifferenceState.OPEN:
        return NOT_OPEN, []
    # Lines are locked before anything else, as everybody does who changes both: what was read before may be over.
    tx.lines.touch({keys.line_key(found[0].flow, found[0].business_key): found[0].flow})
    found = tx.differences.find(ids=[difference_id])
    if not found or found[0].state is not DifferenceState.OPEN:
        return NOT_OPEN, []
    difference = found[0]
    if difference.policy is Policy.NEVER or difference.cause not in set(Cause):
        return NEVER, []
    event_id = EventId(ports.new_id("ev"))
    # First of all: a look takes no line, and may close it until then. Who loses has stored nothing.
    if not tx.differences.begin_heal(difference.id, event_id, former_of(difference)):
        return NOT_OPEN, []
    key = f"{run_id or difference.run_id}:{difference.id}:{event_id}"
    event = _event(difference, facts.HEAL, former=former_of(difference), key=key, by=by, tx=tx, ports=ports)
    _, hints = intake.place(tx, [event], new_id=lambda _: event_id, limits=ports.limits)
    tx.ledger.audit([_entry("difference.healed", difference, former_of(difference), by)])
    return "", hints


def _event(
    difference: Difference, type_: str, *, former: JsonValue, key: str, by: str, tx: Tx, ports: Ports
) -> NewEvent:
    """A fact on the item's line; the flow knows from the cause what it takes. former: what a heal writes over."""
    return NewEvent(
        flow=difference.flow,
        source=SOURCE,
        type=type_,
        kind=EventKind.FACT,
        side=Side.APRIMO if difference.cause in HAND_EDITS else Side.OPENTEXT,
        subject=difference.business_key,
        line_key=keys.line_key(difference.flow, difference.business_key),
        dedupe_key=keys.reconciliation(key, type_),
        time=tx.now,
        data=_data(difference, former, by),
        urgency=Urgency.BULK,
        trace_id=ports.new_id("tr"),
    )


def _data(difference: Difference, former: JsonValue, by: str) -> dict[str, JsonValue]:
    """What a plan needs of a difference. seen: what the heal writes over, so that it writes over nothing else."""
    return {
        "difference": difference.id,
        "field": difference.field,
        "cause": difference.cause,
        "agreed": difference.agreed,
        "aprimo": difference.aprimo,
        "opentext": difference.opentext,
        "seen": former,
        "by": by,
    }


def former_of(difference: Difference) -> JsonValue:
    """What a heal overwrites: the value of the side that is put right; None where no value is."""
    if difference.cause in HAND_EDITS:
        return difference.aprimo
    return difference.opentext if difference.cause in PUT_BACK else None


# ---- taking back ---------------------------------------------------------------------------------------------------


def _healed(tx: Tx, difference_id: str) -> tuple[Difference | None, str]:
    """A difference as it was healed; None, and why, where no heal of it has written anything that still counts."""
    found = tx.differences.find(ids=[difference_id], is_open=None)
    event_id = found[0].heal_event_id if found else None
    if event_id is None or found[0].undone_at is not None:
        return None, NOT_HEALED
    undo_id = found[0].undo_event_id
    events = tx.events.by_id([each for each in (event_id, undo_id) if each])
    event, undone = events.get(event_id), events.get(undo_id) if undo_id else None
    if event is None or event.state is not EventState.DELIVERED:
        return None, _NOT_WRITTEN.get(event.state, HEAL_WROTE_NOTHING) if event else HEAL_WROTE_NOTHING
    if undone is not None and undone.state in _TAKEN_BACK:
        return None, _TAKEN_BACK[undone.state]
    return _as_healed(found[0], event), ""


def _as_healed(difference: Difference, heal: Event) -> Difference:
    """As it was when its heal began: a look since then may have seen it otherwise, such as on its way."""
    told = {name: heal.data[name] for name in ("cause", "agreed", "aprimo", "opentext") if name in heal.data}
    return replace(difference, **told)  # type: ignore[arg-type]  # Each is what `_data` put there.


def _why_not_undone(difference: Difference, bounds: Bounds, ports: Ports) -> str:
    """Why a heal cannot be taken back, "" where it can."""
    if difference.cause not in PUT_BACK or _is_decided_in_opentext(difference):
        return NOT_UNDOABLE
    looked = look_at(
        difference.flow,
        [Suspect(key=difference.business_key)],
        run_id="",
        is_kept=False,
        bounds=bounds,
        ports=ports,
    )
    differs = any(each.explained.mismatch.field == difference.field for each in looked.found)
    return CHANGED if differs or looked.unread or looked.moved else ""


def _is_decided_in_opentext(difference: Difference) -> bool:
    """Whether the way back would put an item where only a decision puts it: a hand did, and no decision says so."""
    states = ownership.STATES.get(difference.flow, {})
    return difference.field == STATE and states.get(str(difference.aprimo)) is Side.OPENTEXT


def _undo(tx: Tx, healed: Difference, by: str, ports: Ports) -> tuple[str, list[Hint]]:
    tx.lines.touch({keys.line_key(healed.flow, healed.business_key): healed.flow})
    difference, reason = _healed(tx, healed.id)
    if difference is None or difference.heal_event_id != healed.heal_event_id:
        return reason or CHANGED, []
    link = tx.links.of([(difference.flow, difference.business_key)]).get((difference.flow, difference.business_key))
    if link is None or keys.digest(link.agreed_value(difference.field)) != keys.digest(_written(difference)):
        return CHANGED, []
    event_id = EventId(ports.new_id("ev"))
    if not tx.differences.begin_undo(difference.id, event_id, instead_of=difference.undo_event_id):
        return CHANGED, []
    former, key = difference.former, f"{difference.id}:{event_id}"
    event = _event(difference, facts.UNDO, former=former, key=key, by=by, tx=tx, ports=ports)
    _, hints = intake.place(tx, [event], new_id=lambda _: event_id, limits=ports.limits)
    tx.ledger.audit([_entry("difference.undone", difference, former, by)])
    return "", hints


def _written(difference: Difference) -> JsonValue:
    """What both agree on once the heal is done."""
    return difference.aprimo if difference.cause == Cause.EDITED_IN_BOTH else difference.agreed


def _entry(act: str, difference: Difference, former: JsonValue, by: str) -> AuditEntry:
    return AuditEntry(actor=by, act=act, object=difference.id, before=former, after=_written(difference))
