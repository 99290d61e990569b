"""Timers, messages and signals fire as in the real engine, not as in the plain library."""

from tests.support.machine_host import RunningProcess
from tests.support.small_models import (
    after,
    at,
    boundary,
    catch,
    chain,
    end,
    every,
    flow,
    message,
    model,
    signal,
    start,
    user_task,
)


def reviewed_with(event: str, *, is_interrupting: bool) -> bytes:
    return model(
        start()
        + user_task("review")
        + boundary("late", "review", event, is_interrupting=is_interrupting)
        + user_task("lead")
        + end()
        + end("lead_end")
        + chain("start", "review", "end")
        + chain("late", "lead", "lead_end")
    )


def test_a_message_at_the_boundary_leaves_the_task_open_and_can_come_again() -> None:
    run = RunningProcess.of(reviewed_with(message("remind"), is_interrupting=False)).started()
    execution = run.execution("late")

    assert run.deliver("late", "remind")
    assert run.deliver("late", "remind")

    assert run.open_tasks() == ["review", "lead", "lead"]
    assert run.execution("late") == execution


def test_a_message_of_another_name_is_not_delivered() -> None:
    run = RunningProcess.of(reviewed_with(message("remind"), is_interrupting=False)).started()

    assert not run.deliver("late", "go")
    assert not run.machine.deliver(run.execution("review"), "message", "remind")

    assert run.open_tasks() == ["review"]


def test_an_interrupting_message_ends_the_task() -> None:
    run = RunningProcess.of(reviewed_with(message("remind"), is_interrupting=True)).started()

    run.deliver("late", "remind")

    assert run.open_tasks() == ["lead"]


def test_a_timer_fires_when_its_time_has_come_and_not_before() -> None:
    run = RunningProcess.of(reviewed_with(after("PT48H"), is_interrupting=True)).started()

    run.pass_time(hours=47)
    assert run.open_tasks() == ["review"]
    run.pass_time(hours=1)

    assert run.open_tasks() == ["lead"]


def test_a_timer_that_does_not_interrupt_fires_once_and_goes_with_its_task() -> None:
    run = RunningProcess.of(reviewed_with(after("PT1H"), is_interrupting=False)).started()
    run.pass_time(hours=1)
    run.pass_time(hours=5)
    assert run.open_tasks() == ["review", "lead"]
    assert run.machine.next_due() is None

    early = RunningProcess.of(reviewed_with(after("PT1H"), is_interrupting=False)).started()
    early.complete("review")
    early.pass_time(hours=5)

    assert early.machine.is_ended
    assert early.open_tasks() == []


def test_a_cycle_fires_as_often_as_it_says() -> None:
    run = RunningProcess.of(reviewed_with(every("R3/PT1H"), is_interrupting=False)).started()

    counts = []
    for _ in range(5):
        run.pass_time(hours=1)
        counts.append(run.open_tasks().count("lead"))

    assert counts == [1, 2, 3, 3, 3]


def test_a_cycle_that_was_slept_through_catches_up() -> None:
    run = RunningProcess.of(reviewed_with(every("R3/PT1H"), is_interrupting=False)).started()

    run.pass_time(hours=10)

    assert run.open_tasks().count("lead") == 3


def test_the_pace_shortens_durations_but_not_dates() -> None:
    fast = RunningProcess.of(reviewed_with(after("PT1H"), is_interrupting=True), pace=3600).started()
    fast.pass_time(seconds=1)
    assert fast.open_tasks() == ["lead"]

    dated = RunningProcess.of(
        reviewed_with(at("${due}"), is_interrupting=True),
        variables={"due": "2026-01-12T10:00:00Z"},
        pace=3600,
    ).started()
    dated.pass_time(minutes=59)
    assert dated.open_tasks() == ["review"]
    dated.pass_time(minutes=1)
    assert dated.open_tasks() == ["lead"]


def test_a_timer_keeps_its_time_over_a_restart() -> None:
    run = RunningProcess.of(reviewed_with(every("R2/PT1H"), is_interrupting=False)).started()
    run.pass_time(minutes=30)
    due = run.machine.next_due()

    run.reload()

    assert run.machine.next_due() == due
    run.pass_time(minutes=30)
    run.reload()
    run.pass_time(hours=3)
    assert run.open_tasks() == ["review", "lead", "lead"]


def test_the_first_event_behind_a_gateway_wins() -> None:
    file = model(
        start()
        + '<eventBasedGateway id="first"/>'
        + catch("answered", message("go"))
        + catch("alarmed", signal("alarm"))
        + catch("waited", after("PT1H"))
        + user_task("after_answer")
        + user_task("after_alarm")
        + user_task("after_wait")
        + end()
        + chain("start", "first")
        + chain("first", "answered", "after_answer", "end")
        + chain("first", "alarmed", "after_alarm", "end")
        + chain("first", "waited", "after_wait", "end")
    )
    outcomes = []
    for act in (
        lambda run: run.deliver("answered", "go"),
        lambda run: run.deliver("alarmed", "alarm", "signal"),
        lambda run: run.pass_time(hours=2),
    ):
        run = RunningProcess.of(file).started()
        assert run.waiting() == {"first", "answered", "alarmed", "waited"}
        act(run)
        outcomes.append(run.open_tasks())

    assert outcomes == [["after_answer"], ["after_alarm"], ["after_wait"]]


def test_a_receive_task_waits_for_a_trigger_and_takes_no_message() -> None:
    file = model(start() + '<receiveTask id="hold" messageRef="go"/>' + end() + chain("start", "hold", "end"))
    run = RunningProcess.of(file).started()

    assert not run.deliver("hold", "go")
    assert not run.machine.trigger("elsewhere")
    assert run.machine.trigger(run.execution("hold"))

    assert run.machine.is_ended


def test_a_message_starts_a_process_that_waits_for_one() -> None:
    file = model(start(event=message("go")) + user_task("work") + end() + chain("start", "work", "end"))

    run = RunningProcess.of(file).started("go")

    assert run.open_tasks() == ["work"]


def test_an_intermediate_timer_holds_its_branch_only() -> None:
    file = model(
        start()
        + '<parallelGateway id="fork"/><parallelGateway id="join"/>'
        + catch("pause", after("PT1H"))
        + user_task("work")
        + end()
        + chain("start", "fork", "pause", "join", "end")
        + flow("fork", "work")
        + flow("work", "join")
    )
    run = RunningProcess.of(file).started()
    run.complete("work")
    assert run.waiting() == {"pause", "join"}

    run.pass_time(hours=1)

    assert run.machine.is_ended
