"""Differences of every cause are planted, found and explained, and what may be healed is."""

from __future__ import annotations

import pytest

from pipeline import heal
from pipeline.differences import Cause
from pipeline.flows.registry import bind
from pipeline.flows.tenant import Policy
from pipeline.heal import Acted
from pipeline.keys import line_key
from pipeline.plan import ignore
from pipeline.ports import Store
from tests.support import findings
from tests.support.brief_differences import (
    EVERY,
    SAFE,
    STAYS,
    doubled_process,
    edited_in_aprimo,
    edited_in_both,
    plant,
    unexplained,
    unknown_word,
    untold_edit,
)
from tests.support.brief_office import Office, key
from tests.support.briefs import FLOW, words
from tests.support.memory.differences import MemoryDifferences
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import Clock


@pytest.fixture
def office(clock: Clock) -> Office:
    return Office(store=MemoryStore(clock), clock=clock, page=10)


@pytest.fixture
def everywhere(ticking: Store, clock: Clock) -> Office:
    return Office(store=ticking, clock=clock, page=10)


def causes(office: Office) -> dict[int, set[Cause]]:
    return {number: {Cause(each.cause) for each in every} for number, every in office.differences().items()}


def find_all(office: Office) -> None:
    planted = plant(office)

    office.reconcile()

    found = causes(office)
    right = [number for number, cause in planted.items() if found.get(number) == {cause}]
    findings.note("reconciliation", f"{len(right)} of {len(planted)} planted causes explained, {len(found)} found")
    assert found == {number: {cause} for number, cause in planted.items()}


def test_every_cause_is_found_and_named_among_items_that_agree(office: Office) -> None:
    find_all(office)


@pytest.mark.long
def test_every_cause_is_found_and_named_on_every_database(everywhere: Office) -> None:
    find_all(everywhere)


def test_what_policy_lets_heal_is_healed_and_a_second_run_finds_only_what_was_to_stay(office: Office) -> None:
    planted = plant(office)
    waiting = next(number for number, cause in planted.items() if cause is Cause.DELIVERY_WAITING)

    office.reconcile(heals=EVERY)
    office.rest()
    for _ in range(2):
        office.reconcile(heals=EVERY)
        office.rest()

    left = causes(office)
    assert left == {number: {cause} for number, cause in planted.items() if cause in STAYS}
    assert waiting in left


def test_what_is_only_proposed_waits_for_a_person(office: Office) -> None:
    doubled_process(office, 1)

    office.reconcile(heals=SAFE)
    office.rest()

    assert causes(office) == {1: {Cause.PROCESS_DOUBLED}}
    assert len(office.living(1)) == 2


def test_a_heal_writes_over_nothing_that_was_not_seen(office: Office) -> None:
    edited_in_aprimo(office, 1)
    office.reconcile()
    office.edit(1, matrix="newer")
    (found,) = office.differences()[1]

    heal.heal([found.id], by="anna", ports=office.ports)
    office.rest()

    assert office.field(1, "matrix") == "newer"


def test_a_heal_of_what_was_edited_in_both_carries_nothing_over_what_was_not_seen(office: Office) -> None:
    edited_in_both(office, 1)
    office.reconcile()
    office.set_variables(1, briefDescription="Typed there again")
    (found,) = office.differences()[1]

    heal.heal([found.id], by="anna", ports=office.ports)
    office.rest()

    assert office.live(1).variables["briefDescription"] == "Typed there again"


def test_a_difference_is_healed_once_whoever_asks_however_often(office: Office) -> None:
    edited_in_aprimo(office, 1)
    office.reconcile()
    (found,) = office.differences()[1]

    acted = [heal.heal([found.id], by=who, ports=office.ports)[0] for who in ("anna", "bo")]

    assert acted == [Acted(difference_id=found.id), Acted(difference_id=found.id, reason=heal.NOT_OPEN)]


@pytest.mark.parametrize("how", [unknown_word, unexplained])
def test_what_only_people_can_mend_is_refused(office: Office, how: object) -> None:
    how(office, 1)  # type: ignore[operator]  # One of the above.
    office.reconcile()
    (found,) = office.differences()[1]

    assert heal.heal([found.id], by="anna", ports=office.ports)[0].reason == heal.NEVER


def test_what_a_heal_has_not_helped_is_tried_again_only_where_a_person_asks(office: Office) -> None:
    untold_edit(office, 1)
    office.flow.errs = ignore("unchanged")
    office.reconcile(heals=SAFE)
    office.rest()

    again = office.reconcile(heals=SAFE).run.counts["healed"]
    asked = office.reconcile(heals=SAFE, by="anna").run.counts["healed"]

    assert (again, asked) == (0, 1)


@pytest.mark.parametrize("field", ["matrix", "state"])
def test_what_a_notice_found_is_healed_at_once_by_its_id(office: Office, field: str) -> None:
    office.flow.bound = bind(FLOW, words(policies={field: Policy.PROPOSE}))
    office.submit(1)
    before = dict(office.thing(1))
    (office.edit(1, matrix="scribble") if field == "matrix" else office.put_state(1, 4))
    office.tell(1)
    office.rest()
    (found,) = office.differences()[1]

    heal.heal([found.id], by="anna", ports=office.ports)
    office.rest()

    assert (found.field, found.policy, found.run_id) == (field, Policy.PROPOSE, "")
    assert {name for name, value in office.thing(1).items() if value != before[name]} <= {"modified", editor()}


def test_what_was_edited_again_after_it_was_put_back_is_healed_by_its_id(office: Office) -> None:
    edited_in_aprimo(office, 1)
    office.tell(1)
    office.rest()
    put_back = office.field(1, "matrix")
    office.edit(1, matrix="scribble")
    office.tell(1)
    office.rest()
    (found,) = office.differences()[1]

    heal.heal([found.id], by="anna", ports=office.ports)
    office.rest()

    assert put_back != found.aprimo == "scribble"
    assert office.field(1, "matrix") == put_back


def test_who_asks_for_a_heal_just_after_a_look_closed_it_leaves_nothing_on_its_line(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited_in_aprimo(office, 1)
    office.reconcile()
    (found,) = office.differences()[1]
    monkeypatch.setattr(MemoryDifferences, "begin_heal", lambda *_: False)

    (acted,) = heal.heal([found.id], by="anna", ports=office.ports)

    line = line_key(FLOW, key(1))
    assert acted.reason == heal.NOT_OPEN
    assert office.store.run(lambda tx: tx.events.next_open([line])) == {}


def editor() -> str:
    """By which name Aprimo tells who edited last."""
    return words().fields["editor"].wire
