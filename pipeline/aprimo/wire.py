"""Aprimo's wire, pure: requests are built and answers read here, and nothing is sent.

Source: developers.aprimo.com, "Marketing Operations REST API" (basics, routes, tips), read 2026; what is not
documented there follows public clients and is named where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from pipeline.transport.messages import Answer, Fault, Request, UnreadableAnswerError
from pipeline.words import JsonValue

STATUS_LOOKUP = 2974
"""The lookup that names project and task statuses."""

MAY_BE_ABSENT = frozenset({404})
EA_PREFIX = "extrAttr"


@dataclass(frozen=True, kw_only=True)
class ObjectKind:
    """Where a kind of PM object lives. is_marked: its PUT takes single fields and leaves out what does not change.

    can_search: it has a search route. put_slash: what its PUT's path ends with.
    """

    resource: str
    id_key: str
    is_marked: bool = False
    can_search: bool = True
    put_slash: str = ""


def _generic(letter: str) -> ObjectKind:
    return ObjectKind(resource=f"generic-object-{letter}", id_key="id")


OBJECT_KINDS: Mapping[str, ObjectKind] = {
    # "API basics" marks activities for field-level update.
    "activity": ObjectKind(resource="activities", id_key="activityId", is_marked=True),
    "project": ObjectKind(resource="projects", id_key="projectId", can_search=False),
    # Public clients send a slash at the end of this one path; the others go without.
    "task": ObjectKind(resource="tasks", id_key="taskId", put_slash="/"),
    "commitment": ObjectKind(resource="commitments", id_key="committedId"),
    **{f"generic_object_{letter}": _generic(letter) for letter in ("alpha", "bravo", "charlie", "delta", "echo")},
}
"""By our word for the kind: the same words as in webhooks."""
USERS = ObjectKind(resource="users", id_key="userId")
"""People are searched like objects, and are no kind of item."""


TASK_PARTS: Mapping[str, str] = {"beginDate": "begin-date", "endDate": "end-date", "duration": "duration"}
"""What of a task has a route of its own, which touches nothing else of it."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list or search."""

    rows: tuple[dict[str, Any], ...]
    total: int | None
    has_next: bool


class Wire:
    """Builds the requests of one tenant."""

    def __init__(self, base: str) -> None:
        self._api = f"{base.rstrip('/')}/api"

    def get_object(self, kind: ObjectKind, object_id: int) -> Request:
        """Read one object; a 404 is an answer."""
        return self._get(kind.resource, f"{kind.resource}/{object_id}", answers=MAY_BE_ABSENT)

    def put_object(self, kind: ObjectKind, object_id: int, body: Mapping[str, Any]) -> Request:
        """Change an object; what the body leaves out stays."""
        return Request(
            method="PUT",
            url=f"{self._api}/{kind.resource}/{object_id}{kind.put_slash}",
            route=kind.resource,
            has_effect=True,
            body=body,
        )

    def put_task_part(self, task_id: int, name: str, value: JsonValue) -> Request:
        """Change one of TASK_PARTS, by the route that takes it alone."""
        return Request(
            method="PUT",
            url=f"{self._api}/tasks/{TASK_PARTS[name]}/{task_id}/",
            route="tasks",
            has_effect=True,
            body={name: value},
        )

    def list_objects(self, kind: ObjectKind, *, limit: int, offset: int) -> Request:
        """List all objects of a kind."""
        return Request(
            method="GET",
            url=f"{self._api}/{kind.resource}",
            route=kind.resource,
            has_effect=False,
            params=(("limit", str(limit)), ("offset", str(offset))),
        )

    def search(self, kind: ObjectKind, tree: Mapping[str, Any], *, limit: int, offset: int) -> Request:
        """Search by a tree; a read, although it is a POST. Paging stands in the query."""
        return Request(
            method="POST",
            url=f"{self._api}/{kind.resource}/search",
            route=kind.resource,
            has_effect=False,
            params=(("limit", str(limit)), ("offset", str(offset))),
            body=tree,
        )

    def project_verb(self, project_id: int, verb: str) -> Request:
        """Start, pause, cancel or close a project; an empty object is the body."""
        return Request(
            method="POST",
            url=f"{self._api}/projects/{project_id}/{verb}",
            route="projects",
            has_effect=True,
            body={},
            answers=frozenset({409}),
        )

    def object_verb(self, kind: ObjectKind, object_id: int, verb: str, body: Mapping[str, Any]) -> Request:
        """Carry out a verb of a task or commitment; a 409 is an answer."""
        return self._post(kind.resource, f"{kind.resource}/{object_id}/{verb}", body, answers=frozenset({409}))

    def post_simple_task(self, body: Mapping[str, Any]) -> Request:
        """Make a simple task."""
        return self._post("tasks", "tasks/simple-tasks", body)

    def post_object(self, kind: ObjectKind, body: Mapping[str, Any]) -> Request:
        """Make an object."""
        return self._post(kind.resource, kind.resource, body)

    def get_annotations(self, asset_id: int, version: int) -> Request:
        """Read the annotations of an asset version; a 404 is an answer."""
        return self._get("assets", _annotations(asset_id, version), answers=MAY_BE_ABSENT)

    def post_annotation(self, asset_id: int, version: int, body: Mapping[str, Any]) -> Request:
        """Annotate an asset version; a 404 is an answer."""
        return self._post("assets", _annotations(asset_id, version), body, answers=MAY_BE_ABSENT)

    def get_funding_account(self, account_id: int) -> Request:
        """Read a funding account; a 404 is an answer. There is no list: ids are known or there is nothing."""
        return self._get("funding-accounts", f"funding-accounts/{account_id}", answers=MAY_BE_ABSENT)

    def get_funding_summary(self, account_id: int) -> Request:
        """Read how a funding account stands; a 404 is an answer."""
        return self._get("funding-accounts", f"funding-accounts/{account_id}/summary", answers=MAY_BE_ABSENT)

    def get_user(self, user_id: int) -> Request:
        """Read a user; a 404 is an answer."""
        return self._get("users", f"users/{user_id}", answers=MAY_BE_ABSENT)

    def get_me(self) -> Request:
        """Read the user whom the token acts as."""
        return self._get("users", "users/me")

    def get_pick_list(self, ea_id: int) -> Request:
        """Read what an extended attribute with a list offers; a 404 is an answer."""
        path = f"extended-attributes/{ea_id}/pick-list-options"
        return self._get("extended-attributes", path, answers=MAY_BE_ABSENT)

    def get_system_types(self, name: str = "") -> Request:
        """Read the names of all system types, or the items of one."""
        return self._get("system-types", f"system-types/{quote(name, safe='')}".rstrip("/"))

    def get_metadata(self, kind: str) -> Request:
        """Read the fields of a kind of object; a 404 is an answer."""
        return self._get("metadata", f"metadata/{kind}", answers=MAY_BE_ABSENT)

    def get_status_names(self) -> Request:
        """Read the names of project and task statuses."""
        return self._get("lookup", f"lookup/{STATUS_LOOKUP}")

    def _post(
        self, route: str, path: str, body: Mapping[str, Any], *, answers: frozenset[int] = frozenset()
    ) -> Request:
        url = f"{self._api}/{path}"
        return Request(method="POST", url=url, route=route, has_effect=True, body=body, answers=answers)

    def _get(self, route: str, path: str, *, answers: frozenset[int] = frozenset()) -> Request:
        return Request(method="GET", url=f"{self._api}/{path}", route=route, has_effect=False, answers=answers)


