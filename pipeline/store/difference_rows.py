"""Differences as rows: as looks find them and plans tell of them, and what becomes of those that stand already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.differences import Explained
from pipeline.flows.tenant import Policy
from pipeline.plan import FoundDifference
from pipeline.ports import Difference, DifferenceState
from pipeline.states import OPEN_EVENT_STATES
from pipeline.store import serial
from pipeline.words import EventState

_SHOWN = ("agreed", "aprimo", "opentext", "cause", "evidence", "policy")
NOT_UNDONE = "not_undone"
"""Evidence of a difference that stands again: which way back came to nothing, and why."""
_DIGITS = 18
"""Every number with so many digits is one of 64 bits."""


def number(difference_id: str) -> int:
    """The row's number; 0, which no row has, for anything that is no number."""
    is_one = difference_id.isascii() and difference_id.isdecimal() and len(difference_id) <= _DIGITS
    return int(difference_id) if is_one else 0


def difference_of(row: Mapping[str, Any]) -> Difference:
    """A row as a difference."""
    return Difference(
        **{
            **row,
            "id": str(row["id"]),
            "policy": Policy(row["policy"]),
            "state": DifferenceState(row["state"]),
            "evidence": row["evidence"] or {},
            "run_id": row["run_id"] or "",
        }
    )


def seen_values(each: Explained) -> dict[str, Any]:
    """What a difference shows that was read and explained, as columns."""
    return {
        "agreed": each.mismatch.agreed,
        "aprimo": each.mismatch.aprimo,
        "opentext": each.mismatch.opentext,
        "cause": each.cause,
        "evidence": serial.dump(each.evidence),
        "policy": each.policy,
    }


def told_values(item: FoundDifference, row: Difference | None, undone: Iterable[Difference]) -> dict[str, Any]:
    """What a difference shows that a plan came across, as columns; what stands and is the same knows more of it.

    row: what stands already; undone: of the same item, what people have taken back: the same again is left alone.
    """
    told = {"agreed": item.agreed, "aprimo": item.aprimo, "opentext": item.opentext, "cause": item.cause}
    if row is not None and row.cause == item.cause and _is_same(row, told):
        return {name: getattr(row, name) for name in _SHOWN}
    taken_back = [each.id for each in undone if each.field == item.field and _is_same(each, told)]
    evidence = {"undone": taken_back[-1]} if taken_back else {}
    return {**told, "policy": Policy.NEVER if taken_back else item.policy, "evidence": evidence}


def seen_again(row: Difference, shown: Mapping[str, Any], heal: Mapping[str, Any] | None) -> dict[str, Any]:
    """What becomes of a difference that is found again, as columns. heal: its heal's event, None for none.

    Nothing while its heal, or the way back, is on its way: the way back needs what it was healed for. Where either
    side shows something else than before, a heal that has ended was about something else, and is forgotten.
    """
    if row.state is DifferenceState.UNDOING or _is_on_its_way(heal):
        return {}
    ended = {} if _is_same(row, shown) else {"heal_event_id": None, "former": None}
    why = {NOT_UNDONE: row.evidence[NOT_UNDONE]} if NOT_UNDONE in row.evidence else {}
    return {**shown, **ended, "evidence": {**shown["evidence"], **why}, "state": DifferenceState.OPEN}


def given_back(row: Difference, undo: Mapping[str, Any] | None) -> dict[str, Any]:
    """What becomes of a difference whose heal is being taken back, as columns; nothing until that has ended.

    undo: the event of the way back, None where there is none. Undone is what was written; else it stands again.
    """
    if row.state is not DifferenceState.UNDOING or _is_on_its_way(undo):
        return {}
    if undo is not None and undo["state"] == EventState.DELIVERED:
        return {
            "state": DifferenceState.CLOSED,
            "undone_at": undo["ended_at"],
            "closed_by": str(undo["data"].get("by", "")),
        }
    why = {"event": row.undo_event_id, "reason": undo["reason"] if undo else ""}
    return {"state": DifferenceState.OPEN, "evidence": {**row.evidence, NOT_UNDONE: why}}


def _is_on_its_way(event: Mapping[str, Any] | None) -> bool:
    return event is not None and event["state"] in OPEN_EVENT_STATES


def _is_same(row: Difference, shown: Mapping[str, Any]) -> bool:
    return (row.aprimo, row.opentext) == (shown["aprimo"], shown["opentext"])
