"""Between the DAM's wire and our words: names for ids, snapshots of records, and when two values are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pipeline.aprimo import translate
from pipeline.aprimo.dam_names import Names
from pipeline.aprimo.dam_schemas import FieldRow, FileVersion, Named, RecordRow
from pipeline.aprimo.dam_wire import NEUTRAL
from pipeline.errors import PermanentError
from pipeline.flows.tenant import FieldType, FieldWord, FlowWords
from pipeline.plan import Snapshot, Want
from pipeline.ports import Bounds
from pipeline.transport.times import instant, sortable
from pipeline.words import JsonValue

OPTIONS, CLASSIFICATIONS, LINK, NUMERIC = "OptionList", "ClassificationList", "RecordLink", "Numeric"
LISTS = frozenset({OPTIONS, CLASSIFICATIONS, "RecordList", "UserList", "UserGroupList", "LanguageList", "TextList"})
MOMENTS = frozenset({"Date", "DateTime"})
MODIFIED_BY = "modifiedby"
"""As what a file may name the user who changed a record last: no field of the record, but read with it."""

Values = Mapping[str, "str | list[str]"]
"""Fields by name: lists as lists of names, everything else as text, "" for nothing."""

# ---- reading -----------------------------------------------------------------------------------------------------


def field_names(want: Want, words: FlowWords) -> tuple[str, ...]:
    """Which fields are read: those the flow names, or all of a record that is not the flow's own item."""
    if want.kind != words.object_kind:
        return ()
    return tuple(dict.fromkeys(name for name in words.wire_names() if name and name != MODIFIED_BY))


def named_values(row: RecordRow, names: Names, bounds: Bounds) -> Values:
    """The record's fields with names for ids; an id that no definition knows stays an id."""
    return {name: _named(each, names, bounds) for name, each in row.fields.items()}


def people_in(want: Want, row: RecordRow, values: Values, words: FlowWords) -> tuple[str, ...]:
    """The ids of the users whom the flow's own item names, so that people can be told their names."""
    if want.kind != words.object_kind:
        return ()
    known = [word for word in words.fields.values() if word.type is FieldType.USER]
    return tuple(dict.fromkeys(each for word in known if (each := _user(word, row, values))))


