"""Gateways, loops, scopes and called processes behave as in the real engine."""

import pytest

from sandbox.opentext.machine import EngineError
from tests.support.machine_host import ROOT, RunningProcess
from tests.support.small_models import (
    TERMINATE,
    boundary,
    chain,
    end,
    error,
    flow,
    loop,
    message,
    model,
    start,
    user_task,
)

PEOPLE = {"people": ["Ann", "Bob", "Cid", "Dot"]}


def looped(**how: object) -> bytes:
    inner = loop(**how)  # type: ignore[arg-type] # Passed through.
    return model(start() + user_task("review", inner=inner) + end() + chain("start", "review", "end"))


def test_a_parallel_loop_gives_everyone_a_task_of_their_own() -> None:
    run = RunningProcess.of(looped(), variables=PEOPLE).started()

    scopes = [run.machine.scope_at(each) for each in run.machine.positions() if each.is_task]

    assert [scope["person"] for scope in scopes] == ["Ann", "Bob", "Cid", "Dot"]
    assert [scope["loopCounter"] for scope in scopes] == [0, 1, 2, 3]
    assert {scope["nrOfInstances"] for scope in scopes} == {4}


def test_a_sequential_loop_goes_one_by_one() -> None:
    run = RunningProcess.of(looped(is_sequential=True), variables=PEOPLE).started()
    seen = []
    while not run.machine.is_ended:
        position = next(each for each in run.machine.positions() if each.is_task)
        seen.append(run.machine.scope_at(position)["person"])
        run.complete("review")

    assert seen == ["Ann", "Bob", "Cid", "Dot"]


def test_a_quorum_ends_a_loop() -> None:
    half = looped(until="${nrOfCompletedInstances / nrOfInstances >= 0.5}")
    run = RunningProcess.of(half, variables=PEOPLE).started()

    run.complete("review")
    assert not run.machine.is_ended
    run.complete("review")

    assert run.machine.is_ended


def test_a_loop_ends_at_the_first_answer_its_condition_wants() -> None:
    first_no = looped(until='${answer == "no"}')
    run = RunningProcess.of(first_no, variables=PEOPLE).started()

    run.complete("review", answer="yes")
    assert len(run.open_tasks()) == 3
    run.complete("review", 2, answer="no")

    assert run.machine.is_ended


def test_a_loop_over_nothing_is_passed_over() -> None:
    run = RunningProcess.of(looped(), variables={"people": []}).started()

    assert run.machine.is_ended


def test_a_loop_over_what_is_no_list_fails() -> None:
    run = RunningProcess.of(looped(), variables={"people": "Ann"})

    with pytest.raises(EngineError, match="is not a Collection"):
        run.started()


def test_a_loop_counts_again_after_a_rework() -> None:
    file = model(
        start()
        + '<exclusiveGateway id="again" default="in"/>'
        + user_task("review", inner=loop())
        + '<exclusiveGateway id="good" default="out"/>'
        + end()
        + flow("start", "again")
        + flow("again", "review", name="in")
        + flow("review", "good")
        + flow("good", "again", "${answer == 'redo'}")
        + flow("good", "end", name="out")
    )
    run = RunningProcess.of(file, variables={"people": ["Ann", "Bob"]}).started()
    run.complete("review", answer="fine")
    run.complete("review", answer="redo")
    assert run.open_tasks() == ["review", "review"]

    run.reload()
    run.complete("review", answer="fine")
    run.complete("review", answer="fine")

    assert run.machine.is_ended


def test_what_one_branch_writes_its_sibling_sees_at_once() -> None:
    file = model(
        start()
        + '<parallelGateway id="fork"/><parallelGateway id="join"/>'
        + user_task("ask")
        + user_task("answer")
        + '<exclusiveGateway id="how" default="short"/>'
        + user_task("more")
        + end()
        + chain("start", "fork", "ask", "join", "end")
        + flow("fork", "answer")
        + flow("answer", "how")
        + flow("how", "more", "${wish == 'long'}")
        + flow("how", "join", name="short")
        + flow("more", "join")
    )
    run = RunningProcess.of(file, variables={"wish": "short"}).started()

    run.complete("ask", wish="long")
    run.complete("answer")

    assert run.open_tasks() == ["more"]


def test_an_inclusive_gateway_takes_every_true_flow_and_joins_them() -> None:
    file = model(
        start()
        + '<inclusiveGateway id="fork" default="none"/><inclusiveGateway id="join"/>'
        + user_task("legal")
        + user_task("finance")
        + user_task("note")
        + end()
        + flow("start", "fork")
        + flow("fork", "legal", "${isLegal}")
        + flow("fork", "finance", "${isPaid}")
        + flow("fork", "note", name="none")
        + flow("legal", "join")
        + flow("finance", "join")
        + flow("note", "join")
        + flow("join", "end")
    )
    both = RunningProcess.of(file, variables={"isLegal": True, "isPaid": True}).started()
    none = RunningProcess.of(file, variables={"isLegal": False, "isPaid": False}).started()
    assert both.open_tasks() == ["legal", "finance"]
    assert none.open_tasks() == ["note"]

    both.complete("legal")
    assert not both.machine.is_ended
    both.complete("finance")

    assert both.machine.is_ended


