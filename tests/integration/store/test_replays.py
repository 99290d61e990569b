"""Rows of replay plans: kept whole, taken letter by letter, all plans at one pace."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.changes import Change, PlannedCall
from pipeline.ports import ReplayItem, ReplayPlan, Store
from pipeline.words import BusinessKey, EventId, ReplayState, Side
from tests.support.store_rows import START, Clock

CALL = PlannedCall(
    command="pm.set_fields",
    system=Side.APRIMO,
    target="activity:1",
    changes=(Change(what="field", name="regions", now=None, then=["DACH", "Nordics"]),),
    note="done",
)
ITEM = ReplayItem(
    letter_id="1",
    event_id=EventId("ev-1"),
    flow="f",
    subject=BusinessKey("aprimo:activity:1"),
    seen={"activity 1": "0a"},
    calls=(CALL,),
    conflicts=("changed",),
)
PLAN = ReplayPlan(hash="h-1", is_resume=False, by="anna", at=START, items=(ITEM, replace(ITEM, letter_id="2")))


@pytest.fixture
def kept(store: Store) -> Store:
    """A store with one plan."""
    store.run(lambda tx: tx.replays.save(PLAN))
    return store


def advance(store: Store, plan: str, done_to: int, *, pace_s: float = 2.0, is_last: bool = False) -> bool:
    return store.run(lambda tx: tx.replays.advance(plan, done_to, is_last=is_last, pace_s=pace_s))


def found(store: Store) -> ReplayPlan:
    plan = store.run(lambda tx: tx.replays.find("h-1"))
    assert plan is not None
    return plan


def test_a_plan_is_kept_whole(kept: Store) -> None:
    assert found(kept) == PLAN


def test_nothing_of_a_plan_is_taken_before_it_is_applied_and_each_place_once(kept: Store) -> None:
    assert not advance(kept, "h-1", 0, pace_s=0.0)
    kept.run(lambda tx: tx.replays.begin("h-1"))

    taken = [advance(kept, "h-1", place, pace_s=0.0) for place in (0, 0, 1)]

    assert taken == [True, False, True]
    assert (found(kept).state, found(kept).done_to) == (ReplayState.APPLYING, 2)


def test_all_plans_together_keep_one_pace(kept: Store, clock: Clock) -> None:
    kept.run(lambda tx: tx.replays.save(replace(PLAN, hash="h-2")))
    for plan in ("h-1", "h-2"):
        kept.run(lambda tx, plan=plan: tx.replays.begin(plan))

    assert [advance(kept, plan, 0) for plan in ("h-1", "h-2")] == [True, False]
    assert kept.run(lambda tx: tx.replays.progress("h-2")).wait_s == 2.0
    clock.now += timedelta(seconds=2)
    assert advance(kept, "h-2", 0)


def test_the_last_letter_ends_the_plan_and_what_was_refused_stays_with_it(kept: Store) -> None:
    kept.run(lambda tx: tx.replays.begin("h-1"))
    advance(kept, "h-1", 0, pace_s=0.0)
    kept.run(lambda tx: tx.replays.refuse("h-1", 0, "moved"))
    advance(kept, "h-1", 1, pace_s=0.0, is_last=True)
    kept.run(lambda tx: tx.replays.refuse("h-1", 1, "closed"))
    kept.run(lambda tx: tx.replays.begin("h-1"))

    assert found(kept) == replace(PLAN, state=ReplayState.APPLIED, done_to=2, refused={"1": "moved", "2": "closed"})


def test_the_same_plan_again_begins_anew_unless_it_is_being_applied(kept: Store) -> None:
    kept.run(lambda tx: tx.replays.begin("h-1"))
    advance(kept, "h-1", 0, pace_s=0.0)
    kept.run(lambda tx: tx.replays.save(replace(PLAN, by="berta")))
    assert (found(kept).by, found(kept).done_to) == ("anna", 1)

    assert kept.run(lambda tx: tx.replays.stop("h-1"))
    assert not kept.run(lambda tx: tx.replays.stop("h-1"))
    kept.run(lambda tx: tx.replays.save(replace(PLAN, by="berta")))

    assert found(kept) == replace(PLAN, by="berta")
