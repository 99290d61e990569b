"""Polling over a real store: windows, watermarks, and what is accepted of what was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from pipeline.errors import TransientError
from pipeline.feeds import AuditRow, ChangedItem, ListedItem, Page, SeenInstance
from pipeline.pauses import pause
from pipeline.plan import LinkChanges, ProcessRow, Wake
from pipeline.polling import poll_aprimo, poll_opentext, poll_opentext_lists
from pipeline.ports import Bounds, SeenRow, Store, Tx
from pipeline.routes import Routes
from pipeline.watch import OVERDUE, WATCHES, look
from pipeline.windows import LAG_S
from pipeline.words import BusinessKey, InstanceId, ProcessState, WakeReason
from tests.support.fakes import FLOW, T0, World, make_world
from tests.support.states import States

ROUTES = Routes(
    by_kind={"activity": (FLOW,)}, by_process={"testProcess": (FLOW,)}, kinds_of={FLOW: frozenset({"activity"})}
)
KEY = BusinessKey("aprimo:activity:1")


def item(number: int, *, kind: str = "activity", said: str = "") -> ChangedItem:
    return ChangedItem(
        kind=kind,
        object_id=number,
        modified_at=T0,
        dedupe_key=f"aprimo.pm.poll:{kind}:{number}:{said}",
        row={"id": number, "said": said},
    )


def row(number: int, row_hash: str) -> ListedItem:
    return ListedItem(kind="generic_object_alpha", object_id=number, row_hash=row_hash, row={"id": number})


@dataclass
class FakeAprimoFeed:
    """Answers each read of activities with the next list of pages; the last one again and again."""

    answers: list[list[Page]]
    windows: list[tuple[datetime, datetime]] = field(default_factory=list)
    dated: tuple[str, ...] = ("activity",)
    undated: tuple[str, ...] = ()
    rows: list[tuple[ListedItem, ...]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    failing: str = ""

    def changed(self, kind: str, since: datetime, until: datetime, bounds: Bounds) -> Iterator[Page]:
        self.asked.append(kind)
        if kind == self.failing:
            raise TransientError(f"no {kind} today")
        self.windows.append((since, until))
        yield from self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def listed(self, kind: str, bounds: Bounds) -> Iterator[tuple[ListedItem, ...]]:
        self.asked.append(kind)
        yield from self.rows


@dataclass
class FakeOpenTextFeed:
    rows: dict[str, tuple[AuditRow, ...]] = field(default_factory=dict)
    instances: tuple[SeenInstance, ...] = ()

    def audit(self, stream: str, since: datetime, bounds: Bounds) -> Iterator[tuple[AuditRow, ...]]:
        yield self.rows.get(stream, ())

    def running(self, process_key: str, bounds: Bounds) -> Iterator[tuple[SeenInstance, ...]]:
        yield self.instances


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store)


def watermark(world: World, feed: str) -> datetime:
    checkpoint = world.store.run(lambda tx: tx.ledger.checkpoint(feed))
    assert checkpoint is not None
    return checkpoint.watermark


def audit_row(event_type: str = "process-end", *, item_id: str = "", business_key: str = KEY) -> AuditRow:
    return AuditRow(
        stream="process",
        event_type=event_type,
        instance_id="i-1",
        item_id=item_id,
        business_key=business_key,
        definition_id="testProcess:3:uuid",
        time="2026-02-03T10:00:00Z",
        at=T0,
        row={"id": "i-1"},
    )


def run_process(world: World, *, seen_hash: str) -> None:
    """As if a process of the link had been started and settled."""
    row = ProcessRow(
        revision=1,
        process_key="testProcess",
        state=ProcessState.RUNNING,
        instance_id=InstanceId("i-1"),
        seen_hash=seen_hash,
    )

    def apply(tx: Tx) -> None:
        tx.links.apply([(FLOW, KEY, LinkChanges(revision=1, processes=(row,)))])

    world.store.run(apply)


def test_a_changed_item_is_accepted_once_however_often_its_window_is_read(world: World, states: States) -> None:
    feed = FakeAprimoFeed([[Page(items=(item(1), item(2)), total=2)]])

    first = poll_aprimo(feed, ROUTES, overlap_s=300.0, ports=world.ports)
    second = poll_aprimo(feed, ROUTES, overlap_s=300.0, ports=world.ports)

    assert (first.rows, first.stored, second.rows, second.stored) == (2, 2, 2, 0)
    assert states.receipts() == 2


def test_two_edits_within_one_second_are_two_changes(world: World) -> None:
    feed = FakeAprimoFeed([[Page(items=(item(1, said="a"),))], [Page(items=(item(1, said="b"),))]])

    polled = [poll_aprimo(feed, ROUTES, overlap_s=300.0, ports=world.ports).stored for _ in range(2)]

    assert polled == [1, 1]


def test_the_next_window_begins_an_overlap_before_the_watermark(world: World) -> None:
    feed = FakeAprimoFeed([[Page(items=())]])

    poll_aprimo(feed, ROUTES, overlap_s=300.0, ports=world.ports)
    reached = watermark(world, "aprimo.activity")
    poll_aprimo(feed, ROUTES, overlap_s=300.0, ports=world.ports)

    assert feed.windows[0][1] == reached
    assert feed.windows[1][0] == reached - timedelta(seconds=300)


def test_a_window_ends_before_now_because_the_source_may_still_be_writing(world: World) -> None:
    feed = FakeAprimoFeed([[Page(items=())]])
    before = world.store.run(lambda tx: tx.now)

    poll_aprimo(feed, ROUTES, overlap_s=0.0, ports=world.ports)

    assert feed.windows[0][1] - before < timedelta(seconds=1) - timedelta(seconds=LAG_S)


def test_a_list_that_moved_while_it_was_paged_is_read_again(world: World) -> None:
    moving = [Page(items=(item(1),), total=2), Page(items=(), total=1)]
    steady = [Page(items=(item(1), item(2)), total=2)]
    feed = FakeAprimoFeed([moving, steady])

    poll_aprimo(feed, ROUTES, overlap_s=0.0, ports=world.ports)

    assert len(feed.windows) == 2
    assert feed.windows[0] == feed.windows[1]


# ---- several kinds -------------------------------------------------------------------------------------------------


def test_every_kind_has_a_watermark_of_its_own_and_one_that_fails_holds_up_no_other(world: World) -> None:
    feed = FakeAprimoFeed([[Page(items=())]], dated=("activity", "record", "task"), failing="record")

    with pytest.raises(TransientError, match="no record today"):
        poll_aprimo(feed, ROUTES, overlap_s=0.0, ports=world.ports)

    assert sorted(feed.asked) == ["activity", "record", "task"]
    day = timedelta(days=1)
    read = [watermark(world, f"aprimo.{kind}") for kind in ("activity", "task")]
    assert min(read) - watermark(world, "aprimo.record") > day - timedelta(seconds=10)


def test_the_kind_that_was_longest_unread_is_read_first(world: World) -> None:
    feed = FakeAprimoFeed([[Page(items=())]], dated=("activity", "record", "task"), failing="task")
    for _ in range(2):
        with pytest.raises(TransientError):
            poll_aprimo(feed, ROUTES, overlap_s=0.0, ports=world.ports)

    assert feed.asked[3:] == ["task", "activity", "record"]


def test_a_kind_that_the_time_does_not_reach_stays_as_it_is(world: World) -> None:
    now = [0.0]
    slow = replace(world.ports, monotonic=lambda: now[0])

    class Slow(FakeAprimoFeed):
        def changed(self, kind: str, since: datetime, until: datetime, bounds: Bounds) -> Iterator[Page]:
            now[0] = bounds.no_call_after
            return super().changed(kind, since, until, bounds)

    feed = Slow([[Page(items=())]], dated=("activity", "task"))
    poll_aprimo(feed, ROUTES, overlap_s=0.0, ports=slow)
    now[0] = 0.0
    poll_aprimo(feed, ROUTES, overlap_s=0.0, ports=slow)

    assert feed.asked == ["activity", "task"]
    assert watermark(world, "aprimo.task")


CASES = Routes(
    by_kind={"generic_object_alpha": (FLOW,)}, by_process={}, kinds_of={FLOW: frozenset({"generic_object_alpha"})}
)


def told(world: World, *rows: ListedItem) -> tuple[int, int]:
    """Rows read and events stored of one comparison."""
    feed = FakeAprimoFeed([], dated=(), undated=("generic_object_alpha",), rows=[rows])
    polled = poll_aprimo(feed, CASES, overlap_s=0.0, ports=world.ports)
    return polled.rows, polled.stored


def test_rows_without_a_time_are_told_of_when_they_differ_from_the_last_look(world: World, states: States) -> None:
    looks = [
        told(world, row(1, "a"), row(2, "a")),
        told(world, row(1, "a"), row(2, "a")),
        told(world, row(1, "b"), row(2, "a"), row(3, "a")),
    ]

    assert looks == [(2, 2), (2, 0), (3, 2)]
    assert states.lines() == [f"{FLOW}/aprimo:generic_object_alpha:{number}" for number in (1, 2, 3)]
    assert watermark(world, "aprimo.generic_object_alpha")


def test_a_change_of_a_row_that_is_taken_back_is_a_change_of_its_own(world: World) -> None:
    assert [told(world, row(1, each))[1] for each in ("a", "b", "a", "b", "b")] == [1, 1, 1, 1, 0]


def test_a_comparison_that_died_before_it_was_kept_tells_the_same_once_more_under_the_same_key(world: World) -> None:
    told(world, row(1, "a"))
    told(world, row(1, "b"))

    def forget(tx: Tx) -> None:
        tx.ledger.save_seen_rows("aprimo.generic_object_alpha", [SeenRow(object_id="1", hash="a", changes=1)])

    world.store.run(forget)

    assert told(world, row(1, "b")) == (1, 0)


# ---- OpenText ------------------------------------------------------------------------------------------------------


def test_an_audit_row_stands_on_the_line_of_its_business_key(world: World, states: States) -> None:
    feed = FakeOpenTextFeed(rows={"process": (audit_row(),)})

    poll_opentext(feed, ROUTES, overlap_s=120.0, ports=world.ports)

    assert states.lines() == [f"{FLOW}/{KEY}"]


def test_a_row_without_a_key_of_ours_finds_the_line_of_its_known_instance(world: World, states: States) -> None:
    run_process(world, seen_hash="")
    feed = FakeOpenTextFeed(rows={"process": (audit_row(business_key=""),)})

    poll_opentext(feed, ROUTES, overlap_s=120.0, ports=world.ports)

    assert states.lines() == [f"{FLOW}/{KEY}"]


def test_a_row_of_an_instance_nobody_knows_gets_a_line_of_its_own(world: World, states: States) -> None:
    feed = FakeOpenTextFeed(rows={"process": (audit_row(business_key=""),)})

    poll_opentext(feed, ROUTES, overlap_s=120.0, ports=world.ports)

    assert states.lines() == [f"{FLOW}/opentext:process:i-1"]


def test_a_row_of_a_model_that_no_flow_runs_is_passed_over(world: World, states: States) -> None:
    row = AuditRow(
        stream="process",
        event_type="process-end",
        instance_id="i-9",
        item_id="",
        business_key="",
        definition_id="other:1:uuid",
        time="2026-02-03T10:00:00Z",
        at=T0,
        row={},
    )

    polled = poll_opentext(FakeOpenTextFeed(rows={"process": (row,)}), ROUTES, overlap_s=0.0, ports=world.ports)

    assert (polled.rows, polled.stored, states.lines()) == (1, 0, [])


def test_the_list_poll_tells_only_of_instances_that_differ_from_what_was_seen(world: World, states: States) -> None:
    run_process(world, seen_hash="a")
    feed = FakeOpenTextFeed(instances=(SeenInstance(instance_id="i-1", business_key=KEY, seen_hash="a"),))

    same = poll_opentext_lists(feed, ROUTES, ports=world.ports)
    feed.instances = (SeenInstance(instance_id="i-1", business_key=KEY, seen_hash="b"),)
    differs = poll_opentext_lists(feed, ROUTES, ports=world.ports)

    assert (same.stored, differs.stored) == (0, 1)
    assert states.lines() == [f"{FLOW}/{KEY}"]


def test_a_change_that_is_taken_back_is_a_second_change(world: World) -> None:
    run_process(world, seen_hash="a")
    feed = FakeOpenTextFeed(instances=(SeenInstance(instance_id="i-1", business_key=KEY, seen_hash="b"),))
    poll_opentext_lists(feed, ROUTES, ports=world.ports)
    run_process(world, seen_hash="b")
    feed.instances = (SeenInstance(instance_id="i-1", business_key=KEY, seen_hash="a"),)
    poll_opentext_lists(feed, ROUTES, ports=world.ports)
    run_process(world, seen_hash="a")
    feed.instances = (SeenInstance(instance_id="i-1", business_key=KEY, seen_hash="c"),)

    assert poll_opentext_lists(feed, ROUTES, ports=world.ports).stored == 1


def test_a_change_made_undone_and_made_again_is_told_each_time(world: World) -> None:
    stored = []
    for before, after in (("a", "b"), ("b", "a"), ("a", "b"), ("b", "a")):
        run_process(world, seen_hash=before)
        feed = FakeOpenTextFeed(instances=(SeenInstance(instance_id="i-1", business_key=KEY, seen_hash=after),))
        stored.append(poll_opentext_lists(feed, ROUTES, ports=world.ports).stored)

    assert stored == [1, 1, 1, 1]


def test_a_running_process_that_is_in_no_list_any_more_is_looked_at(world: World) -> None:
    run_process(world, seen_hash="a")

    polled = [poll_opentext_lists(FakeOpenTextFeed(), ROUTES, ports=world.ports).stored for _ in range(2)]

    assert polled == [1, 0]


def test_a_window_that_cannot_be_read_to_its_end_keeps_what_was_read_and_is_halved(world: World) -> None:
    class Broken(FakeAprimoFeed):
        def changed(self, kind: str, since: datetime, until: datetime, bounds: Bounds) -> Iterator[Page]:
            self.windows.append((since, until))
            yield Page(items=(item(1),), total=9)
            raise TransientError("the budget is used up")

    feed = Broken([])
    for _ in range(2):
        with pytest.raises(TransientError):
            poll_aprimo(feed, ROUTES, overlap_s=0.0, ports=world.ports)

    first, second = (until - since for since, until in feed.windows)
    assert second == first / 2


def test_a_row_that_sql_refuses_is_kept_and_does_not_stop_its_feed(world: World, states: States) -> None:
    broken = replace(item(2), object_id=object())  # type: ignore[arg-type] # JSON has no place for it
    feed = FakeAprimoFeed([[Page(items=(item(1), broken, item(3)))]])

    polled = poll_aprimo(feed, ROUTES, overlap_s=0.0, ports=world.ports)

    assert polled.stored == 2
    assert states.receipts() == 3
    assert watermark(world, "aprimo.activity")


def test_a_link_whose_time_has_come_is_told_once(world: World, states: States) -> None:

    def apply(tx: Tx) -> None:
        tx.links.apply([(FLOW, KEY, LinkChanges(wake=Wake(at=T0, reason=WakeReason.REVIEW_DUE)))])

    world.store.run(apply)

    assert [look(OVERDUE, world.ports), look(OVERDUE, world.ports)] == [1, 0]
    assert states.types() == ["signoff.due"]
    assert states.data() == [{"reason": "review_due", "due": T0.isoformat()}]


def test_a_watch_takes_only_what_is_due_for_its_reasons(world: World, states: States) -> None:
    def apply(tx: Tx) -> None:
        wakes = [(f"aprimo:activity:{number}", reason) for number, reason in enumerate(WakeReason)]
        tx.links.apply([(FLOW, BusinessKey(key), LinkChanges(wake=Wake(at=T0, reason=why))) for key, why in wakes])

    world.store.run(apply)

    assert [look(watch, world.ports) for watch in WATCHES] == [1] * len(WakeReason)
    assert [{WakeReason(row["reason"])} for row in states.data()] == [set(watch.reasons) for watch in WATCHES]


def test_each_reason_has_one_watch() -> None:
    assert sorted(reason for watch in WATCHES for reason in watch.reasons) == sorted(WakeReason)


def test_polls_of_a_paused_vendor_keep_accepting(world: World, states: States) -> None:
    pause("vendor:aprimo", until=None, reason="month end", by="anna", store=world.store)
    feed = FakeAprimoFeed([[Page(items=(item(1), item(2)), total=2)]])

    polled = poll_aprimo(feed, ROUTES, overlap_s=0, ports=world.ports)

    assert (polled.stored, states.events()) == (2, ["accepted", "accepted"])
