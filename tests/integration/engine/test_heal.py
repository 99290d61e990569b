"""Differences of every cause are planted, found and explained; what may be healed is, and heals can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline import heal, reconcile
from pipeline.differences import Cause
from pipeline.flows.registry import bind
from pipeline.flows.tenant import Policy
from pipeline.heal import Acted
from pipeline.keys import line_key
from pipeline.plan import Agreed, LinkChanges, Plan, deliver, ignore
from pipeline.ports import Store
from pipeline.words import InstanceId, JsonValue, Side
from tests.support import findings
from tests.support.brief_office import RULES, Office, key
from tests.support.briefs import FLOW, OWNER, words
from tests.support.memory.differences import MemoryDifferences
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import Clock

AGREEING = range(100, 106)
SAFE = frozenset({Policy.AUTOMATIC})
EVERY = frozenset({Policy.AUTOMATIC, Policy.PROPOSE})


@pytest.fixture
def office(clock: Clock) -> Office:
    return Office(store=MemoryStore(clock), clock=clock, page=10)


@pytest.fixture
def everywhere(ticking: Store, clock: Clock) -> Office:
    return Office(store=ticking, clock=clock, page=10)


# ---- planting ------------------------------------------------------------------------------------------------------


def untold_submission(office: Office, number: int) -> None:
    office.write_brief(number)


def untold_decision(office: Office, number: int) -> None:
    office.submit(number)
    office.clock.pass_s(60)
    office.decide(number)


def untold_edit(office: Office, number: int) -> None:
    office.submit(number)
    office.edit(number, description="Outdoor alone")


def ignored_edit(office: Office, number: int) -> None:
    untold_edit(office, number)
    err(office, number, ignore("unchanged"))


def dead_delivery(office: Office, number: int) -> None:
    office.submit(number)
    office.in_aprimo.refused.add(f"activity:{number}")
    office.clock.pass_s(60)
    office.decide(number)
    office.tell(number, Side.OPENTEXT)
    office.rest()


def waiting_notice(office: Office, number: int) -> None:
    untold_edit(office, number)
    office.tell(number)
    office.waker.hints.clear()


def edited_in_aprimo(office: Office, number: int) -> None:
    office.submit(number)
    office.edit(number, matrix="scribble")


def state_by_hand(office: Office, number: int) -> None:
    office.submit(number)
    office.put_state(number, 4)


def edited_in_opentext(office: Office, number: int) -> None:
    office.submit(number)
    office.set_variables(number, briefDescription="Typed there")


def edited_in_both(office: Office, number: int) -> None:
    edited_in_opentext(office, number)
    office.edit(number, description="Typed here")


def edited_by_robot(office: Office, number: int) -> None:
    office.submit(number)
    office.edit(number, by=RULES, matrix="recalculated")


def missing_process(office: Office, number: int) -> None:
    office.submit(number)
    del office.opentext.processes[office.live(number).instance_id]


def doubled_process(office: Office, number: int) -> None:
    office.submit(number)
    office.opentext.keep(replace(office.live(number), instance_id=InstanceId(f"another-{number}")))


def deleted_item(office: Office, number: int) -> None:
    office.submit(number)
    del office.aprimo.things["activity", str(number)]


def unknown_word(office: Office, number: int) -> None:
    office.submit(number)
    office.put_state(number, 8)


def changed_mapping(office: Office, number: int) -> None:
    """As it was read by other words, under which the description was another."""
    office.submit(number)
    office.tell(number)
    office.rest()
    read_so = Agreed(value="As another field said", owner=Side.APRIMO, written_by="x", at=office.clock.now)
    changes = LinkChanges(agreed={"description": read_so}, mapping_version="0a1b")
    office.store.run(lambda tx: tx.links.apply([(FLOW, key(number), changes)]))
    office.set_variables(number, briefDescription="As another field said")


def unexplained(office: Office, number: int) -> None:
    untold_edit(office, number)
    err(office, number, deliver())


def err(office: Office, number: int, plan: Plan) -> None:
    """A notice of what is in Aprimo now comes to this, as no fault of ours should let it."""
    office.flow.errs = plan
    office.tell(number)
    office.rest()
    office.flow.errs = None


PLANTED = {
    untold_submission: Cause.NOTICE_MISSING,
    untold_decision: Cause.NOTICE_MISSING,
    untold_edit: Cause.NOTICE_MISSING,
    ignored_edit: Cause.NOTICE_IGNORED,
    dead_delivery: Cause.DELIVERY_DEAD,
    waiting_notice: Cause.DELIVERY_WAITING,
    edited_in_aprimo: Cause.EDITED_IN_APRIMO,
    state_by_hand: Cause.EDITED_IN_APRIMO,
    edited_in_opentext: Cause.EDITED_IN_OPENTEXT,
    edited_in_both: Cause.EDITED_IN_BOTH,
    edited_by_robot: Cause.EDITED_BY_AUTOMATION,
    missing_process: Cause.PROCESS_MISSING,
    doubled_process: Cause.PROCESS_DOUBLED,
    deleted_item: Cause.ITEM_DELETED,
    unknown_word: Cause.WORD_UNKNOWN,
    changed_mapping: Cause.MAPPING_CHANGED,
    unexplained: Cause.UNEXPLAINED,
}
"""How each cause comes about. A version that is newer than the approved one needs files; briefs have none."""
STAYS = {Cause.DELIVERY_DEAD, Cause.DELIVERY_WAITING, Cause.WORD_UNKNOWN, Cause.UNEXPLAINED}


def plant(office: Office) -> dict[int, Cause]:
    """One brief for each way to differ, and some that agree; returns the cause by the brief's number."""
    office.submit(*AGREEING)
    for number, how in enumerate(PLANTED, start=1):
        how(office, number)
    return dict(enumerate(PLANTED.values(), start=1))


def causes(office: Office) -> dict[int, set[Cause]]:
    return {number: {Cause(each.cause) for each in every} for number, every in office.differences().items()}


def find_all(office: Office) -> None:
    planted = plant(office)

    office.reconcile()

    found = causes(office)
    right = [number for number, cause in planted.items() if found.get(number) == {cause}]
    findings.note("reconciliation", f"{len(right)} of {len(planted)} planted causes explained, {len(found)} found")
    assert found == {number: {cause} for number, cause in planted.items()}


# ---- what must hold ------------------------------------------------------------------------------------------------


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


def test_only_a_value_that_was_written_over_can_be_given_back(office: Office) -> None:
    untold_submission(office, 1)
    office.reconcile(heals=SAFE)
    office.rest()
    (healing,) = office.differences()[1]

    assert undo(office, healing.id).reason == heal.NOT_UNDOABLE
    assert undo(office, "404").reason == heal.NOT_HEALED


def editor() -> str:
    """By which name Aprimo tells who edited last."""
    return words().fields["editor"].wire


def shown(office: Office, side: Side) -> JsonValue:
    """What a system shows of what is healed there."""
    return office.field(1, "matrix") if side is Side.APRIMO else office.live(1).variables["briefDescription"]


def undo(office: Office, difference_id: str) -> Acted:
    return heal.undo(difference_id, by="anna", bounds=reconcile.bounds_of(office.ports), ports=office.ports)
