"""Lists in which Productivity Management says what its numbers mean: system types, statuses, metadata, pick lists.

Source: developers.aprimo.com, "API basics" (system types, metadata, lookups); shapes as a public SDK types them, read
2026. Each gives None where the tenant does not show the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from pipeline.aprimo import wire
from pipeline.aprimo.client import Client
from pipeline.aprimo.wire import EA_PREFIX, OBJECT_KINDS, ObjectKind
from pipeline.ports import Bounds
from pipeline.transport.reading import reading

USERS = ObjectKind(resource="users", id_key="userId")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One entry of a list; name "" where the tenant shows only a number. is_by_name: people know it by its name."""

    id: str
    name: str = ""
    is_by_name: bool = False

    @property
    def shown(self) -> str:
        """For people: the name, or the number with its name."""
        if self.is_by_name:
            return self.name
        return f"{self.id} ({self.name})" if self.name and self.name != self.id else self.id


def of_type(client: Client, name: str, bounds: Bounds) -> list[Listed] | None:
    """The items of a system type, by the name under which the tenant lists it."""
    known = client.system_type_names(bounds)
    listed = next((each for each in known if each.casefold() == name.casefold()), None)
    if listed is None:
        return None
    rows = client.system_type_items(listed, bounds)
    known_rows = [row for row in rows if "systemTypeId" in row]
    return [Listed(id=str(row["systemTypeId"]), name=str(row.get("name") or "")) for row in known_rows]


def statuses(client: Client, bounds: Bounds) -> list[Listed]:
    """The statuses of tasks and projects."""
    return [Listed(id=str(number), name=name) for number, name in client.status_names(bounds).items()]


def fields(client: Client, kind: str, bounds: Bounds) -> list[Listed] | None:
    """The fields of a kind of object by wire name, extended attributes as `extrAttr<id>` with their labels."""
    resource = OBJECT_KINDS[kind].resource
    body = client.metadata(resource if resource.startswith("generic-object-") else kind, bounds)
    if body is None:
        return None
    found = [listed for row in _rows(body) for listed in _field(row)]
    return found or None


def items(client: Client, ea_id: int, bounds: Bounds) -> list[Listed] | None:
    """What an extended attribute with a list offers."""
    body = client.pick_list(ea_id, bounds)
    if body is None:
        return None
    with reading(f"The list of Aprimo's extended attribute {ea_id}"):
        rows = body.get("items")
        if not isinstance(rows, list):
            raise ValidationError({"items": ["Not a list."]})
        return [Listed(id=str(row.get("itemId")), name=str(row.get("displayValue") or "")) for row in rows]


def users(client: Client, user: str, bounds: Bounds) -> list[Listed]:
    """Users by number, or by e-mail without regard to case."""
    if user.isdecimal():
        person = client.people([int(user)], bounds)[int(user)]
        is_known = bool(person.email or person.name)
        return [Listed(id=user, name=person.name)] if is_known else []
    rows = client.search_all(USERS, wire.equals("email", user), bounds)
    # A search may be looser than we are.
    return [
        Listed(id=str(row.get(USERS.id_key)), name=user)
        for row in rows
        if str(row.get("email") or "").casefold() == user.casefold()
    ]


def _rows(body: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The shape is open-ended: whatever list of objects is called `fields` or stands beside it."""
    for value in body.values():
        if isinstance(value, list):
            yield from (row for row in value if isinstance(row, dict))


def _field(row: Mapping[str, Any]) -> Iterable[Listed]:
    label = str(row.get("label") or row.get("displayName") or "")
    if row.get("eaId") is not None:
        yield Listed(id=f"{EA_PREFIX}{row['eaId']}", name=label)
    elif isinstance(row.get("fieldName"), str):
        yield Listed(id=row["fieldName"], name=label)
