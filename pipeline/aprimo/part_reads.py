"""What is read beside the items themselves: file versions with what was said of them, assets' remarks, money.

A flow that needs them names them in its wants, often once it has seen the item (the id of a file version).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError

from pipeline.aprimo import translate
from pipeline.aprimo.client import Client
from pipeline.aprimo.dam_schemas import CheckResult, FileVersion
from pipeline.aprimo.dam_wire import normal_id
from pipeline.errors import PermanentError
from pipeline.flows.tenant import FlowWords
from pipeline.keys import COMMENT_MARK
from pipeline.plan import CommentRead, Snapshot, Want
from pipeline.ports import Bounds
from pipeline.transport.reading import reading
from pipeline.transport.times import Instant
from pipeline.words import JsonValue

PartRead = Callable[[Client, Want, FlowWords, datetime, Bounds], Snapshot]

# ---- file versions -------------------------------------------------------------------------------------------------


def file_version(client: Client, want: Want, words: FlowWords, read_at: datetime, bounds: Bounds) -> Snapshot:
    """A file version by its id: what it is, its public links, and what was said of it.

    Values: `id`, `number`, `label`, `file_name`, `sha256`, `state`, `is_latest`, `public_links` (`id`, `rendition`,
    `status`, `uri`), `check_results` (`id`, `check`, `outcome`, `description`, `is_ours`). Comments: annotations
    (`annotation:<id>`) and those check results that are not ours and say something (`check-result:<id>`).
    """
    del words
    return _of_version(client, want, client.dam.file_version(_dam_id(want), bounds), read_at, bounds)


def latest_version(client: Client, want: Want, words: FlowWords, read_at: datetime, bounds: Bounds) -> Snapshot:
    """The latest master version of a record, by the record's id; as `file_version`. Absent without a file."""
    del words
    return _of_version(client, want, client.dam.latest_version(_dam_id(want), bounds), read_at, bounds)


def _of_version(
    client: Client, want: Want, version: FileVersion | None, read_at: datetime, bounds: Bounds
) -> Snapshot:
    if version is None:
        return Snapshot(want=want, read_at=read_at, is_absent=True)
    results = client.dam.check_results(version.id, bounds) or []
    values: dict[str, JsonValue] = {
        "id": version.id,
        "number": version.number,
        "label": version.label,
        "file_name": version.file_name,
        "sha256": version.sha256,
        "state": version.state,
        "is_latest": version.is_latest,
        "public_links": [
            {"id": each.id, "rendition": each.rendition, "status": each.status, "uri": each.uri}
            for each in version.public_links
        ],
        "check_results": [_check_result(client, each, bounds) for each in results],
    }
    remarks = [*_annotations(client, version, bounds), *_said(client, results, bounds)]
    comments = tuple(sorted(remarks, key=lambda each: each.at))
    return Snapshot(want=want, read_at=read_at, version=version.id, values=values, comments=comments)


def _check_result(client: Client, result: CheckResult, bounds: Bounds) -> JsonValue:
    return {
        "id": result.id,
        "check": client.dam.names.name_of("checks", result.check_id, bounds),
        "outcome": result.outcome,
        "description": result.description,
        "is_ours": COMMENT_MARK in result.description,
    }


def _annotations(client: Client, version: FileVersion, bounds: Bounds) -> list[CommentRead]:
    return [
        CommentRead(
            origin_id=f"annotation:{each.id}",
            author=client.dam.user_name(each.author_id, bounds),
            text=each.text,
            at=each.at,
        )
        for each in version.annotations
        if each.text.strip()  # A mere stroke of the pen says nothing that could be carried.
    ]


def _said(client: Client, results: list[CheckResult], bounds: Bounds) -> list[CommentRead]:
    """What check results of other people say; without a time nothing can be put in its place."""
    return [
        CommentRead(
            origin_id=f"check-result:{each.id}",
            author=client.dam.user_name(each.author_id, bounds),
            text=each.description,
            at=each.at,
        )
        for each in results
        if each.at is not None and each.description.strip() and COMMENT_MARK not in each.description
    ]


def _dam_id(want: Want) -> str:
    try:
        return normal_id(want.object_id)
    except ValueError as err:
        raise PermanentError("id_malformed", f"{want.object_id!r} is no id of a {want.kind} in Aprimo.") from err


# ---- assets of Productivity Management -----------------------------------------------------------------------------


def asset_version(client: Client, want: Want, words: FlowWords, read_at: datetime, bounds: Bounds) -> Snapshot:
    """A version of a PM asset, by `<asset id>/<version>`: other people's annotations as comments (`annotation:<id>`).

    No time of an annotation is documented: one without gets the beginning of time, so that an order is kept.
    """
    del words
    asset, _, version = want.object_id.partition("/")
    if not (asset.isdecimal() and version.isdecimal()):
        raise PermanentError("id_malformed", f"{want.object_id!r} is no asset with a version, such as 77/2.")
    rows = client.annotations(int(asset), int(version), bounds)
    if rows is None:
        return Snapshot(want=want, read_at=read_at, is_absent=True)
    with reading(f"The annotations of Aprimo's asset {want.object_id}"):
        remarks = [_remark(client, row, bounds) for row in rows]
    comments = tuple(each for each in remarks if each.text.strip() and COMMENT_MARK not in each.text)
    return Snapshot(want=want, read_at=read_at, values={"id": want.object_id}, comments=comments)


def _remark(client: Client, row: Mapping[str, Any], bounds: Bounds) -> CommentRead:
    content = row.get("content")
    if row.get("annotationId") in {None, ""} or not isinstance(content, dict):
        raise ValidationError({"annotationId": ["An annotation needs its id and its content."]})
    told = row.get("createdDate")
    user_id = translate.integer(row.get("authorId"))
    return CommentRead(
        origin_id=f"annotation:{row['annotationId']}",
        author="" if user_id is None else client.people([user_id], bounds)[user_id].name,
        text=str(content.get("comment") or ""),
        at=Instant().deserialize(told) if told else _BEGINNING,
    )


_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

# ---- money ---------------------------------------------------------------------------------------------------------


def funding_summary(client: Client, want: Want, words: FlowWords, read_at: datetime, bounds: Bounds) -> Snapshot:
    """How a funding account stands, by its id: amounts as text by the names of `funding.AMOUNTS`.

    Besides: `account_id`, `title`, and `currency` (by the flow's table, else the vendor's own id, "" for none). All
    amounts are in that currency.
    """
    if not want.object_id.isdecimal():
        raise PermanentError("id_malformed", f"{want.object_id!r} is no id of a funding account in Aprimo.")
    standing = client.funding(int(want.object_id), bounds)
    if standing is None:
        return Snapshot(want=want, read_at=read_at, is_absent=True)
    number = standing.currency_id
    values: dict[str, JsonValue] = {
        "account_id": standing.account_id,
        "title": standing.title,
        "currency": "" if number is None else words.currencies.get(number, str(number)),
        **{name: translate.money(amount) for name, amount in standing.amounts.items()},
    }
    return Snapshot(want=want, read_at=read_at, values=values)


PARTS: Mapping[str, PartRead] = {
    "file_version": file_version,
    "latest_version": latest_version,
    "asset_version": asset_version,
    "funding_summary": funding_summary,
}
"""By the kind of a want."""
