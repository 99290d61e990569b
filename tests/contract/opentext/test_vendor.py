"""Reading from OpenText, deploying to it, and the pollers' feed."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.commands import EndProcess
from pipeline.errors import PermanentError, PipelineError, TransientError
from pipeline.feeds import AuditRow, SeenInstance
from pipeline.opentext import schemas, translate
from pipeline.opentext.client import Client
from pipeline.opentext.feeds import Feed
from pipeline.opentext.options import OpenTextOptions
from pipeline.opentext.vendor import OpenTextVendor
from pipeline.plan import Snapshot, Want
from pipeline.ports import NotThere, Sent
from pipeline.words import EffectKey, Side, Urgency
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor, SentCall
from tests.support.vendor_parts import FLOW, PROCESS, bounds, new_opentext, words

HISTORY = "GET /workflow-history/v1/historic-process-instances"
HISTORIC_TASKS = "GET /workflow-history/v1/historic-task-instances"
ONE = "GET /workflow/v1/process-instances/f8985abd"
TASKS = "GET /workflow/v1/tasks"
MODELS = "GET /workflow/v1/runtime/models"
DEPLOY = "POST /workflow/v1/runtime/models"
XML = b"<definitions/>"
SINCE = datetime(2026, 1, 12, 10, 0, tzinfo=UTC)


@pytest.fixture
def scripted() -> ScriptedVendor:
    made = ScriptedVendor(token_path="/tenants/sandbox/oauth2/token")
    made.on(HISTORY, sample("opentext", "history_instance_running"))
    made.on(HISTORIC_TASKS, sample("opentext", "history_tasks"), sample("opentext", "empty_list"))
    return made


@pytest.fixture
def client(scripted: ScriptedVendor) -> Client:
    return new_opentext("https://vendor.test", new_adapter=scripted.adapter)


@pytest.fixture
def vendor(client: Client) -> OpenTextVendor:
    return OpenTextVendor(client, {FLOW: words()}, wait_s=lambda *_: 2.5)


def want(object_id: str = "f8985abd", kind: str = "process") -> Want:
    return Want(flow=FLOW, side=Side.OPENTEXT, kind=kind, object_id=object_id)


def snapshot(outcome: Snapshot | PipelineError) -> Snapshot:
    assert isinstance(outcome, Snapshot), outcome
    return outcome


def test_a_process_is_read_with_its_tasks_last(scripted: ScriptedVendor, vendor: OpenTextVendor) -> None:
    """Once the instance's end was read, the tasks read after it are final."""
    process = snapshot(vendor.read([want()], bounds())[want()]).process

    assert process is not None
    assert [task.task_id for task in process.tasks] == ["t1", "t2", "t3"]
    # Three rows fill a page of three: one more page is asked for.
    assert scripted.lines() == [HISTORY, HISTORIC_TASKS, HISTORIC_TASKS]


def test_what_history_does_not_know_yet_is_read_from_the_runtime(
    scripted: ScriptedVendor, vendor: OpenTextVendor
) -> None:
    scripted.on(HISTORY, sample("opentext", "empty_list"))
    scripted.on(ONE, sample("opentext", "history_instance_running")["_embedded"]["historic-process-instances"][0])
    scripted.on(TASKS, sample("opentext", "tasks_of_the_runtime"))

    process = snapshot(vendor.read([want()], bounds())[want()]).process

    assert process is not None
    assert [(task.task_id, task.definition_key) for task in process.tasks] == [("t2", "legal")]


def test_what_neither_knows_is_absent(scripted: ScriptedVendor, vendor: OpenTextVendor) -> None:
    scripted.on(HISTORY, sample("opentext", "empty_list"))
    scripted.on(ONE, 404)

    assert snapshot(vendor.read([want()], bounds())[want()]).is_absent is True


