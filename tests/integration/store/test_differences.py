"""Differences are kept once each, closed when they are gone, and told with what our own tables know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.commands import Cause
from pipeline.differences import Cause as Why
from pipeline.differences import Explained, Mismatch
from pipeline.flows.tenant import Policy
from pipeline.pages import not_met
from pipeline.plan import FoundDifference, LinkChanges, ProcessRow
from pipeline.ports import (
    AttemptEnd,
    Difference,
    DifferenceState,
    EventMove,
    Mode,
    NewAttempt,
    NewLetter,
    Phase,
    Run,
    Store,
)
from pipeline.words import (
    BusinessKey,
    DeliveryState,
    EventId,
    EventState,
    InstanceId,
    ProcessState,
    Purpose,
    Side,
)
from tests.support.store_rows import FLOW, START, Clock, add, claimed, item, new_event, set_fields

KEY = item(1)
EDITED = Explained(
    mismatch=Mismatch(field="matrix", agreed="brand: open", aprimo="scribble", opentext="brand: open"),
    cause=Why.EDITED_IN_APRIMO,
    policy=Policy.AUTOMATIC,
    evidence={"version": "2026-01-12T08:59:00Z"},
)
TOLD = FoundDifference(
    field="matrix", ours="brand: open", theirs="scribble", cause=Why.EDITED_IN_APRIMO, policy=Policy.PROPOSE
)
"""The same as a plan tells of it."""
DELETED = Explained(
    mismatch=Mismatch(field="process", agreed=None, aprimo=None, opentext="p-1"),
    cause=Why.ITEM_DELETED,
    policy=Policy.PROPOSE,
)


def _keep(store: Store, *found: Explained, run: str = "rc-1", key: BusinessKey = KEY) -> list[Difference]:
    return store.run(lambda tx: tx.differences.keep(run, FLOW, {key: found}))


def _tell(store: Store, found: FoundDifference) -> None:
    store.run(lambda tx: tx.links.apply([(FLOW, KEY, LinkChanges(differences=(found,)))]))


def _all(store: Store) -> list[Difference]:
    return store.run(lambda tx: tx.differences.find(is_open=None))


def _running(store: Store, *numbers: int) -> None:
    """Links of activities whose process runs."""
    rows = [
        ProcessRow(
            revision=1,
            process_key="campaignBrief",
            state=ProcessState.RUNNING,
            instance_id=InstanceId(f"p-{number}"),
        )
        for number in numbers
    ]
    changes = [(FLOW, item(number), LinkChanges(processes=(row,))) for number, row in zip(numbers, rows, strict=True)]
    store.run(lambda tx: tx.links.apply(changes))


def test_a_difference_is_kept_with_its_values_and_its_evidence(store: Store) -> None:
    (kept,) = _keep(store, EDITED)

    assert kept == Difference(
        id=kept.id,
        flow=FLOW,
        business_key=KEY,
        field="matrix",
        agreed="brand: open",
        aprimo="scribble",
        opentext="brand: open",
        cause="edited_in_aprimo",
        policy=Policy.AUTOMATIC,
        state=kept.state.OPEN,
        first_seen=START,
        last_seen=START,
        evidence={"version": "2026-01-12T08:59:00Z"},
        run_id="rc-1",
    )


def test_one_that_is_seen_again_gets_the_newest_values(store: Store, clock: Clock) -> None:
    (first,) = _keep(store, EDITED)
    later = clock.pass_s(60)
    other = replace(EDITED, mismatch=replace(EDITED.mismatch, aprimo="other"), policy=Policy.NEVER)

    (again,) = _keep(store, other, run="rc-2")

    assert again == replace(first, aprimo="other", policy=Policy.NEVER, run_id="rc-2", last_seen=later)


def test_what_is_found_no_more_is_closed_and_other_items_are_left(store: Store) -> None:
    _keep(store, EDITED, DELETED)
    _keep(store, EDITED, key=item(2))

    assert [each.field for each in _keep(store, DELETED)] == ["process"]
    assert [(each.business_key, each.field, each.state, each.closed_by) for each in _all(store)] == [
        (KEY, "matrix", "closed", "agrees"),
        (KEY, "process", "open", ""),
        (item(2), "matrix", "open", ""),
    ]


def test_one_that_comes_back_after_it_was_closed_is_a_new_one(store: Store) -> None:
    (first,) = _keep(store, EDITED)
    _keep(store)

    (second,) = _keep(store, EDITED)

    assert second.id != first.id


def test_one_that_is_being_healed_stays_so_until_its_heal_has_ended(store: Store, clock: Clock) -> None:
    (kept,) = _keep(store, EDITED)
    (heal,) = store.run(lambda tx: add(tx, [new_event(1)]))
    store.run(lambda tx: tx.differences.begin_heal(kept.id, heal, "scribble"))

    later = clock.pass_s(60)
    on_its_way = replace(EDITED, cause=Why.DELIVERY_WAITING, policy=Policy.NEVER, evidence={"events": []})
    (meanwhile,) = _keep(store, on_its_way, run="rc-2")
    ended = EventMove(id=heal, before=EventState.ACCEPTED, after=EventState.IGNORED, reason="unchanged")
    store.run(lambda tx: tx.events.move([ended]))
    (afterwards,) = _keep(store, EDITED)

    healing = replace(kept, state=DifferenceState.HEALING, former="scribble", heal_event_id=heal)
    assert meanwhile == replace(healing, run_id="rc-2", last_seen=later)
    assert (afterwards.state, afterwards.heal_event_id) == ("open", heal)


def test_what_a_plan_tells_of_leaves_one_that_is_being_healed_as_it_was(store: Store, clock: Clock) -> None:
    (kept,) = _keep(store, EDITED)
    (heal,) = store.run(lambda tx: add(tx, [new_event(1)]))
    store.run(lambda tx: tx.differences.begin_heal(kept.id, heal, "scribble"))
    later = clock.pass_s(60)

    _tell(store, replace(TOLD, theirs="other", policy=Policy.PROPOSE))

    healing = replace(kept, state=DifferenceState.HEALING, former="scribble", heal_event_id=heal)
    assert _all(store) == [replace(healing, last_seen=later)]


def test_what_a_plan_tells_of_can_be_healed_as_what_a_look_found(store: Store) -> None:
    _tell(store, TOLD)

    (told,) = _all(store)
    assert (told.agreed, told.aprimo, told.opentext) == ("brand: open", "scribble", "brand: open")
    assert (told.state, told.policy, told.run_id) == ("open", Policy.PROPOSE, "")
    (seen,) = _keep(store, EDITED)
    assert (seen.id, seen.run_id) == (told.id, "rc-1")


def test_what_a_plan_tells_of_and_a_look_has_found_keeps_what_the_look_knows(store: Store, clock: Clock) -> None:
    (kept,) = _keep(store, replace(EDITED, policy=Policy.NEVER))
    later = clock.pass_s(60)

    _tell(store, TOLD)
    (same,) = _all(store)
    _tell(store, replace(TOLD, theirs="other"))
    (other,) = _all(store)

    assert same == replace(kept, last_seen=later)
    assert (other.aprimo, other.policy, other.evidence) == ("other", Policy.PROPOSE, {})


def _undo(store: Store, difference_id: str, ends: EventState | None, reason: str = "") -> EventId:
    """A healed difference's way back is on its line, and ends so; None: it does not. Returns its event."""
    asked = replace(new_event(1, notice=f"{ends}"), data={"by": "anna"})
    (undo,) = store.run(lambda tx: add(tx, [asked]))
    store.run(lambda tx: tx.differences.begin_heal(difference_id, EventId("ev-9"), "scribble"))
    assert store.run(lambda tx: tx.differences.begin_undo(difference_id, undo))
    if ends is not None:
        ended = EventMove(id=undo, before=EventState.ACCEPTED, after=ends, reason=reason)
        store.run(lambda tx: tx.events.move([ended]))
    return undo


