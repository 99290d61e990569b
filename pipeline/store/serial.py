"""Plans and their parts as JSON, and back without loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from pipeline.changes import Change, PlannedCall
from pipeline.events import Pin
from pipeline.plan import (
    Agreed,
    CommentRow,
    FollowUp,
    FoundDifference,
    Hold,
    LinkChanges,
    Loop,
    MadeItem,
    Met,
    Notice,
    ProcessRow,
    ReviewRow,
    Wake,
)
from pipeline.ports import ReplayItem
from pipeline.words import Decision, EndedBy, JsonValue, ProcessState, ReviewState, Side, Urgency, WakeReason

T = TypeVar("T")


def dump(value: object) -> JsonValue:
    """A value of ours as JSON: dataclasses become objects, times ISO 8601 in UTC."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: dump(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): dump(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [dump(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if value is None or isinstance(value, str | bool | int):
        return value
    raise TypeError(f"no JSON form for {type(value).__name__}")


def load(kind: type[T], row: Mapping[str, Any]) -> T:
    """The value that `dump` wrote, or a row of the table that holds the same fields.

    Raises TypeError for a field that `kind` does not have: a newer version wrote it, and may not be half understood.
    """
    readers = _READERS[kind]
    return kind(**{name: _read(readers.get(name), value) for name, value in row.items()})


def load_agreed(row: Mapping[str, Any]) -> dict[str, Agreed]:
    """The agreed values of a link, by field."""
    return {name: load(Agreed, value) for name, value in row.items()}


def load_loops(row: Mapping[str, Any]) -> dict[str, Loop]:
    """The loop counters of a link, by target and field."""
    return {name: load(Loop, value) for name, value in row.items()}


def load_holds(rows: Sequence[Mapping[str, str]] | None) -> tuple[Hold, ...]:
    """The holds that a line waits for."""
    return tuple(load(Hold, row) for row in rows or ())


def _read(reader: Callable[[Any], Any] | None, value: Any) -> Any:  # noqa: ANN401 - Any JSON value.
    return value if reader is None or value is None else reader(value)


def _time(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _rows(kind: type[T]) -> Callable[[list[Mapping[str, Any]]], tuple[T, ...]]:
    return lambda rows: tuple(load(kind, row) for row in rows)


_READERS: Mapping[type, Mapping[str, Callable[[Any], Any]]] = {
    Agreed: {"owner": Side, "at": _time},
    ProcessRow: {"state": ProcessState, "ended_by": EndedBy},
    ReviewRow: {
        "state": ReviewState,
        "decision": Decision,
        "opened_at": _time,
        "due_at": _time,
        "escalated_at": _time,
        "at": _time,
    },
    CommentRow: {"origin": Side, "at": _time},
    Wake: {"at": _time, "reason": WakeReason},
    Loop: {"at": _time},
    MadeItem: {},
    Notice: {},
    Pin: {"at": _time},
    Change: {},
    PlannedCall: {"changes": _rows(Change)},
    ReplayItem: {"calls": _rows(PlannedCall), "conflicts": tuple},
    FoundDifference: {},
    Hold: {},
    Met: {"side": Side},
    FollowUp: {"side": Side, "urgency": Urgency},
    LinkChanges: {
        "agreed": load_agreed,
        "processes": _rows(ProcessRow),
        "reviews": _rows(ReviewRow),
        "comments": _rows(CommentRow),
        "wake": lambda row: load(Wake, row),
        "notices": _rows(Notice),
        "differences": _rows(FoundDifference),
        "made": lambda row: load(MadeItem, row),
        "people": _rows(Met),
        "loops": load_loops,
    },
}
