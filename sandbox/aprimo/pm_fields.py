"""Applies what a request says to an object's fields and extended attributes (aprimo.md §5).

A partial update names the fields to change. An attribute collection that is given is flush-and-fill: what it
leaves out is removed; `extrAttr<eaId>` sets a single attribute and leaves the others.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aprimo.attributes import MULTI_PICK, PICK, Attribute
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.seeds import CASE_EAS, PEOPLE
from sandbox.aprimo.state import Row

SINGLE, MULTIPLE = "extendedAttributes", "multipleValueExtendedAttributes"
COLLECTIONS = (SINGLE, MULTIPLE)
_ONE_ATTRIBUTE = re.compile(r"extrAttr(\d+)")

Reader = Callable[[Any, str], Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The fields of one kind of object: how each is read, which are answered only, which a create needs."""

    readers: Mapping[str, Reader]
    answered_only: frozenset[str]
    required: frozenset[str]
    is_marked: bool
    """Marked routes take single attributes and do not insist on both collections."""

    attributes: Mapping[int, Attribute]


def text(value: Any, name: str) -> str:  # noqa: ANN401 -- What the wire holds.
    """Read a text."""
    if not isinstance(value, str):
        raise Refusal(400, f"'{name}' must be a text.")
    return value


def filled_text(value: Any, name: str) -> str:  # noqa: ANN401 -- What the wire holds.
    """Read a text that may not be empty."""
    if not text(value, name).strip():
        raise Refusal(400, f"'{name}' is required.")
    return str(value)


def number(value: Any, name: str) -> int:  # noqa: ANN401 -- What the wire holds.
    """Read a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refusal(400, f"'{name}' must be a whole number.")
    return value


def one_of(allowed: Mapping[int, object]) -> Reader:
    """Make a reader of ids that must be known."""

    def read(value: Any, name: str) -> int:  # noqa: ANN401 -- What the wire holds.
        if number(value, name) not in allowed:
            raise Refusal(400, f"'{name}' does not know the id {value}.")
        return int(value)

    return read


user = one_of(PEOPLE)


def apply(row: Row, body: dict[str, Any], kind: Kind) -> Row:
    """Give the row as it is after a request; what is not understood is refused, and then nothing changes."""
    changed = dict(row)
    for name in COLLECTIONS:
        if name in body:
            changed[name] = _flush_and_fill(name, body[name], kind)
    for name, value in body.items():
        single = _ONE_ATTRIBUTE.fullmatch(name)
        if single and kind.is_marked:
            changed[SINGLE] = _with_attribute(changed[SINGLE], int(single[1]), value, kind)
        elif name in kind.readers:
            changed[name] = _field(name, value, kind)
        elif name not in kind.answered_only and name not in COLLECTIONS:
            raise Refusal(400, f"'{name}' is not a field of this object.")
    return changed


def create(defaults: Row, body: dict[str, Any], kind: Kind) -> Row:
    """Give a new row from a create request; everything required must be in the body."""
    missing = sorted(name for name in kind.required if body.get(name) in (None, ""))
    if missing:
        raise Refusal(400, f"Required and missing: {', '.join(missing)}.")
    empty = dict.fromkeys(kind.readers) | {SINGLE: [], MULTIPLE: []}
    return apply({**empty, **defaults}, body, kind)


def demand_collections(body: dict[str, Any]) -> None:
    """Fail as unmarked routes do when an attribute collection was left out."""
    if not all(isinstance(body.get(name), list) for name in COLLECTIONS):
        raise Refusal(500, "Object reference not set to an instance of an object.")


def attribute(row: Row, ea_id: int) -> str | None:
    """Give one extended attribute; None where it was never set."""
    return next((each["eaValue"] for each in row[SINGLE] if each["eaId"] == ea_id), None)


def case_of(row: Row) -> str | None:
    """Give the natural identity of an object that was made for an outside case; None for another."""
    case = next((value for each in CASE_EAS if (value := attribute(row, each))), None)
    return f"case:{case}" if case else None


def _field(name: str, value: object, kind: Kind) -> object:
    if value is None:
        if name in kind.required:
            raise Refusal(400, f"'{name}' is required.")
        return None
    return kind.readers[name](value, name)


def _with_attribute(entries: list[Row], ea_id: int, value: object, kind: Kind) -> list[Row]:
    """Set one attribute; null takes it away."""
    others = [entry for entry in entries if entry["eaId"] != ea_id]
    entry = _entry(ea_id, value, kind)
    return sorted([*others, *entry], key=lambda each: int(each["eaId"]))


def _entry(ea_id: object, value: object, kind: Kind) -> list[Row]:
    attribute_ = kind.attributes.get(ea_id) if isinstance(ea_id, int) else None
    if attribute_ is None or attribute_.type == MULTI_PICK:
        raise Refusal(400, f"There is no extended attribute {ea_id} of a single value here.")
    if value is None:
        return []
    if attribute_.type == PICK and not text(value, f"extrAttr{ea_id}").isdecimal():
        raise Refusal(400, f"The extended attribute {ea_id} takes the id of a list item.")
    return [{"eaId": ea_id, "eaValue": text(value, f"extrAttr{ea_id}")}]


def _flush_and_fill(name: str, given: object, kind: Kind) -> list[Row]:
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise Refusal(400, f"'{name}' must be a list of objects.")
    if name == MULTIPLE:
        return [_item(each, kind) for each in given]
    ids = [each.get("eaId") for each in given]
    if len(set(ids)) != len(ids):
        raise Refusal(400, f"'{name}' names an attribute twice.")
    entries = [entry for each in given for entry in _entry(each.get("eaId"), each.get("eaValue"), kind)]
    return sorted(entries, key=lambda each: int(each["eaId"]))


def _item(entry: Row, kind: Kind) -> Row:
    """Read one chosen item of an attribute of many values."""
    ea_id, item_id = entry.get("extAttributeId"), entry.get("encodedListItemId")
    attribute_ = kind.attributes.get(ea_id) if isinstance(ea_id, int) else None
    if attribute_ is None or attribute_.type != MULTI_PICK:
        raise Refusal(400, f"There is no extended attribute {ea_id} of many values here.")
    return {
        "parentId": entry.get("parentId"),
        "extAttributeId": ea_id,
        "encodedListItemId": number(item_id, "encodedListItemId"),
    }
