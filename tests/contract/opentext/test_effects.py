"""Commands in OpenText: what leaves, when nothing leaves, and what a look-up makes of what it sees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests

from pipeline.commands import (
    KINDS,
    AddComment,
    Cause,
    Command,
    EndProcess,
    SendMessage,
    SetVariables,
    StartProcess,
)
from pipeline.errors import PermanentError, PipelineError, StaleError, TransientError, UnknownOutcomeError
from pipeline.keys import comment_marker
from pipeline.opentext.client import Client
from pipeline.opentext.effects import EFFECTS
from pipeline.opentext.hooks import token_for
from pipeline.ports import NotThere, Sent
from pipeline.words import BusinessKey, EventId, Side, WaitReason
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor
from tests.support.vendor_parts import bounds, new_opentext

RUNTIME = "/workflow/v1"
HISTORY = "GET /workflow-history/v1/historic-process-instances"
START = f"POST {RUNTIME}/process-instances"
INSTANCES = f"GET {RUNTIME}/process-instances"
ONE = f"{RUNTIME}/process-instances/f8985abd"
VARIABLES = f"GET {ONE}/variables"
COMMENTS = f"{ONE}/comments"
EXECUTIONS = f"GET {RUNTIME}/process-instances/executions"
MESSAGE = f"PUT {RUNTIME}/process-instances/executions/e2"
CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)
KEY = BusinessKey("aprimo:activity:5012")
EFFECT = "start:campaign_brief:aprimo:activity:5012:2"
EMPTY: dict[str, Any] = {"_links": {}}
NO_TOKEN = "never-in-a-command"

BRIEF = StartProcess(
    flow="campaign_brief",
    process_key="campaignBrief",
    business_key=KEY,
    revision=2,
    name="Spring launch",
    variables={"budget": "12000.50", "regions": ["DACH"], "signoffToken": ""},
    secret_variables=("signoffToken",),
)
END = EndProcess(instance_id="f8985abd", reason="withdrawn")
ESCALATE = SendMessage(
    instance_id="f8985abd", activity_id="escalate_brand", message="escalate", marker="signoffEscalated_t1"
)
REMARK = AddComment(instance_id="f8985abd", origin="aprimo", origin_id="1", text="Please hurry")


@pytest.fixture
def vendor() -> ScriptedVendor:
    scripted = ScriptedVendor(token_path="/tenants/sandbox/oauth2/token")
    scripted.on(VARIABLES, sample("opentext", "variables"))
    scripted.on(EXECUTIONS, sample("opentext", "executions"))
    scripted.on(INSTANCES, EMPTY)
    scripted.on(HISTORY, EMPTY)
    return scripted


@pytest.fixture
def client(vendor: ScriptedVendor) -> Client:
    return new_opentext("https://vendor.test", new_adapter=vendor.adapter)


def send(client: Client, command: Command) -> Sent:
    return EFFECTS[command.KIND].send(client, command, command.effect_key(CAUSE), bounds())


def look_up(client: Client, command: Command) -> Sent | NotThere:
    return EFFECTS[command.KIND].look_up(client, command, command.effect_key(CAUSE), bounds())


def ended(**more: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
    running = sample("opentext", "history_instance_running")
    (row,) = running["_embedded"]["historic-process-instances"]
    row |= {"endTime": "2026-01-12T12:00:00.000Z", **more}
    return dict(running)


def test_every_kind_of_opentexts_side_can_be_sent_and_looked_up() -> None:
    assert set(EFFECTS) == {name for name, kind in KINDS.items() if kind.SIDE is Side.OPENTEXT}


# ---- ot.start_process ----------------------------------------------------------------------------------------------


def test_a_start_leaves_at_once_with_its_effect_key(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(START, Given(status=201, body={"id": "f8985abd", "name": "Spring launch"}))

    assert send(client, BRIEF) == Sent(how="sent", vendor_ref="f8985abd")

    assert vendor.lines() == [START]
    assert vendor.calls[0].json == {
        "processDefinitionKey": "campaignBrief",
        "businessKey": "aprimo:activity:5012",
        "name": "Spring launch",
        "variables": [
            {"name": "budget", "type": "string", "value": "12000.50"},
            {"name": "regions", "type": "json", "value": ["DACH"]},
            {
                "name": "signoffToken",
                "type": "string",
                "value": token_for("call-back-secret", KEY),
                "encryption": True,
            },
            {"name": "signoffItem", "type": "string", "value": "aprimo:activity:5012"},
            {"name": "signoffRevision", "type": "integer", "value": 2},
            {"name": "signoffEffect", "type": "string", "value": EFFECT},
        ],
        "includeUserIds": False,
    }


def test_a_refused_start_does_not_show_the_call_back_token(vendor: ScriptedVendor, client: Client) -> None:
    token = token_for("call-back-secret", KEY)
    vendor.on(START, Given(status=400, body={"message": "Bad request", "exception": f"bad value {token}"}))

    with pytest.raises(PermanentError) as caught:
        send(client, BRIEF)

    assert caught.value.hint.endswith("bad value ***")


@pytest.mark.parametrize(
    "answer",
    [
        requests.ConnectionError("reset"),
        requests.ReadTimeout(),
        Given(status=503),
        Given(status=201, body={"id": "f898"}, is_half=True),
        Given(status=201, body={"name": "no id"}),
        Given(status=201),
        Given(status=200, body="<html>login</html>"),
    ],
)
def test_a_start_without_a_usable_answer_is_unknown(vendor: ScriptedVendor, client: Client, answer: Given) -> None:
    vendor.on(START, answer)

    with pytest.raises(UnknownOutcomeError):
        send(client, BRIEF)

    assert vendor.lines() == [START]


def test_a_start_is_found_among_running_instances_by_its_effect_key(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(INSTANCES, sample("opentext", "history_instance_running"))

    assert look_up(client, BRIEF) == Sent(how="found", vendor_ref="f8985abd")

    assert vendor.lines() == [INSTANCES]
    assert vendor.calls[0].query["businessKey"] == "aprimo:activity:5012"
    assert vendor.calls[0].query["processDefinitionKey"] == "campaignBrief"
    assert vendor.calls[0].query["includeProcessVariables"] == "true"


def test_a_start_that_ended_already_is_found_in_history(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(HISTORY, ended())

    assert look_up(client, BRIEF) == Sent(how="found", vendor_ref="f8985abd")


def test_an_instance_of_another_revision_is_not_the_start(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(INSTANCES, sample("opentext", "history_instance_running"))

    assert look_up(client, replace(BRIEF, revision=3)) == NotThere()


def test_a_start_is_looked_for_on_every_page(vendor: ScriptedVendor, client: Client) -> None:
    other = {"id": "other", "businessKey": KEY, "variables": []}
    first = {"_embedded": {"process-instances": [other] * 3}}
    vendor.on(INSTANCES, first, sample("opentext", "history_instance_running"))

    assert look_up(client, BRIEF) == Sent(how="found", vendor_ref="f8985abd")
    assert [call.query["offset"] for call in vendor.calls] == ["0", "3"]


def test_a_look_up_that_gets_no_answer_cannot_tell(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(HISTORY, requests.ReadTimeout())

    with pytest.raises(TransientError):
        look_up(client, BRIEF)


# ---- ot.end_process ------------------------------------------------------------------------------------------------


def test_an_end_gives_its_reason(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"DELETE {ONE}", 204)

    assert send(client, END) == Sent(how="sent", vendor_ref="f8985abd")
    assert vendor.calls[0].query == {"deleteReason": "withdrawn"}


def test_an_instance_that_has_ended_is_ended_already(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"DELETE {ONE}", 404)
    vendor.on(HISTORY, ended())

    assert send(client, END) == Sent(how="already", vendor_ref="f8985abd")


@pytest.mark.parametrize(
    ("history", "error"),
    [("history_instance_running", TransientError), ("empty_list", PermanentError)],
)
def test_an_end_is_believed_only_when_history_has_it(
    vendor: ScriptedVendor, client: Client, history: str, error: type[PipelineError]
) -> None:
    for line in (f"DELETE {ONE}", f"GET {ONE}"):
        vendor.on(line, 404)
    vendor.on(HISTORY, sample("opentext", history))

    for act in (send, look_up):
        with pytest.raises(error) as caught:
            act(client, END)
        assert getattr(caught.value, "reason", WaitReason.PROCESSING) is WaitReason.PROCESSING


def test_a_running_instance_was_not_ended(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {ONE}", {"id": "f8985abd"})

    assert look_up(client, END) == NotThere()


def test_an_end_is_found_in_history(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {ONE}", 404)
    vendor.on(HISTORY, ended())

    assert look_up(client, END) == Sent(how="found", vendor_ref="f8985abd")


# ---- ot.set_variables ----------------------------------------------------------------------------------------------


def variables(**values: Any) -> SetVariables:  # noqa: ANN401 -- JSON.
    return SetVariables(instance_id="f8985abd", variables=values)


def test_only_variables_that_differ_are_set_and_new_ones_added(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"PUT {ONE}/variables/budget", 201)
    vendor.on(f"POST {ONE}/variables", 201)

    assert send(client, variables(budget="9.00", regions=["DACH"], audience="All")) == Sent(how="sent")

    assert vendor.lines() == [VARIABLES, f"PUT {ONE}/variables/budget", f"POST {ONE}/variables"]
    assert vendor.calls[1].json == {"name": "budget", "type": "string", "value": "9.00"}
    assert vendor.calls[2].json == [{"name": "audience", "type": "string", "value": "All"}]


def test_variables_that_are_as_wanted_are_not_set(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, variables(budget="12000.50", regions=["DACH"], note="")) == Sent(how="already")

    assert vendor.lines() == [VARIABLES]


def test_a_variable_that_is_not_as_expected_stops_the_write(vendor: ScriptedVendor, client: Client) -> None:
    command = replace(variables(budget="9.00"), expects={"budget": "1.00"})

    with pytest.raises(StaleError, match="variable budget is not what was expected"):
        send(client, command)


@pytest.mark.parametrize("missing", [VARIABLES, f"PUT {ONE}/variables/budget", f"POST {ONE}/variables"])
def test_variables_of_an_instance_that_ended_are_planned_again(
    vendor: ScriptedVendor, client: Client, missing: str
) -> None:
    vendor.on(f"PUT {ONE}/variables/budget", 200)
    vendor.on(missing, 404)

    with pytest.raises(StaleError, match="process-instance:f8985abd does not run any more"):
        send(client, variables(budget="9.00", audience="All"))


def test_a_look_up_compares_every_variable(vendor: ScriptedVendor, client: Client) -> None:
    assert look_up(client, variables(budget="12000.50", note=None)) == Sent(how="found")
    assert look_up(client, variables(budget="12000.50", audience="All")) == NotThere()
    vendor.on(VARIABLES, 404)
    assert look_up(client, variables(budget="12000.50")) == NotThere()


# ---- ot.send_message -----------------------------------------------------------------------------------------------


def test_a_message_goes_to_the_execution_that_waits_with_its_marker(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(MESSAGE, 200)
    command = replace(ESCALATE, variables={"escalatedRegion": "DACH"})

    assert send(client, command) == Sent(how="sent")

    assert vendor.lines() == [EXECUTIONS, MESSAGE]
    assert vendor.calls[1].json["variables"] == [
        {"name": "escalatedRegion", "type": "string", "value": "DACH"},
        {"name": "signoffEscalated_t1", "type": "string", "value": ESCALATE.effect_key(CAUSE)},
    ]


@pytest.mark.parametrize("executions", [EMPTY, Given(status=404)])
def test_a_message_that_nothing_waits_for_is_planned_again(
    vendor: ScriptedVendor, client: Client, executions: Given
) -> None:
    vendor.on(EXECUTIONS, executions)

    with pytest.raises(StaleError, match="nothing waits at process-instance:f8985abd/escalate_brand"):
        send(client, ESCALATE)


def test_a_message_that_came_too_late_is_planned_again(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(MESSAGE, 404)

    with pytest.raises(StaleError, match="any more"):
        send(client, ESCALATE)


def marked() -> dict[str, Any]:
    row = {"name": "signoffEscalated_t1", "type": "string", "value": ESCALATE.effect_key(CAUSE)}
    return {"_embedded": {"variables": [row]}}


def test_a_message_whose_marker_is_there_was_delivered(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(EXECUTIONS, EMPTY)
    vendor.on(VARIABLES, marked())

    assert send(client, ESCALATE) == Sent(how="found")
    assert look_up(client, ESCALATE) == Sent(how="found")


def test_a_marker_in_the_history_of_an_ended_instance_counts(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(VARIABLES, 404)
    vendor.on(HISTORY, ended(variables=marked()["_embedded"]["variables"]))

    assert look_up(client, ESCALATE) == Sent(how="found")


def test_a_message_without_its_marker_is_not_there(vendor: ScriptedVendor, client: Client) -> None:
    assert look_up(client, ESCALATE) == NotThere()
    vendor.on(VARIABLES, 404)
    assert look_up(client, ESCALATE) == NotThere()


# ---- ot.add_comment ------------------------------------------------------------------------------------------------


def test_a_remark_ends_with_its_marker(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"POST {COMMENTS}", Given(status=201, body={"id": "c9"}))

    assert send(client, REMARK) == Sent(how="sent", vendor_ref="c9")

    text = f"Please hurry {comment_marker('comment:aprimo:1:f8985abd')}"
    assert vendor.calls[0].json == {"message": text, "type": "comment", "includeUserIds": False}


def test_a_remark_for_an_instance_that_ended_is_planned_again(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"POST {COMMENTS}", 404)

    with pytest.raises(StaleError):
        send(client, REMARK)


def comment(text: str) -> dict[str, Any]:
    return {"id": "c9", "author": "us", "message": text, "time": "2026-01-12T10:20:00.000Z"}


def test_a_remark_is_found_by_its_marker(vendor: ScriptedVendor, client: Client) -> None:
    text = f"Please hurry {comment_marker('comment:aprimo:1:f8985abd')}"
    vendor.on(f"GET {COMMENTS}", {"_embedded": {"comments": [comment("other"), comment(text)]}})

    assert look_up(client, REMARK) == Sent(how="found", vendor_ref="c9")


def test_a_remark_is_found_in_the_history_of_an_ended_instance(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {COMMENTS}", 404)
    vendor.on(HISTORY, ended(comments=[comment(f"x {comment_marker('comment:aprimo:1:f8985abd')}")]))

    assert look_up(client, REMARK) == Sent(how="found", vendor_ref="c9")


def test_the_same_words_without_the_marker_are_not_the_remark(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {COMMENTS}", {"_embedded": {"comments": [comment("Please hurry")]}})

    assert look_up(client, REMARK) == NotThere()
    vendor.on(f"GET {COMMENTS}", 404)
    assert look_up(client, REMARK) == NotThere()
