"""A heal is taken back exactly, where nobody has changed since what it wrote, and counts as undone only then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline import heal, reconcile
from pipeline.differences import Cause
from pipeline.flows.registry import bind
from pipeline.flows.tenant import Policy
from pipeline.heal import Acted
from pipeline.words import JsonValue, Side
from tests.support.brief_differences import (
    EVERY,
    SAFE,
    edited_by_robot,
    edited_in_aprimo,
    edited_in_both,
    edited_in_opentext,
    untold_submission,
)
from tests.support.brief_office import RULES, Office
from tests.support.briefs import FLOW, OWNER, words
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import Clock


@pytest.fixture
def office(clock: Clock) -> Office:
    return Office(store=MemoryStore(clock), clock=clock, page=10)


@pytest.mark.parametrize("by", [OWNER, RULES])
def test_a_hand_edit_is_put_right_and_given_back_exactly(office: Office, by: JsonValue) -> None:
    office.submit(1)
    office.approve(1)
    shown, edited = office.field(1, "matrix"), "scribble"
    office.edit(1, by, matrix=edited)
    office.reconcile(heals=SAFE)
    office.rest()
    healed = office.field(1, "matrix")
    office.reconcile(heals=SAFE)
    (closed,) = office.differences(is_open=None)[1]

    acted = undo(office, closed.id)
    office.rest()
    office.tell(1)
    office.tell(1, Side.OPENTEXT)
    office.rest()

    assert (healed, acted.reason, office.field(1, "matrix")) == (shown, "", edited)
    assert (closed.state, closed.former) == ("closed", edited)


def test_a_variable_is_set_again_and_given_back_exactly(office: Office) -> None:
    edited_in_opentext(office, 1)
    office.reconcile(heals=SAFE)
    office.rest()
    healed = office.live(1).variables["briefDescription"]
    (healing,) = office.differences()[1]

    undo(office, healing.id)
    office.rest()

    assert (healed, office.live(1).variables["briefDescription"]) == ("Outdoor and social", "Typed there")


def test_a_heal_is_undone_once_its_former_value_was_written_and_not_before(office: Office) -> None:
    edited_in_aprimo(office, 1)
    office.reconcile(heals=SAFE)
    office.rest()
    (healing,) = office.differences()[1]

    undo(office, healing.id)
    twice = undo(office, healing.id).reason
    office.reconcile()
    (asked,) = office.differences(is_open=None)[1]
    office.rest()
    written_at = office.clock.now
    office.reconcile()

    undone, again = office.differences(is_open=None)[1]
    assert (twice, asked.state, asked.undone_at) == (heal.UNDO_WAITS, "undoing", None)
    assert (undone.id, undone.state, undone.undone_at, undone.closed_by) == (asked.id, "closed", written_at, "anna")
    assert (again.state, again.aprimo, undo(office, asked.id).reason) == ("open", "scribble", heal.NOT_HEALED)


def test_a_heal_that_somebody_edits_over_just_then_is_not_undone_but_stands_again_and_says_why(
    office: Office,
) -> None:
    edited_in_aprimo(office, 1)
    office.reconcile(heals=SAFE)
    office.rest()
    (healing,) = office.differences()[1]
    undo(office, healing.id)
    office.edit(1, matrix="newer")
    office.rest()

    office.reconcile()

    (again,) = office.differences(is_open=None)[1]
    why = again.evidence["not_undone"]
    assert office.field(1, "matrix") == "newer"
    assert (again.id, again.state, again.aprimo, again.undone_at) == (healing.id, "open", "newer", None)
    assert (why["reason"], again.cause) == (heal.CHANGED, Cause.EDITED_IN_APRIMO)  # type: ignore[index, call-overload]  # It is an object.


def test_a_way_back_that_died_is_not_asked_for_again(office: Office) -> None:
    edited_in_aprimo(office, 1)
    office.reconcile(heals=SAFE)
    office.rest()
    (healing,) = office.differences()[1]
    office.in_aprimo.refused.add("activity:1")
    undo(office, healing.id)
    office.rest()

    office.reconcile()

    (stands,) = office.differences()[1]
    assert (stands.state, stands.undone_at, undo(office, healing.id).reason) == ("undoing", None, heal.UNDO_DIED)


def test_what_a_person_took_back_is_listed_and_never_healed_again(office: Office) -> None:
    edited_in_aprimo(office, 1)
    office.reconcile(heals=SAFE)
    office.rest()
    (healing,) = office.differences()[1]
    undo(office, healing.id)
    office.rest()

    office.reconcile(heals=EVERY)
    office.rest()

    (again,) = office.differences()[1]
    assert (again.policy, again.state, again.evidence["undone"]) == (Policy.NEVER, "open", healing.id)
    assert office.field(1, "matrix") == "scribble"
    assert office.reconcile(heals=EVERY).run.counts["healed"] == 0


def test_a_heal_is_not_taken_back_where_somebody_changed_it_since(office: Office) -> None:
    edited_in_aprimo(office, 1)
    office.reconcile(heals=SAFE)
    office.rest()
    (healing,) = office.differences()[1]
    office.edit(1, matrix="another scribble")

    assert undo(office, healing.id).reason == heal.CHANGED
    assert office.field(1, "matrix") == "another scribble"


def test_what_a_notice_found_and_a_person_had_healed_can_be_had_back_exactly(office: Office) -> None:
    office.flow.bound = bind(FLOW, words(policies={"matrix": Policy.PROPOSE}))
    edited_in_aprimo(office, 1)
    office.tell(1)
    office.rest()
    (found,) = office.differences()[1]
    heal.heal([found.id], by="anna", ports=office.ports)
    office.rest()
    healed = office.field(1, "matrix")

    acted = undo(office, found.id)
    office.rest()
    office.tell(1)
    office.rest()

    (again,) = office.differences()[1]
    assert healed != "scribble"
    assert (acted.reason, office.field(1, "matrix")) == ("", "scribble")
    assert (again.state, again.policy, again.evidence) == ("open", Policy.NEVER, {"undone": found.id})


@pytest.mark.parametrize(
    ("how", "side"),
    [
        (edited_in_aprimo, Side.APRIMO),
        (edited_by_robot, Side.APRIMO),
        (edited_in_opentext, Side.OPENTEXT),
        (edited_in_both, Side.OPENTEXT),
    ],
)
def test_a_look_while_a_heal_is_on_its_way_takes_no_way_back_away(
    office: Office, how: Callable[[Office, int], None], side: Side
) -> None:
    how(office, 1)
    before = shown(office, side)
    office.reconcile()
    (found,) = office.differences()[1]
    heal.heal([found.id], by="anna", ports=office.ports)

    office.reconcile(heals=EVERY)
    (meanwhile,) = office.differences()[1]
    office.rest()
    healed = shown(office, side)
    office.reconcile()
    acted = undo(office, found.id)
    office.rest()

    assert (meanwhile.cause, meanwhile.policy, meanwhile.state) == (found.cause, found.policy, "healing")
    assert healed != before
    assert (acted.reason, shown(office, side)) == ("", before)


def test_what_a_later_look_made_of_a_difference_takes_no_way_back_away(office: Office) -> None:
    office.submit(1)
    agreed = office.field(1, "matrix")
    office.edit(1, matrix="scribble")
    office.reconcile(heals=SAFE)
    office.rest()
    office.edit(1, matrix="scribble")
    office.tell(1)
    office.reconcile()
    (waiting,) = office.differences()[1]
    office.edit(1, matrix=agreed)
    office.rest()
    office.reconcile()

    acted = undo(office, waiting.id)
    office.rest()

    assert (waiting.cause, waiting.state) == (Cause.DELIVERY_WAITING, "open")
    assert (acted.reason, office.field(1, "matrix")) == ("", "scribble")


def test_a_heal_that_wrote_nothing_is_not_taken_back_over_what_a_person_put_right(office: Office) -> None:
    office.submit(1)
    agreed = office.field(1, "matrix")
    office.edit(1, matrix="scribble")
    office.reconcile()
    (found,) = office.differences()[1]
    office.edit(1, matrix="newer")
    heal.heal([found.id], by="anna", ports=office.ports)
    office.rest()
    office.edit(1, matrix=agreed)
    office.reconcile()

    assert undo(office, found.id).reason == heal.HEAL_WROTE_NOTHING
    assert office.field(1, "matrix") == agreed


def test_a_heal_is_not_taken_back_before_it_has_ended_nor_where_it_died(office: Office) -> None:
    edited_in_aprimo(office, 1)
    office.reconcile(heals=SAFE)
    (healing,) = office.differences()[1]
    office.in_aprimo.refused.add("activity:1")

    before = undo(office, healing.id).reason
    office.rest()

    assert (before, undo(office, healing.id).reason) == (heal.HEAL_WAITS, heal.HEAL_DIED)
    assert office.field(1, "matrix") == "scribble"


def test_only_a_value_that_was_written_over_can_be_given_back(office: Office) -> None:
    untold_submission(office, 1)
    office.reconcile(heals=SAFE)
    office.rest()
    (healing,) = office.differences()[1]

    assert undo(office, healing.id).reason == heal.NOT_UNDOABLE
    assert undo(office, "404").reason == heal.NOT_HEALED


def shown(office: Office, side: Side) -> JsonValue:
    """What a system shows of what is healed there."""
    return office.field(1, "matrix") if side is Side.APRIMO else office.live(1).variables["briefDescription"]


def undo(office: Office, difference_id: str) -> Acted:
    return heal.undo(difference_id, by="anna", bounds=reconcile.bounds_of(office.ports), ports=office.ports)
