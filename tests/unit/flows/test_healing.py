"""Heals and the way back, on the rules alone: what is written over what, and what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.commands import EndProcess, SetFields, SetVariables
from pipeline.differences import Cause, Known, Mismatch
from pipeline.flows import facts
from pipeline.plan import Verdict
from pipeline.words import InstanceId, JsonValue, Side
from tests.support import asset_world, localization_world
from tests.support.agreeing import found, pair_of
from tests.support.brief_world import World, approved, submitted
from tests.support.flow_world import FlowWorld


def tampered(value: str = "1.00") -> World:
    """A brief in approval, whose budget somebody changed in OpenText."""
    world = submitted()
    live = world.live()
    assert live is not None
    world.keep(replace(live, variables={**live.variables, "budget": value}))
    return world


def data_of(mismatch: Mismatch, cause: Cause, *, by: str = "signoff") -> dict[str, JsonValue]:
    """What a heal is told of a difference."""
    is_here = cause in {Cause.EDITED_IN_APRIMO, Cause.EDITED_BY_AUTOMATION}
    return {
        "difference": "df-1",
        "field": mismatch.field,
        "cause": cause.value,
        "agreed": mismatch.agreed,
        "aprimo": mismatch.aprimo,
        "opentext": mismatch.opentext,
        "seen": mismatch.aprimo if is_here else mismatch.opentext,
        "by": by,
    }


def only(world: FlowWorld) -> tuple[Mismatch, Cause]:
    """The one difference of a world, and its cause."""
    (mismatch,) = found(world)
    return mismatch, world.flow.explain(mismatch, pair_of(world), Known()).cause


def heal(world: FlowWorld, *, by: str = "signoff") -> dict[str, JsonValue]:
    """Heal the one difference of a world, with all that follows from it; returns what the heal was told."""
    mismatch, cause = only(world)
    data = data_of(mismatch, cause, by=by)
    world.look(Side.APRIMO, facts.HEAL, data=data)
    return data


def undo(world: FlowWorld, data: dict[str, JsonValue]) -> None:
    world.look(Side.APRIMO, facts.UNDO, data={**data, "by": "operator.one"})


def test_a_hand_edit_is_put_back_and_can_be_had_back_exactly() -> None:
    world = approved()
    world.edit(decision="rejected")

    told = heal(world)
    assert (found(world), world.values["decision"]) == ((), "approved")
    undo(world, told)

    assert world.values["decision"] == "rejected"


def test_what_a_person_had_back_is_not_put_back_again_but_another_value_is() -> None:
    world = approved()
    world.edit(decision="rejected")
    undo(world, heal(world))

    world.settle_down()
    assert world.values["decision"] == "rejected"
    world.edit(decision="cancelled")
    world.settle_down()

    assert world.values["decision"] == "approved"


def test_a_heal_writes_over_nothing_but_what_was_seen() -> None:
    world = approved()
    world.edit(decision="rejected")
    mismatch, cause = only(world)
    world.edit(decision="cancelled")

    world.look(Side.APRIMO, facts.HEAL, data=data_of(mismatch, cause))

    assert (world.plans[-1].verdict, world.plans[-1].reason) == (Verdict.IGNORE, "changed_since")
    assert world.values["decision"] == "cancelled"


def test_a_heals_write_expects_what_it_writes_over() -> None:
    world = approved()
    world.edit(decision="rejected")

    heal(world)

    (command,) = world.plans[-1].commands
    assert isinstance(command, SetFields)
    assert command.expects == {world.words.fields["decision"].wire: "rejected"}


def test_what_was_changed_since_it_was_healed_is_not_had_back() -> None:
    world = approved()
    world.edit(decision="rejected")
    told = heal(world)
    world.edit(decision="cancelled")

    undo(world, told)

    assert (world.plans[-1].reason, world.values["decision"]) == ("changed_since", "cancelled")


def test_a_state_set_by_hand_is_put_back() -> None:
    world = submitted()
    world.put("in_production")

    heal(world)

    assert (found(world), world.values["state"]) == ((), "submitted")


def test_an_approval_is_not_healed_back_onto_what_nobody_has_approved() -> None:
    world = approved()
    world.put("rejected")
    world.edit(budget="50000.00")

    heal(world)

    assert (world.plans[-1].reason, world.values["state"]) == ("changed_since", "rejected")


def test_an_approval_that_is_healed_back_is_held_to_what_was_approved() -> None:
    world = approved()
    world.put("rejected")

    heal(world)

    (command,) = world.plans[-1].commands
    assert isinstance(command, SetFields)
    assert command.expects[world.words.fields["budget"].wire] == world.values["budget"]
    assert world.values["state"] == "in_production"


def test_a_state_that_is_none_of_ours_is_not_had_back() -> None:
    world = submitted()
    world.put("in_production")
    told = heal(world)

    undo(world, {**told, "seen": "On hold"})

    assert world.plans[-1].reason == "not_ours_to_write"
    assert world.values["state"] == "submitted"


def test_a_variable_that_others_changed_is_put_back_and_can_be_had_back_exactly() -> None:
    world = tampered()

    told = heal(world)
    assert found(world) == ()
    undo(world, told)

    live = world.live()
    assert live is not None
    assert live.variables["budget"] == "1.00"


def test_a_variable_that_a_person_had_back_is_not_healed_again_but_by_a_person() -> None:
    world = tampered()
    undo(world, heal(world))

    heal(world)
    assert (world.plans[-1].reason, world.plans[-1].commands) == ("hand_edit_kept", ())
    heal(world, by="operator.one")

    assert found(world) == ()


def test_of_an_edit_on_both_sides_the_owner_wins() -> None:
    world = submitted()
    live = world.live()
    assert live is not None
    world.keep(replace(live, variables={**live.variables, "briefDescription": "Theirs"}))
    world.edit(description="Ours")

    told = heal(world)
    assert found(world) == ()
    assert isinstance(world.sent[-1], SetVariables)
    assert world.sent[-1].variables == {"briefDescription": "Ours"}
    undo(world, told)

    live = world.live()
    assert live is not None
    assert live.variables["briefDescription"] == "Theirs"


def test_of_two_processes_the_one_that_is_ours_goes_on() -> None:
    world = submitted()
    live = world.live()
    assert live is not None
    world.keep(replace(live, instance_id=InstanceId("instance-2")))

    heal(world)

    assert world.sent[-1] == EndProcess(instance_id="instance-2", reason="One too many (Signoff)")
    assert found(world) == ()


def test_where_neither_process_is_ours_any_more_none_ends() -> None:
    world = submitted()
    live = world.live()
    assert live is not None
    world.keep(replace(live, instance_id=InstanceId("instance-2")))
    mismatch, cause = only(world)
    del world.processes["instance-1"]

    world.look(Side.OPENTEXT, facts.HEAL, data=data_of(mismatch, cause))

    assert (world.plans[-1].reason, world.plans[-1].commands) == ("changed_since", ())


def test_a_process_that_is_nowhere_begins_anew() -> None:
    world = submitted()
    gone = world.processes.pop("instance-1")
    world.keep(replace(gone, instance_id=InstanceId("of another"), ended_at=world.now))

    heal(world)
    world.settle_down()

    assert (found(world), world.link.revision) == ((), 2)


@pytest.mark.parametrize("field", ["process", "description", "matrix"])
def test_what_nobody_told_of_is_looked_at_on_both_sides(field: str) -> None:
    world = World() if field == "process" else submitted()
    if field == "process":
        world.put("submitted")
    elif field == "matrix":
        world.decide(world.waiting()[0], "approved")
    else:
        world.edit(description="Less text")

    heal(world)
    world.settle_down()

    assert found(world) == ()


def test_what_cannot_be_had_back_is_left() -> None:
    world = submitted()
    world.edit(description="Less text")
    told = heal(world)

    undo(world, told)

    assert (world.plans[-1].reason, world.plans[-1].commands) == ("not_undoable", ())


def test_a_record_of_a_market_is_healed_in_its_own_words() -> None:
    world = localization_world.World()
    world.distribute(localization_world.MARKET)
    world.all_approve(localizedFile="https://files.example.test/hero-dach.psd")
    world.look(Side.OPENTEXT)
    world.look(Side.APRIMO, facts.LOOK_AGAIN)
    (record_id,) = world.released()
    world.records[record_id]["approvers"] = "Nobody"
    want = world.flow.item_want(world.link)
    (mismatch,) = found(world, want)

    world.look(Side.APRIMO, facts.HEAL, data=data_of(mismatch, Cause.EDITED_IN_APRIMO))

    assert found(world, want) == ()
    assert world.records[record_id]["approvers"] != "Nobody"


def test_a_record_under_review_is_healed_by_one_write_of_the_dam() -> None:
    world = asset_world.World()
    world.put("submitted")
    world.settle_down()
    world.edit(message="Nobody reads this")

    heal(world)

    assert (world.sent[-1].KIND, found(world)) == ("dam.set_record", ())


def test_an_undo_writes_over_no_newer_agreement() -> None:
    world = approved()
    world.edit(decision="rejected")
    told = heal(world)

    undo(world, {**told, "agreed": "what both agreed on before"})

    assert (world.plans[-1].reason, world.values["decision"]) == ("changed_since", "approved")


def test_a_state_that_only_a_decision_gives_is_not_had_back() -> None:
    world = submitted()
    world.put("in_production")
    told = heal(world)

    undo(world, told)

    assert (world.plans[-1].reason, world.values["state"]) == ("not_undoable", "submitted")


def test_a_heal_in_opentext_expects_what_it_writes_over() -> None:
    world = tampered()

    heal(world)

    written = next(each for each in reversed(world.sent) if isinstance(each, SetVariables))
    assert written.expects == {"budget": "1.00"}
