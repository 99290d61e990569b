"""OpenText's wire: the requests that leave and the answers that come, against samples in the documented shapes."""

from __future__ import annotations

import base64

import pytest

from pipeline.opentext import wire
from pipeline.opentext.options import DeployEncoding, OpenTextOptions
from pipeline.opentext.wire import Wire
from pipeline.transport.messages import Answer, Fault, Request, UnreadableAnswerError
from pipeline.words import JsonValue
from tests.support.samples import sample_bytes
from tests.support.vendor_parts import opentext_options

BASE = "https://vendor.test"
WIRE = Wire(opentext_options(BASE))


def test_history_is_a_service_of_its_own() -> None:
    request = WIRE.page(WIRE.historic_instances(processInstanceId="f898"), 6)

    assert request == Request(
        method="GET",
        url="https://vendor.test/workflow-history/v1/historic-process-instances",
        route="history",
        has_effect=False,
        params=(
            ("processInstanceId", "f898"),
            ("includeProcessVariables", "true"),
            ("includeProcessComments", "true"),
            ("includeUserIds", "false"),
            ("offset", "6"),
            ("count", "3"),
        ),
    )


def test_tasks_are_read_with_their_own_variables_and_comments() -> None:
    assert WIRE.historic_tasks(processInstanceId="f898").params == (
        ("processInstanceId", "f898"),
        ("includeTaskLocalVariables", "true"),
        ("includeTaskComments", "true"),
        ("includeUserIds", "false"),
    )


def test_audit_rows_are_asked_for_with_capital_after() -> None:
    request = WIRE.audit("task", After="2026-01-12T10:00:00Z")

    assert request.url == "https://vendor.test/workflow-history/v1/task-instances/audit-logs"
    assert request.params == (("After", "2026-01-12T10:00:00Z"),)


def test_ids_cannot_leave_their_place_in_an_address() -> None:
    assert WIRE.end("../models?x=1", "why").url == (
        "https://vendor.test/workflow/v1/process-instances/..%2Fmodels%3Fx%3D1"
    )


def test_an_end_tells_its_reason_where_the_service_takes_one() -> None:
    silent = Wire(
        OpenTextOptions(url=BASE, tenant_id="t", client_id="c", client_secret="s", sends_delete_reason=False)
    )

    assert WIRE.end("f898", "withdrawn").params == (("deleteReason", "withdrawn"),)
    assert silent.end("f898", "withdrawn").params == ()


def test_a_message_uses_the_configured_action() -> None:
    request = WIRE.message("e2", "escalate", [wire.variable("marker", "key")])

    assert (request.method, request.route) == ("PUT", "executions")
    assert request.body == {
        "action": "messageEventReceived",
        "messageName": "escalate",
        "variables": [{"name": "marker", "type": "string", "value": "key"}],
    }


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", "string"),
        (None, "string"),
        (True, "boolean"),
        (7, "integer"),
        (2**31, "long"),
        (-(2**31), "integer"),
        (["DACH"], "json"),
        ({"a": 1}, "json"),
    ],
)
def test_a_variable_has_the_type_of_its_value(value: JsonValue, kind: str) -> None:
    assert wire.variable("v", value) == {"name": "v", "type": kind, "value": value}


def test_a_secret_variable_is_to_be_encrypted() -> None:
    assert wire.variable("t", "s", is_secret=True) == {
        "name": "t",
        "type": "string",
        "value": "s",
        "encryption": True,
    }


def test_a_request_does_not_show_its_secrets() -> None:
    request = WIRE.start({"variables": []}, ("canary",))

    assert "canary" not in repr(request)


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        (DeployEncoding.BASE64, base64.b64encode(b"<a>\xc3\xa4</a>").decode()),
        (DeployEncoding.URLENCODED, "%3Ca%3E%C3%A4%3C%2Fa%3E"),
        (DeployEncoding.PLAIN, "<a>ä</a>"),
    ],
)
def test_a_model_is_encoded_as_configured_and_read_back(encoding: DeployEncoding, content: str) -> None:
    assert wire.encode_model(b"<a>\xc3\xa4</a>", encoding) == content
    assert wire.decode_model(content, encoding) == b"<a>\xc3\xa4</a>"


def test_content_in_another_encoding_is_nothing_to_compare_with() -> None:
    assert wire.decode_model("<no base64>", DeployEncoding.BASE64) is None


@pytest.mark.parametrize("name", ["tasks", "historic-task-instances", "content"])
def test_the_first_list_under_embedded_is_taken_whatever_its_name(name: str) -> None:
    answer = Answer(status=200, body=b'{"_embedded": {"%s": [{"id": "1"}]}}' % name.encode())

    assert wire.read_page(answer).rows == ({"id": "1"},)


def test_a_list_without_embedded_is_empty() -> None:
    page = wire.read_page(Answer(status=200, body=sample_bytes("opentext", "empty_list")))

    assert (page.rows, page.has_next, page.total) == ((), False, 0)


def test_a_link_tells_that_more_follows() -> None:
    body = b'{"_embedded": {"tasks": [{}]}, "_links": {"next": {"href": "https://elsewhere.test/"}}}'

    assert wire.read_page(Answer(status=200, body=body)).has_next is True


@pytest.mark.parametrize("body", [b"null", b"[]", b'{"_embedded": {"tasks": [1]}}', b"<html>"])
def test_a_list_of_another_shape_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        wire.read_page(Answer(status=200, body=body))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (
            "fault_of_the_gateway",
            Fault(
                message="Spike arrest violation. Allowed rate : 10ps",
                code="policies.ratelimit.SpikeArrestViolation",
                is_gateway=True,
                is_throttle=True,
            ),
        ),
        ("fault_of_a_bad_client", Fault(message="Invalid ApiKey", code="oauth.v2.InvalidApiKey", is_gateway=True)),
        (
            "error_of_the_engine",
            Fault(message="Unknown property used in expression: ${brandGroup}", is_rolled_back=True),
        ),
        (
            "error_of_two_that_met",
            Fault(
                message="ExecutionEntity[e1] was updated by another transaction concurrently",
                is_rolled_back=True,
                is_passing=True,
            ),
        ),
    ],
)
def test_a_fault_is_read_from_its_documented_shape(name: str, fault: Fault) -> None:
    assert wire.read_fault(Answer(status=500, body=sample_bytes("opentext", name))) == fault


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"error": "invalid_client", "error_description": "Unknown client"}', Fault(message="Unknown client")),
        (b'{"title": "Conflict", "detail": "Already there"}', Fault(message="Already there")),
        (b'{"exception": "Only this"}', Fault(message="Only this", is_rolled_back=True)),
        (b'{"message": "Service unavailable", "exception": "upstream"}', Fault(message="upstream")),
        (b'{"message": {"x": 1}, "exception": "odd"}', Fault(message="odd")),
        (b'{"fault": "text"}', Fault()),
        (b'{"fault": {"faultstring": "Odd"}}', Fault(message="Odd", code="gateway", is_gateway=True)),
        (b"null", Fault()),
        (b"no JSON", Fault(message="no JSON")),
        (b"<html>", Fault(message="a page for people")),
    ],
)
def test_a_fault_of_another_shape_still_says_something(body: bytes, fault: Fault) -> None:
    assert wire.read_fault(Answer(status=500, body=body)) == fault
