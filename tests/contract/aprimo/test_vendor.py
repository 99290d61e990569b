"""Reading from Aprimo: by one search where several are wanted, each its own outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.options import AprimoOptions
from pipeline.aprimo.vendor import AprimoVendor
from pipeline.commands import ProjectVerb
from pipeline.errors import PermanentError, PipelineError, TransientError
from pipeline.flows.tenant import FieldType, FieldWord
from pipeline.plan import Snapshot, Want
from pipeline.ports import Sent
from pipeline.words import EffectKey, Side, Urgency
from tests.support.samples import sample
from tests.support.scripted_http import ScriptedVendor
from tests.support.vendor_parts import FLOW, bounds, new_aprimo, words

SEARCH = "POST /api/activities/search"
SINCE = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
UNTIL = datetime(2026, 2, 3, 11, 0, tzinfo=UTC)


@pytest.fixture
def scripted() -> ScriptedVendor:
    made = ScriptedVendor(token_path="/login/connect/token")
    made.on("GET /api/users/88", sample("aprimo", "user_88"))
    for number, name in ((5012, "activity_submitted"), (5013, "activity_in_a_state_nobody_named")):
        made.on(f"GET /api/activities/{number}", sample("aprimo", name))
    return made


@pytest.fixture
def client(scripted: ScriptedVendor) -> Client:
    return new_aprimo("https://acme.aprimo.test", new_adapter=scripted.adapter)


@pytest.fixture
def vendor(client: Client) -> AprimoVendor:
    return AprimoVendor(client, {FLOW: words()}, wait_s=lambda route, _: 1.5 if route == "activities" else 0.0)


def want(object_id: object, kind: str = "activity") -> Want:
    return Want(flow=FLOW, side=Side.APRIMO, kind=kind, object_id=str(object_id))


def page_of(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"_total": len(rows), "_embedded": {"Activity": list(rows)}, "_links": {}}


def snapshot(outcome: Snapshot | PipelineError) -> Snapshot:
    assert isinstance(outcome, Snapshot), outcome
    return outcome


def test_one_activity_is_read_by_its_id(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    outcome = vendor.read([want(5012)], bounds())[want(5012)]

    assert snapshot(outcome).values["state"] == "submitted"
    assert scripted.lines() == ["GET /api/activities/5012", "GET /api/users/88"]


def test_several_are_read_by_one_search(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    rows = [sample("aprimo", "activity_submitted"), sample("aprimo", "activity_in_a_state_nobody_named")]
    scripted.on(SEARCH, page_of(*rows))

    outcomes = vendor.read([want(5012), want(5013)], bounds())

    assert [snapshot(outcomes[want(each)]).values["name"] for each in (5012, 5013)] == ["Spring launch", "Summer"]
    assert scripted.lines() == [SEARCH, "GET /api/users/88"]
    assert scripted.calls[0].query == {"limit": "3", "offset": "0"}


def test_searches_are_no_larger_than_a_page(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    scripted.on(SEARCH, page_of())
    for each in range(1, 6):
        scripted.on(f"GET /api/activities/{each}", 404)

    vendor.read([want(each) for each in range(1, 6)], bounds())

    sizes = [len(call.json["or"]) for call in scripted.calls if call.line == SEARCH]
    assert sizes == [3, 2]


def test_what_a_search_does_not_return_is_read_by_itself_before_it_counts_as_absent(
    scripted: ScriptedVendor, vendor: AprimoVendor
) -> None:
    scripted.on(SEARCH, page_of())
    scripted.on("GET /api/activities/5013", 404)

    outcomes = vendor.read([want(5012), want(5013)], bounds())

    assert snapshot(outcomes[want(5012)]).is_absent is False
    assert snapshot(outcomes[want(5013)]).is_absent is True


def test_a_row_of_a_search_without_attributes_is_read_whole(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    thin = {"activityId": 5012, "modifiedDate": "2026-02-03T10:15:30", "activityStateId": 2}
    whole = sample("aprimo", "activity_in_a_state_nobody_named")
    scripted.on(SEARCH, page_of(thin, whole))

    outcomes = vendor.read([want(5012), want(5013)], bounds())

    assert snapshot(outcomes[want(5012)]).values["budget"] == "12000.50"
    assert scripted.lines()[:2] == [SEARCH, "GET /api/activities/5012"]


def test_one_row_of_another_shape_fails_nobody_else(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    bad = sample("aprimo", "activity_without_modified_date")
    scripted.on(SEARCH, page_of(bad, sample("aprimo", "activity_in_a_state_nobody_named")))
    scripted.on("GET /api/activities/5012", bad)

    outcomes = vendor.read([want(5012), want(5013)], bounds())

    failure = outcomes[want(5012)]
    assert isinstance(failure, PermanentError)
    assert failure.code == "answer_unexpected"
    assert snapshot(outcomes[want(5013)]).values["name"] == "Summer"


def test_a_search_that_fails_fails_all_it_was_for_and_no_more_calls_leave(
    scripted: ScriptedVendor, vendor: AprimoVendor
) -> None:
    scripted.on(SEARCH, 503)

    outcomes = vendor.read([want(5012), want(5013)], bounds())

    assert [type(outcome) for outcome in outcomes.values()] == [TransientError, TransientError]
    assert scripted.lines() == [SEARCH]


def test_a_batch_whose_lease_is_nearly_over_gets_that_as_its_outcomes(vendor: AprimoVendor) -> None:
    outcomes = vendor.read([want(5012)], bounds(lease_s=3))

    assert type(outcomes[want(5012)]).__name__ == "LeaseLostError"


def test_a_user_is_looked_up_once(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    for _ in range(3):
        vendor.read([want(5012)], bounds())

    assert scripted.lines().count("GET /api/users/88") == 1


def test_a_user_who_is_hidden_leaves_the_e_mail_empty(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    scripted.on("GET /api/users/88", 404)

    outcome = vendor.read([want(5012)], bounds())[want(5012)]

    assert snapshot(outcome).values["owner"] == {"id": 88, "email": "", "name": ""}


def test_a_project_is_read_with_the_tenants_name_of_its_status(
    scripted: ScriptedVendor, vendor: AprimoVendor
) -> None:
    scripted.on("GET /api/projects/6100", sample("aprimo", "project_not_started"))
    scripted.on("GET /api/lookup/2974", sample("aprimo", "status_names"))

    outcome = vendor.read([want(6100, "project")], bounds())[want(6100, "project")]

    values = snapshot(outcome).values
    assert (values["title"], values["status_id"], values["status"]) == ("Spring launch", 10, "not started")
    assert (values["activityId"], values["extrAttr401"]) == (5012, "a")
    assert snapshot(outcome).version == "2026-02-03T10:15:30.000000Z"


def test_a_project_that_is_a_flows_item_is_read_in_its_words(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on("GET /api/projects/6100", sample("aprimo", "project_not_started"))
    scripted.on("GET /api/lookup/2974", sample("aprimo", "status_names"))
    requests = replace(
        words(),
        object_kind="project",
        type_ids=frozenset(),
        state_wire="projectStatus",
        states={"asked": 10},
        fields={"campaign": FieldWord(name="campaign", wire="activityId", type=FieldType.INTEGER)},
    )
    vendor = AprimoVendor(client, {FLOW: requests}, wait_s=lambda *_: 0.0)

    values = snapshot(vendor.read([want(6100, "project")], bounds())[want(6100, "project")]).values

    assert (values["state"], values["campaign"], values["status"]) == ("asked", 5012, "not started")
    assert (values["title"], values["status_id"], values["modified_by"]) == ("Spring launch", 10, 88)
    assert "extrAttr401" not in values


def test_a_project_that_is_hidden_is_absent(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    scripted.on("GET /api/projects/6100", 404)

    assert snapshot(vendor.read([want(6100, "project")], bounds())[want(6100, "project")]).is_absent is True


@pytest.mark.parametrize(("given", "code"), [(want("x7"), "id_malformed"), (want(1, "asset"), "kind_unknown")])
def test_what_cannot_be_read_is_for_a_person(vendor: AprimoVendor, given: Want, code: str) -> None:
    outcome = vendor.read([given], bounds())[given]

    assert isinstance(outcome, PermanentError)
    assert outcome.code == code


def test_our_own_user_is_known(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on("GET /api/users/me", sample("aprimo", "user_88") | {"userId": 91})

    assert client.me(bounds()).user_id == 91


def test_commands_go_through_the_same_door(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    scripted.on("GET /api/projects/6100", sample("aprimo", "project_not_started") | {"projectStatus": 20})
    scripted.on("GET /api/lookup/2974", sample("aprimo", "status_names"))
    command = ProjectVerb(verb="start", project_id=6100, revision=1)

    assert vendor.send(command, EffectKey("k"), bounds()) == Sent(how="already")
    assert vendor.look_up(command, EffectKey("k"), bounds()) == Sent(how="found")


def test_waits_are_the_sessions(vendor: AprimoVendor) -> None:
    assert vendor.wait_s("activities", Urgency.EXPRESS) == 1.5


def test_options_hide_their_secret() -> None:
    options = AprimoOptions(auth_url="a", pm_url="p", client_id="c", client_secret="canary")

    assert "canary" not in repr(options)
    assert "canary" not in repr(options.token_options())
