"""A run of reconciliation goes on after an interruption: where it was cut off, whoever else compares meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from pipeline import reconcile
from pipeline.errors import GateClosedError, PipelineError, TransientError
from pipeline.flows.registry import bind
from pipeline.plan import Snapshot, Want
from pipeline.ports import Bounds, Gate, Mode, Phase, Run
from pipeline.walk import Terms
from pipeline.words import GateKind, Side, WaitReason
from tests.support.brief_differences import standing
from tests.support.brief_office import Office, OfficeVendor, key
from tests.support.briefs import FLOW, words
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import Clock


@pytest.fixture
def office(clock: Clock) -> Office:
    """The rules of a run need no database; what it asks of one is proven with the store."""
    return Office(store=MemoryStore(clock), clock=clock)


def test_a_run_that_was_cut_off_goes_on_where_it_was(office: Office) -> None:
    office.submit(*range(1, 8))
    office.edit(7, matrix="scribble")
    office.pages = 0
    terms = Terms(calls=1)

    runs = []
    for _ in range(20):
        run = reconcile.begin(FLOW, Mode.FULL, terms, office.ports)
        step = reconcile.step(run, office.inventory, terms, office.ports)
        runs.append(step.run.id)
        if step.is_over:
            break

    assert len(set(runs)) == 1
    assert office.pages == 6
    assert step.run.report["listed"] == "in parts"
    assert step.run.phase is Phase.OVER
    assert standing(office) == {7: [("matrix", "edited_in_aprimo")]}


def test_a_run_that_goes_on_by_other_words_was_made_by_none(office: Office) -> None:
    began = reconcile.begin(FLOW, Mode.FULL, Terms(), office.ports)
    same = reconcile.begin(FLOW, Mode.FULL, Terms(), office.ports)
    office.flow.bound = bind(FLOW, replace(words(), type_ids=frozenset({17, 18})))
    other = reconcile.begin(FLOW, Mode.FULL, Terms(), office.ports)

    assert same == began
    assert (other.id, other.report["words"]) == (began.id, "")


def test_a_new_run_begins_once_the_last_one_has_ended(office: Office) -> None:
    first = office.reconcile()

    assert reconcile.begin(FLOW, Mode.FULL, Terms(), office.ports).id != first.run.id


def test_a_vendor_that_is_away_ends_the_step_and_the_page_is_read_again(office: Office) -> None:
    office.submit(1)
    office.edit(1, matrix="scribble")
    office.in_aprimo.unreadable["1"] = TransientError("no connection", is_outage=True)

    with pytest.raises(TransientError):
        office.reconcile()
    office.in_aprimo.unreadable.clear()
    office.reconcile()

    assert standing(office) == {1: [("matrix", "edited_in_aprimo")]}
    assert len({run.id for run in office.store.run(lambda tx: tx.differences.runs(FLOW))}) == 1


# ---- little room ---------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Scarce(OfficeVendor):
    """A vendor whose rate budget is used up for every other read; each takes its time on the office's clock."""

    asked: int = 0

    def read(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        read: dict[Want, Snapshot | PipelineError] = {}
        for want in wants:
            self.asked += 1
            self.office.pages += 1
            used_up = TransientError("used up", wait_s=1.0, is_outage=True, reason=WaitReason.VENDOR_WAIT)
            read[want] = used_up if self.asked % 2 else super().read([want], bounds)[want]
        return read


def scarce(office: Office) -> None:
    """Both vendors have little room from now on."""
    for side in Side:
        before = office.ports.vendors[side]
        assert isinstance(before, OfficeVendor)
        office.ports.vendors[side] = Scarce(system=before.system, office=office)  # type: ignore[index] # It is a dict.


def many_scribbles(office: Office) -> dict[int, list[tuple[str, str]]]:
    """A page full of briefs that somebody edited, and what is to be found of them."""
    numbers = range(1, 31)
    office.submit(*numbers)
    for number in numbers:
        office.edit(number, matrix="scribble")
    return {number: [("matrix", "edited_in_aprimo")] for number in numbers}


def test_a_page_of_suspects_is_looked_at_in_several_steps_while_every_other_read_is_refused(office: Office) -> None:
    office.page = 100
    expected = many_scribbles(office)
    scarce(office)
    pauses: list[float] = []
    terms = Terms(lasts_s=20.0, pause=pauses.append)

    places = []
    for _ in range(40):
        run = reconcile.begin(FLOW, Mode.FULL, terms, office.ports)
        step = reconcile.step(run, office.inventory, terms, office.ports)
        places.append((step.run.phase, len(step.run.suspects)))
        if step.is_over:
            break

    assert step.is_over
    assert standing(office) == expected
    of_items = [left for phase, left in places if phase is Phase.PROCESSES]
    assert len(of_items) > 2
    assert of_items == sorted(of_items, reverse=True)
    assert set(pauses) <= {1.0}
    assert step.run.counts["item_pages"] == 1


def test_suspects_that_a_step_has_no_calls_for_are_left_to_the_next_one(office: Office) -> None:
    office.page = 100
    many_scribbles(office)
    terms = Terms(calls=7)

    run = reconcile.begin(FLOW, Mode.FULL, terms, office.ports)
    step = reconcile.step(run, office.inventory, terms, office.ports)

    assert 0 < len(step.run.suspects) < 30
    assert len(step.run.suspects) + len(office.differences()) == 30
    assert step.run == next(iter(office.store.run(lambda tx: tx.differences.runs(FLOW))))


def test_an_item_whose_own_read_fails_step_after_step_is_named_and_the_run_ends(office: Office) -> None:
    office.submit(1, 2)
    office.edit(1, matrix="scribble")
    office.edit(2, matrix="scribble")
    office.in_aprimo.unreadable["1"] = TransientError("it fails over there", status=500)
    failures = 0

    for _ in range(5):
        try:
            step = office.reconcile()
            break
        except TransientError:
            failures += 1

    assert failures == 2
    assert standing(office) == {2: [("matrix", "edited_in_aprimo")]}
    assert step.run.report["unread"] == {key(1): "read_failed"}


def test_a_paused_vendor_has_the_comparison_wait_before_a_list_is_read(office: Office) -> None:
    office.submit(1)
    gate = Gate(scope="vendor:opentext", kind=GateKind.PAUSE, reason="moving house", by="anna", until=None)
    office.store.run(lambda tx: tx.ledger.close_gate(gate))
    office.pages = 0

    with pytest.raises(GateClosedError, match="The gate of opentext is closed"):
        office.reconcile()

    assert office.pages == 0


# ---- whose run goes on ---------------------------------------------------------------------------------------------


def begun(office: Office, mode: Mode, by: str = "signoff") -> Run:
    """Somebody asks for a run, some minutes later."""
    office.clock.pass_s(600)
    return reconcile.begin(FLOW, mode, Terms(by=by), office.ports)


def test_a_persons_run_that_was_cut_off_goes_on_whatever_others_compare_meanwhile(office: Office) -> None:
    office.submit(1)
    cut_off = begun(office, Mode.FULL, "anna")
    begun(office, Mode.FULL, "bert")
    office.reconcile()

    assert begun(office, Mode.FULL, "anna").id == cut_off.id
    assert begun(office, Mode.RECENT, "anna").id != cut_off.id


def test_a_persons_run_that_was_cut_off_makes_nothing_due(office: Office) -> None:
    office.submit(1)
    office.reconcile()
    begun(office, Mode.FULL, "anna")

    worked = reconcile.work({Mode.FULL: 86_400.0}, inventory=office.inventory, terms=Terms(), ports=office.ports)

    assert worked == ()


def test_a_run_that_nobody_goes_on_with_is_ended_and_says_so(office: Office) -> None:
    left = begun(office, Mode.FULL, "anna")
    ours = begun(office, Mode.FULL)
    office.clock.pass_s(3 * 86_400.0)

    begun(office, Mode.RECENT)

    runs = {run.id: run for run in office.store.run(lambda tx: tx.differences.runs(FLOW))}
    assert runs[left.id].ended_at == office.clock.now
    assert runs[left.id].report["ended"] == "left for too long; newer comparisons have taken its place"
    assert runs[ours.id].ended_at is None


def test_recent_changes_are_read_since_the_last_run_that_came_to_its_end_however_many_looked_at_one_item(
    office: Office,
) -> None:
    office.submit(1)
    began = office.clock.now
    office.reconcile()
    for _ in range(25):
        reconcile.compare_item(FLOW, key(1), Terms(), office.ports)
    begun(office, Mode.FULL, "anna")
    office.clock.pass_s(3 * 86_400.0)

    assert reconcile.begin(FLOW, Mode.RECENT, Terms(), office.ports).since == began


def test_a_run_that_keeps_nothing_takes_nothing_out_of_the_hands_of_one_that_does(office: Office) -> None:
    office.submit(*range(1, 5))
    del office.aprimo.things["activity", "4"]
    del office.opentext.processes[office.live(3).instance_id]
    terms = Terms(calls=3)
    step = reconcile.step(
        reconcile.begin(FLOW, Mode.FULL, terms, office.ports), office.inventory, terms, office.ports
    )
    assert not step.is_over

    shown = office.reconcile(is_kept=False)
    office.reconcile()

    found = {3: [("process", "process_missing")], 4: [("process", "item_deleted")]}
    assert standing(office) == found
    assert {each.key: each.explained.cause for each in shown.found} == {
        key(3): "process_missing",
        key(4): "item_deleted",
    }
