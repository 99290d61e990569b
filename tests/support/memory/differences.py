"""Runs of reconciliation and differences in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from pipeline.differences import Explained, Known
from pipeline.keys import is_notes, line_key
from pipeline.plan import Link
from pipeline.ports import Difference, DifferenceState, Mode, Phase, Run
from pipeline.store.difference_rows import difference_of, number, seen_values
from pipeline.store.differences import AGREES, run_of, run_row
from pipeline.store.known import MADE, known_of
from pipeline.words import BusinessKey, DeliveryState, EventId, JsonValue, LetterState, ProcessState
from tests.support.memory.difference_rows import is_undone, put, settle
from tests.support.memory.links import MemoryLinks
from tests.support.memory.rows import Row, Tables


class MemoryDifferences:
    """The port `Differences` within one transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._tables = tables
        self._rows = tables["differences"]
        self._now = now

    def put_run(self, run: Run) -> None:
        """Insert or update."""
        known = self._tables["runs"].get(run.id)
        if known is None:
            self._tables["runs"].insert(run_row(run))
        else:
            self._tables["runs"].change(known, **run_row(run))

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
        found = [
            run_of(row)
            for row in self._tables["runs"]
            if flow in {"", row["flow"]} and (mode is None or row["mode"] == mode)
            if is_over is None or (row["phase"] == Phase.OVER if is_over else row["ended_at"] is None)
            if since is None or row["started_at"] >= since
        ]
        return sorted(found, key=lambda run: (run.started_at, run.id), reverse=True)[:limit]

    def in_use_since(self, flow: str) -> datetime | None:
        """When the flow's first full run began that came to its end; None where none did."""
        whole = (run for run in self.runs(flow, mode=Mode.FULL, is_over=True, limit=1_000_000))
        return min((run.started_at for run in whole), default=None)

    def told_made(self, flow: str, keys: Sequence[BusinessKey]) -> dict[BusinessKey, datetime]:
        """When items of a flow were made, as Aprimo's notices of that say; absent where none came."""
        made: dict[BusinessKey, datetime] = {}
        for key in keys:
            told = self._tables["events"].where("line_key", line_key(flow, key))
            times = [row["time"] for row in told if row["type"].startswith(MADE[0]) and row["type"].endswith(MADE[1])]
            made |= {key: min(times)} if times else {}
        return made

    def links_of(self, flow: str, items: Sequence[BusinessKey]) -> dict[BusinessKey, tuple[Link, ...]]:
        """The links of a flow whose business key this is, or whose item in Aprimo."""
        wanted = set(items)
        rows = list(self._tables["links"].where("flow", flow))
        by_item: dict[BusinessKey, tuple[Link, ...]] = {}
        for link in self._links(row for row in rows if {row["business_key"], row["item"]} & wanted):
            by_item[link.item_key] = (*by_item.get(link.item_key, ()), link)
        return by_item

    def links_of_instances(self, flow: str, instances: Sequence[str]) -> dict[str, Link]:
        """The links of a flow by the instance of one of their processes."""
        homes = MemoryLinks(self._tables, self._now).lines_of_instances(instances)
        links = MemoryLinks(self._tables, self._now).of([home for home in homes.values() if home[0] == flow])
        return {instance: links[home] for instance, home in homes.items() if home in links}

    def mark(self, run_id: str, *, items: Sequence[Link] = (), processes: Sequence[Link] = ()) -> None:
        """Note that a run has met the items, or the processes, of these links; a newer run's mark stays."""
        for met, column in ((items, "item_run"), (processes, "process_run")):
            for row in [self._tables["links"].get(link.id) for link in met]:
                if row is not None and (row[column] or "") < run_id:
                    self._tables["links"].change(row, **{column: run_id})

    def met_items(self, flow: str, run_id: str, keys: Sequence[BusinessKey]) -> frozenset[BusinessKey]:
        """Those of these items of a flow that a run has met, or one that began after it."""
        rows = self._tables["links"].where("flow", flow)
        return frozenset(row["business_key"] for row in rows if (row["item_run"] or "") >= run_id) & {*keys}

    def unseen_items(self, flow: str, run_id: str, *, limit: int) -> list[Link]:
        """Links with a process that has not ended whose item the run has not met, by business key."""
        return self._unmet(flow, "item_run", run_id)[:limit]

    def unseen_processes(self, flow: str, run_id: str, *, limit: int) -> list[Link]:
        """Links with a process that has not ended which the run has not met, by business key."""
        return self._unmet(flow, "process_run", run_id)[:limit]

    def known(self, flow: str, keys: Sequence[BusinessKey]) -> dict[BusinessKey, Known]:
        """What our tables know of these items."""
        return {key: self._known(flow, key) for key in keys}

    def keep(self, run_id: str, flow: str, found: Mapping[BusinessKey, Sequence[Explained]]) -> list[Difference]:
        """Make exactly these the open differences of these items; returns them."""
        settle(self._tables, flow, found)
        stand = {
            (row["business_key"], row["field"]): row
            for row in self._rows.where("flow", flow)
            if row["business_key"] in found and row["state"] != DifferenceState.CLOSED
        }
        seen = {(key, each.mismatch.field): each for key, every in found.items() for each in every}
        for place, row in stand.items():
            if place not in seen and row["state"] == DifferenceState.UNDOING:
                self._rows.change(row, run_id=run_id, last_seen=self._now)
            elif place not in seen:
                self._rows.change(row, state=DifferenceState.CLOSED, closed_by=AGREES)
        for (key, field), each in seen.items():
            put(self._tables, self._now, (flow, key, field), seen_values(each), run_id)
        return self.find(flow=flow, keys=list(found)) if found else []

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
        """Differences by id or filter, in the order in which they were first seen."""
        found = [
            row
            for row in sorted(self._rows, key=lambda row: int(row["id"]))
            if (not ids or str(row["id"]) in ids)
            and flow in {"", row["flow"]}
            and (not keys or row["business_key"] in keys)
            and cause in {"", row["cause"]}
            and (is_open is None or is_open is (row["state"] != DifferenceState.CLOSED))
            and row["id"] > number(after)
        ]
        return [difference_of(row) for row in found[:limit]]

    def undone(self, flow: str, keys: Sequence[BusinessKey]) -> list[Difference]:
        """Differences of these items whose heal a person has undone."""
        rows = [row for row in self._rows.where("flow", flow) if row["business_key"] in set(keys)]
        return [difference_of(row) for row in rows if is_undone(self._tables, row)]

    def begin_heal(self, difference_id: str, event_id: EventId, former: JsonValue) -> bool:
        """An open difference is being healed; False where it is not open any more."""
        row = self._rows.get(number(difference_id))
        if row is None or row["state"] != DifferenceState.OPEN:
            return False
        self._rows.change(row, state=DifferenceState.HEALING, heal_event_id=event_id, former=former)
        return True

    def begin_undo(self, difference_id: str, event_id: EventId, *, instead_of: EventId | None = None) -> bool:
        """A heal is being taken back; False where somebody else was first, or another difference stands there."""
        row = self._rows.get(number(difference_id))
        if row is None or row["heal_event_id"] is None or row["undone_at"] is not None:
            return False
        if row["undo_event_id"] != instead_of:
            return False
        try:
            self._rows.change(row, state=DifferenceState.UNDOING, undo_event_id=event_id, closed_by="")
        except IntegrityError:
            return False
        return True

    def _links(self, rows: Iterable[Row]) -> list[Link]:
        named = [(row["flow"], row["business_key"]) for row in rows]
        links = MemoryLinks(self._tables, self._now).of(named)
        return [links[name] for name in named]

    def _unmet(self, flow: str, column: str, run_id: str) -> list[Link]:
        rows = [
            row
            for row in sorted(self._tables["links"].where("flow", flow), key=lambda row: str(row["business_key"]))
            if (row[column] or "") < run_id
            and any(
                each["state"] != ProcessState.ENDED for each in self._tables["processes"].where("link_id", row["id"])
            )
        ]
        return self._links(rows)

    def _known(self, flow: str, key: BusinessKey) -> Known:
        lines = (line_key(flow, key), line_key(flow, key, is_notes=True))
        told = [row for line in lines for row in self._tables["events"].where("line_key", line)]
        main = {row["id"] for row in told if not is_notes(row["line_key"])}
        letters = [
            row for row in self._tables["dead_letters"].where("state", LetterState.OPEN) if row["event_id"] in main
        ]
        link = self._tables["links"].get(f"{flow}/{key}")
        return known_of(
            told,
            [row for each in told for row in self._done(each["id"], each["accepted_at"])],
            letter=letters[0] if letters else None,
            mapping_version=link["mapping_version"] if link else None,
        )

    def _done(self, event_id: EventId, accepted_at: datetime) -> list[Row]:
        done = [
            row
            for row in self._tables["deliveries"].where("event_id", event_id)
            if row["state"] == DeliveryState.DONE
        ]
        return [{**row, "at": self._last_attempt(row["id"]) or accepted_at} for row in done]

    def _last_attempt(self, delivery_id: str) -> datetime | None:
        ends = [
            row["ended_at"] for row in self._tables["attempts"].where("delivery_id", delivery_id) if row["ended_at"]
        ]
        return max(ends, default=None)
