"""What the pollers read of Aprimo: pages of objects that changed in a window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pipeline.aprimo import schemas, wire
from pipeline.aprimo.client import Client
from pipeline.aprimo.wire import OBJECT_KINDS
from pipeline.feeds import ChangedItem, Page
from pipeline.flows.tenant import FlowWords
from pipeline.ports import Bounds
from pipeline.transport.messages import plain
from pipeline.transport.reading import reading

KIND = "activity"
"""The one kind that flows name so far and that has a search route."""


class Feed:
    """The change lists of the kinds and types that the flows name."""

    def __init__(self, client: Client, words: Iterable[FlowWords]) -> None:
        self._client = client
        of_kind = [each for each in words if each.object_kind == KIND]
        self._is_wanted = bool(of_kind)
        # A flow without types takes every type.
        takes_all = any(not each.type_ids for each in of_kind)
        self._type_ids = () if takes_all else tuple(sorted({one for each in of_kind for one in each.type_ids}))

    def changed(self, since: datetime, until: datetime, bounds: Bounds) -> Iterator[Page]:
        """Objects whose `modifiedDate` is in [since, until), page by page, in no promised order.

        PM documents no sort: a row that changes while it is paged through leaves the window, and is in the next.
        """
        if not self._is_wanted:
            return
        nodes: list[dict[str, Any]] = wire.changed_in(since, until)
        if self._type_ids:
            nodes.append(wire.any_of("activityTypeId", self._type_ids))
        size = self._client.options.page_size
        offset = 0
        has_more = True
        while has_more:
            page = self._client.search(OBJECT_KINDS[KIND], {"and": nodes}, limit=size, offset=offset, bounds=bounds)
            offset += len(page.rows)
            # The greatest page is not documented: one shorter than asked for is the last only if nothing says more.
            has_more = bool(page.rows) and (page.has_next or (page.total is not None and offset < page.total))
            yield Page(items=tuple(map(_item, page.rows)), total=page.total)


def _item(row: Mapping[str, Any]) -> ChangedItem:
    with reading("A row of Aprimo's change list"):
        changed = schemas.load_change(row)
    return ChangedItem(
        kind=KIND,
        object_id=changed.object_id,
        modified=changed.modified,
        modified_at=changed.modified_at,
        row=plain(row),
    )
