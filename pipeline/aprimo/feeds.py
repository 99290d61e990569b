"""What the pollers read of Aprimo: pages of activities that changed in a window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from pipeline.aprimo import wire
from pipeline.aprimo.client import Client
from pipeline.aprimo.wire import OBJECT_KINDS
from pipeline.ports import Bounds
from pipeline.transport.messages import FeedPage, plain


def changed_activities(
    client: Client, since: datetime, until: datetime, type_ids: Sequence[int], bounds: Bounds
) -> Iterator[FeedPage]:
    """Pages of the activities of these types whose `modifiedDate` is in [since, until), in no promised order.

    Rows are the vendor's own, with `activityId` and `modifiedDate`. No types: every type. PM documents no sort: a
    row that changes while it is paged through leaves the window, and the next window has it.
    """
    nodes: list[dict[str, Any]] = wire.changed_in(since, until)
    if type_ids:
        nodes.append(wire.any_of("activityTypeId", sorted(type_ids)))
    size = client.options.page_size
    offset = 0
    while True:
        page = client.search(OBJECT_KINDS["activity"], {"and": nodes}, limit=size, offset=offset, bounds=bounds)
        offset += len(page.rows)
        # The greatest page is not documented: a server that gives less than asked is followed by its own links.
        is_last = not page.rows or not (page.has_next or _has_more(page.total, offset))
        yield FeedPage(rows=tuple(plain(row) for row in page.rows), total=page.total, is_last=is_last)
        if is_last:
            return


def _has_more(total: int | None, read: int) -> bool:
    return total is not None and read < total
