"""Whether the two sides of a world agree at rest: what reconciliation would find, had it looked there."""

from __future__ import annotations

from pipeline.differences import STATE, Cause, Explained, Known, Mismatch, Pair
from pipeline.flows.shared.case import row_of
from pipeline.plan import Verdict, Want
from tests.support.flow_world import FlowWorld


def pair_of(world: FlowWorld, item: Want | None = None) -> Pair:
    """Both sides of a world's item, read in full. item: how it is read, where it is not the line's own."""
    link = world.link
    want = item or world.flow.item_want(link)
    living = tuple(each for each in world.processes.values() if each.ended_at is None)
    return Pair(
        flow=link.flow,
        business_key=link.business_key,
        link=link,
        item=world.read(want) if want else None,
        processes=living,
        at=world.now,
    )


def found(world: FlowWorld, item: Want | None = None) -> tuple[Mismatch, ...]:
    """What differs now, whether anybody was told or not."""
    return world.flow.mismatches(pair_of(world, item))


def untold(world: FlowWorld, item: Want | None = None, *, looks: int = 2) -> tuple[Explained, ...]:
    """What differs at rest although nobody was told of it. looks: how many plans the last looks at both sides made.

    A hand edit that is left to a person is told, so is what has no word; what is typed on an item that stands where
    no word is goes on once it has one. What is refused is a letter. A process that somebody started, and of which no
    look has heard, differs rightly.
    """
    if any(plan.verdict is Verdict.REFUSE for plan in world.plans[-looks:]):
        return ()
    pair = pair_of(world, item)
    if any(not pair.link or not row_of(each, pair.link) for each in pair.processes):
        return ()
    told = {each.field for plan in world.plans[-looks:] for each in plan.changes.differences}
    explained = [world.flow.explain(each, pair, Known()) for each in world.flow.mismatches(pair)]
    without_word = {each.mismatch.field for each in explained if each.cause is Cause.WORD_UNKNOWN}
    if STATE in without_word:
        return ()
    return tuple(each for each in explained if each.mismatch.field not in told | without_word)
