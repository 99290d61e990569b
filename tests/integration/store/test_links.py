"""Links remember what both systems last agreed on, and tell processes as their starts tell them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from pipeline.commands import Cause
from pipeline.plan import (
    Agreed,
    CommentRow,
    FoundDifference,
    Link,
    LinkChanges,
    Notice,
    ProcessRow,
    ReviewRow,
    Wake,
)
from pipeline.ports import AttemptEnd, DueLink, NewAttempt, Store
from pipeline.store import SqlPages, tables
from pipeline.words import (
    BusinessKey,
    Decision,
    DeliveryId,
    DeliveryState,
    EndedBy,
    EventId,
    InstanceId,
    ProcessState,
    Purpose,
    ReviewState,
    Side,
    WakeReason,
)
from tests.support.store_rows import FLOW, START, Clock, ReadRows, add, item, new_event, start_process

KEY = (FLOW, item(1))
START_KEY = "start:campaign_brief:aprimo:activity:1:1"
STARTING = ProcessRow(revision=1, process_key="campaignBrief", state=ProcessState.STARTING, started_effect=START_KEY)
RUNNING = replace(STARTING, state=ProcessState.RUNNING, instance_id=InstanceId("p-1"))
BRAND = ReviewRow(
    revision=1,
    stakeholder="brand",
    state=ReviewState.DECIDED,
    task_id="t-1",
    opened_at=START,
    assignee="brand.one@example.test",
    due_at=START + timedelta(days=2),
    escalated_at=START + timedelta(days=3),
    decision=Decision.APPROVED,
    outcome_raw="approved",
    by="brand.one@example.test",
    at=START + timedelta(days=3, hours=1),
    comment="Sehr schön.",
    item_version="7",
    evidence="historic-task-instances/t-1",
)
REMARK = CommentRow(
    origin=Side.APRIMO, origin_id="r-1", author="requester.one@example.test", text="Bitte bald.", at=START
)


def _apply(store: Store, *changes: LinkChanges) -> None:
    with store.begin() as tx:
        tx.links.apply([(*KEY, change) for change in changes])


def _link(store: Store) -> Link:
    with store.begin() as tx:
        return tx.links.of([KEY])[KEY]


def _plan_start(store: Store) -> None:
    """The plan's commit: the process row and the delivery that starts it."""
    with store.begin() as tx:
        add(tx, [new_event(1)])
        tx.links.begin_processes([(*KEY, LinkChanges(revision=1, processes=(STARTING,)))])
        tx.deliveries.plan([(Cause(event_id=EventId("ev-1-1"), plan_number=1), [start_process(1)])])


def _send_start(store: Store, after: DeliveryState, ref: str = "") -> None:
    delivery = DeliveryId("ev-1-1.1.1")
    with store.begin() as tx:
        tx.deliveries.begin([NewAttempt(delivery_id=delivery, number=1, purpose=Purpose.SEND, token=1)])
        tx.deliveries.end(
            [
                AttemptEnd(
                    delivery_id=delivery,
                    number=1,
                    outcome="",
                    before=DeliveryState.SENDING,
                    after=after,
                    vendor_ref=ref,
                )
            ]
        )


def test_a_link_that_nobody_made_is_absent(store: Store) -> None:
    with store.begin() as tx:
        assert tx.links.of([KEY]) == {}
        assert tx.links.of([]) == {}


def test_everything_that_changes_comes_back(store: Store) -> None:
    agreed = {"budget": Agreed(value="12000.00", owner=Side.APRIMO, written_by="88", at=START)}
    wake = Wake(at=START + timedelta(days=2), reason=WakeReason.REVIEW_DUE)
    _apply(
        store,
        LinkChanges(
            state="submitted",
            revision=1,
            agreed=agreed,
            seen={"activity": "2026-01-12T09:00:00Z"},
            processes=(RUNNING,),
            reviews=(BRAND,),
            comments=(REMARK,),
            wake=wake,
        ),
    )

    link = _link(store)
    assert link == Link(
        id=link.id,
        flow=FLOW,
        business_key=item(1),
        state="submitted",
        revision=1,
        agreed=agreed,
        seen={"activity": "2026-01-12T09:00:00Z"},
        processes=(RUNNING,),
        reviews=(BRAND,),
        comments=(REMARK,),
        wake_at=wake.at,
        wake_reason=wake.reason,
        row_version=1,
    )