def test_one_that_is_being_given_back_stands_as_it_is_until_that_has_ended(store: Store, clock: Clock) -> None:
    (kept,) = _keep(store, EDITED)
    undo = _undo(store, kept.id, None)

    _keep(store, run="rc-2")
    (agreeing,) = _all(store)
    later = clock.pass_s(60)
    _keep(store, replace(EDITED, cause=Why.DELIVERY_WAITING, policy=Policy.NEVER), run="rc-3")
    (written,) = _all(store)

    assert agreeing == replace(written, run_id="rc-2", last_seen=START)
    assert (written.state, written.undone_at, written.undo_event_id) == ("undoing", None, undo)
    assert (written.cause, written.evidence, written.last_seen) == ("edited_in_aprimo", kept.evidence, later)
    assert store.run(lambda tx: tx.differences.undone(FLOW, [KEY])) == []


def test_one_whose_former_value_was_written_is_undone(store: Store, clock: Clock) -> None:
    (kept,) = _keep(store, EDITED)
    clock.pass_s(60)
    _undo(store, kept.id, EventState.DELIVERED)
    written_at = clock.now
    clock.pass_s(60)

    known = [each.id for each in store.run(lambda tx: tx.differences.undone(FLOW, [KEY, item(2)]))]
    _keep(store, EDITED, run="rc-2")

    undone, again = _all(store)
    assert known == [kept.id]
    assert (undone.state, undone.undone_at, undone.closed_by) == ("closed", written_at, "anna")
    assert (again.state, again.undone_at) == ("open", None)
    assert [each.id for each in store.run(lambda tx: tx.differences.undone(FLOW, [KEY]))] == [kept.id]


