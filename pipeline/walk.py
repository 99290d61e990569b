"""A run of reconciliation on its way: page by page, phase by phase, each kept with the cursor to go on from."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pipeline import heal, steps
from pipeline.errors import PipelineError, TransientError
from pipeline.flows.shared.writing import BY_US
from pipeline.flows.tenant import Policy
from pipeline.missed import in_parts, looked_again, that_moved, with_bad_rows
from pipeline.pages import Met, is_suspect, item_pairs, not_met, not_met_here, process_pairs, shows_live, still_open
from pipeline.plan import Link
from pipeline.ports import Bounds, Difference, DifferenceState, Mode, Phase, Ports, Run, Tx
from pipeline.ports.inventory import Inventory, ItemPage, ProcessPage
from pipeline.suspects import Found, Looked, Suspect, look_at, raise_if_closed
from pipeline.words import BusinessKey, JsonValue, WaitReason

LOOK = 10
"""Suspects that are read together at most: with a few calls each, a step can end between them."""
CALLS_EACH = 3
"""What a suspect takes, about: its item, and two calls for its process."""
TRIES = 3
"""An item whose own read fails in so many steps is named as unread, and the run goes on."""
READ_FAILED = "read_failed"
PAUSE_S = 2.0
"""How long a vendor is waited for that throttles and does not say until when."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a run may do.

    calls: so many calls a step may ask for, 0 for as many as its time allows. lasts_s: after that long a step makes
    no new call, 0 for as long as any step. heals: differences under these policies are healed as they are found.
    is_kept: False, and nothing is kept and nothing healed. by: for whom. overlap_s: how far a run of recent
    changes reaches back behind the run before. pause: how a vendor is waited for that takes no call right now.
    """

    calls: int = 0
    lasts_s: float = 0.0
    heals: frozenset[Policy] = frozenset()
    is_kept: bool = True
    by: str = BY_US
    overlap_s: float = 0.0
    pause: Callable[[float], None] = time.sleep


@dataclass(kw_only=True)
class Walk:
    """A run on its way through its phases, in one step."""

    run: Run
    terms: Terms
    inventory: Inventory | None
    bounds: Bounds
    ports: Ports
    found: list[Found] = field(default_factory=list)
    met: Met = field(default_factory=Met)

    def __post_init__(self) -> None:
        self._calls_before = calls(self.run)
        self._differing = {each.key for each in self.found}
        self._began_at = self._place
        self._is_spent = False

    def go(self) -> None:
        """Phase by phase, as long as there is room. Raises the vendors' errors, also GateClosedError.

        A vendor that takes no call right now is waited for. Where that would take longer than the step, the step
        ends; it fails only if it has come on nowhere.
        """
        while self.run.phase is not Phase.OVER and self.has_room():
            try:
                self._go_on()
            except TransientError as failure:
                self._wait(failure)

    def again(self, bounds: Bounds) -> Walk:
        """The next step of the same run, with all that this one has met and found."""
        return replace(self, bounds=bounds)

    def has_room(self) -> bool:
        """Whether another call may be made in this step."""
        return self._left_s() > 0 and self._calls_left() > 0 and not self._is_spent

    def may_go_on(self) -> bool:
        """Whether the next page may be read: all that is suspect is looked at, and there is room. Raises as `go`."""
        if self.run.suspects or not self.has_room():
            return False
        self._check_gates()
        return True

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

    def look(self) -> None:
        """Read what is suspect in full, a few at a time as long as there is room; what is left stays with the run."""
        while self.run.suspects and self.has_room():
            size = max(1, min(LOOK, self._calls_left() // CALLS_EACH))
            every = [_suspect(each) for each in self.run.suspects]
            some, rest = every[:size], every[size:]
            try:
                looked = self.compare(some)
            except TransientError as failure:
                self._leave([*rest, *self._tried(some, dict.fromkeys((each.key for each in some), failure))])
                raise
            self._leave([*rest, *self._tried(some, looked.waiting)])

    def compare(self, some: Sequence[Suspect]) -> Looked:
        """Read suspects in full, keep and heal what differs, and count it."""
        looked = look_at(
            self.flow,
            some,
            run_id=self.run.id,
            is_kept=self.terms.is_kept,
            bounds=self.bounds,
            ports=self.ports,
        )
        new = [each for each in looked.found if each.key not in self._differing]
        self._differing |= {each.key for each in new}
        self.found += new
        self.count(
            suspects=len(some) - len(looked.waiting),
            reads=looked.reads,
            process_reads=looked.process_reads,
            differences=len(new),
        )
        self._tell(new)
        read = [each.key for each in some if each.key not in looked.waiting]
        self.run = looked_again(self.run, read, unread=looked.unread, moved=looked.moved)
        self._heal(new)
        return looked

    def _tried(self, some: Sequence[Suspect], waiting: Mapping[str, PipelineError]) -> list[Suspect]:
        """Those that are looked at again; an item whose own read has failed too often is named instead."""
        again = [
            replace(each, tries=each.tries + _is_its_own(waiting[each.key])) for each in some if each.key in waiting
        ]
        given_up: dict[str, str] = {each.key: READ_FAILED for each in again if each.tries >= TRIES}
        self.run = looked_again(self.run, given_up, unread=given_up)
        return [each for each in again if each.tries < TRIES]

    def _leave(self, suspects: Sequence[Suspect]) -> None:
        self.run = replace(self.run, suspects=tuple(_kept(each) for each in suspects))
        self.put(self.run.phase, self.run.cursor)

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
            if self.terms.is_kept:
                tx.differences.mark(run.id, items=items, processes=processes)
                tx.differences.put_run(run)
            return run

        self.met.items |= {link.business_key for link in items}
        self.met.processes |= {link.business_key for link in processes}
        self.run = self.ports.store.run(in_transaction)

    def suspect(self, suspects: Iterable[Suspect]) -> None:
        """There is reason to look at these; `put` keeps them, `look` looks."""
        self.run = replace(self.run, suspects=(*self.run.suspects, *map(_kept, suspects)))

    # ---- the step --------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        self._check_gates()
        self.look()
        if not self.run.suspects and self.has_room():
            _PHASES[self.run.phase](self)

    def _check_gates(self) -> None:
        raise_if_closed(self.ports.store.run(steps.closed_sides))

    def _wait(self, failure: TransientError) -> None:
        """Wait for a vendor that takes no call right now, or end the step. Raises every other failure."""
        left_s, is_short = self._left_s(), failure.reason is WaitReason.VENDOR_WAIT
        if left_s > 0 and not is_short:
            raise failure
        wait_s = PAUSE_S if failure.wait_s is None else failure.wait_s
        if left_s > wait_s:
            self.terms.pause(wait_s)
            return
        if self._place == self._began_at:
            raise failure
        self._is_spent = True

    @property
    def _place(self) -> tuple[Phase, str, int]:
        """How far the run has come."""
        return self.run.phase, self.run.cursor, len(self.run.suspects)

    def _left_s(self) -> float:
        return self.bounds.no_call_after - self.ports.monotonic()

    def _calls_left(self) -> int:
        """How many calls the step may still ask for."""
        return self.terms.calls - calls(self.run) + self._calls_before if self.terms.calls else sys.maxsize

    # ---- what came of it -------------------------------------------------------------------------------------------

    def _tell(self, new: Sequence[Found]) -> None:
        """What a report says of differences beside figures: how many of each cause."""
        causes = _mapping(self.run.report.get("causes"))
        for each in new:
            count = causes.get(each.explained.cause, 0)
            causes[each.explained.cause.value] = (count if isinstance(count, int) else 0) + 1
        if causes:
            self.run = replace(self.run, report={**self.run.report, "causes": causes})

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
    if walk.run.cursor:
        walk.run = in_parts(walk.run)
    for page in walk.sources.items.items(walk.flow, walk.run.since, walk.run.cursor, walk.bounds):
        _items_of(walk, page)
        walk.look()
        if not page.cursor or not walk.may_go_on():
            return
    walk.put(Phase.PROCESSES)


def _items_of(walk: Walk, page: ItemPage) -> None:
    port = walk.ports.flows[walk.flow]
    pairs = walk.ports.store.run(partial(item_pairs, flow=walk.flow, page=page))
    walk.tell_rows("item_rows", page)
    walk.count(item_pages=1, items=len(page.items))
    if page.unread or page.nameless:
        walk.run = with_bad_rows(walk.run, page.unread, nameless=page.nameless)
    if page.has_moved:
        walk.run = that_moved(walk.run)
    walk.suspect(Suspect(key=each.business_key) for each in pairs if is_suspect(port, each, is_whole=page.is_whole))
    met = [each.link for each in pairs if each.link] if walk.run.mode is Mode.FULL else []
    walk.put(Phase.ITEMS if page.cursor else Phase.PROCESSES, page.cursor, items=met)


def _processes(walk: Walk) -> None:
    """Pages of OpenText's living processes."""
    for page in walk.sources.processes.processes(walk.flow, walk.run.cursor, walk.bounds):
        _processes_of(walk, page)
        walk.look()
        if not page.cursor or not walk.may_go_on():
            return
    walk.put(Phase.UNSEEN)


