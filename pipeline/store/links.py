"""Links, processes, reviews, comments: what both systems last agreed on about an item."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from pipeline.plan import FoundDifference, Link, LinkChanges, ProcessRow
from pipeline.ports import DueLink, LiveProcess
from pipeline.store import link_rows, notices, people
from pipeline.store.differences import SqlDifferences
from pipeline.store.statements import insert_into, run_each
from pipeline.store.tables import comments, links, processes, reviews
from pipeline.words import BusinessKey, LinkId, ProcessState, WakeReason

FlowAndKey = tuple[str, BusinessKey]


def link_id(flow: str, business_key: BusinessKey) -> LinkId:
    """A link is named by what makes it unique; neither part ever changes."""
    return LinkId(f"{flow}/{business_key}")


class SqlLinks:
    """The port `Links` within one transaction."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now

    def of(self, keys: Sequence[FlowAndKey]) -> dict[FlowAndKey, Link]:
        """The links of (flow, business key); missing ones are absent.

        A process whose start is done bears its instance id even before settle; one whose start certainly had no
        effect is not shown.
        """
        ids = sorted({link_id(*key) for key in keys})
        if not ids:
            return {}
        found = self._conn.execute(select(links).where(links.c.id.in_(ids))).mappings().all()
        parts = link_rows.read_parts(self._conn, ids) if found else link_rows.Parts()
        return {(row["flow"], row["business_key"]): link_rows.link(row, parts) for row in found}

    def apply(self, changes: Sequence[tuple[str, BusinessKey, LinkChanges]]) -> None:
        """Make changes true, inserting links that are new. Notices, differences and people included."""
        if not changes:
            return
        named = [(link_id(flow, key), change) for flow, key, change in changes]
        self._insert_new([(flow, key) for flow, key, _ in changes])
        revisions = self._update(named)
        self._put_processes([(name, row) for name, change in named for row in change.processes])
        self._put_reviews(named)
        self._put_comments(named)
        notices.tell(
            self._conn, self._now, [(name, revisions[name], item) for name, c in named for item in c.notices]
        )
        people.meet(self._conn, self._now, [person for _, change in named for person in change.people])
        self._tell(changes)

    def begin_processes(self, starts: Sequence[tuple[str, BusinessKey, LinkChanges]]) -> None:
        """With a plan's commit: insert the link if new, and its process rows in state `starting`."""
        if not starts:
            return
        self._insert_new([(flow, key) for flow, key, _ in starts])
        rows = [
            link_rows.process_values(link_id(flow, key), row)
            for flow, key, change in starts
            for row in change.processes
            if row.state is ProcessState.STARTING
        ]
        insert = insert_into(self._conn, processes)
        begun = insert.on_conflict_do_update(
            index_elements=["link_id", "revision"],
            set_={name: insert.excluded[name] for name in link_rows.PROCESS_COLUMNS},
            where=processes.c.state == ProcessState.STARTING,
        )
        if rows:
            self._conn.execute(begun, rows)

    def lines_of_instances(self, instance_ids: Sequence[str]) -> dict[str, FlowAndKey]:
        """Instance id -> (flow, business key), for instances we know."""
        if not instance_ids:
            return {}
        found = (
            select(processes.c.instance_id, links.c.flow, links.c.business_key)
            .select_from(processes)
            .join(links, links.c.id == processes.c.link_id)
            .where(processes.c.instance_id.in_(instance_ids))
        )
        return {row.instance_id: (row.flow, row.business_key) for row in self._conn.execute(found)}

    def lines_of_items(self, items: Sequence[FlowAndKey]) -> dict[FlowAndKey, BusinessKey]:
        """(flow, item in Aprimo) -> business key, for items that are another line's."""
        if not items:
            return {}
        keys = sorted({key for _, key in items})
        found = select(links.c.flow, links.c.item, links.c.business_key).where(
            links.c.item != "", links.c.item.in_(keys)
        )
        homes = {(row.flow, BusinessKey(row.item)): row.business_key for row in self._conn.execute(found)}
        return {item: homes[item] for item in items if item in homes}

    def live(self, flow: str) -> list[LiveProcess]:
        """Every running process of a flow."""
        running = (
            select(links.c.business_key, processes.c.instance_id, processes.c.seen_hash, links.c.row_version)
            .select_from(processes)
            .join(links, links.c.id == processes.c.link_id)
            .where(
                links.c.flow == flow, processes.c.state == ProcessState.RUNNING, processes.c.instance_id.is_not(None)
            )
            .order_by(links.c.business_key)
        )
        return [LiveProcess(**row) for row in self._conn.execute(running).mappings()]

    def due(self, reasons: Collection[WakeReason], *, limit: int) -> list[DueLink]:
        """Links whose wake_at has come for one of these reasons, those due longest first."""
        found = (
            select(links.c.flow, links.c.business_key, links.c.wake_at, links.c.wake_reason)
            .where(links.c.wake_reason.in_(reasons), links.c.wake_at <= self._now)
            .order_by(links.c.wake_at, links.c.id)
            .limit(limit)
        )
        return [
            DueLink(**{**row, "wake_reason": WakeReason(row["wake_reason"])})
            for row in self._conn.execute(found).mappings()
        ]

    def release_loops(self, flow: str, business_key: BusinessKey, field: str) -> tuple[str, ...]:
        """Let fields be written again that a loop has stopped, all of them or one; returns their names."""
        named = links.c.id == link_id(flow, business_key)
        found = self._conn.execute(select(links).where(named).with_for_update()).mappings().one_or_none()
        if found is None:
            return ()
        row = dict(found)
        released = link_rows.release_loops(row, field)
        run_each(self._conn, _UPDATE, [link_rows.update_values(row)] if released else [])
        return released

    def _tell(self, changes: Sequence[tuple[str, BusinessKey, LinkChanges]]) -> None:
        """Keep the differences that plans came across, flow by flow."""
        found: dict[str, dict[BusinessKey, list[FoundDifference]]] = {}
        for flow, key, change in changes:
            if change.differences:
                found.setdefault(flow, {}).setdefault(key, []).extend(change.differences)
        for flow, by_item in found.items():
            SqlDifferences(self._conn, self._now).tell(flow, by_item)

    def _insert_new(self, keys: Sequence[FlowAndKey]) -> None:
        rows = [
            {"id": link_id(flow, key), "flow": flow, "business_key": key, "agreed": {}, "seen": {}, "loops": {}}
            for flow, key in sorted(set(keys))
        ]
        self._conn.execute(insert_into(self._conn, links).on_conflict_do_nothing(index_elements=["id"]), rows)

    def _update(self, named: Sequence[tuple[LinkId, LinkChanges]]) -> dict[LinkId, int]:
        """Bring the link rows up to date; returns each one's revision."""
        ids = {name for name, _ in named}
        # An item's notes have a line of their own, so two transactions may change one link.
        locked = select(links).where(links.c.id.in_(ids)).order_by(links.c.id).with_for_update()
        rows = {row["id"]: dict(row) for row in self._conn.execute(locked).mappings()}
        for name, change in named:
            link_rows.change(rows[name], change)
        run_each(self._conn, _UPDATE, [link_rows.update_values(row) for row in rows.values()])
        return {name: row["revision"] for name, row in rows.items()}

    def _put_processes(self, rows: Sequence[tuple[LinkId, ProcessRow]]) -> None:
        # One link has one live process: the old one ends before the new one begins.
        ordered = sorted(rows, key=lambda item: (item[1].is_live, item[1].revision))
        link_rows.put(
            self._conn,
            processes,
            [link_rows.process_values(name, row) for name, row in ordered],
            key=("link_id", "revision"),
            kept_where_null=("instance_id",),
        )

    def _put_reviews(self, named: Sequence[tuple[LinkId, LinkChanges]]) -> None:
        rows = [link_rows.review_values(name, row) for name, change in named for row in change.reviews]
        link_rows.forget_reviews_without_task(self._conn, [row for row in rows if row["task_id"]])
        link_rows.put(self._conn, reviews, rows, key=("link_id", "revision", "stakeholder", "task_id"))

    def _put_comments(self, named: Sequence[tuple[LinkId, LinkChanges]]) -> None:
        rows = [link_rows.comment_values(name, row) for name, change in named for row in change.comments]
        link_rows.put(self._conn, comments, rows, key=("link_id", "origin", "origin_id"))


_UPDATE = (
    update(links)
    .where(links.c.id == bindparam("b_id"))
    .values(
        state=bindparam("b_state"),
        revision=bindparam("b_revision"),
        agreed=bindparam("b_agreed"),
        seen=bindparam("b_seen"),
        wake_at=bindparam("b_wake_at"),
        wake_reason=bindparam("b_wake_reason"),
        item=bindparam("b_item"),
        loops=bindparam("b_loops"),
        stopped=bindparam("b_stopped"),
        mapping_version=bindparam("b_mapping_version"),
        row_version=links.c.row_version + 1,
    )
)