def test_what_a_change_does_not_name_stays(store: Store) -> None:
    before = Agreed(value="DACH", owner=Side.APRIMO, written_by="88", at=START)
    after = Agreed(value="approved", owner=Side.OPENTEXT, written_by="signoff", at=START)
    _apply(
        store,
        LinkChanges(
            state="submitted", revision=1, agreed={"regions": before}, wake=Wake(at=START, reason=WakeReason.SPEND)
        ),
    )
    _apply(store, LinkChanges(agreed={"decision": after}, seen={"process": "2"}))

    link = _link(store)
    assert (link.state, link.revision, link.wake_at, link.row_version) == ("submitted", 1, START, 2)
    assert link.agreed == {"regions": before, "decision": after}


def test_two_changes_of_one_link_in_one_commit_both_count(store: Store) -> None:
    """The main line and the line of notes may settle in one batch."""
    _apply(store, LinkChanges(state="submitted", seen={"a": "1"}), LinkChanges(comments=(REMARK,), seen={"b": "2"}))

    link = _link(store)
    assert (link.state, link.seen, link.comments) == ("submitted", {"a": "1", "b": "2"}, (REMARK,))


def test_a_wake_is_cleared_when_the_change_says_so(store: Store) -> None:
    _apply(store, LinkChanges(wake=Wake(at=START, reason=WakeReason.SPEND)))
    _apply(store, LinkChanges(wake=Wake(at=None)))

    assert (_link(store).wake_at, _link(store).wake_reason) == (None, None)


def _due(number: int, wait_s: int, reason: WakeReason) -> DueLink:
    at = START + timedelta(seconds=wait_s)
    return DueLink(flow=FLOW, business_key=item(number), wake_at=at, wake_reason=reason)


def test_links_wake_when_their_time_has_come_for_a_reason_that_is_asked_for(store: Store) -> None:
    spend, embargo, late = WakeReason.SPEND, WakeReason.EMBARGO, WakeReason.LATE_CASE
    with store.begin() as tx:
        for number, wait_s, reason in ((1, 0, spend), (2, -60, embargo), (3, 1, spend), (4, -70, late)):
            wake = Wake(at=START + timedelta(seconds=wait_s), reason=reason)
            tx.links.apply([(FLOW, item(number), LinkChanges(wake=wake))])

        assert tx.links.due({spend, embargo}, limit=10) == [_due(2, -60, embargo), _due(1, 0, spend)]
        assert tx.links.due({spend, embargo}, limit=1) == [_due(2, -60, embargo)]
        assert tx.links.due({late}, limit=10) == [_due(4, -70, late)]


@pytest.mark.parametrize("wake", [{"at": START}, {"at": None, "reason": WakeReason.SPEND}])
def test_a_wake_has_both_its_time_and_its_reason_or_neither(wake: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="both its time and its reason"):
        Wake(**wake)


def test_a_review_waiting_for_its_task_gives_way_to_the_row_that_has_one(store: Store) -> None:
    waiting = ReviewRow(revision=1, stakeholder="brand", state=ReviewState.OPEN)
    legal = ReviewRow(revision=1, stakeholder="legal", state=ReviewState.OPEN)
    _apply(store, LinkChanges(reviews=(waiting, legal)))
    _apply(store, LinkChanges(reviews=(BRAND,)))

    assert _link(store).reviews == (BRAND, legal)


def test_a_review_is_replaced_by_task(store: Store) -> None:
    again = replace(BRAND, task_id="t-2", state=ReviewState.OPEN, decision=None, opened_at=START + timedelta(hours=1))
    _apply(store, LinkChanges(reviews=(replace(BRAND, state=ReviewState.OPEN, decision=None),)))
    _apply(store, LinkChanges(reviews=(BRAND, again)))

    assert _link(store).reviews == (BRAND, again)