@pytest.mark.parametrize("is_told", [False, True])
def test_one_whose_way_back_wrote_nothing_stands_again_and_says_why(store: Store, *, is_told: bool) -> None:
    (kept,) = _keep(store, EDITED)
    undo = _undo(store, kept.id, EventState.IGNORED, "changed_since")

    if is_told:
        _tell(store, replace(TOLD, theirs="newer"))
    else:
        _keep(store, replace(EDITED, mismatch=replace(EDITED.mismatch, aprimo="newer")), run="rc-2")

    (again,) = _all(store)
    assert (again.id, again.state, again.aprimo, again.undone_at) == (kept.id, "open", "newer", None)
    assert again.evidence["not_undone"] == {"event": undo, "reason": "changed_since"}
    assert store.run(lambda tx: tx.differences.undone(FLOW, [KEY])) == []


def test_one_whose_way_back_wrote_nothing_is_closed_where_both_agree_and_can_be_asked_for_again(store: Store) -> None:
    (kept,) = _keep(store, EDITED)
    undo = _undo(store, kept.id, EventState.IGNORED, "changed_since")

    _keep(store)

    (closed,) = _all(store)
    assert (closed.state, closed.closed_by, closed.undone_at) == ("closed", "agrees", None)
    assert closed.evidence["not_undone"] == {"event": undo, "reason": "changed_since"}
    assert store.run(lambda tx: tx.differences.begin_undo(kept.id, EventId("ev-10"), instead_of=undo))


def test_none_is_given_back_where_another_difference_stands_by_now(store: Store) -> None:
    (kept,) = _keep(store, EDITED)
    store.run(lambda tx: tx.differences.begin_heal(kept.id, EventId("ev-9"), "scribble"))
    _keep(store)
    _keep(store, EDITED)

    assert not store.run(lambda tx: tx.differences.begin_undo(kept.id, EventId("ev-10")))
    assert [each.state for each in _all(store)] == ["closed", "open"]


def test_a_plan_that_tells_of_what_a_person_took_back_does_not_open_it_to_heals(store: Store) -> None:
    (kept,) = _keep(store, EDITED)
    _undo(store, kept.id, EventState.DELIVERED)

    _tell(store, TOLD)

    undone, again = _all(store)
    assert (undone.state, undone.policy) == ("closed", Policy.AUTOMATIC)
    assert (again.state, again.policy, again.evidence) == ("open", Policy.NEVER, {"undone": kept.id})


def test_a_heal_is_forgotten_once_another_value_stands_there(store: Store) -> None:
    (kept,) = _keep(store, EDITED)
    store.run(lambda tx: tx.differences.begin_heal(kept.id, EventId("ev-9"), "scribble"))

    (again,) = _keep(store, replace(EDITED, mismatch=replace(EDITED.mismatch, aprimo="other")))

    assert (again.id, again.state, again.heal_event_id, again.former) == (kept.id, "open", None, None)


