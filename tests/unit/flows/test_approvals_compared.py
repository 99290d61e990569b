"""What stands approved in Aprimo must have been approved by a process of ours, of that amount: else it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.differences import Cause, Explained, Known, Pair
from pipeline.flows import budget_exception, facts
from pipeline.flows.shared import causes, comparing
from pipeline.flows.tenant import Policy
from pipeline.plan import Want
from pipeline.words import Side
from tests.support import asset_world, localization_world, production_world, publication_world
from tests.support.agreeing import found, pair_of
from tests.support.brief_world import approved
from tests.support.commitments import commitment, words
from tests.support.flow_world import FlowWorld


def told(pair: Pair) -> list[tuple[str, Cause, Policy]]:
    return [(each.mismatch.field, each.cause, each.policy) for each in explained(pair)]


def explained(pair: Pair, **heals: Policy) -> tuple[Explained, ...]:
    known = replace(words(), heals={Cause(cause): policy for cause, policy in heals.items()})
    agrees = budget_exception.AGREES
    return tuple(
        causes.explain(each, pair, Known(), known, agrees) for each in comparing.mismatches(pair, known, agrees)
    )


def with_outcome(world: FlowWorld, outcome: str) -> Pair:
    pair = pair_of(world)
    assert pair.link is not None
    rows = tuple(replace(each, outcome=outcome) for each in pair.link.processes)
    return replace(pair, link=replace(pair.link, processes=rows))


def approved_asset() -> FlowWorld:
    return to_the_end(asset_world.World())


def to_the_end(world: FlowWorld) -> FlowWorld:
    world.put("submitted")
    world.settle_down()
    while world.waiting():
        world.all_approve()
        world.settle_down()
    return world


def produced() -> FlowWorld:
    world = production_world.World()
    world.put("submitted")
    world.settle_down()
    while world.waiting():
        task = world.waiting()[0]
        world.decide(task, "approved" if task.definition_key == "qa" else "done")
        world.settle_down()
    return world


def released() -> FlowWorld:
    return to_the_end(publication_world.World())


def published() -> localization_world.World:
    world = localization_world.World()
    world.distribute(localization_world.MARKET)
    world.look(Side.OPENTEXT)
    world.all_approve(localizedFile="https://files.example.test/hero-dach.psd")
    world.look(Side.OPENTEXT)
    world.look(Side.APRIMO, facts.LOOK_AGAIN)
    return world


def test_a_commitment_that_was_approved_with_its_amount_agrees() -> None:
    assert told(commitment("12000.00", outcome="approved")) == []


def test_a_commitment_that_stands_approved_although_its_process_was_rejected_is_told() -> None:
    (made,) = explained(commitment("12000.00", outcome="rejected"))

    assert (made.mismatch.field, made.cause, made.policy) == ("process", Cause.PROCESS_MISSING, Policy.NEVER)
    assert made.evidence["to_do"] == causes.TAKE_BACK


def test_a_commitment_that_stands_approved_with_another_amount_than_was_approved_is_told() -> None:
    (made,) = explained(commitment("90000.00", outcome="approved"))

    assert (made.cause, made.policy) == (Cause.VERSION_NEWER, Policy.NEVER)
    assert made.evidence == {
        "instance_id": "instance-1",
        "revision": 1,
        "outcome": "approved",
        "approved": "12000 EUR",
        "stands": "90000 EUR",
        "version": "2026-01-12T09:00:00+00:00",
        "to_do": causes.TAKE_BACK,
    }


def test_a_page_alone_gives_reason_to_read_it() -> None:
    pair = commitment("90000.00", outcome="approved")

    assert [each.field for each in comparing.suspects(pair, words(), budget_exception.AGREES)] == ["process"]


def test_a_commitment_within_its_limit_needs_no_approval() -> None:
    assert told(commitment("9000.00", outcome="withdrawn")) == []


def test_an_approval_that_may_be_older_than_the_installation_is_left_alone() -> None:
    unknown = commitment("12000.00", outcome=None)

    assert told(unknown) == told(replace(unknown, link=None)) == []


@pytest.mark.parametrize("cause", ["process_missing", "version_newer"])
def test_no_file_makes_an_approval_that_is_wrong_be_mended_by_itself(cause: str) -> None:
    amount, outcome = ("90000.00", "approved") if cause == "version_newer" else ("12000.00", "rejected")

    (made,) = explained(commitment(amount, outcome=outcome), **{cause: Policy.AUTOMATIC})

    assert (made.cause, made.policy) == (Cause(cause), Policy.NEVER)


@pytest.mark.parametrize("made", [approved, approved_asset, produced, released])
def test_what_stands_approved_produced_or_released_and_was_rejected_is_told(made: Callable[[], FlowWorld]) -> None:
    world = made()

    pair = with_outcome(world, "rejected")
    (mismatch,) = world.flow.mismatches(pair)
    why = world.flow.explain(mismatch, pair, Known())

    assert found(world) == ()
    assert (mismatch.field, why.policy, why.evidence["to_do"]) == ("process", Policy.NEVER, causes.TAKE_BACK)


def test_a_released_record_whose_market_was_rejected_is_told_and_can_begin_again() -> None:
    world = published()
    (record,) = world.released()
    want = Want(flow="localization", side=Side.APRIMO, kind="record", object_id=record, role="localized")
    item, agreeing = world.read(want), pair_of(world)
    pair = replace(with_outcome(world, "rejected"), item=item)
    (mismatch,) = world.flow.mismatches(pair)
    why = world.flow.explain(mismatch, pair, Known())

    world.look(Side.APRIMO, facts.HEAL, data={"field": mismatch.field, "cause": why.cause.value, "by": "anna"})

    assert world.flow.mismatches(replace(agreeing, item=item)) == ()
    assert (mismatch.field, why.cause, why.policy) == ("process", Cause.PROCESS_MISSING, Policy.PROPOSE)
    assert (world.link.revision, world.live() is not None) == (2, True)