def test_a_comment_is_kept_once_per_origin(store: Store) -> None:
    carried = replace(REMARK, target_id="[sg-0123456789]")
    _apply(store, LinkChanges(comments=(REMARK,)))
    _apply(store, LinkChanges(comments=(carried,)))

    assert _link(store).comments == (carried,)


def test_a_planned_start_is_not_shown_as_a_process(store: Store) -> None:
    """Certainly nothing has started: a plan made anew may start it."""
    _plan_start(store)

    assert (_link(store).processes, _link(store).revision) == ((), 0)


@pytest.mark.parametrize(
    ("after", "ref", "shown"),
    [
        (DeliveryState.UNKNOWN, "", (STARTING,)),
        (DeliveryState.DONE, "p-1", (replace(STARTING, instance_id=InstanceId("p-1")),)),
        (DeliveryState.PLANNED, "", ()),
    ],
)
def test_a_starting_process_is_shown_as_its_start_tells(
    store: Store, after: DeliveryState, ref: str, shown: tuple[ProcessRow, ...]
) -> None:
    _plan_start(store)
    _send_start(store, after, ref)

    assert _link(store).processes == shown


def test_a_dropped_start_leaves_room_for_the_next(store: Store) -> None:
    _plan_start(store)
    with store.begin() as tx:
        tx.deliveries.drop_open([EventId("ev-1-1")])
    assert _link(store).processes == ()

    with store.begin() as tx:
        tx.links.begin_processes([(*KEY, LinkChanges(processes=(replace(STARTING, item_version="8"),)))])
        tx.deliveries.plan([(Cause(event_id=EventId("ev-1-1"), plan_number=2), [start_process(1)])])
    _apply(store, LinkChanges(processes=(replace(RUNNING, item_version="8"),)))

    assert _link(store).processes == (replace(RUNNING, item_version="8"),)


def test_beginning_again_does_not_touch_a_process_that_runs(store: Store) -> None:
    _apply(store, LinkChanges(processes=(RUNNING,)))
    with store.begin() as tx:
        tx.links.begin_processes([(*KEY, LinkChanges(processes=(STARTING,)))])
        tx.links.begin_processes([])

    assert _link(store).processes == (RUNNING,)


def test_a_link_never_has_two_live_processes(store: Store) -> None:
    _apply(store, LinkChanges(processes=(RUNNING,)))
    second = replace(STARTING, revision=2, started_effect="")

    with pytest.raises(IntegrityError), store.begin() as tx:
        tx.links.begin_processes([(*KEY, LinkChanges(processes=(second,)))])


def test_a_process_may_end_in_the_commit_that_begins_the_next(store: Store) -> None:
    _apply(store, LinkChanges(processes=(RUNNING,)))
    ended = replace(RUNNING, state=ProcessState.ENDED, ended_by=EndedBy.US, outcome="superseded")
    second = replace(RUNNING, revision=2, instance_id=InstanceId("p-2"))
    _apply(store, LinkChanges(processes=(second, ended)))

    assert _link(store).processes == (ended, second)


def test_a_change_without_an_instance_id_keeps_the_known_one(store: Store) -> None:
    _apply(store, LinkChanges(processes=(RUNNING,)))
    _apply(store, LinkChanges(processes=(replace(RUNNING, instance_id=None, seen_hash="ab"),)))

    assert _link(store).processes == (replace(RUNNING, seen_hash="ab"),)


def test_known_instances_lead_to_their_items(store: Store) -> None:
    _apply(store, LinkChanges(processes=(RUNNING,)))
    with store.begin() as tx:
        assert tx.links.lines_of_instances(["p-1", "p-404"]) == {"p-1": KEY}
        assert tx.links.lines_of_instances([]) == {}


