"""Operators see how flows, vendors and items stand, and what holds them up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipeline.plan import Agreed, LinkChanges, ProcessRow, ReviewRow, Wake
from pipeline.ports import (
    EventMove,
    Gate,
    NewLetter,
    Release,
    Store,
)
from pipeline.store import SqlPages
from pipeline.store.pages import LinkPage
from pipeline.store.status import AtReview, Part, Waiting
from pipeline.words import (
    EventId,
    EventState,
    GateKind,
    InstanceId,
    ProcessState,
    ReviewState,
    Side,
    WaitReason,
    WakeReason,
)
from tests.support.store_rows import (
    FLOW,
    START,
    Clock,
    add,
    claimed,
    item,
    new_event,
    release,
    take,
)

ONE = EventId("ev-1-1")


def _move(event_id: str, before: EventState, after: EventState, reason: str = "") -> EventMove:
    return EventMove(id=EventId(event_id), before=before, after=after, reason=reason)


def test_the_status_counts_per_flow_and_per_vendor(store: Store, pages: SqlPages, clock: Clock) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(1, notice="2"), new_event(2), new_event(3)])
        add(tx, [new_event(4, flow="event_brief", side=Side.OPENTEXT)])
        held, waiting = take(tx, EventId("ev-1-1"), EventId("ev-2-1"), limit=2)
        tx.events.move([_move("ev-1-1", EventState.ACCEPTED, EventState.DEAD, "poison")])
        tx.letters.open([NewLetter(event_id=ONE, delivery_id=None, code="poison", hint="")])
        tx.lines.release([release(held)])
        ended = release(waiting, ready_at=START + timedelta(seconds=30))
        tx.lines.release([Release(**{**vars(ended), "wait_reason": WaitReason.BACKOFF})])
        take(tx, EventId("ev-3-1"))
        gate = Gate(scope="flow:event_brief", kind=GateKind.PAUSE, until=None, reason="", by="ops")
        tx.ledger.close_gate(gate)
    clock.pass_s(7)

    status = pages.status()

    brief = Part(
        name=FLOW,
        open=4,
        dead=1,
        oldest_open_s=7,
        running=1,
        held=1,
        waiting=(Waiting(reason="backoff", lines=1, next_at=START + timedelta(seconds=30)),),
    )
    event = Part(name="event_brief", open=1, oldest_open_s=7, gated=1)
    assert status.flows == (brief, event)
    assert status.vendors == (
        Part(**{**vars(brief), "name": "aprimo"}),
        Part(**{**vars(event), "name": "opentext"}),
    )
    assert (status.at, status.gates, status.notices_unseen) == (clock.now, (gate,), 0)


def test_where_all_is_done_the_status_is_empty(store: Store, pages: SqlPages) -> None:
    (claim,) = claimed(store, 1)
    with store.begin() as tx:
        tx.lines.fence([claim])
        tx.events.move([_move(ONE, EventState.ACCEPTED, EventState.IGNORED, "unchanged")])
        tx.lines.release([release(claim, head=2)])

    assert (pages.status().flows, pages.status().vendors) == ((), ())


def test_the_status_counts_what_lies_with_reviewers(store: Store, pages: SqlPages) -> None:
    running = ProcessRow(revision=2, process_key="campaignBrief", state=ProcessState.RUNNING)
    due = START + timedelta(days=2)
    reviews = (
        ReviewRow(revision=1, stakeholder="brand", state=ReviewState.OPEN, task_id="t-0", due_at=START),
        ReviewRow(revision=2, stakeholder="brand", state=ReviewState.OPEN, task_id="t-1", due_at=due),
        ReviewRow(revision=2, stakeholder="legal", state=ReviewState.OPEN, task_id="t-2"),
        ReviewRow(revision=2, stakeholder="finance", state=ReviewState.DECIDED, task_id="t-3", due_at=START),
    )
    with store.begin() as tx:
        tx.links.apply(
            [
                (FLOW, item(1), LinkChanges(processes=(running,), reviews=reviews)),
                (FLOW, item(2), LinkChanges(processes=(replace(running, revision=1),))),
                (FLOW, item(3), LinkChanges(processes=(replace(running, state=ProcessState.ENDED),))),
            ]
        )

    assert pages.status().at_review == (AtReview(flow=FLOW, processes=2, reviews=2, first_due_at=due),)


def test_a_flows_links_come_with_their_processes_and_where_their_lines_stand(store: Store, pages: SqlPages) -> None:
    process = ProcessRow(
        revision=1, process_key="campaignBrief", state=ProcessState.RUNNING, instance_id=InstanceId("p-1")
    )
    review = ReviewRow(revision=1, stakeholder="brand", state=ReviewState.OPEN, task_id="t-1", opened_at=START)
    wake = Wake(at=START + timedelta(days=2), reason=WakeReason.REVIEW_DUE)
    with store.begin() as tx:
        add(tx, [new_event(1)])
        tx.links.apply(
            [
                (
                    FLOW,
                    item(1),
                    LinkChanges(
                        state="submitted",
                        revision=1,
                        agreed={"name": Agreed(value="Spring", owner=Side.APRIMO, written_by="88", at=START)},
                        processes=(process,),
                        reviews=(review,),
                        wake=wake,
                    ),
                ),
                (FLOW, item(2), LinkChanges(state="draft")),
                ("event_brief", item(3), LinkChanges()),
            ]
        )

    first, second = pages.links(FLOW)
    assert first == LinkPage(
        flow=FLOW,
        business_key=item(1),
        state="submitted",
        revision=1,
        values={"name": "Spring"},
        processes=(process,),
        reviews=(review,),
        comments=(),
        wake_at=wake.at,
        wake_reason=wake.reason,
        step="transform",
        vendor="aprimo",
        waiting=1,
        ready_at=START,
        wait_reason=None,
        is_held=False,
    )
    assert (second.business_key, second.step, second.waiting, second.is_held) == (item(2), "", 0, False)
    assert [link.business_key for link in pages.links(FLOW, limit=1)] == [item(1)]
    assert pages.links("no_such_flow") == []


def test_a_link_whose_line_a_dead_letter_holds_says_so(store: Store, pages: SqlPages) -> None:
    (claim,) = claimed(store, 1)
    with store.begin() as tx:
        tx.links.apply([(FLOW, item(1), LinkChanges())])
        tx.lines.fence([claim])
        tx.lines.release([release(claim)])

    assert [link.is_held for link in pages.links(FLOW)] == [True]