def test_a_difference_is_healed_and_its_heal_taken_back_once_each(store: Store) -> None:
    (kept,) = _keep(store, EDITED)

    def heal() -> bool:
        return store.run(lambda tx: tx.differences.begin_heal(kept.id, EventId("ev-9"), "scribble"))

    def undo() -> bool:
        return store.run(lambda tx: tx.differences.begin_undo(kept.id, EventId("ev-10")))

    assert (undo(), heal(), heal(), undo(), undo()) == (False, True, False, True, False)


def test_differences_are_found_by_id_flow_item_cause_and_the_id_to_go_on_from(store: Store) -> None:
    _keep(store, EDITED, DELETED)
    _keep(store, EDITED, key=item(2))
    first, second, third = (each.id for each in _all(store))

    def ids(**chosen: object) -> list[str]:
        return [each.id for each in store.run(lambda tx: tx.differences.find(**chosen))]  # type: ignore[arg-type]  # Each call names real filters.

    assert ids(ids=[second, "no number", "9" * 30]) == [second]
    assert (ids(flow=FLOW), ids(flow="other")) == ([first, second, third], [])
    assert ids(keys=[item(2)]) == [third]
    assert (ids(cause="edited_in_aprimo"), ids(cause="unexplained")) == ([first, third], [])
    assert ids(cause="edited_in_aprimo", after=first, limit=1) == [third]
    assert (ids(after=first), ids(limit=1)) == ([second, third], [first])
    assert ids(is_open=False) == []


def test_a_run_is_kept_with_how_far_it_has_come(store: Store, clock: Clock) -> None:
    run = Run(id="rc-1", flow=FLOW, mode=Mode.FULL, started_at=START, since=START, counts={"items": 1})
    further = replace(run, phase=Phase.PROCESSES, cursor="200", ended_at=START, report={"rows": "whole"})
    other = Run(id="rc-2", flow="other", mode=Mode.RECENT, started_at=clock.pass_s(1))

    for each in (run, other, further):
        store.run(lambda tx, each=each: tx.differences.put_run(each))  # type: ignore[misc]  # As above.

    assert store.run(lambda tx: tx.differences.runs()) == [other, further]
    assert store.run(lambda tx: tx.differences.runs(FLOW, mode=Mode.FULL)) == [further]
    assert store.run(lambda tx: tx.differences.runs(FLOW, mode=Mode.RECENT)) == []
    assert store.run(lambda tx: tx.differences.runs(since=other.started_at)) == [other]


def test_when_an_item_was_made_is_what_the_first_notice_of_that_says(store: Store) -> None:
    told = [("aprimo.activity.created", 60), ("aprimo.activity.created", 0), ("aprimo.activity.changed", -60)]
    notices = [
        replace(new_event(1, notice=str(number)), type=type_, time=START + timedelta(seconds=after_s))
        for number, (type_, after_s) in enumerate([*told, ("opentext.process.created", -60)])
    ]
    store.run(lambda tx: add(tx, [*notices, new_event(2)]))

    assert store.run(lambda tx: tx.differences.told_made(FLOW, [KEY, item(2)])) == {KEY: START}
    assert store.run(lambda tx: (tx.differences.told_made("other", [KEY]), tx.differences.told_made(FLOW, []))) == (
        {},
        {},
    )


def test_a_flow_is_in_use_since_its_first_full_run_that_came_to_its_end_began(store: Store, clock: Clock) -> None:
    cut_off = Run(id="rc-1", flow=FLOW, mode=Mode.FULL, started_at=START, ended_at=START)
    recent = replace(cut_off, id="rc-2", mode=Mode.RECENT, phase=Phase.OVER)
    first = replace(recent, id="rc-3", mode=Mode.FULL, started_at=clock.pass_s(60))
    later = replace(first, id="rc-4", started_at=clock.pass_s(60))

    for known in ((cut_off, recent), (later,), (first,)):
        for each in known:
            store.run(lambda tx, each=each: tx.differences.put_run(each))  # type: ignore[misc]  # As above.
        if known == (cut_off, recent):
            assert store.run(lambda tx: tx.differences.in_use_since(FLOW)) is None

    assert store.run(lambda tx: tx.differences.in_use_since(FLOW)) == first.started_at
    assert store.run(lambda tx: tx.differences.in_use_since("other")) is None


