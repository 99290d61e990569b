"""Commands for records of the DAM: what leaves, when nothing leaves, and what a look-up makes of what it sees."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.dam_effects import EFFECTS
from pipeline.commands import (
    AddCheck,
    AddToCollection,
    Cause,
    Command,
    CreateRecord,
    RemoveFromCollection,
    SetRecord,
)
from pipeline.errors import StaleError
from pipeline.keys import comment_marker
from pipeline.ports import NotThere, Sent
from pipeline.words import EventId
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor
from tests.support.vendor_parts import bounds, new_aprimo

CORE = "/api/core"
ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
VERSION = "44cc22bb33cc44dd55ee66ff77008899"
RECORD = f"{CORE}/record/{ID}"
RESULTS = f"{CORE}/fileversion/{VERSION}/checkresults"
CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)

APPROVED = SetRecord(
    record_id=ID,
    status="released",
    fields={"ReviewState": "Approved", "CampaignCode": "SPRING-26", "ApprovedOn": "2026-02-03T10:00:00Z"},
    add_classifications=("/Reuse/Recommended",),
    remove_classifications=("/Assets/Campaign",),
    expects={"fileVersion": VERSION, "ReviewState": "For review", "status": "Draft"},
)
CHECK = AddCheck(
    record_id=ID, file_version_id=VERSION, check="Legal check", outcome="pass", description="Fine.", origin="task-1"
)
LOCALIZED = CreateRecord(
    reference_field="CampaignCode",
    reference=f"aprimo:record:{ID}#DACH",
    content_type="Asset",
    status="draft",
    classifications=("/Assets/Campaign",),
    fields={"MasterRecord": ID},
)
BOTH = hashlib.sha256(",".join(sorted((ID, VERSION))).encode()).hexdigest()[:16]
PUT_IN = AddToCollection(collection="Web team", record_ids=(ID, VERSION))
TAKE_OUT = RemoveFromCollection(collection="Web team", record_ids=(ID, VERSION))


def items(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(rows), "_links": {}}


@pytest.fixture
def vendor() -> ScriptedVendor:
    scripted = ScriptedVendor(token_path="/login/connect/token")
    scripted.on(f"GET {RECORD}", sample("aprimo", "record_for_review_flat"))
    scripted.on(f"GET {CORE}/fielddefinitions", sample("aprimo", "field_definitions"))
    places = ({"id": "c1", "namePath": "/Reuse/Recommended"}, {"id": CAMPAIGN, "namePath": "/Assets/Campaign"})
    scripted.on(f"GET {CORE}/classifications", items(*places))
    scripted.on(f"GET {CORE}/checks", items({"id": "k1", "name": "Legal check"}))
    scripted.on(f"GET {CORE}/collections", items({"id": "w1", "name": "Web team"}))
    scripted.on(f"POST {RESULTS}", Given(status=201, body={"id": "r1"}))
    scripted.on(f"POST {CORE}/search/records", items())
    scripted.on(f"POST {CORE}/records", Given(status=201, body={"id": "n1"}))
    for line in (f"PUT {RECORD}", f"PUT {CORE}/collection/w1/records"):
        scripted.on(line, 204)
    return scripted


CAMPAIGN = "56cc22bb33cc44dd55ee66ff77008899"


@pytest.fixture
def client(vendor: ScriptedVendor) -> Client:
    return new_aprimo("https://acme.aprimo.test", new_adapter=vendor.adapter)


def send(client: Client, command: Command) -> Sent:
    return EFFECTS[command.KIND].send(client, command, command.effect_key(CAUSE), bounds())


def look_up(client: Client, command: Command) -> Sent | NotThere:
    return EFFECTS[command.KIND].look_up(client, command, command.effect_key(CAUSE), bounds())


def marker(command: Command) -> str:
    return comment_marker(command.effect_key(CAUSE))


@pytest.mark.parametrize(
    ("command", "key", "target"),
    [
        (APPROVED, f"record:ev-1:1:{ID}", f"record:{ID}"),
        (CHECK, f"check:{VERSION}:Legal check:task-1", f"file-version:{VERSION}"),
        (LOCALIZED, f"create-record:aprimo:record:{ID}#DACH", f"record:aprimo:record:{ID}#DACH"),
        (PUT_IN, f"collect:Web team:{BOTH}:ev-1:1", "collection:Web team"),
        (TAKE_OUT, f"uncollect:Web team:{BOTH}:ev-1:1", "collection:Web team"),
    ],
)
def test_an_effect_has_its_natural_identity(command: Command, key: str, target: str) -> None:
    assert (command.effect_key(CAUSE), command.target()) == (key, target)


def test_a_record_gets_what_differs_in_one_write(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, APPROVED) == Sent(how="sent")

    (write,) = [call for call in vendor.calls if call.method == "PUT"]
    assert write.headers["set-immediateSearchIndexUpdate"] == "true"
    state, approved_on = write.json["fields"]["addOrUpdate"]
    assert state["localizedValues"] == [{"languageId": "0" * 32, "values": ["35bb22bb33cc44dd55ee66ff77008899"]}]
    assert approved_on["localizedValues"] == [{"languageId": "0" * 32, "value": "2026-02-03T10:00:00Z"}]
    assert (write.json["status"], write.json["classifications"]) == (
        "released",
        {"addOrUpdate": [{"id": "c1"}], "remove": [{"id": CAMPAIGN}]},
    )


@pytest.mark.parametrize(
    ("name", "value"), [("fileVersion", "0" * 32), ("ReviewState", "Approved"), ("status", "archived")]
)
def test_a_record_that_is_not_as_expected_is_not_written(
    vendor: ScriptedVendor, client: Client, name: str, value: str
) -> None:
    """An approval is never written on a version it was not given for."""
    with pytest.raises(StaleError, match=f"{name} is not what was expected"):
        send(client, replace(APPROVED, expects={name: value}))

    assert f"PUT {RECORD}" not in vendor.lines()


def test_a_record_that_is_as_wanted_is_not_written(vendor: ScriptedVendor, client: Client) -> None:
    command = SetRecord(
        record_id=ID,
        status="Draft",
        fields={"ReviewState": "for review", "Score": "7.50", "ApprovedOn": None},
        add_classifications=("/Assets/Campaign",),
        remove_classifications=("/Reuse/Recommended",),
    )

    assert (send(client, command), look_up(client, command)) == (Sent(how="already"), Sent(how="found"))
    assert f"PUT {RECORD}" not in vendor.lines()


def test_a_record_that_differs_is_not_found(client: Client) -> None:
    assert look_up(client, APPROVED) == NotThere()


def test_a_record_that_is_gone_is_planned_again(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {RECORD}", 404)

    with pytest.raises(StaleError, match="is not there any more"):
        send(client, APPROVED)
    assert look_up(client, APPROVED) == NotThere()


def test_a_check_result_bears_its_mark_on_exactly_that_version(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, CHECK) == Sent(how="sent", vendor_ref="r1")

    body = vendor.calls[-1].json
    assert body == {"checkId": "k1", "outcome": "pass", "description": f"Fine. {marker(CHECK)}"}
    vendor.on(f"GET {RESULTS}", items({"id": "r0"}, {"id": "r1", **body}))
    assert look_up(client, CHECK) == Sent(how="found", vendor_ref="r1")


@pytest.mark.parametrize("answer", [404, Given(body={"items": [{"id": "r0", "description": "Fine."}]})])
def test_a_check_result_of_others_is_not_ours(vendor: ScriptedVendor, client: Client, answer: Given | int) -> None:
    vendor.on(f"GET {RESULTS}", answer)

    assert look_up(client, CHECK) == NotThere()


def test_a_localized_record_is_made_with_its_reference(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, LOCALIZED) == Sent(how="sent", vendor_ref="n1")

    search = next(call for call in vendor.calls if call.line == f"POST {CORE}/search/records")
    assert search.json["searchExpression"]["expression"] == "FieldName('CampaignCode') = @reference"
    assert search.json["searchExpression"]["namedParameters"] == {"reference": LOCALIZED.reference}
    body = vendor.calls[-1].json
    assert [each["localizedValues"][0] for each in body["fields"]["addOrUpdate"]] == [
        {"languageId": "0" * 32, "parents": [{"recordId": ID}]},
        {"languageId": "0" * 32, "value": LOCALIZED.reference},
    ]
    assert body["classifications"] == {"addOrUpdate": [{"id": CAMPAIGN}]}
    assert "files" not in body


def test_a_record_that_bears_the_reference_is_not_made_again(vendor: ScriptedVendor, client: Client) -> None:
    looser = {**sample("aprimo", "record_for_review_flat"), "id": "n0"}
    ours = sample("aprimo", "record_for_review_flat")
    ours["fields"]["items"][0]["localizedValues"][0]["value"] = LOCALIZED.reference
    vendor.on(f"POST {CORE}/search/records", items(looser, ours))

    assert send(client, LOCALIZED) == Sent(how="already", vendor_ref=ID)
    assert look_up(client, LOCALIZED) == Sent(how="found", vendor_ref=ID)
    assert f"POST {CORE}/records" not in vendor.lines()


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (PUT_IN, {"records": {"addOrUpdate": [{"id": ID}, {"id": VERSION}]}}),
        (TAKE_OUT, {"records": {"remove": [{"id": ID}, {"id": VERSION}]}}),
    ],
)
def test_a_collection_is_changed_again_without_being_looked_at(
    vendor: ScriptedVendor, client: Client, command: Command, body: dict[str, Any]
) -> None:
    assert look_up(client, command) == NotThere()
    assert [send(client, command), send(client, command)] == [Sent(how="sent")] * 2
    assert vendor.calls[-1].json == body


@pytest.mark.parametrize("command", [CHECK, PUT_IN])
def test_what_is_gone_is_planned_again(vendor: ScriptedVendor, client: Client, command: Command) -> None:
    for line in (f"POST {RESULTS}", f"PUT {CORE}/collection/w1/records"):
        vendor.on(line, 404)

    with pytest.raises(StaleError, match="is not there any more"):
        send(client, command)
