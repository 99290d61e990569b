"""OpenText's adapter against the real sandbox process and our real process model, with answers that get lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.commands import AddComment, Cause, Command, EndProcess, SendMessage, SetVariables, StartProcess
from pipeline.errors import StaleError, UnknownOutcomeError
from pipeline.flows.shared.reviews import seen
from pipeline.opentext.client import Client
from pipeline.opentext.feeds import Feed
from pipeline.opentext.vendor import OpenTextVendor
from pipeline.plan import ProcessRead, Snapshot, TaskRead, Want
from pipeline.ports import NotThere, Sent
from pipeline.words import BusinessKey, EventId, Side
from tests.support.processes import wait_until
from tests.support.sandbox_process import ROOT
from tests.support.vendor_parts import FLOW, PROCESS, bounds, words
from tests.support.vendor_sandbox import Sandbox

CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)
DUE = "2030-01-01T00:00:00Z"
GROUPS = {"brand": "Brand", "legal": "Legal", "finance": "Finance", "regional": "Regional"}
TEXTS = ("briefName", "briefDescription", "budget", "currency", "audience", "channels", "beginDate", "endDate")

BRIEF = StartProcess(
    flow=FLOW,
    process_key=PROCESS,
    business_key=BusinessKey("aprimo:activity:5012"),
    revision=1,
    name="Spring launch",
    variables={
        **dict.fromkeys((*TEXTS, "requester", "aprimoLink", "signoffCallback", "signoffToken"), ""),
        **{f"{key}Due": DUE for key in GROUPS},
        **{f"{key}Leads": f"{group} leads" for key, group in GROUPS.items()},
        **{f"{key}Group": group for key, group in GROUPS.items() if key != "regional"},
        "regionalPrefix": "Regional ",
        "regions": ["DACH", "UK"],
    },
    secret_variables=("signoffToken",),
)


@pytest.fixture
def vendor(opentext: Client) -> OpenTextVendor:
    return OpenTextVendor(opentext, {FLOW: words()}, wait_s=lambda *_: 0.0)


def start(vendor: OpenTextVendor) -> str:
    return vendor.send(BRIEF, BRIEF.effect_key(CAUSE), bounds()).vendor_ref


def want(instance_id: str) -> Want:
    return Want(flow=FLOW, side=Side.OPENTEXT, kind="process", object_id=instance_id)


def process(vendor: OpenTextVendor, instance_id: str) -> ProcessRead:
    outcome = vendor.read([want(instance_id)], bounds())[want(instance_id)]
    assert isinstance(outcome, Snapshot), outcome
    assert outcome.process is not None
    return outcome.process


def task(read: ProcessRead, key: str, category: str = "") -> TaskRead:
    return next(each for each in read.tasks if (each.definition_key, each.category) == (key, category))


def decide(sandbox: Sandbox, task_id: str, user: str, outcome: str, comment: str = "") -> None:
    act = {"taskId": task_id, "user": user, "outcome": outcome, "comment": comment}
    sandbox.admin("POST", "people/decide", act)


def commands(instance_id: str) -> dict[str, Command]:
    """Every kind but the start, against a running instance."""
    return {
        "variables": SetVariables(instance_id=instance_id, variables={"briefName": "Summer", "added": 3}),
        "message": SendMessage(
            instance_id=instance_id,
            activity_id="escalate_brand",
            message="escalate",
            marker="signoffEscalated_t1",
            variables={"escalatedRegion": ""},
        ),
        "comment": AddComment(instance_id=instance_id, origin="aprimo", origin_id="1", text="Please hurry"),
        "end": EndProcess(instance_id=instance_id, reason="withdrawn"),
    }


def test_a_model_is_deployed_once(opentext: Client) -> None:
    xml = (ROOT / "config" / "processes" / f"{PROCESS}.bpmn").read_bytes()

    again = opentext.deploy(PROCESS, xml, "", bounds())

    assert (again.how, again.version) == ("unchanged", 1)


def test_a_start_is_found_by_its_effect_key_only(vendor: OpenTextVendor) -> None:
    key = BRIEF.effect_key(CAUSE)
    before = vendor.look_up(BRIEF, key, bounds())
    instance_id = start(vendor)
    second = replace(BRIEF, revision=2)

    assert before == NotThere()
    assert vendor.look_up(BRIEF, key, bounds()) == Sent(how="found", vendor_ref=instance_id)
    assert vendor.look_up(second, second.effect_key(CAUSE), bounds()) == NotThere()


def test_a_start_whose_answer_was_lost_is_found(vendor: OpenTextVendor, opentext_sandbox: Sandbox) -> None:
    opentext_sandbox.fault("POST", "/workflow/v1/process-instances", "drop")

    with pytest.raises(UnknownOutcomeError):
        start(vendor)

    assert isinstance(vendor.look_up(BRIEF, BRIEF.effect_key(CAUSE), bounds()), Sent)


def test_a_start_that_takes_effect_late_is_found_late(vendor: OpenTextVendor, opentext_sandbox: Sandbox) -> None:
    key = BRIEF.effect_key(CAUSE)
    opentext_sandbox.fault("POST", "/workflow/v1/process-instances", "late", delay_s=0.5)
    with pytest.raises(UnknownOutcomeError):
        start(vendor)

    first = vendor.look_up(BRIEF, key, bounds())

    wait_until(lambda: isinstance(vendor.look_up(BRIEF, key, bounds()), Sent), what="the late start")
    assert first == NotThere()


def test_a_start_that_ended_before_it_was_looked_for_is_found(vendor: OpenTextVendor) -> None:
    instance_id = start(vendor)
    end = EndProcess(instance_id=instance_id, reason="withdrawn")
    vendor.send(end, end.effect_key(CAUSE), bounds())

    found = vendor.look_up(BRIEF, BRIEF.effect_key(CAUSE), bounds())

    assert found == Sent(how="found", vendor_ref=instance_id)


def test_the_call_back_token_goes_out_encrypted_and_never_comes_back(vendor: OpenTextVendor) -> None:
    assert "signoffToken" not in process(vendor, start(vendor)).variables


@pytest.mark.parametrize("name", ["variables", "message", "comment", "end"])
def test_a_command_is_there_once_it_was_sent_and_not_before(vendor: OpenTextVendor, name: str) -> None:
    command = commands(start(vendor))[name]
    key = command.effect_key(CAUSE)

    before = vendor.look_up(command, key, bounds())
    sent = vendor.send(command, key, bounds())
    after = vendor.look_up(command, key, bounds())

    assert (before, sent.how) == (NotThere(), "sent")
    assert after == Sent(how="found", vendor_ref=sent.vendor_ref)


ROUTES = {
    "variables": ("PUT", "/workflow/v1/process-instances/*/variables/*"),
    "message": ("PUT", "/workflow/v1/process-instances/executions/*"),
    "comment": ("POST", "/workflow/v1/process-instances/*/comments"),
    "end": ("DELETE", "/workflow/v1/process-instances/*"),
}


@pytest.mark.parametrize("name", ["message", "comment", "end"])
def test_a_command_whose_answer_was_lost_is_found(
    vendor: OpenTextVendor, opentext_sandbox: Sandbox, name: str
) -> None:
    command = commands(start(vendor))[name]
    key = command.effect_key(CAUSE)
    method, path = ROUTES[name]
    opentext_sandbox.fault(method, path, "drop")

    with pytest.raises(UnknownOutcomeError):
        vendor.send(command, key, bounds())

    found = vendor.look_up(command, key, bounds())
    assert isinstance(found, Sent)
    assert found.how == "found"


def test_half_set_variables_are_not_there_and_are_set_by_a_second_send(
    vendor: OpenTextVendor, opentext_sandbox: Sandbox
) -> None:
    command = commands(start(vendor))["variables"]
    key = command.effect_key(CAUSE)
    opentext_sandbox.fault("PUT", ROUTES["variables"][1], "drop")

    with pytest.raises(UnknownOutcomeError):
        vendor.send(command, key, bounds())

    assert vendor.look_up(command, key, bounds()) == NotThere()
    assert vendor.send(command, key, bounds()) == Sent(how="sent")
    assert vendor.look_up(command, key, bounds()) == Sent(how="found")


@pytest.mark.parametrize("name", ["variables", "message", "comment"])
def test_a_command_for_an_instance_that_ended_is_planned_again(vendor: OpenTextVendor, name: str) -> None:
    every = commands(start(vendor))
    vendor.send(every["end"], every["end"].effect_key(CAUSE), bounds())

    with pytest.raises(StaleError):
        vendor.send(every[name], every[name].effect_key(CAUSE), bounds())


def test_an_escalation_opens_the_leads_task_and_leaves_the_review_open(vendor: OpenTextVendor) -> None:
    instance_id = start(vendor)
    command = commands(instance_id)["message"]

    vendor.send(command, command.effect_key(CAUSE), bounds())

    read = process(vendor, instance_id)
    assert task(read, "brand_lead").ended_at is None
    assert task(read, "brand").ended_at is None


def test_decisions_are_read_with_who_and_what_they_said(vendor: OpenTextVendor, opentext_sandbox: Sandbox) -> None:
    instance_id = start(vendor)
    read = process(vendor, instance_id)
    decide(opentext_sandbox, task(read, "brand").task_id, "brand.one@example.test", "approved", "Fine")
    decide(opentext_sandbox, task(read, "regional", "UK").task_id, "uk.one@example.test", "approved")

    after = process(vendor, instance_id)

    brand, uk, dach = task(after, "brand"), task(after, "regional", "UK"), task(after, "regional", "DACH")
    assert (brand.outcome, brand.assignee, brand.comment) == ("approved", "brand.one@example.test", "Fine")
    assert (uk.outcome, dach.outcome, after.ended_at) == ("approved", None, None)
    assert [comment.text for comment in after.comments] == ["Fine"]


def test_a_rejection_ends_the_rest_without_outcomes(vendor: OpenTextVendor, opentext_sandbox: Sandbox) -> None:
    instance_id = start(vendor)
    read = process(vendor, instance_id)
    decide(opentext_sandbox, task(read, "legal").task_id, "legal.one@example.test", "rejected")

    after = process(vendor, instance_id)

    assert after.ended_at is not None
    assert {(each.definition_key, each.outcome) for each in after.tasks} == {
        ("legal", "rejected"),
        ("brand", None),
        ("finance", None),
        ("regional", None),
    }
    assert all(each.delete_reason for each in after.tasks if each.definition_key != "legal")


def test_an_end_by_others_shows_its_reason(vendor: OpenTextVendor) -> None:
    instance_id = start(vendor)
    end = EndProcess(instance_id=instance_id, reason="withdrawn")
    vendor.send(end, end.effect_key(CAUSE), bounds())

    assert process(vendor, instance_id).delete_reason == "withdrawn"


def test_what_nobody_knows_is_absent_among_others(vendor: OpenTextVendor) -> None:
    instance_id = start(vendor)

    outcomes = vendor.read([want("nobody"), want(instance_id)], bounds())

    found = [outcome.is_absent for outcome in outcomes.values() if isinstance(outcome, Snapshot)]
    assert found == [True, False]


def test_audit_rows_tell_of_starts_and_decisions(
    opentext: Client, vendor: OpenTextVendor, opentext_sandbox: Sandbox
) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    instance_id = start(vendor)
    brand = task(process(vendor, instance_id), "brand").task_id
    decide(opentext_sandbox, brand, "brand.one@example.test", "approved")
    feed = Feed(opentext)

    processes = [row for page in feed.audit("process", since, bounds()) for row in page]
    tasks = [row for page in feed.audit("task", since, bounds()) for row in page]

    assert [(row.event_type, row.instance_id, row.business_key) for row in processes] == [
        ("process-start", instance_id, "aprimo:activity:5012")
    ]
    assert ("process-task-complete", brand) in {(row.event_type, row.item_id) for row in tasks}


def acts(sandbox: Sandbox, vendor: OpenTextVendor, instance_id: str) -> dict[str, Callable[[], object]]:
    brand = task(process(vendor, instance_id), "brand").task_id
    remark = AddComment(instance_id=instance_id, origin="aprimo", origin_id="1", text="Please hurry")
    return {
        "decision": lambda: decide(sandbox, brand, "brand.one@example.test", "approved", "Fine"),
        "comment": lambda: vendor.send(remark, remark.effect_key(CAUSE), bounds()),
    }


@pytest.mark.parametrize("act", ["decision", "comment"])
def test_the_list_poll_sees_what_a_reader_sees(
    opentext: Client, vendor: OpenTextVendor, opentext_sandbox: Sandbox, act: str
) -> None:
    instance_id = start(vendor)

    def polled() -> str:
        ((row,),) = Feed(opentext).running(PROCESS, bounds())
        assert (row.instance_id, row.business_key) == (instance_id, "aprimo:activity:5012")
        return row.seen_hash

    before = polled()
    assert before == seen(process(vendor, instance_id))

    acts(opentext_sandbox, vendor, instance_id)[act]()

    assert polled() != before
    assert polled() == seen(process(vendor, instance_id))


def test_revoked_tokens_cost_nothing_but_a_renewal(vendor: OpenTextVendor, opentext_sandbox: Sandbox) -> None:
    instance_id = start(vendor)

    opentext_sandbox.admin("POST", "tokens/revoke")

    assert process(vendor, instance_id).ended_at is None