def test_links_are_found_by_their_item_and_by_their_process(store: Store) -> None:
    _running(store, 1, 2)
    begun_there = BusinessKey("opentext:process:p-3")
    store.run(lambda tx: tx.links.apply([(FLOW, begun_there, LinkChanges(item=item(3)))]))

    found = store.run(lambda tx: tx.differences.links_of(FLOW, [item(1), item(3), item(4)]))
    by_instance = store.run(lambda tx: tx.differences.links_of_instances(FLOW, ["p-2", "p-9"]))
    of_other = store.run(lambda tx: tx.differences.links_of_instances("other", ["p-2"]))

    assert {key: [link.business_key for link in links] for key, links in found.items()} == {
        item(1): [item(1)],
        item(3): [begun_there],
    }
    assert {instance: link.business_key for instance, link in by_instance.items()} == {"p-2": item(2)}
    assert of_other == {}


def test_what_lives_and_was_not_met_by_a_run_is_unseen(store: Store) -> None:
    _running(store, 1, 2, 3)
    store.run(lambda tx: tx.links.apply([(FLOW, item(4), LinkChanges(revision=1))]))
    links = store.run(lambda tx: tx.links.of([(FLOW, item(number)) for number in (1, 2, 3)]))

    def mark(run: str, *numbers: int) -> None:
        met = [links[FLOW, item(number)] for number in numbers]
        store.run(lambda tx: tx.differences.mark(run, items=met, processes=met[:1]))

    mark("rc-1", 1, 2, 3)
    mark("rc-2", 1, 3)

    unseen_items = store.run(lambda tx: tx.differences.unseen_items(FLOW, "rc-2", limit=9))
    unseen_processes = store.run(lambda tx: tx.differences.unseen_processes(FLOW, "rc-2", limit=1))
    met = store.run(lambda tx: tx.differences.met_items(FLOW, "rc-2", [item(1), item(2), item(9)]))
    assert met == {item(1)}
    assert [link.business_key for link in unseen_items] == [item(2)]
    assert [link.business_key for link in unseen_processes] == [item(2)]


def test_what_a_newer_run_has_met_an_older_one_that_goes_on_beside_it_need_not_look_at(store: Store) -> None:
    _running(store, 1, 2, 3)
    links = store.run(lambda tx: tx.links.of([(FLOW, item(number)) for number in (1, 2)]))

    def mark(run: str, number: int) -> None:
        met = [links[FLOW, item(number)]]
        store.run(lambda tx: tx.differences.mark(run, items=met, processes=met))

    mark("rc-1", 1)
    mark("rc-2", 1)
    mark("rc-2", 2)
    mark("rc-1", 2)
    mark("rc-1", 1)

    def unseen(run: str) -> list[list[BusinessKey]]:
        return store.run(
            lambda tx: [
                [link.business_key for link in tx.differences.unseen_items(FLOW, run, limit=9)],
                [link.business_key for link in tx.differences.unseen_processes(FLOW, run, limit=9)],
            ]
        )

    every = [item(number) for number in (1, 2, 3)]
    met = store.run(lambda tx: [tx.differences.met_items(FLOW, run, every) for run in ("rc-1", "rc-2", "rc-3")])
    assert met == [{item(1), item(2)}, {item(1), item(2)}, frozenset()]
    assert [unseen(run) for run in ("rc-1", "rc-2", "rc-3")] == [[[item(3)]] * 2, [[item(3)]] * 2, [every] * 2]


def test_a_part_is_met_with_its_item_for_it_is_on_no_list_by_itself(store: Store) -> None:
    parts = [BusinessKey(f"{item(number)}#DACH") for number in (1, 2)]
    running = ProcessRow(revision=1, process_key="localization", state=ProcessState.RUNNING)
    begun = [LinkChanges(processes=(replace(running, instance_id=InstanceId(f"p-{key}")),)) for key in parts]
    changes = [(FLOW, item(number), LinkChanges(revision=1)) for number in (1, 2)]
    changes += [(FLOW, key, change) for key, change in zip(parts, begun, strict=True)]
    store.run(lambda tx: tx.links.apply(changes))
    links = store.run(lambda tx: tx.links.of([(FLOW, key) for key in (item(1), *parts)]))
    shown, living = links[FLOW, item(1)], [links[FLOW, key] for key in parts]
    store.run(lambda tx: tx.differences.mark("rc-1", items=[shown], processes=living))
    run = Run(id="rc-1", flow=FLOW, mode=Mode.FULL, started_at=START)

    left = store.run(lambda tx: not_met(tx, run, 9))

    assert [link.business_key for link in left] == [parts[1]]


