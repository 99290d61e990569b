"""The DAM's messages as values: one schema per message, HAL and flat bodies alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from pipeline.aprimo.dam_wire import NEUTRAL, part, rows_of
from pipeline.aprimo.schemas import AprimoSchema
from pipeline.transport.messages import plain
from pipeline.transport.times import Instant


@dataclass(frozen=True, kw_only=True)
class FileVersion:
    """A file version. state: `Processing` until previews and renditions are ready, then `Available`."""

    id: str
    number: int | None
    label: str
    file_name: str
    sha256: str
    state: str
    is_latest: bool | None = None
    public_links: tuple[PublicLink, ...] = ()
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """What somebody remarked on a file version in the vendor's pages; author_id is a user of the DAM."""

    id: str
    author_id: str
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PublicLink:
    """A published rendition."""

    id: str
    rendition: str
    status: str
    uri: str


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a check said of a file version; author_id is a user of the DAM, at None where nobody says."""

    id: str
    check_id: str
    outcome: str
    description: str
    author_id: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    """A field of a record: its definition's id and name, its type, its values as they came (ids for lists)."""

    id: str
    name: str
    data_type: str
    values: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class RecordRow:
    """A record as read. Parts that were not selected are empty; fields are by name."""

    record_id: str
    status: str
    content_type: str
    modified_at: datetime
    modified_by: str
    fields: Mapping[str, FieldRow]
    classifications: Mapping[str, str]
    """Id to name path."""
    file_id: str
    version: FileVersion | None
    preview_uri: str = ""
    """Signed, and void after some hours: for a person to follow, never to be compared."""
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Named:
    """A definition that has a name: a field, a classification (its path), a check, a collection.

    data_type and options (id to name) are those of a field.
    """

    id: str
    name: str
    data_type: str = ""
    options: Mapping[str, str]


class PublicLinkSchema(AprimoSchema):
    """Source: the generated reference, "PublicLink"."""

    id = fields.String(required=True)
    rendition = fields.String(load_default="", allow_none=True, data_key="renditionName")
    status = fields.String(load_default="", allow_none=True)
    uri = fields.String(load_default="", allow_none=True)


class FileVersionSchema(AprimoSchema):
    """Source: the generated reference, "FileVersion"; the states as the vendor's own connector reads them."""

    id = fields.String(required=True)
    number = fields.Integer(load_default=None, allow_none=True, data_key="versionNumber")
    label = fields.String(load_default="", allow_none=True, data_key="versionLabel")
    file_name = fields.String(load_default="", allow_none=True, data_key="fileName")
    sha256 = fields.String(load_default="", allow_none=True)
    state = fields.String(load_default="", allow_none=True, data_key="fileState")
    is_latest = fields.Boolean(load_default=None, allow_none=True, data_key="isLatest")


class AnnotationSchema(AprimoSchema):
    """Source: the generated reference, "AnnotationInfo"; there is no route to write one."""

    id = fields.String(required=True)
    author_id = fields.String(load_default="", allow_none=True, data_key="createdBy")
    text = fields.String(load_default="", allow_none=True, data_key="comments")
    at = Instant(required=True, data_key="createdOn")


class CheckResultSchema(AprimoSchema):
    """Source: the check framework's pages; author and time as a public SDK types them."""

    id = fields.String(required=True)
    check_id = fields.String(load_default="", allow_none=True, data_key="checkId")
    outcome = fields.String(load_default="", allow_none=True)
    description = fields.String(load_default="", allow_none=True)
    author_id = fields.String(load_default="", allow_none=True, data_key="createdBy")
    at = Instant(load_default=None, allow_none=True, data_key="createdOn")


class FieldSchema(AprimoSchema):
    """A field's value in a record. Source: the generated reference, "Record"."""

    id = fields.String(required=True)
    name = fields.String(required=True, data_key="fieldName")
    data_type = fields.String(load_default="", allow_none=True, data_key="dataType")
    localized = fields.List(fields.Dict(), load_default=list, allow_none=True, data_key="localizedValues")


class RecordSchema(AprimoSchema):
    """A record without its parts."""

    record_id = fields.String(required=True, data_key="id")
    status = fields.String(load_default="", allow_none=True)
    content_type = fields.String(load_default="", allow_none=True, data_key="contentType")
    modified_at = Instant(required=True, data_key="modifiedOn")
    created_at = Instant(load_default=None, allow_none=True, data_key="createdOn")


