"""The wire of Aprimo's DAM, pure: requests are built and bodies opened here, and nothing is sent.

It shares a token and a budget with Productivity Management, and no convention: HAL or flat bodies, pages by number,
headers that say what is to be embedded. Source: developers.aprimo.com, "Digital Asset Management" (records,
searching, select headers) and the generated reference, read 2026; what neither says is named where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pipeline.transport.messages import Answer, Request, UnreadableAnswerError

NEUTRAL = "0" * 32
"""The language of a value that is the same in all languages."""

PAGE_MAX = 1000
RECORD_PARTS = "fields, classifications, masterfile, masterfilelatestversion, preview, modifiedby"
LISTED_PARTS = "fields, masterfilelatestversion, modifiedby"
"""All of a record that rows of a collection carry when they are asked for it."""
VERSION_PARTS = "publiclinks, annotationinfo"
MAY_BE_ABSENT = frozenset({404})
_HEADERS = {"API-VERSION": "1", "languages": "*"}
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list or search; about: how many rows there may be, which is approximate and ends nothing."""

    rows: tuple[dict[str, Any], ...]
    has_next: bool
    about: int | None = None


class DamWire:
    """Builds the requests of one tenant's DAM."""

    def __init__(self, base: str) -> None:
        self._core = f"{base.rstrip('/')}/api/core"

    def get_record(self, record_id: str, field_names: Sequence[str]) -> Request:
        """Read a record whole, with these fields only if any are named; a 404 is an answer."""
        return self._get("record", record_id, headers={"select-record": RECORD_PARTS, **_only(field_names)})

    def get_files(self, record_id: str) -> Request:
        """Read a record's files with all their versions; a 404 is an answer."""
        return self._get("record", record_id, headers={"select-record": "files", "select-file": "versions"})

    def put_record(self, record_id: str, body: Mapping[str, Any]) -> Request:
        """Change what the body names; searchable at once."""
        return self._write("PUT", f"record/{record_id}", "records", body, answers=MAY_BE_ABSENT, is_indexed=True)

    def post_record(self, body: Mapping[str, Any]) -> Request:
        """Make a record; searchable at once."""
        return self._write("POST", "records", "records", body, is_indexed=True)

    def search_records(
        self,
        expression: str,
        parameters: Mapping[str, str],
        *,
        page: int,
        size: int,
        parts: str = "fields, masterfilelatestversion",
        field_names: Sequence[str] = (),
        sort: str = "",
    ) -> Request:
        """Search records by an expression with named parameters; paging is read from the query only.

        field_names: which fields the rows carry, all where none is named.
        """
        search = {
            "expression": expression,
            "namedParameters": dict(parameters),
            "defaultLogicalOperator": "AND",
            "supportWildcards": False,  # A star in a value is a star.
        }
        return Request(
            method="POST",
            url=f"{self._core}/search/records",
            route="records",
            has_effect=False,
            params=(*_paging(page, size), *([("sort", sort)] if sort else [])),
            headers={**_HEADERS, "select-record": parts, **_only(field_names)},
            body={"searchExpression": search, "facets": [], "logRequest": False},
        )

    def get_file_version(self, version_id: str) -> Request:
        """Read a file version with its public links and annotations; a 404 is an answer."""
        return self._get("fileversion", version_id, headers={"select-fileversion": VERSION_PARTS})

    def get_latest_version(self, record_id: str) -> Request:
        """Read a record's latest master version as `get_file_version` does; a 404 is an answer."""
        headers = {"select-record": "masterfilelatestversion", "select-fileversion": VERSION_PARTS}
        return self._get("record", record_id, headers=headers)

    def get_user(self, user_id: str) -> Request:
        """Read a user of the DAM; a 404 is an answer."""
        return self._get("user", user_id)

    def get_check_results(self, version_id: str) -> Request:
        """Read the check results of a file version; a 404 is an answer."""
        return self._get("fileversion", f"{version_id}/checkresults")

    def post_check_result(self, version_id: str, body: Mapping[str, Any]) -> Request:
        """Add a check result to exactly this file version."""
        path = f"fileversion/{version_id}/checkresults"
        return self._write("POST", path, "fileversions", body, answers=MAY_BE_ABSENT)

    def put_collection(self, collection_id: str, body: Mapping[str, Any]) -> Request:
        """Add records to a collection or take them out; both may be repeated."""
        path = f"collection/{collection_id}/records"
        return self._write("PUT", path, "collections", body, answers=MAY_BE_ABSENT)

    def post_public_link(self, body: Mapping[str, Any]) -> Request:
        """Publish a rendition of a file version."""
        return self._write("POST", "publiclinks", "publiclinks", body)

    def get_public_link(self, link_id: str) -> Request:
        """Read a public link; a 404 is an answer."""
        return self._get("publiclink", link_id)

    def delete_public_link(self, link_id: str) -> Request:
        """Take a public link back; a 404 is an answer."""
        return self._write("DELETE", f"publiclink/{link_id}", "publiclinks", None, answers=MAY_BE_ABSENT)

    def post_order(self, body: Mapping[str, Any]) -> Request:
        """Order files; the answer names the order in its `Location`."""
        return self._write("POST", "orders", "orders", body)

    def get_order(self, order_id: str) -> Request:
        """Read an order; a 404 is an answer."""
        return self._get("order", order_id)

    def get_list(self, plural: str, *, page: int) -> Request:
        """Read a page of definitions: `fielddefinitions`, `classifications`, `checks`, `collections`."""
        return Request(
            method="GET",
            url=f"{self._core}/{plural}",
            route=plural,
            has_effect=False,
            params=_paging(page, PAGE_MAX),
            headers=_HEADERS,
        )

    def _get(self, singular: str, path: str, *, headers: Mapping[str, str] | None = None) -> Request:
        return Request(
            method="GET",
            url=f"{self._core}/{singular}/{path}",
            route=f"{singular}s",
            has_effect=False,
            headers={**_HEADERS, **(headers or {})},
            answers=MAY_BE_ABSENT,
        )

    def _write(
        self,
        method: str,
        path: str,
        route: str,
        body: Mapping[str, Any] | None,
        *,
        answers: frozenset[int] = frozenset(),
        is_indexed: bool = False,
    ) -> Request:
        extra = {"set-immediateSearchIndexUpdate": "true"} if is_indexed else {}
        return Request(
            method=method,
            url=f"{self._core}/{path}",
            route=route,
            has_effect=True,
            body=body,
            headers={**_HEADERS, **extra},
            answers=answers,
        )


