"""Differences by the rules alone: what of a brief differs, why, and what may be done about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.differences import Cause, Explained, Known, Pair, ToldOf, Written
from pipeline.flows.mapping import mapping_version
from pipeline.flows.policies import HELD, policy_of
from pipeline.flows.tenant import Policy
from pipeline.plan import ProcessRead
from pipeline.words import BusinessKey, DeliveryId, EventId, EventState, InstanceId, JsonValue, Side, WakeReason
from tests.support import publication_world
from tests.support.agreeing import found, pair_of
from tests.support.brief_world import World, approved, submitted
from tests.support.briefs import OWNER, words

WIRE = words().fields["decision"].wire
AUTOMATION = frozenset({"rules@EXAMPLE.test"})
"""E-mails are the same in any case."""


def explained(world: World, pair: Pair | None = None, **known: object) -> tuple[Explained, ...]:
    """Every difference of a world with its cause. known: what our tables know of it."""
    both = pair or pair_of(world)
    tables = Known(**known)  # type: ignore[arg-type]  # Tests name real fields.
    flow = replace(world.flow, words=replace(world.words, automations=AUTOMATION))
    return tuple(flow.explain(each, both, tables) for each in flow.mismatches(both))


def told(world: World, side: Side, state: EventState, *, after: timedelta = timedelta()) -> ToldOf:
    return ToldOf(
        event_id=EventId("ev-9"),
        source=f"{side}.webhook",
        side=side,
        state=state,
        reason="unchanged",
        time=world.now + after,
        accepted_at=world.now + after,
    )


def a_stranger() -> ProcessRead:
    """A process of the model that no row of ours names."""
    return ProcessRead(
        instance_id=InstanceId("instance-8"), process_key="campaignBrief", business_key=BusinessKey("none")
    )


def as_pairs(every: tuple[Explained, ...]) -> list[tuple[str, Cause, Policy]]:
    return [(each.mismatch.field, each.cause, each.policy) for each in every]


def test_what_the_flow_left_at_rest_agrees() -> None:
    assert found(submitted()) == found(approved()) == found(World()) == ()


def test_a_page_of_either_side_alone_agrees_as_well() -> None:
    world = submitted()
    whole = pair_of(world)

    assert world.flow.suspects(replace(whole, processes=())) == ()
    assert world.flow.suspects(replace(whole, item=None)) == ()


def test_a_submission_that_nobody_told_of_is_a_notice_missing() -> None:
    world = World()
    world.put("submitted")

    assert as_pairs(explained(world)) == [("process", Cause.NOTICE_MISSING, Policy.AUTOMATIC)]
    assert [each.field for each in world.flow.suspects(pair_of(world))] == ["process"]


def test_a_submission_that_was_told_and_left_is_a_notice_ignored() -> None:
    world = World()
    world.put("submitted")
    notice = told(world, Side.APRIMO, EventState.IGNORED)

    (made,) = explained(world, told=(notice,))

    assert made.cause is Cause.NOTICE_IGNORED
    assert made.evidence["event"] == {
        "id": "ev-9",
        "source": "aprimo.webhook",
        "state": "ignored",
        "reason": "unchanged",
        "time": "2026-01-12T09:01:00Z",
    }


def test_a_notice_that_is_older_than_the_change_did_not_tell_of_it() -> None:
    world = World()
    world.put("submitted")
    notice = told(world, Side.APRIMO, EventState.IGNORED, after=-timedelta(minutes=1))

    assert [each.cause for each in explained(world, told=(notice,))] == [Cause.NOTICE_MISSING]


def test_an_end_that_nobody_told_of_is_a_notice_missing_with_the_end_as_evidence() -> None:
    world = submitted()
    while world.waiting():
        world.decide(world.waiting()[0], "approved")
    (ended,) = world.processes.values()

    (made,) = explained(world, replace(pair_of(world), processes=(ended,)))

    assert (made.mismatch.field, made.cause) == ("process", Cause.NOTICE_MISSING)
    assert (made.evidence["instance_id"], made.evidence["ended_at"]) == ("instance-1", "2026-01-12T09:07:02Z")


def test_a_process_that_is_not_there_any_more_is_missing_and_its_restart_is_proposed() -> None:
    world = submitted()
    world.processes.clear()

    assert as_pairs(explained(world)) == [("process", Cause.PROCESS_MISSING, Policy.PROPOSE)]


def test_two_processes_of_one_brief_are_told_whichever_is_ours() -> None:
    world = submitted()
    live = world.live()
    assert live is not None
    world.keep(replace(live, instance_id=InstanceId("instance-2")))

    (made,) = explained(world)

    assert (made.cause, made.policy) == (Cause.PROCESS_DOUBLED, Policy.PROPOSE)
    assert made.evidence == {"instances": ["instance-1", "instance-2"], "ours": "instance-1"}


def test_a_process_whose_item_is_gone_is_told() -> None:
    world = submitted()
    whole = pair_of(world)
    assert whole.item is not None
    gone = replace(whole, item=replace(whole.item, is_absent=True, values={}))

    assert as_pairs(explained(world, gone)) == [("process", Cause.ITEM_DELETED, Policy.PROPOSE)]


@pytest.mark.parametrize(
    ("editor", "cause"),
    [(OWNER, Cause.EDITED_IN_APRIMO), ({"email": "Rules@Example.test"}, Cause.EDITED_BY_AUTOMATION)],
)
def test_a_hand_edit_of_what_we_show_is_told_from_that_of_a_robot(editor: JsonValue, cause: Cause) -> None:
    world = approved()
    world.edit(decision="rejected", editor=editor)
    write = Written(delivery_id=DeliveryId("d-1"), kind="pm.set_fields", at=world.now, fields={WIRE: "approved"})

    (made,) = explained(world, written=(write,))

    assert (made.mismatch.field, made.mismatch.agreed, made.mismatch.aprimo) == ("decision", "approved", "rejected")
    assert (made.cause, made.policy, made.evidence["delivery"]) == (cause, Policy.AUTOMATIC, "d-1")


def test_a_state_set_by_hand_is_told_as_one() -> None:
    world = submitted()
    world.put("in_production")

    assert as_pairs(explained(world)) == [("state", Cause.EDITED_IN_APRIMO, Policy.AUTOMATIC)]


def test_a_variable_that_others_changed_is_told() -> None:
    world = submitted()
    live = world.live()
    assert live is not None
    world.keep(replace(live, variables={**live.variables, "budget": "1.00"}))

    (made,) = explained(world)

    assert (made.mismatch.field, made.mismatch.opentext, made.cause) == ("budget", "1.00", Cause.EDITED_IN_OPENTEXT)
    assert made.evidence == {"instances": ["instance-1"], "variable": "budget"}


def test_an_edit_on_both_sides_is_proposed() -> None:
    world = submitted()
    live = world.live()
    assert live is not None
    world.keep(replace(live, variables={**live.variables, "budget": "1.00"}))
    world.edit(budget="2.00")

    assert as_pairs(explained(world)) == [("budget", Cause.EDITED_IN_BOTH, Policy.PROPOSE)]


def test_an_edit_that_nobody_told_of_is_a_notice_missing() -> None:
    world = submitted()
    world.edit(description="Less text")

    assert as_pairs(explained(world)) == [("description", Cause.NOTICE_MISSING, Policy.AUTOMATIC)]


def test_a_review_that_nobody_told_of_is_found_in_a_page_and_in_full() -> None:
    world = submitted()
    world.decide(world.waiting()[0], "approved")
    whole = pair_of(world)
    (live,) = whole.processes
    page = replace(live, tasks=tuple(task for task in live.tasks if task.ended_at is None))

    (made,) = explained(world)

    assert made.mismatch.opentext == {"brand": "approved · brand@example.test"}
    assert made.cause is Cause.NOTICE_MISSING
    assert [each.field for each in world.flow.suspects(replace(whole, item=None, processes=(page,)))] == ["matrix"]


def test_a_state_without_a_word_is_left_to_people() -> None:
    world = submitted()
    world.put("")

    (made,) = explained(world)

    assert (made.mismatch.field, made.cause, made.policy) == ("state", Cause.WORD_UNKNOWN, Policy.NEVER)
    assert made.evidence["state_name"] == "On hold"


def test_a_step_without_a_word_is_left_to_people() -> None:
    world = submitted()
    live = world.live()
    assert live is not None
    world.keep(replace(live, tasks=(*live.tasks, replace(live.tasks[0], task_id="t-9", definition_key="mystery"))))

    (made,) = explained(world)

    assert (made.cause, made.policy) == (Cause.WORD_UNKNOWN, Policy.NEVER)
    assert made.evidence == {"steps": ["unknown step: mystery"]}


def test_what_is_dead_or_on_its_way_explains_itself() -> None:
    world = World()
    world.put("submitted")
    waiting = told(world, Side.APRIMO, EventState.ACCEPTED)

    (dead,) = explained(world, letter="dl-1", letter_code="values_missing", open_events=(waiting,))
    (coming,) = explained(world, open_events=(waiting,))

    assert (dead.cause, dead.policy, dead.evidence) == (
        Cause.DELIVERY_DEAD,
        Policy.NEVER,
        {"letter": "dl-1", "code": "values_missing"},
    )
    assert (coming.cause, coming.policy) == (Cause.DELIVERY_WAITING, Policy.NEVER)


def test_what_reads_otherwise_although_nobody_touched_it_is_a_mapping_that_changed() -> None:
    world = approved()
    whole = pair_of(world)
    assert whole.item is not None
    item = replace(whole.item, values={**whole.item.values, "decision": "abgelehnt"}, wire={WIRE: "approved"})
    write = Written(delivery_id=DeliveryId("d-1"), kind="pm.set_fields", at=world.now, fields={WIRE: "approved"})

    (made,) = explained(world, replace(whole, item=item), written=(write,))

    assert (made.cause, made.evidence["delivery"]) == (Cause.MAPPING_CHANGED, "d-1")


def test_what_is_new_in_the_process_is_no_mapping_that_changed_although_all_stands_as_we_wrote_it() -> None:
    world = submitted()
    wire = words().fields["matrix"].wire
    write = Written(
        delivery_id=DeliveryId("d-1"), kind="pm.set_fields", at=world.now, fields={wire: world.values["matrix"]}
    )
    world.decide(world.waiting()[0], "approved")

    (made,) = explained(world, written=(write,))

    assert made.cause is Cause.NOTICE_MISSING


def test_the_stricter_of_the_fields_and_the_causes_policy_counts() -> None:
    careful = replace(
        words(), policies={"decision": Policy.PROPOSE}, heals={Cause.EDITED_BY_AUTOMATION: Policy.NEVER}
    )

    assert policy_of(careful, "decision", Cause.EDITED_IN_APRIMO) is Policy.PROPOSE
    assert policy_of(careful, "message", Cause.EDITED_IN_APRIMO) is Policy.AUTOMATIC
    assert policy_of(careful, "decision", Cause.EDITED_BY_AUTOMATION) is Policy.NEVER


def test_no_file_makes_us_mend_what_only_people_can() -> None:
    bold = replace(words(), heals=dict.fromkeys(Cause, Policy.AUTOMATIC))

    assert policy_of(bold, "process", Cause.PROCESS_DOUBLED) is Policy.AUTOMATIC
    assert {each for each in Cause if policy_of(bold, "process", each) is Policy.NEVER} == HELD


def test_a_status_that_only_verbs_change_is_never_put_back_and_never_looked_at_by_itself() -> None:
    of_commitments = replace(words(), object_kind="commitment")

    assert policy_of(of_commitments, "state", Cause.EDITED_IN_APRIMO) is Policy.NEVER
    assert policy_of(of_commitments, "state", Cause.EDITED_BY_AUTOMATION) is Policy.NEVER
    assert policy_of(of_commitments, "state", Cause.NOTICE_MISSING) is Policy.PROPOSE


def test_a_mappings_version_moves_with_where_things_stand_and_with_nothing_else() -> None:
    known = words()
    moved = {**known.fields, "decision": replace(known.fields["decision"], wire="extrAttr999")}
    strict = {**known.fields, "decision": replace(known.fields["decision"], is_required=True)}

    assert mapping_version(replace(known, fields=moved)) != mapping_version(known)
    assert mapping_version(replace(known, states={**known.states, "rejected": 99})) != mapping_version(known)
    assert mapping_version(replace(known, fields=strict)) == mapping_version(known)


def test_a_process_that_somebody_started_there_is_a_notice_missing() -> None:
    world = World()

    (made,) = explained(world, replace(pair_of(world), processes=(a_stranger(),)))

    assert (made.mismatch.field, made.cause, made.mismatch.opentext) == (
        "process",
        Cause.NOTICE_MISSING,
        "instance-8",
    )


def test_a_notice_obeys_what_the_file_says_of_the_cause() -> None:
    careful = replace(words(), heals={Cause.EDITED_IN_APRIMO: Policy.PROPOSE})
    world = approved()
    world.flow = replace(world.flow, words=careful)
    world.edit(decision="rejected")

    world.look(Side.APRIMO)

    assert world.values["decision"] == "rejected"
    assert [(each.field, each.policy) for each in world.plans[-1].changes.differences] == [
        ("decision", Policy.PROPOSE)
    ]


def test_a_process_that_has_just_ended_and_whose_history_is_awaited_agrees() -> None:
    world = submitted()
    live = world.live()
    assert live is not None
    world.keep(replace(live, ended_at=world.now))
    world.look(Side.OPENTEXT)

    assert world.link.wake_reason is WakeReason.HISTORY
    assert found(world) == ()


def test_what_aprimo_says_nothing_of_may_be_said_by_whoever_began_the_process_in_opentext() -> None:
    world = submitted(audience="")
    live = world.live()
    assert live is not None
    theirs = {**live.variables, "audience": "Everybody"}
    world.keep(replace(live, variables=theirs))
    assert [each.field for each in found(world)] == ["audience"]

    world.keep(replace(live, variables={**theirs, "signoffEffect": ""}))

    assert found(world) == ()


def test_where_only_opentext_puts_an_item_no_notice_of_aprimos_explains_that_its_process_is_missing() -> None:
    world = publication_world.World()
    world.put("submitted")
    world.settle_down()
    ended = {"submitted": replace(world.link.agreed["submitted"], value=False)}
    world.link = replace(world.link, processes=(), agreed={**world.link.agreed, **ended})
    world.processes.clear()
    pair = pair_of(world)

    (mismatch,) = world.flow.mismatches(pair)

    assert world.values["state"] == "in_approval"
    assert world.flow.explain(mismatch, pair, Known()).cause is Cause.PROCESS_MISSING
