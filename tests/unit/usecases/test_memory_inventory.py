"""Bulk reads in memory keep what the vendors' adapters promise of their pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipeline.plan import ProcessRead, Snapshot, TaskRead, Want
from pipeline.transport.times import sortable
from pipeline.words import BusinessKey, InstanceId, Side
from tests.support.fakes import T0
from tests.support.memory.inventory import MemoryItems, MemoryProcesses
from tests.support.vendor_parts import FLOW, PROCESS, bounds, words


def item(number: int, *, kind: str = "activity", role: str = "", is_absent: bool = False) -> Snapshot:
    want = Want(flow=FLOW, side=Side.APRIMO, kind=kind, object_id=str(number), role=role)
    version = sortable(T0 + timedelta(minutes=number))
    return Snapshot(want=want, read_at=T0, version=version, values={"name": "x", "case": "y"}, is_absent=is_absent)


def process(number: int, **changes: object) -> ProcessRead:
    made = ProcessRead(
        instance_id=InstanceId(f"i{number}"),
        process_key=PROCESS,
        business_key=BusinessKey(f"aprimo:activity:{number}"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # A process's own fields.


def test_items_of_the_flow_are_paged_by_id_and_a_cursor_goes_on() -> None:
    rows = [item(3), item(1), item(2), item(4, is_absent=True), item(5, kind="record"), item(6, role="campaign")]
    items = MemoryItems(snapshots={row.want: row for row in rows}, words={FLOW: words()}, page_size=2)

    pages = list(items.items(FLOW, None, "", bounds()))

    assert [[each.want.object_id for each in page.items] for page in pages] == [["1", "2"], ["3"]]
    assert ([page.cursor for page in pages], items.pages) == (["2", ""], 2)
    assert list(items.items(FLOW, None, "2", bounds())) == pages[1:]


def test_items_that_changed_since_then_are_those_with_a_version_from_then_on() -> None:
    items = MemoryItems(snapshots={row.want: row for row in map(item, (1, 2, 3))}, words={FLOW: words()})

    (page,) = items.items(FLOW, T0 + timedelta(minutes=2), "", bounds())

    assert [each.want.object_id for each in page.items] == ["2", "3"]


def test_rows_that_lack_something_say_so() -> None:
    items = MemoryItems(snapshots={item(1).want: item(1)}, words={FLOW: words()}, lacks=("case",))

    (page,) = items.items(FLOW, None, "", bounds())

    assert (page.is_whole, page.lacks, page.items[0].values) == (False, ("case",), {"name": "x"})


def test_living_processes_of_the_model_are_paged_with_their_open_tasks() -> None:
    tasks = (
        TaskRead(task_id="t1", definition_key="brand", ended_at=T0),
        TaskRead(task_id="t2", definition_key="legal"),
    )
    rows = [process(2, tasks=tasks), process(1), process(3, ended_at=T0), process(4, process_key="assetReview")]
    processes = MemoryProcesses(
        processes_by_id={row.instance_id: row for row in rows}, words={FLOW: words()}, page_size=1
    )

    pages = list(processes.processes(FLOW, "", bounds()))

    assert [each.instance_id for page in pages for each in page.processes] == ["i1", "i2"]
    assert [task.task_id for task in pages[1].processes[0].tasks] == ["t2"]
    assert ([page.cursor for page in pages], processes.pages) == (["1", ""], 2)


def test_where_there_is_nothing_one_empty_page_says_so() -> None:
    (page,) = MemoryProcesses(processes_by_id={}, words={FLOW: words()}).processes(FLOW, "", bounds())

    assert (page.processes, page.cursor) == ((), "")