def _processes_of(walk: Walk, page: ProcessPage) -> None:
    pairs = walk.ports.store.run(partial(process_pairs, flow=walk.flow, page=page))
    walk.tell_rows("process_rows", page)
    walk.count(process_pages=1, processes=len(page.processes))
    walk.suspect(
        Suspect(key=each.business_key, instances=tuple(process.instance_id for process in each.processes))
        for each in pairs
        if not page.is_whole or walk.ports.flows[walk.flow].suspects(each)
    )
    met = [each.link for each in pairs if each.link and shows_live(each)]
    walk.put(Phase.PROCESSES if page.cursor else Phase.UNSEEN, page.cursor, processes=met)


def _unseen(walk: Walk) -> None:
    """Links with a process that lives, as far as we know, of which a list showed nothing."""
    limit = walk.ports.limits.batch_lines
    unmet = partial(not_met, limit=limit) if walk.terms.is_kept else partial(not_met_here, met=walk.met)
    links = walk.ports.store.run(partial(unmet, run=walk.run))
    if links:
        walk.count(unseen=len(links))
    walk.suspect(Suspect(key=link.business_key) for link in links)
    walk.put(Phase.UNSEEN if links else Phase.KNOWN, items=links, processes=links)


def _known(walk: Walk) -> None:
    """Items with open differences, and at which this run has not looked."""
    rows = walk.ports.store.run(partial(still_open, run=walk.run, limit=walk.ports.limits.batch_lines))
    keys = dict.fromkeys(row.business_key for row in rows if row.run_id != walk.run.id)
    walk.suspect(Suspect(key=key) for key in keys)
    walk.put(Phase.KNOWN if rows else Phase.OVER, rows[-1].id if rows else "")


_PHASES: Mapping[Phase, Callable[[Walk], None]] = {
    Phase.ITEMS: _items,
    Phase.PROCESSES: _processes,
    Phase.UNSEEN: _unseen,
    Phase.KNOWN: _known,
}


def _is_its_own(failure: PipelineError) -> bool:
    """Whether the read of one item failed, and not the vendor as a whole."""
    return isinstance(failure, TransientError) and not failure.is_outage


def _kept(suspect: Suspect) -> JsonValue:
    return {"key": suspect.key, "instances": [*suspect.instances], "tries": suspect.tries}


def _suspect(kept: JsonValue) -> Suspect:
    """As it was kept."""
    values: Any = kept
    return Suspect(key=BusinessKey(values["key"]), instances=tuple(values["instances"]), tries=values["tries"])


_CALLS = {"item_pages": 1, "process_pages": 2, "reads": 1, "process_reads": 1}
"""What each figure of a run took in calls: a process comes with its tasks, which are another call."""


def calls(run: Run) -> int:
    """About how many calls a run has asked for."""
    return sum(number * run.counts.get(name, 0) for name, number in _CALLS.items())


def _mapping(value: JsonValue) -> dict[str, JsonValue]:
    return dict(value) if isinstance(value, dict) else {}