def test_it_is_known_what_was_told_of_an_item_and_how_it_ended(store: Store, clock: Clock) -> None:
    told, ours, open_ = store.run(
        lambda tx: add(
            tx,
            [
                new_event(1, notice="1"),
                replace(new_event(1, notice="2"), source="operator"),
                new_event(1, notice="3", side=Side.OPENTEXT),
            ],
        )
    )
    ends = [
        EventMove(id=each, before=EventState.ACCEPTED, after=EventState.IGNORED, reason="unchanged")
        for each in (told, ours)
    ]
    store.run(lambda tx: tx.events.move(ends))

    known = store.run(lambda tx: tx.differences.known(FLOW, [KEY]))[KEY]

    assert [(each.event_id, each.side, each.state, each.reason) for each in known.told] == [
        (open_, "opentext", "accepted", ""),
        (told, "aprimo", "ignored", "unchanged"),
    ]
    assert [each.event_id for each in known.open_events] == [open_]
    assert (known.letter, known.written, known.mapping_version) == ("", (), "")


def test_it_is_known_which_letter_holds_an_item_and_by_which_words_it_was_written(store: Store) -> None:
    (event_id,) = store.run(lambda tx: add(tx, [new_event(1)]))
    store.run(lambda tx: tx.links.apply([(FLOW, KEY, LinkChanges(mapping_version="0a1b"))]))
    store.run(lambda tx: tx.links.apply([(FLOW, KEY, LinkChanges(state="later"))]))
    dead = EventMove(id=event_id, before=EventState.ACCEPTED, after=EventState.DEAD, reason="forbidden")
    store.run(lambda tx: tx.events.move([dead]))
    letter = NewLetter(event_id=event_id, delivery_id=None, code="forbidden", hint="")
    (letter_id,) = store.run(lambda tx: tx.letters.open([letter]))

    known = store.run(lambda tx: tx.differences.known(FLOW, [KEY, item(2)]))

    assert (known[KEY].letter, known[KEY].letter_code, known[KEY].mapping_version) == (letter_id, "forbidden", "0a1b")
    assert [each.state for each in known[KEY].open_events] == ["dead"]
    assert (known[item(2)].letter, known[item(2)].told) == ("", ())


def test_it_is_known_what_we_wrote_and_when(store: Store, clock: Clock) -> None:
    (claim,) = claimed(store, 1)
    cause = Cause(event_id=EventId("ev-1-1"), plan_number=1)
    store.run(lambda tx: tx.deliveries.plan([(cause, [set_fields(1, extrAttr306="brand: open")])]))
    (planned,) = store.run(lambda tx: tx.deliveries.open_of([cause.event_id]))[cause.event_id]
    begun = NewAttempt(delivery_id=planned.id, number=1, purpose=Purpose.SEND, token=claim.token)
    store.run(lambda tx: tx.deliveries.begin([begun]))
    at = clock.pass_s(2)
    ended = AttemptEnd(
        delivery_id=planned.id, number=1, outcome="sent", before=DeliveryState.SENDING, after=DeliveryState.DONE
    )
    store.run(lambda tx: tx.deliveries.end([ended]))

    (written,) = store.run(lambda tx: tx.differences.known(FLOW, [KEY]))[KEY].written

    assert (written.delivery_id, written.kind, written.at) == (planned.id, "pm.set_fields", at)
    assert written.fields == {"extrAttr306": "brand: open"}


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_is_asked_for_nothing(store: Store, count: int) -> None:
    keys = [item(9)] * count

    assert store.run(lambda tx: tx.differences.links_of(FLOW, keys)) == {}
    assert store.run(lambda tx: tx.differences.undone(FLOW, keys)) == []
    assert store.run(lambda tx: tx.differences.links_of_instances(FLOW, [f"p-{key}" for key in keys])) == {}
