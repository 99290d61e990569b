"""A run of reconciliation on its way: page by page, phase by phase, each kept with the cursor to go on from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from pipeline import heal
from pipeline.differences import Pair
from pipeline.flows.shared.writing import BY_US
from pipeline.flows.tenant import Policy
from pipeline.keys import aprimo_key, process_key, whole_of
from pipeline.plan import Link, ProcessRead, Snapshot
from pipeline.ports import Bounds, Difference, DifferenceState, Mode, Phase, Ports, Run, Tx
from pipeline.ports.inventory import Inventory, ItemPage, ProcessPage
from pipeline.suspects import Found, Looked, Suspect, look_at
from pipeline.words import BusinessKey, JsonValue, Side

PARTS = 500
"""Links that are asked for at once while no call is made."""
TOLD_MAX = 100
"""So many items that could not be read, and so many that moved on, are named in a run's report."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a run may do.

    calls: so many list pages and reads a step may ask for, 0 for as many as its time allows. heals: differences under
    these policies are healed as they are found. is_kept: False, and nothing is kept and nothing healed. by: for whom.
    automations: users of Aprimo, by id or e-mail, that are rules and jobs. overlap_s: how far a run of recent changes
    reaches back behind the run before.
    """

    calls: int = 0
    heals: frozenset[Policy] = frozenset()
    is_kept: bool = True
    by: str = BY_US
    automations: frozenset[str] = frozenset()
    overlap_s: float = 0.0


@dataclass(kw_only=True)
class Walk:
    """A run on its way through its phases, in one step."""

    run: Run
    terms: Terms
    inventory: Inventory | None
    bounds: Bounds
    ports: Ports
    found: list[Found] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._calls_before = calls(self.run)
        self._differing = {each.key for each in self.found}

    def go(self) -> None:
        """Phase by phase, as long as there is room."""
        while self.run.phase is not Phase.OVER and self.has_room():
            _PHASES[self.run.phase](self)

    def has_room(self) -> bool:
        """Whether another call may be made in this step."""
        spent = calls(self.run) - self._calls_before
        return self.ports.monotonic() < self.bounds.no_call_after and not 0 < self.terms.calls <= spent

    @property
    def sources(self) -> Inventory:
        """Both systems' lists. Raises RuntimeError for a run that reads none."""
        if self.inventory is None:
            raise RuntimeError(f"run {self.run.id} reads no lists")
        return self.inventory

    @property
    def flow(self) -> str:
        """The run's flow."""
        return self.run.flow

    def look(self, suspects: Sequence[Suspect]) -> None:
        """Read suspects in full, keep and heal what differs, and count it."""
        size = self.ports.limits.batch_lines
        for start in range(0, len(suspects), size):
            some = suspects[start : start + size]
            looked = look_at(
                self.flow,
                some,
                run_id=self.run.id,
                is_kept=self.terms.is_kept,
                automations=self.terms.automations,
                bounds=self.bounds,
                ports=self.ports,
            )
            new = [each for each in looked.found if each.key not in self._differing]
            self._differing |= {each.key for each in new}
            self.found += new
            self.count(suspects=len(some), reads=looked.reads, moved=len(looked.moved), differences=len(new))
            self._tell(looked, new)
            self._heal(new)

    def count(self, **more: int) -> None:
        """Add to the run's figures."""
        counts = {**self.run.counts}
        for name, number in more.items():
            counts[name] = counts.get(name, 0) + number
        self.run = replace(self.run, counts=counts)

    def tell_rows(self, name: str, page: ItemPage | ProcessPage) -> None:
        """Say in the report whether rows carry what a read does, and what they were found to lack."""
        known = self.run.report.get(name)
        found = ", ".join(page.lacks) if page.lacks else "whole" if page.is_whole else "parts"
        self.run = replace(self.run, report={**self.run.report, name: found if known in {None, "whole"} else known})

    def put(
        self, phase: Phase, cursor: str = "", *, items: Sequence[Link] = (), processes: Sequence[Link] = ()
    ) -> None:
        """Keep how far the run has come, and what it met on the way."""

        def in_transaction(tx: Tx) -> Run:
            ended_at = tx.now if phase is Phase.OVER else None
            run = replace(self.run, phase=phase, cursor=cursor, ended_at=ended_at)
            tx.differences.mark(run.id, items=items, processes=processes)
            if self.terms.is_kept:
                tx.differences.put_run(run)
            return run

        self.run = self.ports.store.run(in_transaction)

    def _tell(self, looked: Looked, new: Sequence[Found]) -> None:
        """What a report says beside figures: how many of each cause, and which items were not compared."""
        report: dict[str, JsonValue] = {**self.run.report}
        causes = _mapping(report.get("causes"))
        for each in new:
            count = causes.get(each.explained.cause, 0)
            causes[each.explained.cause.value] = (count if isinstance(count, int) else 0) + 1
        if causes:
            report["causes"] = causes
        if looked.unread:
            unread = {**_mapping(report.get("unread")), **looked.unread}
            report["unread"] = dict(list(unread.items())[:TOLD_MAX])
            self.count(unread=len(looked.unread))
        if looked.moved:
            moved = report.get("moved")
            report["moved"] = [*(moved if isinstance(moved, list) else ()), *looked.moved][:TOLD_MAX]
        self.run = replace(self.run, report=report)

    def _heal(self, found: Iterable[Found]) -> None:
        wanted = [each.kept.id for each in found if each.kept and self._is_healed(each.kept)]
        healed = heal.heal(wanted, run_id=self.run.id, by=self.terms.by, ports=self.ports)
        self.count(healed=sum(each.is_done for each in healed))

    def _is_healed(self, difference: Difference) -> bool:
        """Whether it is healed in this run. What a heal has not helped is not healed again unless a person asks."""
        is_tried = difference.heal_event_id is not None and self.terms.by == BY_US
        is_open = difference.state is DifferenceState.OPEN
        return is_open and difference.policy in self.terms.heals and not is_tried


