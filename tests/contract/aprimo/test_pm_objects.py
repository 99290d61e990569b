"""Tasks, commitments and generic objects: read, listed, and written without losing what else they hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.effects import EFFECTS
from pipeline.aprimo.vendor import AprimoVendor
from pipeline.commands import Cause, SetFields
from pipeline.errors import PermanentError, StaleError
from pipeline.flows.tenant import FieldType, FieldWord
from pipeline.plan import Snapshot, Want
from pipeline.ports import NotThere, Sent
from pipeline.words import EventId, Side
from tests.support.samples import sample
from tests.support.scripted_http import ScriptedVendor
from tests.support.vendor_parts import bounds, new_aprimo, words

BUDGET = "budget_exception"
COMMITMENT = "/api/commitments/9100"
TASK = "/api/tasks/77001"
CASE = "/api/generic-object-alpha/301"
CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)

BUDGET_WORDS = replace(
    words(),
    flow=BUDGET,
    object_kind="commitment",
    state_wire="commitmentStatus",
    states={"submitted": 2, "approved": 3},
    fields={
        "owner": FieldWord(name="owner", wire="ownerId", type=FieldType.USER),
        "amount": FieldWord(name="amount", wire="totalAmount", type=FieldType.MONEY),
        "currency": FieldWord(name="currency", wire="currencyCode", type=FieldType.CURRENCY),
        "reason": FieldWord(name="reason", wire="extrAttr330"),
    },
)


@pytest.fixture
def scripted() -> ScriptedVendor:
    made = ScriptedVendor(token_path="/login/connect/token")
    made.on(f"GET {COMMITMENT}", sample("aprimo", "commitment_submitted"))
    made.on(f"GET {TASK}", sample("aprimo", "task_in_progress"))
    made.on(f"GET {CASE}", sample("aprimo", "case_open"))
    made.on("GET /api/users/88", sample("aprimo", "user_88"))
    made.on("GET /api/lookup/2974", sample("aprimo", "status_names"))
    for path in (COMMITMENT, f"{TASK}/", CASE):
        made.on(f"PUT {path}", 204)
    return made


@pytest.fixture
def client(scripted: ScriptedVendor) -> Client:
    return new_aprimo("https://acme.aprimo.test", new_adapter=scripted.adapter)


@pytest.fixture
def vendor(client: Client) -> AprimoVendor:
    return AprimoVendor(client, {BUDGET: BUDGET_WORDS}, wait_s=lambda *_: 0.0)


def want(kind: str, object_id: int) -> Want:
    return Want(flow=BUDGET, side=Side.APRIMO, kind=kind, object_id=str(object_id))


def read(vendor: AprimoVendor, kind: str, object_id: int) -> Snapshot:
    asked = want(kind, object_id)
    outcome = vendor.read([asked], bounds())[asked]
    assert isinstance(outcome, Snapshot), outcome
    return outcome


def send(client: Client, command: SetFields) -> Sent:
    return EFFECTS[command.KIND].send(client, command, command.effect_key(CAUSE), bounds())


def test_a_flows_own_commitment_is_read_in_its_words(vendor: AprimoVendor) -> None:
    snapshot = read(vendor, "commitment", 9100)

    assert snapshot.values == {
        "owner": {"id": 88, "email": "requester.one@example.test", "name": "Requester One"},
        "amount": "12000.00",
        "currency": "EUR",
        "reason": "Rain dates",
        "activities": [5012],
        "state": "submitted",
        "state_id": 2,
        "type_id": None,
        "status": "submitted",
        "modified_by": 88,
    }
    assert snapshot.version == "2026-02-03T10:15:30.000000Z"
    assert snapshot.created_at == datetime(2026, 2, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("said", [None, "", "some day", 7])
def test_a_commitment_that_does_not_say_when_it_was_made_is_read_all_the_same(
    scripted: ScriptedVendor, vendor: AprimoVendor, said: object
) -> None:
    scripted.on(f"GET {COMMITMENT}", {**sample("aprimo", "commitment_submitted"), "createdDate": said})

    assert read(vendor, "commitment", 9100).created_at is None


def test_of_other_kinds_no_page_says_when_they_were_made(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    scripted.on(f"GET {CASE}", {**sample("aprimo", "case_open"), "createdDate": "2026-02-01T08:00:00"})

    assert read(vendor, "generic_object_alpha", 301).created_at is None


def test_a_task_beside_the_item_is_read_by_wire_names_with_the_tenants_name_of_its_status(
    vendor: AprimoVendor,
) -> None:
    snapshot = read(vendor, "task", 77001)

    assert (snapshot.values["name"], snapshot.values["workFlowTaskStatus"], snapshot.values["status"]) == (
        "Brand approval",
        20,
        "in progress",
    )
    assert snapshot.values["assignees"] == [{"assigneeId": 1, "userId": 88, "roleId": 4}]
    assert snapshot.version == ""


def test_a_tasks_status_is_found_under_the_other_key_too(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    body = sample("aprimo", "task_in_progress")
    scripted.on(f"GET {TASK}", {**body, "status": body.pop("workFlowTaskStatus")})

    assert read(vendor, "task", 77001).values["workFlowTaskStatus"] == 20


def test_a_generic_object_is_read_with_its_attributes(vendor: AprimoVendor) -> None:
    values = read(vendor, "generic_object_alpha", 301).values

    assert (values["name"], values["extrAttr360"], values["relatedObjectId"]) == (
        "Asset missing",
        "signoff:late:5012",
        5012,
    )


def test_a_commitment_that_is_gone_is_absent(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    scripted.on(f"GET {COMMITMENT}", 404)

    assert read(vendor, "commitment", 9100).is_absent is True


def test_a_row_without_its_id_is_for_a_person(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    scripted.on(f"GET {COMMITMENT}", {"commitmentId": 9100})
    asked = want("commitment", 9100)

    outcome = vendor.read([asked], bounds())[asked]

    assert isinstance(outcome, PermanentError)
    assert outcome.code == "answer_unexpected"


def test_several_commitments_are_read_by_one_search_and_the_rest_by_their_own(
    scripted: ScriptedVendor, vendor: AprimoVendor
) -> None:
    found = {**sample("aprimo", "commitment_submitted"), "committedId": 9101}
    # The key under `_embedded` is lower case here, as in live use.
    scripted.on("POST /api/commitments/search", {"_total": 1, "_embedded": {"commitment": [found]}, "_links": {}})
    wants = [want("commitment", 9100), want("commitment", 9101), want("task", 77001)]

    outcomes = vendor.read(wants, bounds())

    assert all(isinstance(outcomes[each], Snapshot) for each in wants)
    assert [line for line in scripted.lines() if "commitments" in line] == [
        "POST /api/commitments/search",
        f"GET {COMMITMENT}",
    ]
    assert scripted.calls[0].json == {
        "or": [
            {"equals": {"fieldName": "committedId", "fieldValue": 9100}},
            {"equals": {"fieldName": "committedId", "fieldValue": 9101}},
        ]
    }


def test_a_commitment_gets_both_attribute_collections_back_and_nothing_else(
    scripted: ScriptedVendor, client: Client
) -> None:
    """They are flush-and-fill: what is left out is removed, and without both the route may answer 500."""
    command = SetFields(object_kind="commitment", object_id=9100, fields={"extrAttr330": "Snow"})

    assert send(client, command) == Sent(how="sent")

    assert scripted.calls[1].json == {
        "extendedAttributes": [{"eaId": 331, "eaValue": "0.1"}, {"eaId": 330, "eaValue": "Snow"}],
        "multipleValueExtendedAttributes": [{"parentId": 9100, "extAttributeId": 339, "encodedListItemId": 4}],
    }


@pytest.mark.parametrize(
    ("kind", "object_id", "fields", "line"),
    [
        ("task", 77001, {"name": "Look", "endDate": "2026-02-09T17:00:00"}, f"PUT {TASK}/"),
        ("generic_object_alpha", 301, {"status": 2}, f"PUT {CASE}"),
    ],
)
def test_fields_are_written_where_the_kind_lives(
    scripted: ScriptedVendor, client: Client, *, kind: str, object_id: int, fields: dict[str, Any], line: str
) -> None:
    assert send(client, SetFields(object_kind=kind, object_id=object_id, fields=fields)) == Sent(how="sent")

    assert scripted.lines()[1] == line
    body = scripted.calls[1].json
    assert {name: body[name] for name in fields} == fields
    assert {"extendedAttributes", "multipleValueExtendedAttributes"} <= body.keys()


def test_an_attribute_of_many_values_is_read_and_written_as_the_list_of_its_items(
    scripted: ScriptedVendor, client: Client, vendor: AprimoVendor
) -> None:
    assert read(vendor, "generic_object_alpha", 301).wire["extrAttr349"] == ["4", "5"]
    fields = {"extrAttr349": ["5", "6"]}

    assert send(client, SetFields(object_kind="generic_object_alpha", object_id=301, fields=fields)).how == "sent"

    assert scripted.calls[-1].json["multipleValueExtendedAttributes"] == [
        {"parentId": 301, "extAttributeId": 348, "encodedListItemId": 9},
        {"parentId": 301, "extAttributeId": 349, "encodedListItemId": 5},
        {"parentId": 301, "extAttributeId": 349, "encodedListItemId": 6},
    ]


def test_an_activity_takes_no_list_because_only_single_values_are_marked(
    scripted: ScriptedVendor, client: Client
) -> None:
    scripted.on("GET /api/activities/5012", sample("aprimo", "activity_submitted"))
    command = SetFields(object_kind="activity", object_id=5012, fields={"extrAttr305": ["1"]})

    with pytest.raises(PermanentError, match="take no list in extrAttr305"):
        send(client, command)


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("beginDate", "2026-02-02T09:00:00", "begin-date"),
        ("endDate", "2026-02-09T17:00:00", "end-date"),
        ("duration", 4, "duration"),
    ],
)
def test_a_tasks_date_alone_goes_by_a_route_that_touches_nothing_else(
    scripted: ScriptedVendor, client: Client, name: str, value: str | int, path: str
) -> None:
    scripted.on(f"PUT /api/tasks/{path}/77001/", 200)

    assert send(client, SetFields(object_kind="task", object_id=77001, fields={name: value})) == Sent(how="sent")

    assert scripted.lines() == [f"GET {TASK}", f"PUT /api/tasks/{path}/77001/"]
    assert scripted.calls[1].json == {name: value}


def test_a_date_that_is_the_same_moment_is_not_written(scripted: ScriptedVendor, client: Client) -> None:
    command = SetFields(object_kind="task", object_id=77001, fields={"endDate": "2026-02-05T18:00:00+01:00"})

    assert send(client, command) == Sent(how="already")
    assert scripted.lines() == [f"GET {TASK}"]


def test_an_amount_that_changed_stops_the_write(scripted: ScriptedVendor, client: Client) -> None:
    command = SetFields(
        object_kind="commitment", object_id=9100, fields={"extrAttr330": "x"}, expects={"totalAmount": "9000.00"}
    )

    with pytest.raises(StaleError, match="commitment:9100: totalAmount is not what was expected"):
        send(client, command)

    assert scripted.lines() == [f"GET {COMMITMENT}"]


@pytest.mark.parametrize(("end", "expected"), [("2026-02-05T17:00:00", Sent(how="found")), ("x", NotThere())])
def test_a_look_up_compares_a_tasks_fields(client: Client, end: str, expected: Sent | NotThere) -> None:
    command = SetFields(object_kind="task", object_id=77001, fields={"endDate": end})

    assert EFFECTS[command.KIND].look_up(client, command, command.effect_key(CAUSE), bounds()) == expected
