"""What changes an object of Productivity Management and leaves everything else of it alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.aprimo.wire import EA_PREFIX, ObjectKind
from pipeline.errors import PermanentError
from pipeline.transport.messages import plain


def body_of_changes(
    kind: ObjectKind, row: Mapping[str, Any], changes: Mapping[str, Any], *, ea_value_key: str
) -> dict[str, Any]:
    """The body of a PUT that makes these changes and no other.

    Where the route is marked for field-level update ("API basics", Extended attributes) both attribute collections
    are left out: they are flush-and-fill, and one that is not sent is not emptied. On every other route they are
    sent whole as they were read, because leaving them out can answer 500. A list is the ids of the items of an
    attribute of many values; a single value is sent as text, whatever the attribute's type. Raises PermanentError
    (`value_malformed`) for a list where single values are marked.
    """
    attributes = {
        name.removeprefix(EA_PREFIX): _as_text(value) for name, value in changes.items() if name.startswith(EA_PREFIX)
    }
    many = {ea_id: value for ea_id, value in attributes.items() if isinstance(value, list)}
    if kind.is_marked and many:
        raise PermanentError("value_malformed", f"{kind.resource} take no list in {EA_PREFIX}{next(iter(many))}.")
    if kind.is_marked:
        return {**changes, **{f"{EA_PREFIX}{ea_id}": value for ea_id, value in attributes.items()}}
    body = {name: value for name, value in changes.items() if not name.startswith(EA_PREFIX)}
    single = {ea_id: value for ea_id, value in attributes.items() if ea_id not in many}
    lists = row.get("multipleValueExtendedAttributes") or []
    return body | {
        "extendedAttributes": _with_attributes(row.get("extendedAttributes") or [], single, ea_value_key),
        "multipleValueExtendedAttributes": _with_lists(lists, many, row.get(kind.id_key)),
    }


def _as_text(value: Any) -> Any:  # noqa: ANN401 - A list, a truth and null stay what they are.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _with_attributes(
    rows: Sequence[Mapping[str, Any]], changes: Mapping[str, Any], ea_value_key: str
) -> list[dict[str, Any]]:
    kept = [plain(dict(row)) for row in rows if str(row.get("eaId")) not in changes]  # Fractions exact, as text.
    return kept + [{"eaId": int(ea_id), ea_value_key: value} for ea_id, value in changes.items()]


def _with_lists(
    rows: Sequence[Mapping[str, Any]], changes: Mapping[str, Sequence[Any]], object_id: object
) -> list[dict[str, Any]]:
    kept = [plain(dict(row)) for row in rows if str(row.get("extAttributeId")) not in changes]
    owner = {} if object_id is None else {"parentId": object_id}
    return kept + [
        {**owner, "extAttributeId": int(ea_id), "encodedListItemId": int(item)}
        for ea_id, items in changes.items()
        for item in items
    ]
