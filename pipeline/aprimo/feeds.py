"""What the pollers read of Aprimo: pages of objects that changed in a window, or of all objects of a kind.

Kinds of Productivity Management with a search route are searched by `modifiedDate`; projects have none and are listed
and sifted here. What has no date is listed whole. Records of the DAM are searched by `ModifiedOn`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pipeline import keys
from pipeline.aprimo import schemas, translate, wire
from pipeline.aprimo.client import Client
from pipeline.aprimo.dam_schemas import load_record
from pipeline.aprimo.dam_wire import Page as DamPage
from pipeline.aprimo.wire import OBJECT_KINDS, ObjectKind
from pipeline.feeds import ChangedItem, ListedItem, Page
from pipeline.flows.tenant import FlowWords
from pipeline.ports import Bounds
from pipeline.transport.messages import plain
from pipeline.transport.reading import reading
from pipeline.transport.times import iso

RECORD, ACTIVITY = "record", "activity"
TYPE_KEY = "activityTypeId"
SPLIT_MIN_S = 0.001
"""No hand and no job changes thousands of records in a shorter time."""


class Feed:
    """The lists of the kinds and types that the flows name."""

    def __init__(self, client: Client, words: Iterable[FlowWords]) -> None:
        self._client = client
        self._types = _types_of(words)
        undated = client.options.undated_kinds - {RECORD}
        known = [kind for kind in self._types if kind in OBJECT_KINDS or kind == RECORD]
        self.undated = tuple(kind for kind in known if kind in undated)
        self.dated = tuple(kind for kind in known if kind not in undated)

    def changed(self, kind: str, since: datetime, until: datetime, bounds: Bounds) -> Iterator[Page]:
        """Objects of a dated kind that were changed in [since, until), page by page, in no promised order.

        PM documents no sort: a row that changes while it is paged through leaves the window, and is in the next.
        """
        if kind == RECORD:
            yield from self._records(since, until, bounds)
            return
        known = OBJECT_KINDS[kind]
        for page in self._pages(self._searched(kind, since, until, bounds)):
            items = [_item(kind, known, row) for row in page.rows]
            # What was only listed is sifted here; what was searched passes whole.
            ours = items if known.can_search else [each for each in items if since <= each.modified_at < until]
            yield Page(items=tuple(ours), total=page.total)

    def listed(self, kind: str, bounds: Bounds) -> Iterator[tuple[ListedItem, ...]]:
        """All objects of an undated kind, page by page."""
        known = OBJECT_KINDS[kind]
        for page in self._pages(self._list(known, bounds)):
            yield tuple(_listed(kind, known, row) for row in page.rows)

    # ---- Productivity Management -----------------------------------------------------------------------------------

    @staticmethod
    def _pages(read: Callable[[int], wire.Page]) -> Iterator[wire.Page]:
        """Pages to the last; the greatest page is not documented, so a short one ends nothing by itself."""
        offset = 0
        has_more = True
        while has_more:
            page = read(offset)
            offset += len(page.rows)
            has_more = bool(page.rows) and (page.has_next or (page.total is not None and offset < page.total))
            yield page

    def _searched(self, kind: str, since: datetime, until: datetime, bounds: Bounds) -> Callable[[int], wire.Page]:
        known = OBJECT_KINDS[kind]
        if not known.can_search:
            return self._list(known, bounds)
        nodes: list[dict[str, Any]] = wire.changed_in(since, until)
        if kind == ACTIVITY and self._types[kind]:
            nodes.append(wire.any_of(TYPE_KEY, sorted(self._types[kind])))
        size = self._client.options.page_size
        return lambda offset: self._client.search(known, {"and": nodes}, limit=size, offset=offset, bounds=bounds)

    def _list(self, kind: ObjectKind, bounds: Bounds) -> Callable[[int], wire.Page]:
        size = self._client.options.page_size
        return lambda offset: self._client.list_objects(kind, limit=size, offset=offset, bounds=bounds)

    # ---- the DAM ---------------------------------------------------------------------------------------------------

    def _records(self, since: datetime, until: datetime, bounds: Bounds) -> Iterator[Page]:
        """Records of a window, or of its halves where it holds more than can be paged through."""
        first = self._client.dam.changed(iso(since), iso(until), page=1, bounds=bounds)
        if self._is_too_many(first.about) and (until - since).total_seconds() > SPLIT_MIN_S:
            middle = since + (until - since) / 2
            for start, end in ((since, middle), (middle, until)):
                # The halves' totals are not the window's: they would look like a list that moves.
                yield from (replace(page, total=None) for page in self._records(start, end, bounds))
            return
        page, number = first, 1
        yield self._page_of(first)
        while page.has_next and number * self._client.options.page_size < self._client.options.max_hits:
            number += 1
            page = self._client.dam.changed(iso(since), iso(until), page=number, bounds=bounds)
            yield self._page_of(page)

    def _page_of(self, page: DamPage) -> Page:
        items = [_record(row) for row in page.rows]
        return Page(items=tuple(each for each, type_ in items if self._is_ours(type_)), total=page.about)

    def _is_too_many(self, about: int | None) -> bool:
        return about is not None and about > self._client.options.max_hits

    def _is_ours(self, content_type: str) -> bool:
        wanted = self._types[RECORD]
        return not wanted or content_type in wanted


def _types_of(words: Iterable[FlowWords]) -> dict[str, frozenset[Any]]:
    """Kind -> the types of it that flows name, empty where one of them takes every type."""
    found: dict[str, list[frozenset[Any]]] = {}
    for each in words:
        found.setdefault(each.object_kind, []).append(each.type_ids)
        for other in each.also.values():
            found.setdefault(other.kind, []).append(other.type_ids)
    return {kind: frozenset().union(*all_) if all(all_) else frozenset() for kind, all_ in found.items()}


def _item(kind: str, known: ObjectKind, row: Mapping[str, Any]) -> ChangedItem:
    with reading(f"A row of Aprimo's {known.resource}"):
        changed = schemas.load_change(row, known.id_key)
    said = plain(row)
    return ChangedItem(
        kind=kind,
        object_id=changed.object_id,
        modified_at=changed.modified_at,
        dedupe_key=keys.pm_poll(kind, changed.object_id, changed.modified, said),
        row=said,
        type_id=translate.integer(row.get(TYPE_KEY)),
    )


def _listed(kind: str, known: ObjectKind, row: Mapping[str, Any]) -> ListedItem:
    with reading(f"A row of Aprimo's {known.resource}"):
        object_id = schemas.object_id(row, known.id_key)
    said = plain(row)
    return ListedItem(kind=kind, object_id=object_id, row_hash=keys.digest(said), row=said)


def _record(row: Mapping[str, Any]) -> tuple[ChangedItem, str]:
    """A record that changed, and its content type."""
    with reading("A row of Aprimo's search for changed records"):
        record = load_record(row)
    modified = str(row["modifiedOn"])
    item = ChangedItem(
        kind=RECORD,
        object_id=record.record_id,
        modified_at=record.modified_at,
        dedupe_key=keys.dam_poll(record.record_id, modified, record.version.id if record.version else ""),
        row=plain(row),
        type_id=record.content_type,
    )
    return item, record.content_type
