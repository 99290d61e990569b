"""All living processes of a flow in bulk: instances beside their tasks, and where the next page begins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.opentext.inventory import Processes
from pipeline.ports.inventory import ProcessPage
from tests.support.scripted_http import Given, ScriptedVendor, SentCall
from tests.support.vendor_parts import FLOW, bounds, new_opentext, opentext_options, words

INSTANCES, TASKS = "GET /workflow/v1/process-instances", "GET /workflow/v1/tasks"
FIRST, SECOND = ["a1", "a2", "a3"], ["b1", "b2"]


@pytest.fixture
def scripted() -> ScriptedVendor:
    return ScriptedVendor(token_path="/tenants/sandbox/oauth2/token")


def processes(scripted: ScriptedVendor, *, cursor: str = "", **options: Any) -> list[ProcessPage]:  # noqa: ANN401 -- Options.
    told = replace(opentext_options("https://vendor.test"), **options)
    client = new_opentext("https://vendor.test", new_adapter=scripted.adapter, options=told)
    return list(Processes(client, {FLOW: words()}).processes(FLOW, cursor, bounds()))


def instance(instance_id: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
    variables = [{"name": "signoffRevision", "type": "integer", "value": 1}]
    made = {"id": instance_id, "businessKey": f"aprimo:activity:{instance_id}", "variables": variables}
    return {**made, "processDefinitionId": "campaignBrief:1:d", **fields}


def task(task_id: str) -> dict[str, Any]:
    """A task whose id says whose it is: `a1/brand`."""
    return {"id": task_id, "processInstanceId": task_id.partition("/")[0], "taskDefinitionKey": "brand"}


def listing(scripted: ScriptedVendor, line: str, name: str, rows: list[dict[str, Any]]) -> None:
    """A list of the service, paged by offset and count."""

    def answer(call: SentCall) -> Given:
        offset, count = int(call.query["offset"]), int(call.query["count"])
        here = rows[offset : offset + count]
        page = {"totalElements": len(rows), "size": count}
        return Given(body={"page": page, "_links": {}, **({"_embedded": {name: here}} if here else {})})

    scripted.on(line, answer)


def given(scripted: ScriptedVendor, instances: list[str], tasks: list[str]) -> None:
    listing(scripted, INSTANCES, "process-instances", [instance(each) for each in instances])
    listing(scripted, TASKS, "tasks", [task(each) for each in tasks])


def seen(pages: list[ProcessPage]) -> dict[str, list[str]]:
    """The tasks of each process, in the order in which they came."""
    return {each.instance_id: [task.task_id for task in each.tasks] for page in pages for each in page.processes}


def test_both_lists_are_asked_for_in_the_order_of_the_instances(scripted: ScriptedVendor) -> None:
    given(scripted, FIRST, [])

    processes(scripted)

    asked = {call.line: call.query for call in scripted.calls}
    assert {name: asked[INSTANCES][name] for name in ("processDefinitionKey", "sort", "order", "count")} == {
        "processDefinitionKey": "campaignBrief",
        "sort": "id",
        "order": "asc",
        "count": "3",
    }
    assert {name: asked[TASKS][name] for name in ("processDefinitionKey", "sort", "order")} == {
        "processDefinitionKey": "campaignBrief",
        "sort": "processInstanceId",
        "order": "asc",
    }


def test_each_process_comes_with_its_variables_and_its_own_tasks(scripted: ScriptedVendor) -> None:
    tasks = ["a1/brand", "a1/legal", "a3/brand", "b1/brand", "b1/finance", "b1/legal", "b2/legal"]
    given(scripted, [*FIRST, *SECOND], tasks)

    pages = processes(scripted)

    expected = {"a1": tasks[:2], "a2": [], "a3": tasks[2:3], "b1": tasks[3:6], "b2": tasks[6:]}
    assert seen(pages) == expected
    assert pages[0].processes[0].variables == {"signoffRevision": 1}
    assert [len(page.processes) for page in pages] == [3, 2]
    assert [(page.is_whole, page.lacks) for page in pages] == [(True, ()), (True, ())]


def test_no_more_tasks_are_read_than_the_instances_so_far_need(scripted: ScriptedVendor) -> None:
    given(scripted, [*FIRST, *SECOND], [f"a1/{number}" for number in range(2)] + ["b1/brand"] * 6)
    client = new_opentext("https://vendor.test", new_adapter=scripted.adapter)
    pages = Processes(client, {FLOW: words()}).processes(FLOW, "", bounds())

    next(pages)

    # The second page of instances is asked for to learn whether the first is the last one.
    assert scripted.lines() == [INSTANCES, TASKS, INSTANCES, TASKS, TASKS]


def test_paging_goes_on_from_a_cursor_in_both_lists(scripted: ScriptedVendor) -> None:
    tasks = ["a1/1", "a2/1", "a3/1", "a3/2", "b1/1", "b1/2", "b2/1"]
    given(scripted, [*FIRST, *SECOND], tasks)
    first, last = processes(scripted)
    scripted.calls.clear()

    (again,) = processes(scripted, cursor=first.cursor)

    assert (first.cursor, last.cursor) == ("3 3", "")
    assert again == last
    assert [(call.line, call.query["offset"]) for call in scripted.calls] == [
        (INSTANCES, "3"),
        (TASKS, "3"),
        (TASKS, "6"),
    ]


def test_tasks_of_instances_that_are_in_no_list_are_not_kept(scripted: ScriptedVendor) -> None:
    """A process that ended between the two reads leaves its tasks behind."""
    given(scripted, ["a1", "a3", "b1", "b2"], ["a1/1", "a2/1", "a2/2", "a3/1", "b2/1"])

    assert seen(processes(scripted)) == {"a1": ["a1/1"], "a3": ["a3/1"], "b1": [], "b2": ["b2/1"]}


@pytest.mark.parametrize("sort", ["", "processInstanceId"])
def test_a_service_that_cannot_sort_tasks_is_read_whole(scripted: ScriptedVendor, sort: str) -> None:
    """Asked not to, or found out: the order of ids breaks within the first page."""
    tasks = ["b2/1", "a1/1", "b1/1", "a3/1", "a1/2", "a2/1"]
    given(scripted, [*FIRST, *SECOND], tasks)

    pages = processes(scripted, task_sort=sort)

    expected = {"a1": ["a1/1", "a1/2"], "a2": ["a2/1"], "a3": ["a3/1"], "b1": ["b1/1"], "b2": ["b2/1"]}
    assert seen(pages) == expected
    assert pages[0].cursor == "3 0"
    assert ("sort" in next(call.query for call in scripted.calls if call.line == TASKS)) is bool(sort)


def test_rows_without_variables_say_so(scripted: ScriptedVendor) -> None:
    listing(scripted, INSTANCES, "process-instances", [instance("a1"), instance("a2", variables=None)])
    listing(scripted, TASKS, "tasks", [])

    (page,) = processes(scripted)

    assert (page.is_whole, page.lacks) == (False, ("variables",))


def test_where_the_tenants_lists_are_not_whole_no_page_is(scripted: ScriptedVendor) -> None:
    given(scripted, FIRST, [])

    (page,) = processes(scripted, are_lists_whole=False)

    assert (page.is_whole, page.lacks) == (False, ())


def test_where_nothing_lives_one_empty_page_says_so(scripted: ScriptedVendor) -> None:
    given(scripted, [], [])

    assert processes(scripted) == [ProcessPage(processes=(), cursor="")]
