"""From Aprimo's wire to our words, by a flow's TOML: values of a snapshot, and when two wire values are the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pipeline.aprimo.schemas import ObjectRow, Person
from pipeline.aprimo.wire import EA_PREFIX
from pipeline.flows.tenant import FieldType, FieldWord, FlowWords
from pipeline.plan import Snapshot, Want
from pipeline.transport.times import instant, iso, sortable
from pipeline.words import JsonValue

TWO_PLACES = 2


def activity_snapshot(
    want: Want, row: ObjectRow, words: FlowWords, people: Mapping[int, Person], read_at: datetime
) -> Snapshot:
    """An activity as the flow sees it.

    Besides the fields of the TOML: `state` (our word, "" for a state the TOML does not name), `state_id`,
    `state_name`, `type_id`, `modified_by`. version is `modifiedDate` in a fixed width.
    """
    values: dict[str, JsonValue] = {
        name: field_value(word, row.values.get(word.wire), words, people) for name, word in words.fields.items()
    }
    state_id = integer(row.values.get(words.state_wire))
    values |= {
        "state": words.state_word(state_id),
        "state_id": state_id,
        "state_name": row.state_name,
        "type_id": row.type_id,
        "modified_by": row.modified_by,
    }
    wire = {word.wire: as_json(row.values.get(word.wire)) for word in words.fields.values()}
    return Snapshot(want=want, read_at=read_at, version=sortable(row.modified_at), values=values, wire=wire)


def has_attributes(raw: Mapping[str, Any], words: FlowWords) -> bool:
    """Whether a row of a search carries extended attributes, if the flow names any; PM does not promise that."""
    if not any(wire.startswith(EA_PREFIX) for wire in words.wire_names()):
        return True
    return "extendedAttributes" in raw or any(name.startswith(EA_PREFIX) for name in raw)


def people_of(row: ObjectRow, words: FlowWords) -> frozenset[int]:
    """The ids of users whom the flow's fields name."""
    wires = [word.wire for word in words.fields.values() if word.type is FieldType.USER]
    return frozenset(number for wire in wires if (number := integer(row.values.get(wire))) is not None)


def field_value(word: FieldWord, value: Any, words: FlowWords, people: Mapping[int, Person]) -> JsonValue:  # noqa: ANN401 - `Any` ends here.
    """Our value of a wire value; what is empty there is "" with us, and what cannot be read stays as it was typed."""
    given = "" if value is None else value
    if word.type is FieldType.USER:
        return _person(integer(given), people)
    if word.type is FieldType.CURRENCY:
        number = integer(given)
        return words.currencies.get(number, str(given)) if number is not None else str(given)
    if word.type is FieldType.LIST and isinstance(given, list):
        return [str(each) for each in given]
    if word.type is FieldType.LIST:
        return [part for each in str(given).split(word.separator) if (part := each.strip())]
    return _SIMPLE[word.type](given)


def money(value: object) -> str:
    """An amount as text with two places or more; what is no amount stays as it was typed."""
    text = str(value).strip()
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return text
    if not amount.is_finite():
        return text
    places = -int(amount.as_tuple().exponent)
    return f"{amount:.{max(places, TWO_PLACES)}f}"


def as_json(value: Any) -> JsonValue:  # noqa: ANN401 - `Any` ends here.
    """A wire value as our JSON columns can hold it: numbers with fractions become text."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return list(value)
    return value if value is None or isinstance(value, str | int) else str(value)


def is_same(one: object, other: object) -> bool:
    """Whether two wire values mean the same: missing, null and "" do; line ends and outer blanks do not count.

    Times are the same when the moment is: PM writes them without a zone, meaning UTC. Lists are in any order.
    """
    if isinstance(one, list) or isinstance(other, list):
        return _texts(one) == _texts(other)
    if _text(one) == _text(other):
        return True
    if isinstance(one, str) and isinstance(other, str):
        return is_same_moment(one, other)
    # A number on one side: 12000.0 and "12000.00" are one amount.
    try:
        return Decimal(_text(one)) == Decimal(_text(other))
    except InvalidOperation:
        return False


def is_same_moment(one: str, other: str) -> bool:
    """Whether both are times, and the same one."""
    if not (_MOMENT.match(one) and _MOMENT.match(other)):
        return False
    try:
        return instant(one) == instant(other)
    except ValueError:
        return False


_MOMENT = re.compile(r"\s*\d{4}-\d\d-\d\dT\d\d:\d\d")


def _texts(value: object) -> list[str]:
    given = value if isinstance(value, list) else [value]
    return sorted(text for each in given if (text := _text(each)))


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).replace("\r\n", "\n").strip()


def integer(value: object) -> int | None:
    """A whole number, however it is written; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        return int(str(value).strip())
    except ValueError:
        return None


def _date(value: object) -> str:
    text = str(value)
    try:
        return iso(instant(text)) if text.strip() else ""
    except ValueError:
        return text


def _person(user_id: int | None, people: Mapping[int, Person]) -> JsonValue:
    if user_id is None:
        return None
    person = people.get(user_id) or Person(user_id=user_id, email="", name="")
    return {"id": person.user_id, "email": person.email, "name": person.name}


_SIMPLE: Mapping[FieldType, Callable[[object], JsonValue]] = {
    FieldType.TEXT: _text,
    FieldType.MONEY: money,
    FieldType.DATE: _date,
    FieldType.INTEGER: integer,
}
