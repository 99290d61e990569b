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
from pipeline.ports import Bounds, Errand, Mode, Phase, Ports, Run, Tx
from pipeline.ports.inventory import Inventory
from pipeline.suspects import Found, Suspect
from pipeline.walk import Terms, Walk, calls
from pipeline.words import BusinessKey, CallPurpose, Urgency

FIRST_LOOK_BACK_S = 86_400.0
"""From when on changes are read by a flow's first run of recent ones."""


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

    def in_transaction(tx: Tx) -> Run:
        last = next(iter(tx.differences.runs(flow, mode=mode, limit=1)), None)
        if last and last.ended_at is None and last.report.get("by") == terms.by and terms.is_kept:
            return last
        run = Run(
            id=ports.new_id("rc"),
            flow=flow,
            mode=mode,
            started_at=tx.now,
            since=_since(tx, flow, terms.overlap_s) if mode is Mode.RECENT else None,
            report={"by": terms.by},
        )
        if terms.is_kept:
            tx.differences.put_run(run)
        return run

    return ports.store.run(in_transaction)


def step(run: Run, inventory: Inventory, terms: Terms, ports: Ports) -> Step:
    """Go on with a run for as long as one step may take. Raises the vendors' errors; what was read until then stands.

    A step that is called again goes on where this one ended.
    """
    walk = Walk(run=run, terms=terms, inventory=inventory, bounds=bounds_of(ports), ports=ports)
    walk.go()
    return Step(run=walk.run, found=tuple(walk.found))


def compare_item(flow: str, key: BusinessKey, terms: Terms, ports: Ports) -> Step:
    """Read one item in full, and say in what its two sides differ. Raises the vendors' errors."""
    walk = Walk(
        run=replace(begin(flow, Mode.ITEM, replace(terms, is_kept=False), ports), phase=Phase.OVER),
        terms=terms,
        inventory=None,
        bounds=bounds_of(ports),
        ports=ports,
    )
    walk.look([Suspect(key=key)])
    walk.put(Phase.OVER)
    return Step(run=walk.run, found=tuple(walk.found))


def work(mode: Mode, *, every_s: float, inventory: Inventory, terms: Terms, ports: Ports) -> tuple[Run, ...]:
    """One step's work on all flows: runs that were cut off go on, and those begin whose last began every_s ago.

    The flow that has waited longest comes first, and one that cannot be read holds up no other. Raises the first of
    the vendors' errors once all have had their turn.
    """
    bounds, worked, failures = bounds_of(ports), list[Run](), list[PipelineError]()
    for flow in ports.store.run(partial(_due, flows=list(ports.flows), mode=mode, every_s=every_s)):
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


def bounds_of(ports: Ports) -> Bounds:
    """How long the calls of one step may take, behind everything that is urgent."""
    began = ports.monotonic()
    return Bounds(
        no_call_after=began + ports.limits.no_new_call_after_s,
        lease_until=began + ports.limits.lease_s,
        urgency=Urgency.BULK,
        errand=Errand(purpose=CallPurpose.RECONCILE),
    )


def _since(tx: Tx, flow: str, overlap_s: float) -> datetime:
    """From when on changes are read: since the last whole run began, a little earlier."""
    whole = [run for run in tx.differences.runs(flow) if run.ended_at and run.mode is not Mode.ITEM]
    if not whole:
        return tx.now - timedelta(seconds=FIRST_LOOK_BACK_S)
    return whole[0].started_at - timedelta(seconds=overlap_s)


def _due(tx: Tx, flows: Sequence[str], mode: Mode, every_s: float) -> list[str]:
    """Flows with a run that was cut off, or whose last one began that long ago, the longest waiting first."""
    last = {flow: next(iter(tx.differences.runs(flow, mode=mode, limit=1)), None) for flow in flows}
    due_before = tx.now - timedelta(seconds=every_s)
    waiting = [
        (run.started_at if run else None, flow)
        for flow, run in last.items()
        if run is None or run.ended_at is None or run.started_at <= due_before
    ]
    return [flow for _, flow in sorted(waiting, key=lambda each: (each[0] is not None, each[0] or tx.now, each[1]))]


def _since_then(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    return {name: number - before.get(name, 0) for name, number in now.items()}
