"""Reconciliation finds what differs, names the cause, and costs pages alone where nothing does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline import heal, reconcile
from pipeline.errors import PermanentError, PipelineError
from pipeline.events import Event
from pipeline.flows.shared.values import instant
from pipeline.missed import may_have_missed
from pipeline.plan import Link, LinkChanges, Snapshot, Snapshots, Want
from pipeline.ports import Bounds, Mode, Store
from pipeline.ports.inventory import ItemPage, ProcessPage
from pipeline.walk import Terms
from pipeline.words import InstanceId
from tests.support.brief_differences import standing
from tests.support.brief_office import Office, key
from tests.support.briefs import FLOW
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import Clock


@pytest.fixture
def office(clock: Clock) -> Office:
    """The rules of a run need no database; what it asks of one is proven with the store, and below on each."""
    return Office(store=MemoryStore(clock), clock=clock)


@pytest.fixture
def everywhere(ticking: Store, clock: Clock) -> Office:
    return Office(store=ticking, clock=clock, page=2)


def test_items_that_agree_cost_list_pages_and_nothing_more(office: Office) -> None:
    office.submit(*range(1, 8))
    office.approve(1, 2)
    office.in_aprimo.reads.clear()
    office.in_opentext.reads.clear()

    step = office.reconcile()

    assert (step.found, office.differences()) == ((), {})
    assert (office.in_aprimo.reads, office.in_opentext.reads) == ([], [])
    assert step.run.counts == {
        "item_pages": 3,
        "items": 7,
        "process_pages": 2,
        "processes": 5,
    }
    assert step.run.report == {
        "by": "signoff",
        "words": office.flow.bound.mapping_version,
        "item_rows": "whole",
        "process_rows": "whole",
    }


def test_differences_of_every_phase_are_found_on_every_database(everywhere: Office) -> None:
    office = everywhere
    office.submit(1, 2, 3)
    office.edit(1, matrix="scribble")
    del office.opentext.processes[office.live(2).instance_id]
    del office.aprimo.things["activity", "3"]
    office.write_brief(4)

    office.reconcile()
    first = standing(office)
    office.reconcile(Mode.RECENT)

    assert first == {
        1: [("matrix", "edited_in_aprimo")],
        2: [("process", "process_missing")],
        3: [("process", "item_deleted")],
        4: [("process", "notice_missing")],
    }
    assert standing(office) == first


def test_a_submission_that_nobody_told_of_is_found_and_kept_with_its_cause(office: Office) -> None:
    office.submit(1)
    office.write_brief(2)

    step = office.reconcile()

    assert standing(office) == {2: [("process", "notice_missing")]}
    assert step.run.report["causes"] == {"notice_missing": 1}
    assert (step.run.counts["suspects"], step.run.counts["differences"]) == (1, 1)


def test_what_agrees_again_is_closed(office: Office) -> None:
    office.submit(1)
    shown = office.field(1, "matrix")
    office.edit(1, matrix="scribble")
    office.reconcile()
    office.edit(1, matrix=shown)

    office.reconcile()

    assert standing(office) == {}
    assert [(each.field, each.closed_by) for each in office.differences(is_open=None)[1]] == [("matrix", "agrees")]


def test_a_process_that_vanished_from_both_lists_is_looked_for(office: Office) -> None:
    office.submit(1, 2)
    del office.opentext.processes[office.live(1).instance_id]

    office.reconcile(Mode.RECENT)

    assert standing(office) == {1: [("process", "process_missing")]}


def test_an_item_that_vanished_is_found_by_a_full_run(office: Office) -> None:
    office.submit(1, 2)
    del office.aprimo.things["activity", "1"]

    office.reconcile()

    assert standing(office) == {1: [("process", "item_deleted")]}


def test_a_second_process_of_a_brief_is_found_on_the_list(office: Office) -> None:
    office.submit(1)
    office.opentext.keep(replace(office.live(1), instance_id=InstanceId("another")))

    office.reconcile()

    assert standing(office) == {1: [("process", "process_doubled")]}


def test_a_run_of_recent_changes_reads_what_changed_since_the_run_before(office: Office) -> None:
    office.submit(*range(1, 6))
    office.clock.pass_s(600)
    office.reconcile()
    office.edit(3, matrix="scribble")

    step = office.reconcile(Mode.RECENT)

    assert step.run.counts["items"] == 1
    assert standing(office) == {3: [("matrix", "edited_in_aprimo")]}


def test_what_is_made_after_the_first_full_run_and_approved_by_hand_stands_until_it_is_put_back(
    office: Office,
) -> None:
    office.write_brief(1, "in_production")
    office.thing(1)["created"] = office.clock.now - timedelta(seconds=1)
    office.write_brief(2, "in_production")
    first = office.reconcile()
    office.write_brief(3, "in_production")
    office.thing(3)["created"] = office.clock.now
    office.in_aprimo.reads.clear()

    office.reconcile(Mode.RECENT)
    (found,) = office.differences()[3]
    read = [want.object_id for want in office.in_aprimo.reads]
    office.reconcile()
    refused = heal.heal([found.id], by="operator", ports=office.ports)
    stands = standing(office)
    office.put_state(3, 1)
    office.reconcile(Mode.RECENT)

    assert (first.found, read) == ((), ["3"])
    assert (found.cause, found.policy, found.evidence["in_use_since"]) == (
        "process_missing",
        "never",
        instant(first.run.started_at),
    )
    assert [each.reason for each in refused] == ["never"]
    assert (stands, standing(office)) == ({3: [("process", "process_missing")]}, {})


def test_a_notice_says_when_an_item_was_made_where_aprimo_shows_no_time_for_that(everywhere: Office) -> None:
    office = everywhere
    for number, moment in ((1, "created"), (2, "changed")):
        office.write_brief(number, "in_production")
        office.tell(number, moment=moment)
    office.rest()
    told_at = office.clock.now
    office.clock.pass_s(-60)
    office.reconcile()
    office.in_aprimo.reads.clear()

    office.reconcile()

    assert standing(office) == {1: [("process", "process_missing")]}
    assert office.differences()[1][0].evidence["created_at"] == instant(told_at)
    assert [want.object_id for want in office.in_aprimo.reads] == ["1"]


def test_known_differences_are_looked_at_by_every_run(office: Office) -> None:
    office.submit(1)
    shown = office.field(1, "matrix")
    office.edit(1, matrix="scribble")
    office.reconcile()
    office.edit(1, matrix=shown)
    office.thing(1)["modified"] = office.clock.now - timedelta(days=9)

    office.reconcile(Mode.RECENT)

    assert standing(office) == {}


def test_an_item_that_cannot_be_read_is_named_and_holds_up_no_other(office: Office) -> None:
    office.submit(1, 2)
    office.edit(1, matrix="scribble")
    office.edit(2, matrix="scribble")
    office.in_aprimo.unreadable["1"] = PermanentError("hidden", "Nobody may see it.", status=403)

    step = office.reconcile()

    assert standing(office) == {2: [("matrix", "edited_in_aprimo")]}
    assert step.run.report["unread"] == {key(1): "hidden"}


def test_an_item_whose_row_cannot_be_read_is_named_unless_it_is_read_by_itself_and_one_without_name_counted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.submit(1)
    listed = ItemPage(items=(), cursor="", unread=(key(1), key(2)), nameless=1)
    monkeypatch.setattr(office, "items", lambda *_: iter([listed]))

    run = office.reconcile().run

    assert (run.report["unread"], run.counts["unread"]) == ({key(2): "answer_unexpected"}, 2)
    assert may_have_missed(run, [key(1)])


def test_a_run_whose_list_moved_says_so_and_counts_it_among_what_it_missed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [ItemPage(items=(), cursor=cursor, has_moved=True) for cursor in ("3", "")]
    monkeypatch.setattr(office, "items", lambda *_: iter(listed))

    run = office.reconcile().run

    assert (run.report["listed"], run.counts["moved"]) == ("moved meanwhile", 1)


def differs_on_both_lists(office: Office) -> None:
    """Both phases of a run have reason to look at this brief."""
    office.submit(1)
    office.edit(1, matrix="scribble")
    office.set_variables(1, briefDescription="Typed there")


def test_what_a_later_phase_of_a_run_reads_is_no_longer_unread(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    differs_on_both_lists(office)
    office.in_aprimo.unreadable["1"] = PermanentError("hidden", "Nobody may see it.", status=403)
    listed = office.processes

    def readable_again(flow: str, cursor: str, bounds: Bounds) -> Iterator[ProcessPage]:
        office.in_aprimo.unreadable.clear()
        return listed(flow, cursor, bounds)

    monkeypatch.setattr(office, "processes", readable_again)
    step = office.reconcile()

    assert standing(office) == {1: [("matrix", "edited_in_aprimo"), ("description", "edited_in_opentext")]}
    assert (step.run.counts["unread"], step.run.counts["suspects"]) == (0, 2)
    assert "unread" not in step.run.report


def test_what_a_later_phase_of_a_run_finds_at_rest_has_no_longer_moved_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    differs_on_both_lists(office)
    read = office.in_aprimo.read

    def moves_on_once(wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        monkeypatch.setattr(office.in_aprimo, "read", read)
        office.store.run(lambda tx: tx.links.apply([(FLOW, key(1), LinkChanges(state="moved"))]))
        return read(wants, bounds)

    monkeypatch.setattr(office.in_aprimo, "read", moves_on_once)
    step = office.reconcile()

    assert standing(office) == {1: [("matrix", "edited_in_aprimo"), ("description", "edited_in_opentext")]}
    assert (step.run.counts["moved"], step.run.counts["suspects"]) == (0, 2)
    assert "moved" not in step.run.report


@pytest.mark.parametrize("fails_once_read", [False, True])
def test_an_item_whose_rules_fail_before_it_is_read_whole_is_named_and_not_taken_for_empty(
    office: Office, monkeypatch: pytest.MonkeyPatch, *, fails_once_read: bool
) -> None:
    office.submit(1, 2)
    office.edit(1, matrix="scribble")
    office.edit(2, matrix="scribble")
    office.reconcile()
    known = standing(office)
    sound = office.flow.bound.wants

    def wants(event: Event, snapshots: Snapshots, link: Link | None) -> tuple[Want, ...]:
        if event.subject == key(1) and bool(snapshots) is fails_once_read:
            raise ValueError("no such word")
        return sound(event, snapshots, link)

    monkeypatch.setattr(office.flow, "wants", wants, raising=False)
    step = office.reconcile()

    assert standing(office) == known == {number: [("matrix", "edited_in_aprimo")] for number in (1, 2)}
    assert step.run.report["unread"] == {key(1): "plan_failed"}


def test_a_run_that_keeps_nothing_shows_what_it_found(office: Office) -> None:
    office.submit(1)
    office.edit(1, matrix="scribble")

    step = office.reconcile(is_kept=False)

    assert [(each.key, each.explained.cause, each.kept) for each in step.found] == [
        (key(1), "edited_in_aprimo", None)
    ]
    assert office.differences(is_open=None) == {}
    assert office.store.run(lambda tx: tx.differences.runs()) == []


def test_one_item_is_compared_by_itself(office: Office) -> None:
    office.submit(1, 2)
    office.edit(1, matrix="scribble")
    office.edit(2, matrix="scribble")
    office.pages = 0

    step = reconcile.compare_item(FLOW, key(2), Terms(), office.ports)

    assert standing(office) == {2: [("matrix", "edited_in_aprimo")]}
    assert (step.run.mode, step.is_over, office.pages) == (Mode.ITEM, True, 0)


def test_rows_that_carry_little_have_items_read_that_somebody_touched_or_that_live(office: Office) -> None:
    office.is_whole = False
    office.submit(1, 2)
    office.approve(1)
    office.in_aprimo.reads.clear()

    step = office.reconcile()

    assert [want.object_id for want in office.in_aprimo.reads] == ["2"]
    assert step.run.report["item_rows"] == "parts"


def test_the_timetables_step_takes_the_flow_that_waited_longest_and_leaves_what_is_not_due(office: Office) -> None:
    office.submit(1)

    def work() -> int:
        return len(reconcile.work({Mode.FULL: 3600.0}, inventory=office.inventory, terms=Terms(), ports=office.ports))

    assert (work(), work()) == (1, 0)
    office.clock.pass_s(3601)
    assert work() == 1