def test_an_item_leads_to_the_line_it_belongs_to(store: Store) -> None:
    case = BusinessKey("aprimo:generic_object_alpha:7")
    _apply(store, LinkChanges(item=case))
    with store.begin() as tx:
        asked = [(FLOW, case), ("event_brief", case), (FLOW, item(1))]
        assert tx.links.lines_of_items(asked) == {(FLOW, case): KEY[1]}
        assert tx.links.lines_of_items([]) == {}
    assert _link(store).item == case


def test_what_says_nothing_of_the_item_leaves_it(store: Store) -> None:
    _apply(store, LinkChanges(item=BusinessKey("aprimo:generic_object_alpha:7")))
    _apply(store, LinkChanges(state="open"))

    assert _link(store).item == "aprimo:generic_object_alpha:7"


def test_only_running_processes_are_live(store: Store) -> None:
    ended = replace(RUNNING, state=ProcessState.ENDED, instance_id=InstanceId("p-2"))
    other = replace(RUNNING, instance_id=InstanceId("p-3"))
    with store.begin() as tx:
        tx.links.apply(
            [
                (FLOW, item(1), LinkChanges(processes=(replace(RUNNING, seen_hash="ab"),))),
                (FLOW, item(2), LinkChanges(processes=(ended,))),
                ("event_brief", item(3), LinkChanges(processes=(other,))),
                (FLOW, item(4), LinkChanges(processes=(replace(STARTING, started_effect=""),))),
            ]
        )
        found = tx.links.live(FLOW)
        assert [(live.business_key, live.instance_id, live.seen_hash) for live in found] == [(item(1), "p-1", "ab")]


def test_a_notice_is_told_once_per_person_and_revision(store: Store, pages: SqlPages) -> None:
    told = (
        Notice(code="unknown_state", text="State 8, On hold."),
        Notice(code="unknown_state", text="?", person="88"),
    )
    _apply(store, LinkChanges(revision=1, notices=told))
    _apply(store, LinkChanges(notices=told))
    assert pages.status().notices_unseen == 2

    _apply(store, LinkChanges(revision=2, notices=told[:1]))
    assert pages.status().notices_unseen == 3


def test_a_difference_stands_once_with_its_newest_values(store: Store, read_rows: ReadRows) -> None:
    found = FoundDifference(field="state", ours="submitted", theirs="approved", cause="hand edit", policy="propose")
    _apply(store, LinkChanges(differences=(found,)))
    _apply(store, LinkChanges(differences=(replace(found, theirs="rejected"),)))

    rows = read_rows(tables.differences)
    assert [(row.field, row.agreed, row.opentext, row.aprimo, row.state) for row in rows] == [
        ("state", "submitted", None, "rejected", "open")
    ]


def test_a_difference_that_was_edited_in_opentext_keeps_each_value_as_that_of_its_side(
    store: Store, read_rows: ReadRows
) -> None:
    cause = "edited_in_opentext"
    found = FoundDifference(field="budget", ours="5", theirs="9", cause=cause, policy="automatic")
    _apply(store, LinkChanges(differences=(found,)))

    rows = read_rows(tables.differences)
    assert [(row.agreed, row.aprimo, row.opentext, row.cause) for row in rows] == [("5", "5", "9", cause)]


def test_a_notice_is_seen_once(store: Store, pages: SqlPages, clock: Clock) -> None:
    told = (Notice(code="unknown_state", text="State 8, On hold."), Notice(code="decision_unknown", text="?"))
    _apply(store, LinkChanges(revision=1, notices=told))
    clock.pass_s(5)
    first, second = sorted(notice.id for notice in pages.notice_list())

    with store.begin() as tx:
        assert tx.ledger.see_notices([second, "99", "no number"]) == [second]
    with store.begin() as tx:
        assert tx.ledger.see_notices([second]) == []

    assert [notice.id for notice in pages.notice_list()] == [first]
    assert [(notice.id, notice.seen_at) for notice in pages.notice_list(is_seen_too=True)] == [
        (second, clock.now),
        (first, None),
    ]