def normal_id(given: str) -> str:
    """An id as the DAM writes it: 32 lower-case hex digits without dashes. Raises ValueError."""
    text = given.strip().replace("-", "").lower()
    if not _ID.fullmatch(text):
        raise ValueError(f"no id of the DAM: {given!r}")
    return text


def part(body: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 - `Any` dies in the schemas.
    """A related resource of a body, HAL or flat; None when it was not selected or is not there."""
    inline = body.get(key)
    if inline is not None:
        return inline
    embedded = body.get("_embedded")
    return embedded.get(key) if isinstance(embedded, dict) else None


def rows_of(body: object) -> list[dict[str, Any]]:
    """The rows of a list: `items`, for some clients `_embedded.records`, or a bare list.

    Raises UnreadableAnswerError.
    """
    rows: object = body
    if isinstance(body, dict):
        rows = body["items"] if "items" in body else part(body, "items") or part(body, "records") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableAnswerError("a list whose rows are no objects")
    return rows


def read_page(answer: Answer) -> Page:
    """A page; more follow where `_links.next` says so, and without any links where the page is full.

    Raises UnreadableAnswerError.
    """
    body = answer.json_object()
    rows = rows_of(body)
    links = body.get("_links")
    size = body.get("pageSize")
    is_full = isinstance(size, int) and len(rows) >= size
    has_next = bool(links.get("next")) if isinstance(links, dict) else is_full
    about = body.get("totalCount")
    return Page(rows=tuple(rows), has_next=bool(rows) and has_next, about=about if isinstance(about, int) else None)


def changed(*, add: Iterable[str] = (), remove: Iterable[str] = ()) -> dict[str, Any]:
    """What goes into a list and what leaves it; a side without ids is left out."""
    sides = {"addOrUpdate": [{"id": each} for each in add], "remove": [{"id": each} for each in remove]}
    return {name: ids for name, ids in sides.items() if ids}


def _only(field_names: Sequence[str]) -> dict[str, str]:
    """The header that limits the fields that come back to these."""
    named = ", ".join(quote(name, safe="") for name in field_names)
    return {"select-record-fields": named} if named else {}


def _paging(page: int, size: int) -> tuple[tuple[str, str], ...]:
    return (("page", str(page)), ("pageSize", str(size)))
