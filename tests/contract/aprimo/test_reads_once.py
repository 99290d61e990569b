"""In one read nothing is asked for twice: neither for several flows, nor for two wants that meet in one object."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.vendor import AprimoVendor
from pipeline.errors import PermanentError, PipelineError, TransientError
from pipeline.flows.tenant import FieldWord
from pipeline.plan import Snapshot, Want
from pipeline.words import Side
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor, SentCall
from tests.support.vendor_parts import bounds, new_aprimo, words

CORE = "/api/core"
RECORD_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
VERSION_ID = "44cc22bb33cc44dd55ee66ff77008899"
RECORD, VERSION = f"GET {CORE}/record/{RECORD_ID}", f"GET {CORE}/fileversion/{VERSION_ID}"
NAMES, PROJECT = "GET /api/lookup/2974", "GET /api/projects/6100"
FIELDS = f"GET {CORE}/fielddefinitions"


def record_words(**fields: str) -> dict[str, FieldWord]:
    return {name: FieldWord(name=name, wire=wire) for name, wire in fields.items()}


WORDS = {
    "one": replace(words(), object_kind="record", state_wire="ReviewState", fields=record_words(title="Title")),
    "other": replace(words(), object_kind="record", state_wire="", fields=record_words(code="CampaignCode")),
    "briefs": words(),
    "requests": words(),
}


@pytest.fixture
def scripted() -> ScriptedVendor:
    made = ScriptedVendor(token_path="/login/connect/token")
    made.on(RECORD, sample("aprimo", "record_for_review_flat"))
    made.on(FIELDS, sample("aprimo", "field_definitions"))
    made.on(VERSION, sample("aprimo", "file_version_with_remarks"))
    made.on(f"{VERSION}/checkresults", sample("aprimo", "check_results"))
    made.on(f"GET {CORE}/checks", {"items": [{"id": "k1", "name": "Legal check"}], "_links": {}})
    made.on(f"GET {CORE}/user/d88", {"id": "d88", "name": "r.one"})
    made.on(f"GET {CORE}/user/d91", {"id": "d91", "name": "signoff"})
    made.on("GET /api/activities/5012", sample("aprimo", "activity_submitted"))
    made.on("GET /api/users/88", sample("aprimo", "user_88"))
    made.on(PROJECT, sample("aprimo", "project_not_started"))
    made.on(NAMES, sample("aprimo", "status_names"))
    made.on("GET /api/funding-accounts/410", {"fundingAccountId": 410, "title": "Brand", "budgetedCurrency": 3})
    made.on("GET /api/funding-accounts/410/summary", sample("aprimo", "funding_summary"))
    return made


@pytest.fixture
def client(scripted: ScriptedVendor) -> Client:
    return new_aprimo("https://acme.aprimo.test", new_adapter=scripted.adapter)


@pytest.fixture
def vendor(client: Client) -> AprimoVendor:
    return AprimoVendor(client, WORDS, wait_s=lambda *_: 0.0)


def want(flow: str, kind: str, object_id: str, role: str = "") -> Want:
    return Want(flow=flow, side=Side.APRIMO, kind=kind, object_id=object_id, role=role)


def twice(scripted: ScriptedVendor) -> list[str]:
    """What was asked for more than once."""
    lines = scripted.lines()
    return sorted({line for line in lines if lines.count(line) > 1})


def seen(outcome: Snapshot | PipelineError) -> Snapshot:
    assert isinstance(outcome, Snapshot), outcome
    return outcome


@pytest.mark.parametrize(
    ("kind", "object_id", "calls"),
    [("activity", "5012", 2), ("project", "6100", 2), ("file_version", VERSION_ID, 5), ("funding_summary", "410", 2)],
)
def test_an_object_that_two_flows_want_is_asked_for_once(
    scripted: ScriptedVendor, vendor: AprimoVendor, kind: str, object_id: str, calls: int
) -> None:
    both = [want("briefs", kind, object_id), want("requests", kind, object_id)]

    outcomes = vendor.read(both, bounds())

    assert [(seen(outcomes[each]).want, seen(outcomes[each]).is_absent) for each in both] == [
        (each, False) for each in both
    ]
    assert (len(scripted.lines()), twice(scripted)) == (calls, [])


def test_a_record_is_read_once_with_the_fields_of_every_flow_and_each_sees_its_own(
    scripted: ScriptedVendor, vendor: AprimoVendor
) -> None:
    both = [want(flow, "record", RECORD_ID) for flow in ("one", "other")]

    one, other = (seen(outcome).values for outcome in vendor.read(both, bounds()).values())

    assert scripted.lines().count(RECORD) == 1
    assert scripted.calls[0].headers["select-record-fields"] == "ReviewState, Title, CampaignCode"
    assert (one["title"], one["state_id"], other["code"]) == ("Hero", "For review", "SPRING-26")
    assert ("code" in one, "title" in other) == (False, False)


def test_a_record_that_one_flow_wants_whole_is_read_whole_once(
    scripted: ScriptedVendor, vendor: AprimoVendor
) -> None:
    both = [want("one", "record", RECORD_ID), want("briefs", "record", RECORD_ID)]

    whole = seen(vendor.read(both, bounds())[both[1]]).values

    assert scripted.lines().count(RECORD) == 1
    assert "select-record-fields" not in scripted.calls[0].headers
    assert (whole["CampaignCode"], whole["Title"]) == ("SPRING-26", "Hero")


def test_a_field_of_one_flow_that_fails_the_record_fails_no_other_flow(
    scripted: ScriptedVendor, vendor: AprimoVendor
) -> None:
    def answer(call: SentCall) -> Given:
        is_refused = "CampaignCode" in call.headers["select-record-fields"]
        return Given(status=400 if is_refused else 200, body=sample("aprimo", "record_for_review_flat"))

    scripted.on(RECORD, answer)
    both = [want(flow, "record", RECORD_ID) for flow in ("one", "other")]

    outcomes = vendor.read(both, bounds())

    assert seen(outcomes[both[0]]).values["title"] == "Hero"
    assert isinstance(outcomes[both[1]], PermanentError)


def test_a_version_that_is_wanted_by_its_id_and_as_the_latest_has_its_checks_read_once(
    scripted: ScriptedVendor, vendor: AprimoVendor
) -> None:
    version = sample("aprimo", "file_version_with_remarks")
    scripted.on(RECORD, {"id": RECORD_ID, "masterfilelatestversion": version})

    vendor.read([want("one", "file_version", VERSION_ID), want("one", "latest_version", RECORD_ID)], bounds())

    assert twice(scripted) == []


def test_what_failed_is_not_asked_again_in_the_same_read_but_in_the_next(
    scripted: ScriptedVendor, vendor: AprimoVendor
) -> None:
    scripted.on(PROJECT, 503, sample("aprimo", "project_not_started"))
    both = [want("briefs", "project", "6100"), want("requests", "project", "6100")]

    first = vendor.read(both, bounds())
    second = vendor.read(both, bounds())

    assert [type(outcome) for outcome in first.values()] == [TransientError] * 2
    assert [seen(outcome).values["title"] for outcome in second.values()] == ["Spring launch"] * 2
    assert scripted.lines().count(PROJECT) == 2


def test_a_status_that_was_named_a_moment_ago_is_found_by_reading_the_names_again(
    scripted: ScriptedVendor, client: Client
) -> None:
    clock = [100.0]
    client._status_names._monotonic = lambda: clock[0]
    newer = sample("aprimo", "status_names")
    newer["items"].append({"key": "77", "value": "On Hold"})
    scripted.on(NAMES, sample("aprimo", "status_names"), newer)

    found = [client.status_name(number, bounds()) for number in (10, 10, 77)]
    clock[0] += 6.0
    found += [client.status_name(number, bounds()) for number in (77, 77, 78)]

    assert found == ["not started", "not started", "", "on hold", "on hold", ""]
    assert scripted.lines() == [NAMES, NAMES]


def test_threads_that_need_the_same_definitions_have_them_read_once(scripted: ScriptedVendor, client: Client) -> None:
    is_first_waiting, may_answer = threading.Event(), threading.Event()

    def slow(_: SentCall) -> Given:
        is_first_waiting.set()
        may_answer.wait(10)
        return Given(body=sample("aprimo", "field_definitions"))

    scripted.on(FIELDS, slow)
    found: list[str] = []
    asking = ("fielddefinitions", "22aa22bb33cc44dd55ee66ff77008899", bounds())
    threads = [threading.Thread(target=lambda: found.append(client.dam.names.name_of(*asking))) for _ in range(3)]

    threads[0].start()
    is_first_waiting.wait(10)
    for thread in threads[1:]:
        thread.start()
    may_answer.set()
    for thread in threads:
        thread.join(10)

    assert found == ["ReviewState"] * 3
    assert scripted.lines() == [FIELDS]
