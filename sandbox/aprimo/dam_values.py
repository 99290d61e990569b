"""Values of record fields: what a request may write, by data type, and how it is answered (aprimo.md §4.1)."""

from collections.abc import Callable
from typing import Any

from sandbox.aprimo import dam_ids, dam_seeds, dam_times, pm_times
from sandbox.aprimo.dam_seeds import Field
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import Row

Exists = Callable[[str, str], bool]
"""Whether there is a record, classification or user of an id: `exists(kind, id)`."""

LISTS = {
    dam_seeds.OPTIONS: "option",
    dam_seeds.CLASSES: "classification",
    dam_seeds.RECORDS: "record",
    dam_seeds.USERS: "user",
    dam_seeds.TEXTS: "",
}
"""Types whose values are a list, and what its ids are ids of."""


def definition_of(entry: Row) -> Field:
    """Give the definition an entry names by `id`, `fieldId` or `name`; refuses one nobody knows."""
    key = entry.get("id") or entry.get("fieldId") or entry.get("name")
    found = dam_seeds.FIELDS.get(str(key)) or dam_seeds.FIELD_OF_NAME.get(str(key).casefold())
    if found is None:
        raise Refusal(400, f"There is no field '{key}'.")
    return found


def read_entry(entry: object, exists: Exists) -> tuple[Field, dict[str, Any]]:
    """Read one `addOrUpdate` entry: the field, and language id to stored value (None resets it)."""
    if not isinstance(entry, dict) or not isinstance(entry.get("localizedValues"), list):
        raise Refusal(400, "A field needs an id and its 'localizedValues'.")
    definition = definition_of(entry)
    return definition, dict(_localized(definition, each, exists) for each in entry["localizedValues"])


def show(definition: Field, language: str, stored: Row | None) -> Row:
    """Give one localized value as it is answered."""
    value = stored["value"] if stored else None
    shown: Row = {"languageId": language, "readOnly": False, "modifiedOn": stored["modifiedOn"] if stored else None}
    if definition.type == dam_seeds.LINK:
        return {**shown, **(value or {"parents": [], "links": []})}
    if definition.type in LISTS:
        return {**shown, "values": value or []}
    return {**shown, "value": value}


def in_words(definition: Field, value: Any) -> Any:  # noqa: ANN401 -- JSON.
    """Give a stored value with option names in the place of their ids."""
    if definition.type == dam_seeds.OPTIONS and value is not None:
        return [definition.option_ids[each] for each in value]
    return value


def _localized(definition: Field, given: object, exists: Exists) -> tuple[str, Any]:
    if not isinstance(given, dict):
        raise _wrong(definition)
    language = given.get("languageId") or dam_ids.NEUTRAL
    allowed = {dam_ids.NEUTRAL}
    if definition.is_per_language:
        allowed |= {dam_ids.fixed("language", name) for name in dam_seeds.LANGUAGES}
    if language not in allowed:
        raise Refusal(400, f"The field '{definition.name}' has no values in the language '{language}'.")
    if definition.type == dam_seeds.LINK:
        return language, _links(definition, given, exists)
    if definition.type in LISTS:
        return language, _values(definition, given.get("values"), exists)
    return language, _value(definition, given)


def _value(definition: Field, given: Row) -> Any:  # noqa: ANN401 -- JSON.
    if "value" not in given:
        raise _wrong(definition)
    value = given["value"]
    if value is None:
        return None
    if definition.type == dam_seeds.NUMBER:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(definition)
        return value
    if definition.type == dam_seeds.MOMENT:
        return dam_times.normal(value, definition.name)
    if definition.type == dam_seeds.DAY:
        return pm_times.read_time(value, definition.name).date().isoformat()
    is_one_line = definition.type == dam_seeds.TEXT
    if not isinstance(value, str) or (is_one_line and "\n" in value):
        raise _wrong(definition)
    return value or None


def _values(definition: Field, values: object, exists: Exists) -> list[str] | None:
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise _wrong(definition)
    is_single = definition.type == dam_seeds.OPTIONS and not definition.is_multiple
    if len(set(values)) != len(values) or (is_single and len(values) > 1):
        raise _wrong(definition)
    kind = LISTS[definition.type]
    for each in values:
        is_known = each in definition.option_ids if kind == "option" else not kind or exists(kind, each)
        if not is_known:
            raise Refusal(400, f"The field '{definition.name}' does not know the value '{each}'.")
    return values or None


def _links(definition: Field, given: Row, exists: Exists) -> Row | None:
    """Read the parents and links of a record link; children are written on the child."""
    if given.get("children"):
        raise Refusal(400, f"The children of '{definition.name}' are set on the child.")
    sides = {}
    for side in ("parents", "links"):
        ids = [each.get("recordId") for each in given.get(side) or [] if isinstance(each, dict)]
        for each in ids:
            if not exists("record", str(each)):
                raise Refusal(400, f"The field '{definition.name}' does not know the record '{each}'.")
        sides[side] = [{"recordId": each} for each in ids]
    return sides if any(sides.values()) else None


def _wrong(definition: Field) -> Refusal:
    return Refusal(400, f"The field '{definition.name}' does not accept the value given.")
