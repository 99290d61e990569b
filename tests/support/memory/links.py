"""Links, processes, reviews and comments in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pipeline.plan import CommentRow, Link, LinkChanges, Notice, ProcessRow, ReviewRow
from pipeline.ports import DueLink, LiveProcess
from pipeline.store import link_rows, serial
from pipeline.store.links import FlowAndKey, link_id
from pipeline.words import BusinessKey, DeliveryState, InstanceId, LinkId, ProcessState, WakeReason
from tests.support.memory.difference_rows import tell
from tests.support.memory.ledger import MemoryLedger
from tests.support.memory.rows import Row, Tables

_MAY_HAVE_STARTED = frozenset({DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.DONE})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class MemoryLinks:
    """The port `Links` within one transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._tables = tables
        self._links = tables["links"]
        self._now = now

    def of(self, keys: Sequence[FlowAndKey]) -> dict[FlowAndKey, Link]:
        """The links of (flow, business key); missing ones are absent."""
        names = sorted({link_id(*key) for key in keys})
        rows = [row for row in (self._links.get(name) for name in names) if row]
        return {(row["flow"], row["business_key"]): self._link(row) for row in rows}

    def apply(self, changes: Sequence[tuple[str, BusinessKey, LinkChanges]]) -> None:
        """Make changes true, inserting links that are new. Notices, differences and people included."""
        named = [(link_id(flow, key), change) for flow, key, change in changes]
        self._insert_new([(flow, key) for flow, key, _ in changes])
        for name in dict.fromkeys(name for name, _ in named):
            self._update(name, [change for other, change in named if other == name])
        self._put_processes([(name, row) for name, change in named for row in change.processes])
        for name, change in named:
            self._put_reviews(name, change.reviews)
        for name, change in named:
            self._put("comments", name, change.comments)
        for name, change in named:
            self._tell(name, change.notices)
        MemoryLedger(self._tables, self._now).meet([met for _, change in named for met in change.people])
        for flow, key, change in changes:
            tell(self._tables, self._now, flow, key, change.differences)

    def begin_processes(self, starts: Sequence[tuple[str, BusinessKey, LinkChanges]]) -> None:
        """With a plan's commit: insert the link if new, and its process rows in state `starting`."""
        self._insert_new([(flow, key) for flow, key, _ in starts])
        for flow, key, change in starts:
            for row in change.processes:
                name = link_id(flow, key)
                known = self._tables["processes"].get(name, row.revision)
                is_open = known is None or known["state"] == ProcessState.STARTING
                if row.state is ProcessState.STARTING and is_open:
                    self._put("processes", name, [row])

    def lines_of_instances(self, instance_ids: Sequence[str]) -> dict[str, FlowAndKey]:
        """Instance id -> (flow, business key), for instances we know."""
        found = [row for each in instance_ids for row in self._tables["processes"].where("instance_id", each)]
        links = {row["instance_id"]: self._row(row["link_id"]) for row in found}
        return {instance: (row["flow"], row["business_key"]) for instance, row in links.items()}

    def lines_of_items(self, items: Sequence[FlowAndKey]) -> dict[FlowAndKey, BusinessKey]:
        """(flow, item in Aprimo) -> business key, for items that are another line's."""
        homes = {(row["flow"], row["item"]): row["business_key"] for row in self._links if row["item"]}
        return {item: homes[item] for item in items if item in homes}

    def live(self, flow: str) -> list[LiveProcess]:
        """Every running process of a flow."""
        found = [
            LiveProcess(
                business_key=link["business_key"],
                instance_id=row["instance_id"],
                seen_hash=row["seen_hash"],
                row_version=link["row_version"],
            )
            for link in self._links.where("flow", flow)
            for row in self._tables["processes"].where("link_id", link["id"])
            if row["state"] == ProcessState.RUNNING and row["instance_id"] is not None
        ]
        return sorted(found, key=lambda live: live.business_key)

    def due(self, reasons: Collection[WakeReason], *, limit: int) -> list[DueLink]:
        """Links whose wake_at has come for one of these reasons, those due longest first."""
        found = [
            row
            for row in self._links
            if row["wake_reason"] in reasons and row["wake_at"] is not None and row["wake_at"] <= self._now
        ]
        return [
            DueLink(
                flow=row["flow"],
                business_key=row["business_key"],
                wake_at=row["wake_at"],
                wake_reason=WakeReason(row["wake_reason"]),
            )
            for row in sorted(found, key=lambda row: (row["wake_at"], row["id"]))[:limit]
        ]

    def release_loops(self, flow: str, business_key: BusinessKey, field: str) -> tuple[str, ...]:
        """Let fields be written again that a loop has stopped."""
        row = self._links.get(link_id(flow, business_key))
        if row is None:
            return ()
        new = dict(row)
        released = link_rows.release_loops(new, field)
        self._links.change(row, **{**new, "row_version": row["row_version"] + bool(released)})
        return released

    # ---- reading ---------------------------------------------------------------------------------------------------

    def _row(self, name: LinkId) -> Row:
        row = self._links.get(name)
        if row is None:
            raise KeyError(name)
        return row

    def _link(self, row: Row) -> Link:
        name = row["id"]
        processes = sorted(self._tables["processes"].where("link_id", name), key=lambda each: int(each["revision"]))
        reviews = sorted(self._tables["reviews"].where("link_id", name), key=_review_order)
        comments = sorted(
            self._tables["comments"].where("link_id", name), key=lambda each: (each["at"], each["origin_id"])
        )
        return Link(
            **{
                **{column: value for column, value in row.items() if column not in link_rows.NOT_A_LINKS},
                "wake_reason": WakeReason(row["wake_reason"]) if row["wake_reason"] else None,
                "agreed": serial.load_agreed(row["agreed"]),
                "loops": serial.load_loops(row["loops"]),
                "processes": tuple(filter(None, [self._as_started(each) for each in processes])),
                "reviews": tuple(_load(ReviewRow, each) for each in reviews),
                "comments": tuple(_load(CommentRow, each) for each in comments),
            }
        )

    def _as_started(self, row: Row) -> ProcessRow | None:
        """A starting process as its start's delivery tells it; None when that certainly had no effect."""
        process: ProcessRow = _load(ProcessRow, row)
        if process.state is not ProcessState.STARTING or not process.started_effect:
            return process
        holders = self._tables["deliveries"].where("effect_key", process.started_effect)
        start = next((each for each in holders if each["state"] != DeliveryState.DROPPED), None)
        if start is None or start["state"] not in _MAY_HAVE_STARTED:
            return None
        if process.instance_id is None and start["vendor_ref"] and start["state"] == DeliveryState.DONE:
            return replace(process, instance_id=InstanceId(start["vendor_ref"]))
        return process

    # ---- writing ---------------------------------------------------------------------------------------------------

    def _insert_new(self, keys: Iterable[FlowAndKey]) -> None:
        for flow, key in sorted(set(keys)):
            if self._links.get(link_id(flow, key)) is None:
                self._links.insert(
                    {
                        "id": link_id(flow, key),
                        "flow": flow,
                        "business_key": key,
                        "agreed": {},
                        "seen": {},
                        "loops": {},
                    }
                )

    def _update(self, name: LinkId, changes: Iterable[LinkChanges]) -> None:
        row = self._row(name)
        new = dict(row)
        for change in changes:
            link_rows.change(new, change)
        new["row_version"] += 1
        self._links.change(row, **new)

    def _put_processes(self, rows: Sequence[tuple[LinkId, ProcessRow]]) -> None:
        # One link has one live process: the old one ends before the new one begins.
        for name, row in sorted(rows, key=lambda item: (item[1].is_live, item[1].revision)):
            known = self._tables["processes"].get(name, row.revision)
            if known is not None and row.instance_id is None and known["instance_id"] is not None:
                row = replace(row, instance_id=known["instance_id"])  # noqa: PLW2901 - The row as it is to stand.
            self._put("processes", name, [row])

    def _put_reviews(self, name: LinkId, rows: Sequence[ReviewRow]) -> None:
        for row in rows:
            waiting = self._tables["reviews"].get(name, row.revision, row.stakeholder, "")
            if row.task_id and waiting is not None:
                self._tables["reviews"].delete(waiting)
        self._put("reviews", name, rows)

    def _put(self, table: str, name: LinkId, rows: Iterable[Any]) -> None:
        """Insert rows or replace them by key."""
        for item in rows:
            values = {"link_id": name, **vars(item)}
            known = self._tables[table].known(values)
            if known is None:
                self._tables[table].insert(values)
            else:
                self._tables[table].change(known, **values)

    def _tell(self, name: LinkId, notices: Iterable[Notice]) -> None:
        revision = self._row(name)["revision"]
        told = {_notice_key(row) for row in self._tables["notices"].where("link_id", name)}
        for notice in notices:
            row = {"revision": revision, **vars(notice)}
            if _notice_key(row) not in told:
                self._tables["notices"].insert({"link_id": name, "at": self._now, **row})
                told.add(_notice_key(row))


def _load(kind: type[Any], row: Row) -> Any:  # noqa: ANN401 - A value of that type.
    return serial.load(kind, {name: value for name, value in row.items() if name != "link_id"})


def _review_order(row: Row) -> tuple[int, str, datetime, str]:
    return (row["revision"], row["stakeholder"], row["opened_at"] or _LONG_AGO, row["task_id"])


def _notice_key(row: Mapping[str, Any]) -> tuple[str, int, str]:
    return (row["code"], row["revision"], row["person"])