def test_a_terminate_end_ends_its_own_scope_only() -> None:
    inner = (
        start("inner_start")
        + '<parallelGateway id="inner_fork"/>'
        + user_task("done")
        + user_task("other")
        + end("stop", TERMINATE)
        + end("other_end")
        + chain("inner_start", "inner_fork", "done", "stop")
        + chain("inner_fork", "other", "other_end")
    )
    file = model(
        start()
        + '<parallelGateway id="fork"/><parallelGateway id="join"/>'
        + f'<subProcess id="part">{inner}</subProcess>'
        + user_task("beside")
        + user_task("after")
        + end()
        + chain("start", "fork", "part", "join", "after", "end")
        + flow("fork", "beside")
        + flow("beside", "join")
    )
    run = RunningProcess.of(file).started()

    run.complete("done")

    assert run.open_tasks() == ["beside"]
    run.complete("beside")
    assert run.open_tasks() == ["after"]


def test_an_error_end_is_caught_at_the_boundary_and_stops_the_rest() -> None:
    inner = (
        start("inner_start")
        + '<parallelGateway id="inner_fork"/>'
        + user_task("one")
        + user_task("two")
        + end("inner_end")
        + end("bad", error())
        + chain("inner_start", "inner_fork", "one", "bad")
        + chain("inner_fork", "two", "inner_end")
    )
    file = model(
        start()
        + f'<subProcess id="part">{inner}</subProcess>'
        + boundary("caught", "part", error(), is_interrupting=True)
        + user_task("repair")
        + end()
        + end("repaired")
        + chain("start", "part", "end")
        + chain("caught", "repair", "repaired")
    )
    run = RunningProcess.of(file).started()

    run.complete("one")

    assert run.open_tasks() == ["repair"]


def test_a_called_process_has_variables_of_its_own() -> None:
    maps = (
        '<extensionElements><flowable:in source="brief" target="text"/>'
        '<flowable:in sourceExpression="${count + 1}" target="round"/>'
        '<flowable:out source="verdict" target="result"/></extensionElements>'
    )
    outer = model(
        start()
        + f'<callActivity id="call" calledElement="inner" flowable:inheritBusinessKey="true">{maps}</callActivity>'
        + user_task("after")
        + end()
        + chain("start", "call", "after", "end")
    )
    inner = model(start() + user_task("work") + end() + chain("start", "work", "end"), key="inner")
    run = RunningProcess.of(outer, inner, variables={"brief": "Spring", "count": 1, "secret": "x"}).started()
    child = run.children[0]
    assert run.values[child.instance_id] == {"text": "Spring", "round": 2}
    assert (child.caller_id, child.business_key) == (ROOT, "key of root")
    assert {each.instance_id for each in run.machine.positions() if each.is_task} == {child.instance_id}

    run.reload()
    run.values[child.instance_id]["verdict"] = "fine"
    run.complete("work")

    assert run.open_tasks() == ["after"]
    assert run.values[ROOT] == {"brief": "Spring", "count": 1, "secret": "x", "result": "fine"}


def test_two_models_may_use_the_same_ids_inside() -> None:
    def with_part(key: str, inside: str) -> bytes:
        part = start("part_start") + inside + end("part_end") + chain("part_start", "work", "part_end")
        return model(
            start() + f'<subProcess id="part">{part}</subProcess>' + end() + chain("start", "part", "end"), key=key
        )

    call = '<callActivity id="work" calledElement="inner" flowable:inheritVariables="true"/>'
    run = RunningProcess.of(
        with_part("outer", call), with_part("inner", user_task("work")), variables={"a": 1}
    ).started()

    assert run.values[run.children[0].instance_id] == {"a": 1}
    run.complete("work")

    assert run.machine.is_ended


def test_without_a_flow_to_take_the_command_fails() -> None:
    file = model(
        start()
        + user_task("work")
        + '<exclusiveGateway id="how"/>'
        + end()
        + chain("start", "work", "how")
        + flow("how", "end", "${answer == 'yes'}")
    )
    run = RunningProcess.of(file).started()
    saved = run.machine.save()

    with pytest.raises(EngineError):
        run.complete("work", answer="no")

    run.machine = type(run.machine)(run.program, ROOT, state=saved)
    run.machine.host = run
    assert run.open_tasks() == ["work"]
    run.complete("work", answer="yes")
    assert run.machine.is_ended


def test_an_http_task_hands_out_its_request_and_goes_on() -> None:
    fields = "".join(
        f'<flowable:field name="{name}" expression="{text}"/>'
        for name, text in {
            "requestMethod": "POST",
            "requestUrl": "https://example.test/${key}",
            "requestBody": "id=${execution.processInstanceId}",
        }.items()
    )
    file = model(
        start()
        + f'<serviceTask id="tell" flowable:type="http"><extensionElements>{fields}</extensionElements></serviceTask>'
        + end()
        + chain("start", "tell", "end")
    )
    run = RunningProcess.of(file, variables={"key": "k1"}).started()

    assert run.machine.is_ended
    assert [dict(call.fields) for call in run.calls] == [
        {"requestMethod": "POST", "requestUrl": "https://example.test/k1", "requestBody": "id=root"}
    ]


def test_executions_hang_together_as_in_the_real_engine() -> None:
    file = model(
        start()
        + user_task("review", inner=loop())
        + boundary("late", "review", message("remind"), is_interrupting=False)
        + end()
        + end("late_end")
        + chain("start", "review", "end")
        + chain("late", "late_end")
    )
    run = RunningProcess.of(file, variables={"people": ["Ann", "Bob"]}).started()

    found = run.machine.positions()
    body = next(each for each in found if each.is_loop)

    assert body.parent_id == ROOT
    assert {each.parent_id for each in found if each is not body} == {body.execution_id}
    assert [each.element.id for each in found] == ["review", "review", "review", "late"]