def test_another_instance_in_the_answer_is_not_taken_for_the_wanted_one(
    scripted: ScriptedVendor, vendor: OpenTextVendor
) -> None:
    """A filter that a service passes over must not give us a stranger's process."""
    scripted.on("GET /workflow/v1/process-instances/mine", 404)

    assert snapshot(vendor.read([want("mine")], bounds())[want("mine")]).is_absent is True


def test_several_are_read_side_by_side_each_with_its_own_outcome(
    scripted: ScriptedVendor, vendor: OpenTextVendor
) -> None:
    def by_id(call: SentCall) -> Given:
        if call.query["processInstanceId"] == "bad":
            return Given(status=503)
        return Given(body=sample("opentext", "history_instance_running"))

    scripted.on(HISTORY, by_id)
    scripted.on(HISTORIC_TASKS, sample("opentext", "empty_list"))

    outcomes = vendor.read([want(), want("bad")], bounds())

    assert snapshot(outcomes[want()]).is_absent is False
    assert type(outcomes[want("bad")]) is TransientError


def test_an_instance_that_two_flows_want_is_read_once(scripted: ScriptedVendor, client: Client) -> None:
    vendor = OpenTextVendor(client, {FLOW: words(), "other": words()}, wait_s=lambda *_: 0.0)
    scripted.on(HISTORIC_TASKS, sample("opentext", "empty_list"))
    both = [want(), replace(want(), flow="other")]

    outcomes = vendor.read(both, bounds())

    assert [snapshot(outcomes[each]).want for each in both] == both
    assert scripted.lines() == [HISTORY, HISTORIC_TASKS]


def test_a_kind_nobody_knows_is_for_a_person(scripted: ScriptedVendor, vendor: OpenTextVendor) -> None:
    outcome = vendor.read([want(kind="case")], bounds())[want(kind="case")]

    assert isinstance(outcome, PermanentError)
    assert scripted.calls == []


def test_commands_go_through_the_same_door(scripted: ScriptedVendor, vendor: OpenTextVendor) -> None:
    command = EndProcess(instance_id="f8985abd", reason="withdrawn")
    scripted.on("DELETE /workflow/v1/process-instances/f8985abd", 204)
    scripted.on(ONE, {"id": "f8985abd"})

    assert vendor.send(command, EffectKey("k"), bounds()) == Sent(how="sent", vendor_ref="f8985abd")
    assert vendor.look_up(command, EffectKey("k"), bounds()) == NotThere()
    assert vendor.wait_s("executions", Urgency.STANDARD) == 2.5


def test_options_hide_their_secrets() -> None:
    options = OpenTextOptions(
        url="u", tenant_id="t", client_id="c", client_secret="canary-1", call_back_secret="canary-2"
    )

    assert "canary" not in repr(options)
    assert options.token_options().url == "u/tenants/t/oauth2/token"