def equals(field_name: str, value: int | str) -> dict[str, Any]:
    """A node of a search tree."""
    return {"equals": {"fieldName": field_name, "fieldValue": value}}


def attribute_equals(field_name: str, value: str, ea_value_key: str) -> dict[str, Any]:
    """A node for one row of the attributes (`extrAttr<id>`), else for a field: both columns on the same row."""
    if not field_name.startswith(EA_PREFIX):
        return equals(field_name, value)
    nested = [
        {"fieldName": "eaId", "fieldValue": int(field_name.removeprefix(EA_PREFIX))},
        {"fieldName": ea_value_key, "fieldValue": value},
    ]
    return {"equals": {"collectionName": "extendedAttributes", "nested": nested}}


def any_of(field_name: str, values: Sequence[int | str]) -> dict[str, Any]:
    """A node that is true for each of the values. Raises ValueError without any."""
    if not values:
        raise ValueError(f"a search for no {field_name} at all")
    nodes = [equals(field_name, value) for value in values]
    return nodes[0] if len(nodes) == 1 else {"or": nodes}


def changed_since(since: datetime) -> dict[str, Any]:
    """A node for `modifiedDate` from a time on; the date has whole seconds, UTC, without a zone."""
    return {"greaterthanorequalto": {"fieldName": "modifiedDate", "fieldValue": _whole_seconds(since)}}


def changed_in(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """The nodes for `modifiedDate` in [since, until)."""
    return [
        changed_since(since),
        {"lessthan": {"fieldName": "modifiedDate", "fieldValue": _whole_seconds(until)}},
    ]


def read_page(answer: Answer) -> Page:
    """A page of rows. The key under `_embedded` is irregular: the only list found there is taken.

    Raises UnreadableAnswerError.
    """
    body = answer.json_object()
    embedded = body.get("_embedded") or {}
    lists = [value for value in embedded.values() if isinstance(value, list)] if isinstance(embedded, dict) else []
    rows = lists[0] if lists else body.get("items") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableAnswerError("a page whose rows are no objects")
    total = body.get("_total", body.get("count"))
    links = body.get("_links")
    return Page(
        rows=tuple(rows),
        total=total if isinstance(total, int) else None,
        has_next=isinstance(links, dict) and bool(links.get("next")),
    )


def read_fault(answer: Answer) -> Fault:
    """What an error says. PM documents no shape: the DAM's keys, `message`, OAuth's keys, else the raw text."""
    if answer.is_html:
        return Fault(message="a page for people")
    try:
        body = answer.json()
    except UnreadableAnswerError:
        return Fault(message=answer.body[:2000].decode("utf-8", "replace"))
    if isinstance(body, dict):
        keys = ("exceptionMessage", "message", "Message", "error_description", "error")
        message = next((value for key in keys if isinstance(value := body.get(key), str) and value), "")
        return Fault(message=message, code=str(body.get("exceptionType") or ""))
    return Fault(message="" if body is None else str(body))


def read_annotations(answer: Answer) -> list[dict[str, Any]]:
    """The annotations, under whichever of the keys that clients saw. Raises UnreadableAnswerError."""
    body = answer.json()
    if isinstance(body, dict):
        known = next((body[key] for key in ("annotations", "annotation", "items") if key in body), None)
        body = list(read_page(answer).rows) if known is None else known
    if not isinstance(body, list) or not all(isinstance(row, dict) for row in body):
        raise UnreadableAnswerError("annotations that are no objects")
    return body


def _annotations(asset_id: int, version: int) -> str:
    return f"assets/{asset_id}/versions/{version}/annotations-data"


def _whole_seconds(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
