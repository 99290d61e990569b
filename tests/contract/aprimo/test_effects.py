"""Commands in Aprimo: what leaves, when nothing leaves, and what a look-up makes of what it sees."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from pipeline.aprimo.client import Client
from pipeline.aprimo.effects import EFFECTS
from pipeline.commands import KINDS, Cause, Command, ProjectVerb, SetFields
from pipeline.errors import PermanentError, StaleError, TransientError, UnknownOutcomeError
from pipeline.ports import NotThere, Sent
from pipeline.words import EventId, Side
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor
from tests.support.vendor_parts import bounds, new_aprimo

ITEM = "/api/activities/5012"
PROJECT = "/api/projects/6100"
START = f"POST {PROJECT}/start"
NAMES = "/api/lookup/2974"
CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)


@pytest.fixture
def vendor() -> ScriptedVendor:
    scripted = ScriptedVendor(token_path="/login/connect/token")
    scripted.on(f"GET {ITEM}", sample("aprimo", "activity_submitted"))
    scripted.on(f"PUT {ITEM}", 204)
    scripted.on(f"GET {PROJECT}", sample("aprimo", "project_not_started"))
    scripted.on(f"GET {NAMES}", sample("aprimo", "status_names"))
    scripted.on(START, 200)
    return scripted


@pytest.fixture
def client(vendor: ScriptedVendor) -> Client:
    return new_aprimo("https://acme.aprimo.test", new_adapter=vendor.adapter)


def send(client: Client, command: Command) -> Sent:
    return EFFECTS[command.KIND].send(client, command, command.effect_key(CAUSE), bounds())


def look_up(client: Client, command: Command) -> Sent | NotThere:
    return EFFECTS[command.KIND].look_up(client, command, command.effect_key(CAUSE), bounds())


def fields(values: dict[str, Any], expects: dict[str, Any] | None = None, *, kind: str = "activity") -> SetFields:
    object_id = 5012 if kind == "activity" else 6100
    return SetFields(object_kind=kind, object_id=object_id, fields=values, expects=expects or {})


VERB = ProjectVerb(verb="start", project_id=6100, revision=1)


def test_every_kind_of_aprimos_side_can_be_sent_and_looked_up() -> None:
    assert set(EFFECTS) == {name for name, kind in KINDS.items() if kind.SIDE is Side.APRIMO}


def test_only_what_differs_is_written(vendor: ScriptedVendor, client: Client) -> None:
    command = fields({"activityStateId": 3, "extrAttr302": "12000.5", "extrAttr307": "approved", "extrAttr306": ""})

    assert send(client, command) == Sent(how="sent")

    assert vendor.lines() == [f"GET {ITEM}", f"PUT {ITEM}"]
    assert vendor.calls[1].json == {"activityStateId": 3, "extrAttr307": "approved"}


def test_fields_that_are_as_wanted_are_not_written(vendor: ScriptedVendor, client: Client) -> None:
    command = fields({"activityStateId": 2, "description": "Outdoor\nand social", "extrAttr999": None})

    assert send(client, command) == Sent(how="already")

    assert vendor.lines() == [f"GET {ITEM}"]


def test_a_field_that_is_not_as_expected_stops_the_write(vendor: ScriptedVendor, client: Client) -> None:
    """The marketer withdrew while the decision was on its way."""
    command = fields({"activityStateId": 3}, expects={"activityStateId": 6})

    with pytest.raises(StaleError, match="activity:5012: activityStateId is not what was expected"):
        send(client, command)

    assert vendor.lines() == [f"GET {ITEM}"]


def test_what_is_expected_empty_may_be_missing(client: Client) -> None:
    command = fields({"extrAttr307": "approved"}, expects={"extrAttr307": "", "extrAttr306": None})

    assert send(client, command) == Sent(how="sent")


def test_an_item_that_is_gone_is_planned_again(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {ITEM}", 404)

    with pytest.raises(StaleError, match="activity:5012 is not there any more"):
        send(client, fields({"activityStateId": 3}))


def test_an_item_behind_a_gateways_page_is_not_taken_for_gone(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {ITEM}", Given(status=404, body="<html>maintenance</html>"))

    with pytest.raises(TransientError):
        send(client, fields({"activityStateId": 3}))


@pytest.mark.parametrize("answer", [requests.ConnectionError("reset"), requests.ReadTimeout(), Given(status=500)])
def test_a_write_without_an_answer_is_unknown(vendor: ScriptedVendor, client: Client, answer: Given) -> None:
    vendor.on(f"PUT {ITEM}", answer)

    with pytest.raises(UnknownOutcomeError):
        send(client, fields({"activityStateId": 3}))


def test_a_write_that_is_refused_dies_with_the_vendors_words(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"PUT {ITEM}", Given(status=400, body={"exceptionMessage": "'activityStateId' does not know 99"}))

    with pytest.raises(PermanentError) as caught:
        send(client, fields({"activityStateId": 99}))

    assert caught.value.hint.endswith("'activityStateId' does not know 99")


def test_a_look_up_finds_fields_that_have_their_values(client: Client) -> None:
    assert look_up(client, fields({"activityStateId": 2, "extrAttr314": 6100})) == Sent(how="found")


def test_a_look_up_goes_by_what_only_we_write_where_people_have_changed_the_state_since(client: Client) -> None:
    """Aprimo shows the state that was expected before the write: the requester has submitted again."""
    back = {"activityStateId": 1, "extrAttr314": 6100}

    assert look_up(client, fields(back, {"activityStateId": 2})) == Sent(how="found")
    assert look_up(client, fields({**back, "extrAttr314": 1}, {"activityStateId": 2})) == NotThere()
    assert look_up(client, fields({"activityStateId": 1}, {"activityStateId": 2})) == NotThere()


def test_a_look_up_does_not_find_fields_that_differ(client: Client) -> None:
    assert look_up(client, fields({"activityStateId": 2, "extrAttr307": "approved"})) == NotThere()


def test_a_look_up_of_an_item_that_is_gone_finds_nothing(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {ITEM}", 404)

    assert look_up(client, fields({"activityStateId": 3})) == NotThere()


def test_a_look_up_that_gets_no_answer_cannot_tell(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {ITEM}", 503)

    with pytest.raises(TransientError):
        look_up(client, fields({"activityStateId": 3}))


def test_a_project_gets_both_attribute_collections_back(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"PUT {PROJECT}", 204)

    send(client, fields({"extrAttr402": "c"}, kind="project"))

    assert vendor.calls[1].json["multipleValueExtendedAttributes"] == [
        {"parentId": 6100, "extAttributeId": 430, "encodedListItemId": 3}
    ]


def test_a_kind_of_object_nobody_knows_is_for_a_person(vendor: ScriptedVendor, client: Client) -> None:
    with pytest.raises(PermanentError, match="kind_unknown"):
        send(client, SetFields(object_kind="invoice", object_id=1, fields={"x": 1}))

    assert vendor.calls == []


def with_status(number: int) -> dict[str, Any]:
    return {**sample("aprimo", "project_not_started"), "projectStatus": number}


def test_a_project_is_started_from_a_status_that_allows_it(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, VERB) == Sent(how="sent")

    assert vendor.lines() == [f"GET {PROJECT}", f"GET {NAMES}", START]
    assert vendor.calls[2].json == {}


def test_a_project_that_runs_already_is_not_started_again(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {PROJECT}", with_status(20))

    assert send(client, VERB) == Sent(how="already")

    assert START not in vendor.lines()


@pytest.mark.parametrize("status", [40, 50, 90, 777])
def test_a_project_that_cannot_start_is_planned_again(vendor: ScriptedVendor, client: Client, status: int) -> None:
    vendor.on(f"GET {PROJECT}", with_status(status))

    with pytest.raises(StaleError):
        send(client, VERB)

    assert START not in vendor.lines()


def test_a_project_that_changed_before_the_verb_is_planned_again(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(START, 409)

    with pytest.raises(StaleError, match="project:6100 changed: it cannot start any more"):
        send(client, VERB)


def test_a_project_that_is_hidden_is_for_a_person(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {PROJECT}", 404)

    with pytest.raises(PermanentError, match="project_unknown"):
        send(client, VERB)


def test_a_verb_nobody_knows_is_for_a_person(vendor: ScriptedVendor, client: Client) -> None:
    with pytest.raises(PermanentError, match="verb_unknown"):
        send(client, ProjectVerb(verb="explode", project_id=6100, revision=1))

    assert vendor.calls == []


@pytest.mark.parametrize(("status", "expected"), [(10, NotThere()), (20, Sent(how="found")), (30, NotThere())])
def test_a_look_up_sees_a_verb_by_the_status_it_leads_to(
    vendor: ScriptedVendor, client: Client, status: int, expected: Sent | NotThere
) -> None:
    vendor.on(f"GET {PROJECT}", with_status(status))

    assert look_up(client, VERB) == expected


def test_names_of_statuses_are_remembered(vendor: ScriptedVendor, client: Client) -> None:
    for _ in range(3):
        look_up(client, VERB)

    assert vendor.lines().count(f"GET {NAMES}") == 1
