"""Whether the two sides of a world agree at rest: what reconciliation would find, had it looked there."""

from __future__ import annotations

from pipeline.differences import STATE, Cause, Explained, Known, Mismatch, Pair
from pipeline.flows.shared import looking
from pipeline.keys import kind_of
from pipeline.plan import Verdict, Want
from pipeline.words import Side
from tests.support.flow_world import FlowWorld


def pair_of(world: FlowWorld, item: Want | None = None) -> Pair:
    """Both sides of a world's item, read in full. item: how it is read, where it is not the line's own."""
    link = world.link
    event = world.event(Side.APRIMO)
    wanted = (item,) if item else looking.item_wanted(event, link, world.words)
    living = tuple(each for each in world.processes.values() if each.ended_at is None)
    return Pair(
        flow=link.flow,
        business_key=link.business_key,
        link=link,
        item=world.read(wanted[0]) if wanted and kind_of(link.item_key) else None,
        processes=living,
        at=world.now,
    )


def found(world: FlowWorld, item: Want | None = None) -> tuple[Mismatch, ...]:
    """What differs now, whether anybody was told or not."""
    return world.flow.mismatches(pair_of(world, item))


def untold(world: FlowWorld, item: Want | None = None, *, looks: int = 2) -> tuple[Explained, ...]:
    """What differs at rest although nobody was told of it. looks: how many plans the last looks at both sides made.

    A hand edit that is left to a person is told, so is a state or answer without a word; what is typed on an item
    that stands where no word is goes on once it has one. What is refused is a letter.
    """
    if any(plan.verdict is Verdict.REFUSE for plan in world.plans[-looks:]):
        return ()
    pair = pair_of(world, item)
    told = {each.field for plan in world.plans[-looks:] for each in plan.changes.differences}
    explained = [world.flow.explain(each, pair, Known()) for each in world.flow.mismatches(pair)]
    without_word = {each.mismatch.field for each in explained if each.cause is Cause.WORD_UNKNOWN}
    if STATE in without_word:
        return ()
    return tuple(each for each in explained if each.mismatch.field not in told | without_word)