# ---- phases --------------------------------------------------------------------------------------------------------


def _items(walk: Walk) -> None:
    """Pages of Aprimo's items."""
    for page in walk.sources.items.items(walk.flow, walk.run.since, walk.run.cursor, walk.bounds):
        _items_of(walk, page)
        if not page.cursor or not walk.has_room():
            return
    walk.put(Phase.PROCESSES)


def _items_of(walk: Walk, page: ItemPage) -> None:
    rows = {aprimo_key(each.want.kind, each.want.object_id): each for each in page.items}
    links, now = walk.ports.store.run(lambda tx: (tx.differences.links_of(walk.flow, list(rows)), tx.now))
    walk.tell_rows("item_rows", page)
    walk.count(item_pages=1, items=len(page.items))
    pairs = [
        _pair(walk.flow, key, link, item=item, at=now)
        for key, item in rows.items()
        for link in links.get(key, (None,))
    ]
    walk.look([Suspect(key=each.business_key) for each in pairs if _is_suspect(walk, each, is_whole=page.is_whole)])
    met = [link for every in links.values() for link in every] if walk.run.mode is Mode.FULL else []
    walk.put(Phase.ITEMS if page.cursor else Phase.PROCESSES, page.cursor, items=met)


def _processes(walk: Walk) -> None:
    """Pages of OpenText's living processes."""
    for page in walk.sources.processes.processes(walk.flow, walk.run.cursor, walk.bounds):
        _processes_of(walk, page)
        if not page.cursor or not walk.has_room():
            return
    walk.put(Phase.UNSEEN)


def _processes_of(walk: Walk, page: ProcessPage) -> None:
    pairs = walk.ports.store.run(partial(_process_pairs, flow=walk.flow, page=page))
    walk.tell_rows("process_rows", page)
    walk.count(process_pages=1, processes=len(page.processes))
    walk.look(
        [
            Suspect(key=each.business_key, instances=tuple(process.instance_id for process in each.processes))
            for each in pairs
            if not page.is_whole or walk.ports.flows[walk.flow].suspects(each)
        ]
    )
    met = [each.link for each in pairs if each.link and _shows_live(each)]
    walk.put(Phase.PROCESSES if page.cursor else Phase.UNSEEN, page.cursor, processes=met)


def _unseen(walk: Walk) -> None:
    """Links with a process that lives, as far as we know, of which a list showed nothing."""
    while walk.has_room():
        limit = walk.ports.limits.batch_lines
        links = walk.ports.store.run(partial(not_met, run=walk.run, limit=limit))
        if not links:
            walk.put(Phase.KNOWN)
            return
        walk.count(unseen=len(links))
        walk.look([Suspect(key=link.business_key) for link in links])
        walk.put(Phase.UNSEEN, items=links, processes=links)