def record_snapshot(
    want: Want,
    row: RecordRow,
    values: Values,
    words: FlowWords,
    read_at: datetime,
    *,
    people: Mapping[str, str],
) -> Snapshot:
    """A record as the flow sees it.

    people: the names of users by id.
    The flow's own item: the fields of its TOML, `state` (our word, "" for one the TOML does not name), `state_id` and
    `state_name` (both the option's name). Any other record: every field by its name. Both: `record_status`, `type_id`
    (the content type), `content_type`, `file_id`, `file_version` (None without a file), `classifications` (id and
    path), `modified_by` (an `adamUserId`), `preview_link` (signed, another one at every read: for people, never to be
    compared or kept). wire: the fields by their names, as they were named.
    """
    ours: dict[str, JsonValue] = {}
    if want.kind == words.object_kind:
        ours = {name: _field(word, values.get(word.wire, ""), words) for name, word in words.fields.items()}
        users = {name: _user(word, row, values) for name, word in words.fields.items() if word.type is FieldType.USER}
        ours |= {name: _person(user_id, people) for name, user_id in users.items()}
        state = values.get(words.state_wire, "")
        state_name = state if isinstance(state, str) else "; ".join(state)
        ours |= {"state": words.state_word(state_name), "state_id": state_name, "state_name": state_name}
    else:
        ours |= {name: list(value) if isinstance(value, list) else value for name, value in values.items()}
    ours |= {
        "type_id": row.content_type,
        "record_status": row.status.casefold(),
        "content_type": row.content_type,
        "file_id": row.file_id,
        "file_version": _version(row.version),
        "classifications": [{"id": each, "path": path} for each, path in sorted(row.classifications.items())],
        "modified_by": row.modified_by,
        "preview_link": row.preview_uri,
    }
    wire: dict[str, JsonValue] = {
        name: list(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return Snapshot(
        want=want,
        read_at=read_at,
        version=sortable(row.modified_at),
        values=ours,
        wire=wire,
        created_at=row.created_at,
    )


def _named(field: FieldRow, names: Names, bounds: Bounds) -> str | list[str]:
    texts = [str(each) for each in field.values]
    if field.data_type == OPTIONS:
        texts = [names.option_name(field.id, each, bounds) for each in texts]
    elif field.data_type == CLASSIFICATIONS:
        texts = [names.classification_path(each, bounds) for each in texts]
    if field.data_type in LISTS or field.data_type == LINK:
        return texts
    return texts[0] if texts else ""


def _field(word: FieldWord, value: str | list[str], words: FlowWords) -> JsonValue:
    """A field by its word: a list stays one where the word says so; else its values stand in one text."""
    if word.type is FieldType.LIST and isinstance(value, list):
        return list(value)
    text = value if isinstance(value, str) else f"{word.separator} ".join(value)
    return translate.field_value(word, text, words, {})


def _user(word: FieldWord, row: RecordRow, values: Values) -> str:
    """The id of the first user in a field, or of whoever changed the record last; "" for nobody."""
    if word.wire == MODIFIED_BY:
        return row.modified_by
    return next(iter(texts_of(values.get(word.wire, ""))), "")


def _person(user_id: str, people: Mapping[str, str]) -> JsonValue:
    """A user of the DAM, which documents no e-mail of one: matched by the override table or not at all."""
    return {"id": user_id, "email": "", "name": people.get(user_id, "")} if user_id else None


def _version(version: FileVersion | None) -> JsonValue:
    if version is None:
        return None
    return {
        "id": version.id,
        "number": version.number,
        "label": version.label,
        "file_name": version.file_name,
        "sha256": version.sha256,
        "state": version.state,
    }


# ---- writing -----------------------------------------------------------------------------------------------------


def field_body(field: Named, value: JsonValue, names: Names, bounds: Bounds) -> dict[str, Any]:
    """What sets a field: ids for names; null resets it. Raises PermanentError for a name nobody knows."""
    texts = texts_of(value)
    entry: dict[str, Any] = {"languageId": NEUTRAL}
    if field.data_type == LINK:
        entry["parents"] = [{"recordId": each} for each in texts]
    elif field.data_type in LISTS:
        entry["values"] = [_wire_id(field, each, names, bounds) for each in texts] or None
    elif field.data_type == NUMERIC and texts:
        entry["value"] = _number(field, texts[0])
    else:
        entry["value"] = "; ".join(texts) or None
    return {"id": field.id, "localizedValues": [entry]}


def is_same(field: Named, now: str | Sequence[str], wanted: JsonValue) -> bool:
    """Whether a field has the value wanted: lists in any order, moments by the moment, amounts by the amount."""
    have, want = texts_of(now), texts_of(wanted)
    if field.data_type in LISTS or field.data_type == LINK:
        return sorted(each.casefold() for each in have) == sorted(each.casefold() for each in want)
    one, other = "; ".join(have), "; ".join(want)
    if field.data_type in MOMENTS and one and other:
        return _is_same_moment(one, other)
    if field.data_type == NUMERIC and one and other:
        return translate.money(one) == translate.money(other)
    return translate.is_same(one, other)


def texts_of(value: object) -> list[str]:
    """A value as texts: none for nothing, one for a scalar."""
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    return [] if value is None or value == "" else [str(value)]


def _wire_id(field: Named, text: str, names: Names, bounds: Bounds) -> str:
    if field.data_type == OPTIONS:
        return names.option_id(field, text, bounds)
    if field.data_type == CLASSIFICATIONS:
        return names.find("classifications", text, bounds).id
    return text


def _number(field: Named, text: str) -> int | float:
    """A JSON number, which is all that numeric fields take; its shortest form is the decimal text it was made of."""
    try:
        value = Decimal(text)
        if value.is_finite():
            return int(value) if value == value.to_integral_value() else float(value)
    except InvalidOperation:
        pass
    raise PermanentError("value_malformed", f"{field.name} takes a number, not {text!r}.")


def _is_same_moment(one: str, other: str) -> bool:
    try:
        return instant(one) == instant(other)
    except ValueError:
        return one == other
