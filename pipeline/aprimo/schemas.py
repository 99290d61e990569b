"""Aprimo's messages as values: one schema per message, unknown fields let through where the tenant names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load

from pipeline.aprimo.wire import EA_PREFIX
from pipeline.transport.messages import Answer, plain
from pipeline.transport.times import Instant


@dataclass(frozen=True, kw_only=True)
class ObjectRow:
    """A PM object as read. values: every field by its wire name, extended attributes as `extrAttr<id>`.

    raw is the body itself, for routes that want back what they gave.
    """

    object_id: int
    modified_at: datetime
    modified_by: int | None
    type_id: int | None
    state_id: int | None
    state_name: str
    values: Mapping[str, Any]
    raw: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Change:
    """Which object changed and when; modified is the vendor's own text."""

    object_id: int
    modified: str
    modified_at: datetime


@dataclass(frozen=True, kw_only=True)
class ProjectRow:
    """A project's id, name and status number."""

    project_id: int
    title: str
    status: int
    raw: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user of Aprimo; email "" where the user is unknown or hidden."""

    user_id: int
    email: str
    name: str


class AprimoSchema(Schema):
    """Base of all: what is not named here is let through."""

    class Meta:  # noqa: D106 - marshmallow's own.
        unknown = EXCLUDE  # The vendor adds fields without notice.


class ActivitySchema(AprimoSchema):
    """An activity. Source: developers.aprimo.com, "Activities"; key names as public clients read them."""

    object_id = fields.Integer(required=True, strict=True, data_key="activityId")
    modified_at = Instant(required=True, data_key="modifiedDate")
    modified_by = fields.Integer(load_default=None, allow_none=True, data_key="modifiedUser")
    type_id = fields.Integer(load_default=None, allow_none=True, data_key="activityTypeId")
    state_id = fields.Integer(load_default=None, allow_none=True, data_key="activityStateId")
    state_name = fields.String(load_default="", allow_none=True, data_key="activityStateName")
    values = fields.Raw(required=True)
    raw = fields.Raw(required=True)

    def __init__(self, *, ea_value_key: str) -> None:
        super().__init__()
        self._ea_value_key = ea_value_key

    @pre_load
    def keep_all(self, data: Any, **_: object) -> Any:  # noqa: ANN401 - JSON of the vendor.
        """Keep every field: which of them matter is the tenant's choice."""
        return {**data, "values": flat(data, self._ea_value_key), "raw": data} if isinstance(data, dict) else data

    @post_load
    def to_row(self, values: dict[str, Any], **_: object) -> ObjectRow:
        """The value."""
        return ObjectRow(**{**values, "state_name": values["state_name"] or ""})


class ChangeSchema(AprimoSchema):
    """The part of an object of Productivity Management that a change list is read for."""

    modified = fields.String(required=True, data_key="modifiedDate")


class ProjectSchema(AprimoSchema):
    """A project. Source: public clients of `GET /api/projects/{id}`; it is `title`, not `name`."""

    project_id = fields.Integer(required=True, strict=True, data_key="projectId")
    title = fields.String(load_default="")
    status = fields.Integer(required=True, strict=True, data_key="projectStatus")
    raw = fields.Raw(required=True)

    @pre_load
    def keep_all(self, data: Any, **_: object) -> Any:  # noqa: ANN401 - JSON of the vendor.
        """Keep the body."""
        return {**data, "raw": data} if isinstance(data, dict) else data

    @post_load
    def to_row(self, values: dict[str, Any], **_: object) -> ProjectRow:
        """The value."""
        return ProjectRow(**values)


class UserSchema(AprimoSchema):
    """A user. Source: public clients of `GET /api/users/{id}` and `/api/users/me`."""

    user_id = fields.Integer(required=True, strict=True, data_key="userId")
    email = fields.String(load_default="", allow_none=True)
    first_name = fields.String(load_default="", allow_none=True, data_key="firstName")
    last_name = fields.String(load_default="", allow_none=True, data_key="lastName")

    @post_load
    def to_person(self, values: dict[str, Any], **_: object) -> Person:
        """The value."""
        name = " ".join(part for part in (values["first_name"], values["last_name"]) if part)
        return Person(user_id=values["user_id"], email=values["email"] or "", name=name)


class LookupItemSchema(AprimoSchema):
    """One item of a lookup. Source: "API basics", Lookups."""

    key = fields.Integer(required=True)
    value = fields.String(required=True)


def load_activity(body: object, *, ea_value_key: str) -> ObjectRow:
    """An activity. Raises ValidationError."""
    row: ObjectRow = ActivitySchema(ea_value_key=ea_value_key).load(body)  # type: ignore[arg-type]  # It says so itself.
    return row


def load_change(row: Mapping[str, Any], id_key: str) -> Change:
    """A row of a change list. Raises ValidationError."""
    modified: str = ChangeSchema().load(row)["modified"]
    return Change(object_id=object_id(row, id_key), modified=modified, modified_at=Instant().deserialize(modified))


def object_id(row: Mapping[str, Any], id_key: str) -> int:
    """An object's id. Raises ValidationError."""
    value = row.get(id_key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValidationError({id_key: ["Not a valid integer."]})
    return value


def load_project(answer: Answer) -> ProjectRow:
    """A project. Raises ValidationError or UnreadableAnswerError."""
    row: ProjectRow = ProjectSchema().load(answer.json_object())
    return row


def load_user(answer: Answer) -> Person:
    """A user. Raises ValidationError or UnreadableAnswerError."""
    return load_person(answer.json_object())


def load_person(body: object) -> Person:
    """A user, of an answer or a list. Raises ValidationError."""
    person: Person = UserSchema().load(body)  # type: ignore[arg-type]  # It says so itself.
    return person


def load_status_names(answer: Answer) -> dict[int, str]:
    """Number to name, of active and retired statuses. Raises ValidationError or UnreadableAnswerError."""
    items = LookupItemSchema(many=True).load(answer.json_object().get("items") or [])
    return {item["key"]: item["value"] for item in items}


def flat(row: Mapping[str, Any], ea_value_key: str) -> dict[str, Any]:
    """All fields by wire name, extended attributes as `extrAttr<id>`; fractions as text.

    An attribute of many values is the list of its items' ids, as text.
    """
    values = {name: plain(value) for name, value in row.items() if not name.startswith("_")}
    for attribute in row.get("extendedAttributes") or []:
        if isinstance(attribute, dict) and "eaId" in attribute:
            values[f"{EA_PREFIX}{attribute['eaId']}"] = plain(_ea_value(attribute, ea_value_key))
    return values | _many(row.get("multipleValueExtendedAttributes") or [])


def _many(rows: Sequence[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in rows:
        if isinstance(each, dict) and "extAttributeId" in each and each.get("encodedListItemId") is not None:
            found.setdefault(f"{EA_PREFIX}{each['extAttributeId']}", []).append(str(each["encodedListItemId"]))
    return found


def _ea_value(attribute: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 - The tenant's own.
    """The value under the configured key, else the only other thing the attribute has: the key is not documented."""
    if key in attribute:
        return attribute[key]
    others = [value for name, value in attribute.items() if name not in {"eaId", "_links"}]
    return others[0] if len(others) == 1 else None