def test_a_list_that_passes_over_the_paging_ends_all_the_same(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(HISTORIC_TASKS, sample("opentext", "history_tasks"))

    assert [task.id for task in client.historic_tasks("f8985abd", bounds())] == ["t1", "t2", "t3"]
    assert scripted.lines() == [HISTORIC_TASKS] * 2


@pytest.mark.parametrize("end", [{"page": {"totalElements": 5}}, {}])
def test_a_list_is_read_to_its_end_by_total_or_by_short_page(
    scripted: ScriptedVendor, client: Client, end: dict[str, object]
) -> None:
    rows = [{"id": f"t{number}", "taskDefinitionKey": "brand"} for number in range(5)]

    def paged(call: SentCall) -> Given:
        offset = int(call.query["offset"])
        return Given(body={"_embedded": {"tasks": rows[offset : offset + 3]}, **end})

    scripted.on(HISTORIC_TASKS, paged)

    assert [task.id for task in client.historic_tasks("f8985abd", bounds())] == ["t0", "t1", "t2", "t3", "t4"]
    assert len(scripted.calls) == 2


# ---- models --------------------------------------------------------------------------------------------------------


def models(version: int) -> dict[str, object]:
    return {"_embedded": {"models": [{"id": f"{PROCESS}:{version}:u", "key": PROCESS, "version": version}]}}


def content(xml: bytes) -> dict[str, str]:
    return {"modelContent": base64.b64encode(xml).decode()}


def test_a_model_that_is_not_there_is_deployed(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(MODELS, sample("opentext", "empty_list"), models(1))
    scripted.on(DEPLOY, Given(status=201, body={"key": PROCESS}))

    done = client.deploy(PROCESS, XML, "", bounds())

    assert (done.how, done.version) == ("deployed", 1)
    assert scripted.calls[1].json == {"modelId": PROCESS, "modelType": "xml", "modelContent": "PGRlZmluaXRpb25zLz4="}


def test_a_model_that_is_the_same_is_left_alone(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(MODELS, models(4))
    scripted.on(f"{MODELS}/{PROCESS}%3A4%3Au", content(XML))

    done = client.deploy(PROCESS, XML, "", bounds())

    assert (done.how, done.version) == ("unchanged", 4)
    assert DEPLOY not in scripted.lines()


def test_a_model_that_differs_becomes_a_higher_version(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(MODELS, models(4), models(5))
    scripted.on(f"{MODELS}/{PROCESS}%3A4%3Au", content(b"<older/>"))
    scripted.on(DEPLOY, Given(status=201))

    assert client.deploy(PROCESS, XML, "", bounds()).version == 5


@pytest.mark.parametrize("answer", [Given(status=404), Given(status=200, body={"modelContent": {"childShapes": []}})])
def test_where_no_content_is_offered_the_remembered_hash_decides(
    scripted: ScriptedVendor, client: Client, answer: Given
) -> None:
    scripted.on(MODELS, models(4))
    scripted.on(f"{MODELS}/{PROCESS}%3A4%3Au", answer)
    scripted.on(DEPLOY, Given(status=201))

    first = client.deploy(PROCESS, XML, "", bounds())
    second = client.deploy(PROCESS, XML, first.content_hash, bounds())

    assert (first.how, second.how) == ("deployed", "unchanged")


# ---- the feed ------------------------------------------------------------------------------------------------------


def test_audit_rows_are_read_from_a_time_on(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(
        "GET /workflow-history/v1/process-instances/audit-logs", sample("opentext", "audit_rows_of_processes")
    )

    (page,) = Feed(client).audit("process", SINCE, bounds())

    assert scripted.calls[0].query["After"] == "2026-01-12T10:00:00Z"
    assert [row.event_type for row in page] == ["process-start", "process-end"]
    assert page[0] == AuditRow(
        stream="process",
        event_type="process-start",
        instance_id="f8985abd",
        item_id="",
        business_key="aprimo:activity:5012",
        definition_id="campaignBrief:3:976626f9",
        time="2026-01-12T15:47:43.902+05:30",
        at=datetime(2026, 1, 12, 10, 17, 43, 902000, tzinfo=UTC),
        row=sample("opentext", "audit_rows_of_processes")["_embedded"]["audit-logs"][0],
    )


def test_the_list_poll_sees_each_running_instance_with_its_open_tasks(
    scripted: ScriptedVendor, client: Client
) -> None:
    scripted.on(TASKS, sample("opentext", "tasks_of_the_runtime"))
    scripted.on("GET /workflow/v1/process-instances", sample("opentext", "history_instance_running"))

    (page,) = Feed(client).running(PROCESS, bounds())

    row = client.historic_instance("f8985abd", bounds())
    assert row is not None
    tasks = schemas.load_tasks(sample("opentext", "tasks_of_the_runtime")["_embedded"]["tasks"])
    expected = translate.seen(row, tasks)
    assert page == (SeenInstance(instance_id="f8985abd", business_key="aprimo:activity:5012", seen_hash=expected),)
