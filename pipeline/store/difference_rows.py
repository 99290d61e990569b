"""Differences as rows: as looks find them and plans tell of them, and what becomes of those that stand already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.differences import Explained
from pipeline.flows.tenant import Policy
from pipeline.plan import FoundDifference
from pipeline.ports import Difference, DifferenceState
from pipeline.store import serial

_SHOWN = ("agreed", "aprimo", "opentext", "cause", "evidence", "policy")
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


def seen_again(row: Difference, shown: Mapping[str, Any], *, is_healing: bool) -> dict[str, Any]:
    """What becomes of a difference that is found again, as columns.

    Nothing while its heal is on its way: the way back needs what it was healed for. Where either side shows something
    else than before, a heal that has ended was about something else, and is forgotten.
    """
    if is_healing:
        return {}
    heal = {} if _is_same(row, shown) else {"heal_event_id": None, "former": None}
    return {**shown, **heal, "state": DifferenceState.OPEN}


def _is_same(row: Difference, shown: Mapping[str, Any]) -> bool:
    return (row.aprimo, row.opentext) == (shown["aprimo"], shown["opentext"])