def _known(walk: Walk) -> None:
    """Items with open differences, and at which this run has not looked."""
    while walk.has_room():
        rows = walk.ports.store.run(partial(_still_open, run=walk.run, limit=walk.ports.limits.batch_lines))
        if not rows:
            walk.put(Phase.OVER)
            return
        keys = dict.fromkeys(row.business_key for row in rows if row.run_id != walk.run.id)
        walk.look([Suspect(key=key) for key in keys])
        walk.put(Phase.KNOWN, rows[-1].id)


_PHASES: Mapping[Phase, Callable[[Walk], None]] = {
    Phase.ITEMS: _items,
    Phase.PROCESSES: _processes,
    Phase.UNSEEN: _unseen,
    Phase.KNOWN: _known,
}


# ---- pages to suspects ---------------------------------------------------------------------------------------------


def _pair(
    flow: str,
    key: BusinessKey,
    link: Link | None,
    *,
    item: Snapshot | None = None,
    processes: tuple[ProcessRead, ...] = (),
    at: datetime,
) -> Pair:
    named = link.business_key if link else key
    return Pair(flow=flow, business_key=named, link=link, item=item, processes=processes, at=at)


def _is_suspect(walk: Walk, pair: Pair, *, is_whole: bool) -> bool:
    """Whether an item is read in full. A row that does not carry everything can clear only what nobody touched."""
    if walk.ports.flows[walk.flow].suspects(pair):
        return True
    if is_whole or pair.link is None or pair.item is None:
        return False
    return pair.link.live_process() is not None or pair.item.version != pair.link.seen.get(Side.APRIMO)


def _process_pairs(tx: Tx, flow: str, page: ProcessPage) -> list[Pair]:
    """The processes of a page by the item that each is of, each beside its link."""
    homes = tx.differences.links_of_instances(flow, [each.instance_id for each in page.processes])
    by_key: dict[BusinessKey, list[ProcessRead]] = {}
    for each in page.processes:
        home = homes.get(each.instance_id)
        by_key.setdefault(home.business_key if home else _key_of(each), []).append(each)
    links = tx.links.of([(flow, key) for key in by_key])
    return [
        _pair(flow, key, links.get((flow, key)), processes=tuple(processes), at=tx.now)
        for key, processes in by_key.items()
    ]


def _key_of(process: ProcessRead) -> BusinessKey:
    """The item that a process names, else the process itself."""
    is_named = process.business_key.startswith(("aprimo:", "signoff:"))
    return process.business_key if is_named else process_key(process.instance_id)


def _shows_live(pair: Pair) -> bool:
    """Whether the process that we hold for alive is among those that were listed."""
    live = pair.link.live_process() if pair.link else None
    return live is not None and live.instance_id in {each.instance_id for each in pair.processes}


def _still_open(tx: Tx, run: Run, limit: int) -> list[Difference]:
    """The flow's next open differences behind the cursor."""
    return tx.differences.find(flow=run.flow, after=run.cursor, limit=limit)


def not_met(tx: Tx, run: Run, limit: int) -> list[Link]:
    """Links of which no list showed the process; in a full run also those whose item none showed."""
    unmet = tx.differences.unseen_processes(run.flow, run.id, limit=limit)
    if unmet or run.mode is not Mode.FULL:
        return unmet
    while parts := _shown_with_whole(tx, run, unmet := tx.differences.unseen_items(run.flow, run.id, limit=PARTS)):
        tx.differences.mark(run.id, items=parts)
    return unmet[:limit]


def _shown_with_whole(tx: Tx, run: Run, links: Sequence[Link]) -> list[Link]:
    """Those of these links that are parts of an item which a list showed: a part is on no list by itself."""
    wholes = {link.id: whole for link in links if (whole := whole_of(link.business_key)) != link.business_key}
    met = tx.differences.met_items(run.flow, run.id, sorted(set(wholes.values())))
    return [link for link in links if wholes.get(link.id) in met]


def calls(run: Run) -> int:
    """How many list pages and reads a run has asked for."""
    return sum(run.counts.get(name, 0) for name in ("item_pages", "process_pages", "reads"))


def _mapping(value: JsonValue) -> dict[str, JsonValue]:
    return dict(value) if isinstance(value, dict) else {}
