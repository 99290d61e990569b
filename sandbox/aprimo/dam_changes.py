"""Applies what a request says to a record: partial, with `addOrUpdate` and `remove` (aprimo.md §4.1).

What is left out stays, null resets. Nothing is changed where anything is refused.
"""

from collections.abc import Collection
from typing import Any

from sandbox.aprimo import dam_seeds, dam_times, dam_values
from sandbox.aprimo.dam_values import Exists
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import Row

KEYS = frozenset({"status", "contentType", "tag", "fields", "classifications", "files"})
_STAMPS = ("modifiedOn", "modifiedBy")


def new_record(record_id: str, user_id: str) -> Row:
    """Give the row of a record that says nothing yet."""
    now = dam_times.stamp()
    return {
        "id": record_id,
        "status": "draft",
        "contentType": "Asset",
        "tag": None,
        "createdOn": now,
        "createdBy": user_id,
        "modifiedOn": now,
        "modifiedBy": user_id,
        "fields": {},
        "classifications": [],
        "files": [],
        "masterFile": None,
    }


def apply(record: Row, body: Row, exists: Exists) -> Row:
    """Give the record after a request; its files are `dam_files`' business."""
    unknown = sorted(set(body) - KEYS)
    if unknown:
        raise Refusal(400, f"A record has no '{unknown[0]}'.")
    after = dict(record)
    if "status" in body:
        after["status"] = _one_of(body["status"], dam_seeds.STATUSES, "status")
    if "contentType" in body:
        after["contentType"] = _one_of(body["contentType"], dam_seeds.CONTENT_TYPES, "contentType")
    if "tag" in body:
        after["tag"] = body["tag"]
    after["fields"] = _fields(record["fields"], body.get("fields"), exists)
    after["classifications"] = _classifications(record["classifications"], body.get("classifications"), exists)
    return after


def stamped(record: Row, user_id: str) -> Row:
    """Give the record as changed by somebody now, later than it was changed before."""
    return {**record, "modifiedOn": dam_times.stamp(after=record["modifiedOn"]), "modifiedBy": user_id}


def differences(before: Row, after: Row) -> list[Row]:
    """List what changed, field by field, stamps left out."""
    flat_old, flat_new = (_flat(in_words(row)) for row in (before, after))
    return [
        {"name": name, "oldValue": flat_old.get(name), "newValue": flat_new.get(name)}
        for name in sorted({*flat_old, *flat_new})
        if name not in _STAMPS and flat_old.get(name) != flat_new.get(name)
    ]


def in_words(record: Row) -> Row:
    """Give the record as the history keeps it: field names and option names in the place of ids."""
    fields = {}
    for field_id, values in record["fields"].items():
        definition = dam_seeds.FIELDS[field_id]
        words = {language: dam_values.in_words(definition, stored["value"]) for language, stored in values.items()}
        fields[definition.name] = next(iter(words.values())) if len(words) == 1 else words
    return {**record, "fields": fields}


def value_of(record: Row, name: str) -> Any:  # noqa: ANN401 -- JSON.
    """Give the stored value of a field of the first language it has one in, by the field's name; None for none."""
    stored = record["fields"].get(dam_seeds.FIELD_OF_NAME[name.casefold()].id, {})
    return next((each["value"] for each in stored.values()), None)


def actions(given: object, name: str) -> tuple[list[Any], list[Any]]:
    """Read `{"addOrUpdate": [...], "remove": [...]}`; what is not there is empty."""
    if given is None:
        return [], []
    if not isinstance(given, dict) or set(given) - {"addOrUpdate", "remove"}:
        raise Refusal(400, f"'{name}' takes 'addOrUpdate' and 'remove'.")
    lists = [given.get(each) or [] for each in ("addOrUpdate", "remove")]
    if not all(isinstance(each, list) for each in lists):
        raise Refusal(400, f"'{name}' takes lists.")
    return lists[0], lists[1]


def _flat(record: Row) -> Row:
    others = {name: value for name, value in record.items() if name != "fields"}
    return {**others, **record["fields"]}


def _fields(fields: Row, given: object, exists: Exists) -> Row:
    set_, removed = actions(given, "fields")
    after = dict(fields)
    for entry in set_:
        definition, values = dam_values.read_entry(entry, exists)
        kept = dict(after.pop(definition.id, {}))
        for language, value in values.items():
            if value is None:
                kept.pop(language, None)
            elif kept.get(language, {}).get("value") != value:
                kept[language] = {"value": value, "modifiedOn": dam_times.stamp()}
        if kept:
            after[definition.id] = kept
    for each in removed:
        entry = each if isinstance(each, dict) else {"id": each}
        after.pop(dam_values.definition_of(entry).id, None)
    return after


def _classifications(ids: list[str], given: object, exists: Exists) -> list[str]:
    added, removed = actions(given, "classifications")
    wanted = [each.get("id") if isinstance(each, dict) else each for each in added]
    for each in wanted:
        if not exists("classification", str(each)):
            raise Refusal(400, f"The classification '{each}' is not there, or not ready yet.")
    gone = {each.get("id") if isinstance(each, dict) else each for each in removed}
    return [each for each in dict.fromkeys([*ids, *map(str, wanted)]) if each not in gone]


def _one_of(value: object, allowed: Collection[str], name: str) -> str:
    for each in allowed:
        if str(value).casefold() == each.casefold():
            return each
    raise Refusal(400, f"'{name}' does not know '{value}'.")
