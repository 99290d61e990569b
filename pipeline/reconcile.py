"""Reconciliation: both systems are read in pages, and held against what they last agreed on.

A run goes through phases, each from a cursor that is kept with every page: a run that was cut off goes on where it
was. What a page shows only gives reason to look (see `suspects`); items that agree cost pages and nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from pipeline.errors import PipelineError
from pipeline.flows.shared.writing import BY_US
from pipeline.missed import by_words
from pipeline.ports import Bounds, Errand, Mode, Phase, Ports, Run, Tx
from pipeline.ports.inventory import Inventory
from pipeline.suspects import Found, Suspect
from pipeline.walk import Terms, Walk, calls
from pipeline.words import BusinessKey, CallPurpose, JsonValue, Urgency

FIRST_LOOK_BACK_S = 86_400.0
"""From when on changes are read by a flow's first run of recent ones."""
LEFT_S = 172_800.0
"""A person's run that was cut off that long ago is ended: newer ones have compared what it would."""
LEFT = "left for too long; newer comparisons have taken its place"
"""What a run's report says that was ended so."""
EVERY = 1000
"""More runs than are under way at once."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far a run has come, and what this step of it found."""

    run: Run
    found: tuple[Found, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the run has come to its end."""
        return self.run.phase is Phase.OVER


def begin(flow: str, mode: Mode, terms: Terms, ports: Ports) -> Run:
    """The run to go on with: the same person's last one of this mode where it was cut off, else a new one."""
    words = ports.flows[flow].mapping_version

    def in_transaction(tx: Tx) -> Run:
        if terms.is_kept:
            _end_left(tx, ports)
            cut_off = _cut_off(tx, flow, mode, terms.by)
            for older in cut_off[1:]:
                _end(tx, older, f"superseded by {cut_off[0].id}")
            if cut_off:
                return by_words(cut_off[0], words)
        run = Run(
            id=ports.new_id("rc"),
            flow=flow,
            mode=mode,
            started_at=tx.now,
            since=_since(tx, flow, terms.overlap_s) if mode is Mode.RECENT else None,
            report={"by": terms.by, "words": words},
        )
        if terms.is_kept:
            tx.differences.put_run(run)
        return run

    return ports.store.run(in_transaction)


def step(run: Run, inventory: Inventory, terms: Terms, ports: Ports) -> Step:
    """Go on with a run for as long as one step may take. Raises the vendors' errors; what was read until then stands.

    A step that is called again goes on where this one ended. A run that keeps nothing comes to its end in one.
    """
    walk = Walk(run=run, terms=terms, inventory=inventory, bounds=bounds_of(ports, terms.lasts_s), ports=ports)
    walk.go()
    while not terms.is_kept and walk.run.phase is not Phase.OVER:
        walk = walk.again(bounds_of(ports, terms.lasts_s))
        walk.go()
    return Step(run=walk.run, found=tuple(walk.found))


def compare_item(flow: str, key: BusinessKey, terms: Terms, ports: Ports) -> Step:
    """Read one item in full, and say in what its two sides differ. Raises the vendors' errors."""
    walk = Walk(
        run=replace(begin(flow, Mode.ITEM, replace(terms, is_kept=False), ports), phase=Phase.OVER),
        terms=terms,
        inventory=None,
        bounds=bounds_of(ports, terms.lasts_s),
        ports=ports,
    )
    walk.compare([Suspect(key=key)])
    walk.put(Phase.OVER)
    return Step(run=walk.run, found=tuple(walk.found))


def work(every_s: Mapping[Mode, float], *, inventory: Inventory, terms: Terms, ports: Ports) -> tuple[Run, ...]:
    """One step's work on all flows: runs that were cut off go on, and those begin whose last began so long ago.

    every_s: how far apart runs of each mode begin; the first mode comes first, in it the flow that waited longest.
    One that cannot be read holds up no other. Raises the first of the vendors' errors once all have had their turn.
    """
    bounds, worked, failures = bounds_of(ports, terms.lasts_s), list[Run](), list[PipelineError]()
    for mode, flow in ports.store.run(partial(_due, flows=list(ports.flows), every_s=every_s, by=terms.by)):
        left = terms.calls - sum(calls(run) for run in worked)
        if ports.monotonic() >= bounds.no_call_after or (terms.calls and left <= 0):
            break
        run = begin(flow, mode, terms, ports)
        walk = Walk(
            run=run,
            terms=replace(terms, calls=left if terms.calls else 0),
            inventory=inventory,
            bounds=bounds,
            ports=ports,
        )
        try:
            walk.go()
        except PipelineError as failure:
            failures.append(failure)
        worked.append(replace(walk.run, counts=_since_then(run.counts, walk.run.counts)))
    if failures:
        raise failures[0]
    return tuple(worked)


def bounds_of(ports: Ports, lasts_s: float = 0.0) -> Bounds:
    """How long the calls of one step may take, behind everything that is urgent; lasts_s: 0 for as long as any step.

    No line waits for such a step, so a call may wait for the rate budget until the step ends.
    """
    began, lasts_s = ports.monotonic(), lasts_s or ports.limits.no_new_call_after_s
    return Bounds(
        no_call_after=began + lasts_s,
        budget_wait_max_s=lasts_s,
        lease_until=began + ports.limits.lease_s,
        urgency=Urgency.BULK,
        errand=Errand(purpose=CallPurpose.RECONCILE),
    )


def _since(tx: Tx, flow: str, overlap_s: float) -> datetime:
    """From when on changes are read: since the last whole run began, a little earlier."""
    whole = [run for mode in (Mode.RECENT, Mode.FULL) for run in _last(tx, flow, mode)]
    if not whole:
        return tx.now - timedelta(seconds=FIRST_LOOK_BACK_S)
    return max(run.started_at for run in whole) - timedelta(seconds=overlap_s)


def _last(tx: Tx, flow: str, mode: Mode) -> list[Run]:
    """The newest run that came to its end, if there is one."""
    return tx.differences.runs(flow, mode=mode, is_over=True, limit=1)


def _cut_off(tx: Tx, flow: str, mode: Mode, by: str) -> list[Run]:
    """Somebody's runs that have not been ended, the newest first."""
    return [run for run in tx.differences.runs(flow, mode=mode, is_over=False, limit=EVERY) if _by(run) == by]


def _by(run: Run) -> JsonValue:
    return run.report.get("by")


def _end_left(tx: Tx, ports: Ports) -> None:
    """End runs that nobody has gone on with for too long, of all flows; their reports say so."""
    before = tx.now - timedelta(seconds=LEFT_S)
    for run in tx.differences.runs(is_over=False, limit=EVERY):
        is_ours = _by(run) == BY_US and run.flow in ports.flows
        if run.started_at < before and not is_ours:
            _end(tx, run, LEFT)


def _end(tx: Tx, run: Run, why: str) -> None:
    tx.differences.put_run(replace(run, suspects=(), ended_at=tx.now, report={**run.report, "ended": why}))


def _due(tx: Tx, flows: Sequence[str], every_s: Mapping[Mode, float], by: str) -> list[tuple[Mode, str]]:
    """What is to be worked on, by mode, in it the flow that has waited longest first."""
    return [(mode, flow) for mode in every_s for flow in _due_of(tx, flows, mode, every_s[mode], by)]


def _due_of(tx: Tx, flows: Sequence[str], mode: Mode, every_s: float, by: str) -> list[str]:
    """Flows with a run of one's own that was cut off, or whose last one began that long ago."""
    due_before = tx.now - timedelta(seconds=every_s)
    waiting = []
    for flow in flows:
        cut_off, last = _cut_off(tx, flow, mode, by), _last(tx, flow, mode)
        if cut_off or not last or last[0].started_at <= due_before:
            began = min((run.started_at for run in cut_off or last), default=None)
            waiting.append((began is not None, began or tx.now, flow))
    return [flow for *_, flow in sorted(waiting)]


def _since_then(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    return {name: number - before.get(name, 0) for name, number in now.items()}