class UserSchema(AprimoSchema):
    """A user of the DAM. Source: the generated reference, "User"."""

    first_name = fields.String(load_default="", allow_none=True, data_key="firstName")
    last_name = fields.String(load_default="", allow_none=True, data_key="lastName")
    name = fields.String(load_default="", allow_none=True)


class NamedSchema(AprimoSchema):
    """A definition; a classification goes by its `namePath`."""

    id = fields.String(required=True)
    name = fields.String(load_default="", allow_none=True)
    path = fields.String(load_default="", allow_none=True, data_key="namePath")
    data_type = fields.String(load_default="", allow_none=True, data_key="dataType")
    items = fields.List(fields.Dict(), load_default=list, allow_none=True)


def load_record(body: Mapping[str, Any]) -> RecordRow:
    """A record. Raises ValidationError or UnreadableAnswerError."""
    of_fields = [_field(each) for each in rows_of(part(body, "fields") or [])]
    named = [load_named(each) for each in rows_of(part(body, "classifications") or [])]
    version = part(body, "masterfilelatestversion")
    return RecordRow(
        **_loaded(RecordSchema(), body),
        modified_by=str((part(body, "modifiedby") or {}).get("id") or ""),
        fields={each.name: each for each in of_fields},
        classifications={each.id: each.name for each in named},
        file_id=str((part(body, "masterfile") or {}).get("id") or ""),
        version=load_file_version(version) if version else None,
        preview_uri=str((part(body, "preview") or {}).get("uri") or ""),
    )


def load_file_version(body: Mapping[str, Any]) -> FileVersion:
    """A file version. Raises ValidationError or UnreadableAnswerError."""
    links = tuple(load_public_link(each) for each in rows_of(part(body, "publiclinks") or []))
    remarks = rows_of((part(body, "annotationinfo") or {}).get("annotations") or [])
    notes = tuple(Annotation(**_loaded(AnnotationSchema(), each)) for each in remarks)
    return FileVersion(**_loaded(FileVersionSchema(), body), public_links=links, annotations=notes)


def load_public_link(body: Mapping[str, Any]) -> PublicLink:
    """A public link. Raises ValidationError."""
    return PublicLink(**_loaded(PublicLinkSchema(), body))


def load_check_result(body: Mapping[str, Any]) -> CheckResult:
    """A check result. Raises ValidationError."""
    return CheckResult(**_loaded(CheckResultSchema(), body))


def load_user_name(body: Mapping[str, Any]) -> str:
    """First and last name of a user, else the name to log in with. Raises ValidationError."""
    values = _loaded(UserSchema(), body)
    return " ".join(each for each in (values["first_name"], values["last_name"]) if each) or str(values["name"])


def load_named(body: Mapping[str, Any]) -> Named:
    """A definition. Raises ValidationError."""
    values = _loaded(NamedSchema(), body)
    options = {
        str(each.get("id")): str(each.get("name") or each.get("label") or "") for each in values["items"] or []
    }
    return Named(
        id=values["id"], name=values["path"] or values["name"], data_type=values["data_type"], options=options
    )


def _field(body: Mapping[str, Any]) -> FieldRow:
    values = _loaded(FieldSchema(), body)
    localized = values.pop("localized") or []
    # What is the same in all languages comes first; else the first language that says something.
    ordered = sorted(localized, key=lambda each: each.get("languageId") != NEUTRAL)
    said = next((found for each in ordered if (found := _said(each))), ())
    return FieldRow(**values, values=said)


def _said(localized: Mapping[str, Any]) -> tuple[Any, ...]:
    if "values" in localized:
        return tuple(plain(each) for each in localized["values"] or [])
    linked = localized.get("parents") or localized.get("links")
    if linked:
        return tuple(str(each.get("recordId")) for each in linked if isinstance(each, dict))
    value = localized.get("value")
    return () if value in {None, ""} else (plain(value),)


def _loaded(schema: Schema, body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields; null where a text may be is an empty text."""
    values: dict[str, Any] = schema.load(body)
    texts = {name for name, each in schema.fields.items() if isinstance(each, fields.String)}
    return {name: "" if value is None and name in texts else value for name, value in values.items()}
