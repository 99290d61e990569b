"""Whether names exist in the tenant: found, missing with what comes closest, ambiguous, or not to be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.names_check import Existence, NameCheck, NamesCheck
from pipeline.errors import TransientError
from pipeline.flows.tenant import FieldWord, ItemWords
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor, SentCall
from tests.support.vendor_parts import bounds, new_aprimo, words

CORE = "/api/core"
FOUND, MISSING, AMBIGUOUS, NOT_CHECKABLE = Existence


def items(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(rows), "_links": {}}


@pytest.fixture
def scripted() -> ScriptedVendor:
    made = ScriptedVendor(token_path="/login/connect/token")
    made.on(f"GET {CORE}/fielddefinitions", sample("aprimo", "field_definitions"))
    made.on(
        f"GET {CORE}/classifications", items({"id": "c1", "namePath": "/Assets"}, {"id": "c2", "namePath": "/Reuse"})
    )
    made.on(f"GET {CORE}/checks", items({"id": "k1", "name": "Legal check"}))
    made.on(f"GET {CORE}/collections", items({"id": "w1", "name": "Web team"}, {"id": "w2", "name": "web team"}))
    made.on(f"GET {CORE}/contenttypes", items({"id": "t1", "name": "Asset"}))
    made.on(f"GET {CORE}/languages", items({"id": "e1", "name": "English"}))
    types = [{"type": {"systemTypeName": "ActivityType", "uri": "/api/system-types/ActivityType"}}]
    made.on("GET /api/system-types", {"systemtypes": types})
    rows = [{"systemTypeId": 17, "name": "Campaign", "activeFlag": 1}, {"systemTypeId": 18, "activeFlag": 1}]
    made.on("GET /api/system-types/ActivityType", {"_total": 2, "_embedded": {"items": rows}})
    made.on("GET /api/lookup/2974", sample("aprimo", "status_names"))
    fields = [
        {"fieldName": "name"},
        {"fieldName": "beginDate"},
        {"fieldName": "extrAttr301", "eaId": 301, "label": "Case"},
    ]
    made.on("GET /api/metadata/activity", {"objectName": "activity", "fields": fields})
    options = [{"itemId": 3571, "displayValue": "Missing asset"}, {"itemId": 3572, "displayValue": "Late approval"}]
    made.on("GET /api/extended-attributes/357/pick-list-options", {"items": options})
    made.on("GET /api/generic-object-alpha", {"_total": 0, "_embedded": {}})
    made.on("GET /api/users/88", sample("aprimo", "user_88"))
    made.on("GET /api/users/7", 404)
    made.on("POST /api/users/search", {"_total": 0, "_embedded": {}})
    return made


@pytest.fixture
def client(scripted: ScriptedVendor) -> Client:
    return new_aprimo("https://acme.aprimo.test", new_adapter=scripted.adapter)


@pytest.fixture
def check(client: Client) -> NamesCheck:
    return NamesCheck(client, bounds())


def told(found: NameCheck) -> tuple[Existence, str, tuple[str, ...]]:
    return found.existence, found.id, found.closest


def test_names_of_the_dam_are_found_without_regard_to_case_or_missing_with_the_closest(check: NamesCheck) -> None:
    field = "22aa22bb33cc44dd55ee66ff77008899"
    assert [told(each) for each in (check.field("reviewstate"), check.field(field), check.field("ReviewStatus"))] == [
        (FOUND, field, ()),
        (FOUND, field, ()),
        (MISSING, "", ("ReviewState",)),
    ]
    assert told(check.classification("/Reuse")) == (FOUND, "c2", ())
    assert told(check.classification("/Resue")) == (MISSING, "", ("/Reuse", "/Assets"))
    assert told(check.check("Legal")) == (MISSING, "", ("Legal check",))
    assert told(check.content_type("asset")) == (FOUND, "t1", ())
    assert told(check.language("English")) == (FOUND, "e1", ())


def test_a_name_that_two_bear_is_ambiguous_and_either_goes_by_its_id(check: NamesCheck) -> None:
    found = check.collection("Web Team")

    assert (found.existence, found.reason) == (AMBIGUOUS, "2 have that name: name one by its id (w1, w2)")
    assert told(check.collection("w2")) == (FOUND, "w2", ())


def test_an_option_is_looked_for_in_its_field(check: NamesCheck) -> None:
    assert told(check.option("ReviewState", "for review")) == (FOUND, "33bb22bb33cc44dd55ee66ff77008899", ())
    missing = check.option("ReviewState", "Aproved")
    assert (missing.what, told(missing)[0]) == ("option of ReviewState", MISSING)
    assert missing.closest == ("Approved",)
    assert check.option("Nothing", "Approved").reason == "its field is missing"


def test_an_activity_type_is_found_by_its_number_or_its_name(check: NamesCheck) -> None:
    assert told(check.activity_type(17)) == (FOUND, "17", ())
    assert told(check.activity_type("Campaign")) == (FOUND, "17", ())
    assert told(check.activity_type("Campaigns")) == (MISSING, "", ("17 (Campaign)",))
    assert told(check.activity_type(18)) == (FOUND, "18", ())
    assert told(check.activity_type(19))[0] is MISSING


def test_a_type_that_the_tenant_does_not_list_cannot_be_checked(scripted: ScriptedVendor, check: NamesCheck) -> None:
    scripted.on("GET /api/system-types", {"systemtypes": []})

    found = check.activity_type(17)

    assert (found.existence, found.reason) == (NOT_CHECKABLE, "the tenant does not show its list")


def test_states_are_checked_where_a_list_of_them_is_documented(check: NamesCheck) -> None:
    assert told(check.state("task", 20)) == (FOUND, "20", ())
    assert told(check.state("project", 21))[0] is MISSING
    found = check.state("activity", 2)
    assert (found.existence, found.reason) == (NOT_CHECKABLE, "Aprimo documents no list of them")


def test_fields_and_attributes_are_found_in_the_kinds_metadata(check: NamesCheck) -> None:
    assert told(check.attribute("activity", "extrAttr301")) == (FOUND, "extrAttr301", ())
    assert told(check.attribute("activity", "extrAttr310")) == (MISSING, "", ("extrAttr301 (Case)",))
    assert told(check.attribute("activity", "beginDat")) == (MISSING, "", ("beginDate",))


@pytest.mark.parametrize("answer", [Given(status=404), Given(body={"objectName": "activity"}), Given(status=403)])
def test_metadata_that_says_nothing_cannot_check_anything(
    scripted: ScriptedVendor, check: NamesCheck, answer: Given
) -> None:
    scripted.on("GET /api/metadata/activity", answer)

    assert check.attribute("activity", "name").existence is NOT_CHECKABLE


def test_items_of_pick_lists_are_found_by_number_or_text(scripted: ScriptedVendor, check: NamesCheck) -> None:
    assert told(check.pick_list_item(357, 3571)) == (FOUND, "3571", ())
    assert told(check.pick_list_item(357, "late approval")) == (FOUND, "3572", ())
    assert told(check.pick_list_item(357, "Late aproval"))[2][0] == "3572 (Late approval)"
    scripted.on("GET /api/extended-attributes/301/pick-list-options", 404)
    assert check.pick_list_item(301, 1).existence is NOT_CHECKABLE


def test_a_kind_of_generic_object_is_asked_for_one_row(scripted: ScriptedVendor, check: NamesCheck) -> None:
    assert told(check.generic_object("generic_object_alpha"))[0] is FOUND
    assert scripted.calls[0].query == {"limit": "1", "offset": "0"}
    assert told(check.generic_object("generic_object_alfa"))[2][0] == "generic_object_alpha"
    scripted.on("GET /api/generic-object-bravo", 403)
    assert check.generic_object("generic_object_bravo").existence is NOT_CHECKABLE


def test_users_are_found_by_number_or_by_their_very_e_mail(scripted: ScriptedVendor, check: NamesCheck) -> None:
    assert told(check.user("88")) == (FOUND, "88", ())
    assert told(check.user("7")) == (MISSING, "", ())
    assert told(check.user("nobody@acme.example"))[0] is MISSING
    rows = [
        {"userId": 1, "email": "one@acme.example"},
        {"userId": 2, "email": "ONE@acme.example"},
        {"userId": 3, "email": "not-one@acme.example"},
    ]
    scripted.on("POST /api/users/search", {"_total": 3, "_embedded": {"user": rows}})
    assert told(check.user("one@acme.example"))[0] is AMBIGUOUS
    scripted.on("POST /api/users/search", {"_total": 1, "_embedded": {"user": rows[1:]}})
    assert told(check.user("one@acme.example")) == (FOUND, "2", ())


def test_every_list_is_read_once_however_many_names_are_checked(scripted: ScriptedVendor, check: NamesCheck) -> None:
    for number in range(5):
        check.activity_type(number)
        check.attribute("activity", f"extrAttr{number}")
        check.status(number)
        check.field(f"Field{number}")
        check.classification(f"/{number}")
        check.pick_list_item(357, number)

    assert len(scripted.lines()) == len(set(scripted.lines())) == 7


def test_a_list_that_is_refused_is_asked_for_once_and_says_why_each_time(
    scripted: ScriptedVendor, check: NamesCheck
) -> None:
    scripted.on(f"GET {CORE}/checks", 403)

    reasons = [check.check(name).reason for name in ("Legal", "Brand")]

    assert scripted.lines() == [f"GET {CORE}/checks"]
    assert reasons[0] == reasons[1]
    assert reasons[0].startswith("Aprimo answered 403 Forbidden to GET on checks")


def test_a_vendor_that_is_away_says_nothing_about_names(scripted: ScriptedVendor, check: NamesCheck) -> None:
    scripted.on(f"GET {CORE}/checks", 503)

    with pytest.raises(TransientError):
        check.check("Legal check")


def test_a_flows_file_is_checked_whole_item_and_roles_each_name_once(
    scripted: ScriptedVendor, check: NamesCheck
) -> None:
    asset = ItemWords(
        kind="record",
        type_ids=frozenset({"Asset"}),
        state_wire="ReviewState",
        states={"for_review": "For review"},
        fields={"code": FieldWord(name="code", wire="CampaignCod")},
        link_template="",
    )
    odd = replace(asset, kind="asset")
    fields = {"name": FieldWord(name="name", wire="name"), "title": FieldWord(name="title", wire="name")}
    flow = replace(words(), fields=fields, states={"draft": 1}, also={"asset": asset, "odd": odd}, people={"7": "x"})

    checks = check.flow(flow)

    assert [(each.what, each.name, each.existence) for each in checks] == [
        ("activity type", "17", FOUND),
        ("field of a activity", "activityStateId", MISSING),
        ("field of a activity", "name", FOUND),
        ("state of a activity", "1", NOT_CHECKABLE),
        ("content type", "Asset", FOUND),
        ("field of the DAM", "ReviewState", FOUND),
        ("field of the DAM", "CampaignCod", MISSING),
        ("option of ReviewState", "For review", FOUND),
        ("kind of object", "asset", MISSING),
        ("user", "7", MISSING),
    ]


def test_only_documented_routes_are_asked(scripted: ScriptedVendor, check: NamesCheck) -> None:
    check.user("one@acme.example")

    call: SentCall = scripted.calls[0]
    assert (call.line, call.json) == (
        "POST /api/users/search",
        {"equals": {"fieldName": "email", "fieldValue": "one@acme.example"}},
    )
