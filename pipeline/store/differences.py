"""Runs of reconciliation, and the differences they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError

from pipeline.differences import Explained, Known
from pipeline.plan import FoundDifference, Link
from pipeline.ports import Difference, DifferenceState, Mode, Phase, Run
from pipeline.store import link_rows
from pipeline.store.difference_rows import difference_of, given_back, number, seen_again, seen_values, told_values
from pipeline.store.known import read_events, read_known, read_made
from pipeline.store.statements import Row, insert_into, run_each
from pipeline.store.tables import differences, holds, links, processes, runs
from pipeline.words import BusinessKey, EventId, JsonValue, LinkId

AGREES = "agrees"
"""What closes a difference that is found no more."""
_AGREEING: Row = {"state": DifferenceState.CLOSED, "closed_by": AGREES}
_Place = tuple[BusinessKey, str]
"""An item, and what of it differs."""
_IS_OPEN = holds("differences", "state <> 'closed'")
_IS_LIVE = holds("processes", "state <> 'ended'")


class SqlDifferences:
    """The port `Differences` within one transaction."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now

    def put_run(self, run: Run) -> None:
        """Insert or update."""
        insert = insert_into(self._conn, runs).values(**run_row(run))
        newest = {column.name: insert.excluded[column.name] for column in runs.c if not column.primary_key}
        self._conn.execute(insert.on_conflict_do_update(index_elements=["id"], set_=newest))

    def runs(
        self,
        flow: str = "",
        *,
        mode: Mode | None = None,
        is_over: bool | None = None,
        since: datetime | None = None,
        limit: int = 20,
    ) -> list[Run]:
        """Runs, the newest first. is_over: True for those that came to their end, False for those not ended yet."""
        found = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        if flow:
            found = found.where(runs.c.flow == flow)
        if mode:
            found = found.where(runs.c.mode == mode)
        if is_over is not None:
            found = found.where(runs.c.phase == Phase.OVER if is_over else runs.c.ended_at.is_(None))
        if since is not None:
            found = found.where(runs.c.started_at >= since)
        return [run_of(dict(row)) for row in self._conn.execute(found).mappings()]

    def in_use_since(self, flow: str) -> datetime | None:
        """When the flow's first full run began that came to its end; None where none did."""
        whole = runs.c.flow == flow, runs.c.mode == Mode.FULL, runs.c.phase == Phase.OVER
        first = select(runs.c.started_at).where(*whole).order_by(runs.c.started_at).limit(1)
        return self._conn.execute(first).scalar_one_or_none()

    def told_made(self, flow: str, keys: Sequence[BusinessKey]) -> dict[BusinessKey, datetime]:
        """When items of a flow were made, as Aprimo's notices of that say; absent where none came."""
        return read_made(self._conn, flow, keys)

    def links_of(self, flow: str, items: Sequence[BusinessKey]) -> dict[BusinessKey, tuple[Link, ...]]:
        """The links of a flow whose business key this is, or whose item in Aprimo; absent where there is none."""
        if not items:
            return {}
        made = (links.c.item != "") & links.c.item.in_(items)
        found = select(links).where(links.c.flow == flow, or_(links.c.business_key.in_(items), made))
        by_item: dict[BusinessKey, tuple[Link, ...]] = {}
        for link in self._links(found):
            by_item[link.item_key] = (*by_item.get(link.item_key, ()), link)
        return by_item

    def links_of_instances(self, flow: str, instances: Sequence[str]) -> dict[str, Link]:
        """The links of a flow by the instance of one of their processes."""
        if not instances:
            return {}
        found = select(processes.c.instance_id, processes.c.link_id).where(processes.c.instance_id.in_(instances))
        homes = {row.instance_id: row.link_id for row in self._conn.execute(found)}
        if not homes:
            return {}
        named = select(links).where(links.c.flow == flow, links.c.id.in_(sorted(set(homes.values()))))
        by_id = {link.id: link for link in self._links(named)}
        return {instance: by_id[name] for instance, name in homes.items() if name in by_id}

    def mark(self, run_id: str, *, items: Sequence[Link] = (), processes: Sequence[Link] = ()) -> None:
        """Note that a run has met the items, or the processes, of these links; a newer run's mark stays."""
        for met, column in ((items, links.c.item_run), (processes, links.c.process_run)):
            ids = [link.id for link in met if link.id]
            if ids:
                self._conn.execute(
                    update(links).where(links.c.id.in_(ids), _unmet(column, run_id)).values({column: run_id})
                )

    def met_items(self, flow: str, run_id: str, keys: Sequence[BusinessKey]) -> frozenset[BusinessKey]:
        """Those of these items of a flow that a run has met, or one that began after it."""
        if not keys:
            return frozenset()
        of_run = select(links.c.business_key).where(links.c.flow == flow, links.c.item_run >= run_id)
        return frozenset(self._conn.execute(of_run.where(links.c.business_key.in_(keys))).scalars())

    def unseen_items(self, flow: str, run_id: str, *, limit: int) -> list[Link]:
        """Links with a process that has not ended whose item the run has not met, by business key."""
        return self._links(_living(flow).where(_unmet(links.c.item_run, run_id)).limit(limit))

    def unseen_processes(self, flow: str, run_id: str, *, limit: int) -> list[Link]:
        """Links with a process that has not ended which the run has not met, by business key."""
        return self._links(_living(flow).where(_unmet(links.c.process_run, run_id)).limit(limit))

    def known(self, flow: str, keys: Sequence[BusinessKey]) -> dict[BusinessKey, Known]:
        """What our tables know of these items; `mapping_now` is left to the caller."""
        return read_known(self._conn, flow, keys)

    def keep(self, run_id: str, flow: str, found: Mapping[BusinessKey, Sequence[Explained]]) -> list[Difference]:
        """Make exactly these the open differences of these items; returns them.

        An open one gets the newest values; one that is not among them any more is closed. One that is being healed,
        or given back, keeps all it was healed for until that has ended.
        """
        seen = {(key, each.mismatch.field): seen_values(each) for key, every in found.items() for each in every}
        stand = self._settled(flow, list(found))
        gone = [row for row in stand if (row.business_key, row.field) not in seen]
        self._change([row.id for row in gone if row.state is not DifferenceState.UNDOING], _AGREEING)
        undoing = [row.id for row in gone if row.state is DifferenceState.UNDOING]
        self._change(undoing, {"run_id": run_id, "last_seen": self._now})
        self._put(flow, seen, stand, run_id)
        return self._standing(flow, list(found))

    def tell(self, flow: str, found: Mapping[BusinessKey, Sequence[FoundDifference]]) -> None:
        """Keep what plans came across, beside what stands open of these items.

        Nothing closes by it, and what is being healed is left as a look leaves it.
        """
        keys = [key for key, every in found.items() if every]
        stand = self._settled(flow, keys)
        rows, undone = {(row.business_key, row.field): row for row in stand}, self.undone(flow, keys)
        told = {
            (key, item.field): told_values(
                item, rows.get((key, item.field)), [each for each in undone if each.business_key == key]
            )
            for key in keys
            for item in found[key]
        }
        self._put(flow, told, stand)

    def find(
        self,
        *,
        ids: Sequence[str] = (),
        flow: str = "",
        keys: Sequence[BusinessKey] = (),
        cause: str = "",
        is_open: bool | None = True,
        after: str = "",
        limit: int = 1000,
    ) -> list[Difference]:
        """Differences by id or filter, in the order in which they were first seen; after: the id to go on from."""
        found = select(differences).order_by(differences.c.id).limit(limit)
        if ids:
            found = found.where(differences.c.id.in_([number(each) for each in ids]))
        if flow:
            found = found.where(differences.c.flow == flow)
        if keys:
            found = found.where(differences.c.business_key.in_(keys))
        if cause:
            found = found.where(differences.c.cause == cause)
        if is_open is not None:
            found = found.where(_IS_OPEN if is_open else differences.c.state == DifferenceState.CLOSED)
        if after:
            found = found.where(differences.c.id > number(after))
        return [difference_of(dict(row)) for row in self._conn.execute(found).mappings()]

    def undone(self, flow: str, keys: Sequence[BusinessKey]) -> list[Difference]:
        """Differences of these items whose heal a person has undone, also where no look has said so yet."""
        if not keys:
            return []
        found = select(differences).where(
            differences.c.flow == flow,
            differences.c.business_key.in_(keys),
            holds("differences", "undone_at is not null"),
        )
        said = [difference_of(dict(row)) for row in self._conn.execute(found).mappings()]
        standing = self._standing(flow, keys)
        undos = read_events(self._conn, (row.undo_event_id for row in standing))
        done = [row for row in standing if "undone_at" in given_back(row, undos.get(row.undo_event_id))]
        return sorted([*said, *done], key=lambda row: number(row.id))

    def begin_heal(self, difference_id: str, event_id: EventId, former: JsonValue) -> bool:
        """An open difference is being healed; False where it is not open any more."""
        healing = (
            update(differences)
            .where(differences.c.id == number(difference_id), differences.c.state == DifferenceState.OPEN)
            .values(state=DifferenceState.HEALING, heal_event_id=event_id, former=former)
        )
        return self._conn.execute(healing).rowcount == 1

    def begin_undo(self, difference_id: str, event_id: EventId, *, instead_of: EventId | None = None) -> bool:
        """A heal is being taken back; False where somebody else was first, or another difference stands there.

        instead_of: a way back that was asked for before and has come to nothing.
        """
        undoing = (
            update(differences)
            .where(
                differences.c.id == number(difference_id),
                differences.c.heal_event_id.is_not(None),
                differences.c.undo_event_id.is_not_distinct_from(instead_of),
                differences.c.undone_at.is_(None),
            )
            .values(state=DifferenceState.UNDOING, undo_event_id=event_id, closed_by="")
        )
        try:
            with self._conn.begin_nested():
                return self._conn.execute(undoing).rowcount == 1
        except IntegrityError:
            return False  # A look has found since that they differ there again.

    def _links(self, found: Select[Any]) -> list[Link]:
        rows = self._conn.execute(found).mappings().all()
        parts = link_rows.read_parts(self._conn, [LinkId(row["id"]) for row in rows]) if rows else link_rows.Parts()
        return [link_rows.link(row, parts) for row in rows]

    def _standing(self, flow: str, keys: Sequence[BusinessKey], *, is_locked: bool = False) -> list[Difference]:
        """What is not closed of these items. is_locked: nobody heals or closes it until the commit."""
        if not keys:
            return []
        found = (
            select(differences)
            .where(differences.c.flow == flow, differences.c.business_key.in_(keys), _IS_OPEN)
            .order_by(differences.c.id)
        )
        rows = self._conn.execute(found.with_for_update() if is_locked else found).mappings()
        return [difference_of(dict(row)) for row in rows]

    def _settled(self, flow: str, keys: Sequence[BusinessKey]) -> list[Difference]:
        """What is not closed of these items, once each way back that has ended is known to have; locked."""
        stand = self._standing(flow, keys, is_locked=True)
        undos = read_events(self._conn, (row.undo_event_id for row in stand))
        still = []
        for row in stand:
            ended = given_back(row, undos.get(row.undo_event_id))
            if ended:
                self._change([row.id], ended)
            still.append(replace(row, **ended))
        return [row for row in still if row.state is not DifferenceState.CLOSED]

    def _change(self, ids: Sequence[str], values: Row) -> None:
        if ids:
            every = update(differences).where(differences.c.id.in_([number(each) for each in ids]))
            self._conn.execute(every.values(values))

    def _put(
        self, flow: str, shown: Mapping[_Place, Row], stand: Sequence[Difference], run_id: str | None = None
    ) -> None:
        """Make what differs stand open with what it shows. run_id: None where no run has seen it."""
        heals = read_events(self._conn, (row.heal_event_id for row in stand))
        rows = {(row.business_key, row.field): row for row in stand}
        run = {"run_id": run_id} if run_id else {}
        old = [
            {**vars(row), **seen_again(row, shown[place], heals.get(row.heal_event_id)), **run}
            for place, row in rows.items()
            if place in shown
        ]
        run_each(self._conn, _SEE, [self._seen(each) for each in old])
        new = [self._new(flow, place, each, run_id) for place, each in shown.items() if place not in rows]
        if new:
            # A plan, or a look, may have told of the same thing since this one read what stands.
            self._conn.execute(insert_into(self._conn, differences).on_conflict_do_nothing(), new)

    def _seen(self, row: Row) -> Row:
        values = {**row, "run_id": row["run_id"] or None, "last_seen": self._now}
        return {"b_id": number(row["id"]), **{f"b_{name}": values[name] for name in _SEEN_COLUMNS}}

    def _new(self, flow: str, place: _Place, shown: Row, run_id: str | None) -> Row:
        key, field = place
        return {
            **shown,
            "flow": flow,
            "business_key": key,
            "field": field,
            "run_id": run_id,
            "state": DifferenceState.OPEN,
            "first_seen": self._now,
            "last_seen": self._now,
        }


_SEEN_COLUMNS = (
    *("agreed", "aprimo", "opentext", "cause", "evidence", "policy", "state", "heal_event_id", "former"),
    *("run_id", "last_seen"),
)
_SEE = (
    update(differences)
    .where(differences.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}", type_=differences.c[name].type) for name in _SEEN_COLUMNS})
)


def run_row(run: Run) -> dict[str, Any]:
    """A run as a row."""
    return {**vars(run), "suspects": [*run.suspects], "counts": dict(run.counts), "report": dict(run.report)}


def run_of(row: Mapping[str, Any]) -> Run:
    """A row as a run."""
    told = {"mode": Mode(row["mode"]), "phase": Phase(row["phase"]), "suspects": tuple(row["suspects"])}
    return Run(**{**row, **told})


def _unmet(met: ColumnElement[Any], run_id: str) -> ColumnElement[bool]:
    """What neither this run has met nor a newer one: ids of runs sort by time."""
    return or_(met.is_(None), met < run_id)


def _living(flow: str) -> Select[Any]:
    """A flow's links with a process that has not ended."""
    joined = select(links).join(processes, processes.c.link_id == links.c.id)
    return joined.where(links.c.flow == flow, _IS_LIVE).order_by(links.c.business_key)
