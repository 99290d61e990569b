"""Records of the DAM: create, partial update, locks and trail (aprimo.md §4.1, §4.4)."""

import re

import pytest

from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import NEUTRAL, DamCaller

UNKNOWN = "f" * 32


def classify(dam: DamCaller, path: str) -> dict[str, object]:
    return {"addOrUpdate": [{"id": dam.id_of("classifications", path)}]}


def test_a_record_is_made_as_a_draft_and_read_by_id(dam: DamCaller) -> None:
    record_id = dam.make(Title="Hero")

    record = dam.get(f"record/{record_id}")

    assert re.fullmatch("[0-9a-f]{32}", record_id)
    assert (record["id"], record["status"], record["contentType"]) == (record_id, "draft", "Asset")


def test_a_record_without_a_classification_is_refused(dam: DamCaller) -> None:
    answer = dam.send("POST", "records", {"fields": dam.fields(Title="Hero")})

    assert (answer.status_code, answer.json()["exceptionType"]) == (400, "ValidationException")
    assert dam.get("records")["totalCount"] == 0


@pytest.mark.parametrize("key", ["id", "fieldId", "name"])
def test_a_field_is_named_by_id_field_id_or_name(dam: DamCaller, key: str) -> None:
    record_id = dam.make()
    name = "CampaignCode" if key == "name" else dam.field("CampaignCode")["id"]
    entry = {key: name, "localizedValues": [{"languageId": NEUTRAL, "value": "SPRING-26"}]}

    answer = dam.send("PUT", f"record/{record_id}", {"fields": {"addOrUpdate": [entry]}})

    assert answer.status_code == 204
    assert dam.values(record_id, "CampaignCode") == {"CampaignCode": "SPRING-26"}


def test_what_a_write_leaves_out_stays_and_null_resets(dam: DamCaller) -> None:
    record_id = dam.make(Product="Shoes", Claims="Light", Score=7.5)

    dam.write(record_id, Claims=None, Score=8)

    assert dam.values(record_id, "Product", "Claims", "Score") == {"Product": "Shoes", "Claims": None, "Score": 8}


def test_options_are_written_by_id_and_not_by_name(dam: DamCaller) -> None:
    record_id = dam.make(ReviewState=["For review"], Markets=["DACH", "UK"])
    entry = {"name": "ReviewState", "localizedValues": [{"values": ["Approved"]}]}

    refused = dam.send("PUT", f"record/{record_id}", {"fields": {"addOrUpdate": [entry]}})

    assert refused.status_code == 400
    expected = {"ReviewState": ["For review"], "Markets": ["DACH", "UK"]}
    assert dam.values(record_id, "ReviewState", "Markets") == expected


def test_an_option_list_of_one_choice_takes_no_two(dam: DamCaller) -> None:
    body = {"fields": dam.fields(ReviewState=["Draft", "For review"])}

    assert dam.send("PUT", f"record/{dam.make()}", body).status_code == 400


def test_a_refused_write_changes_nothing(dam: DamCaller) -> None:
    record_id = dam.make(Product="Shoes")
    entries = [*dam.fields(Product="Boots")["addOrUpdate"], {"name": "Colour", "localizedValues": []}]

    answer = dam.send("PUT", f"record/{record_id}", {"fields": {"addOrUpdate": entries}})

    assert answer.status_code == 400
    assert dam.values(record_id, "Product") == {"Product": "Shoes"}


def test_classifications_are_added_and_removed(dam: DamCaller) -> None:
    record_id = dam.make()
    remove = {"remove": [dam.id_of("classifications", "/Assets")]}

    dam.send("PUT", f"record/{record_id}", {"classifications": {**classify(dam, "/Reuse"), **remove}})

    record = dam.get(f"record/{record_id}", select_record="classifications")
    assert [each["namePath"] for each in record["classifications"]["items"]] == ["/Reuse"]


def test_every_write_moves_modified_on_by_fractions_of_a_second(dam: DamCaller) -> None:
    record_id = dam.make()
    stamps = [dam.get(f"record/{record_id}")["modifiedOn"]]
    for product in ("Shoes", "Shoes", "Boots"):
        dam.write(record_id, Product=product)
        stamps.append(dam.get(f"record/{record_id}")["modifiedOn"])

    assert stamps == sorted(set(stamps))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", each) for each in stamps)


def test_the_status_is_released_archived_or_draft_in_any_case(dam: DamCaller) -> None:
    record_id = dam.make()

    answers = [dam.send("PUT", f"record/{record_id}", {"status": each}).status_code for each in ("Released", "final")]

    assert answers == [204, 400]
    assert dam.get(f"record/{record_id}")["status"] == "released"


def test_a_child_names_its_master_and_the_master_shows_its_children(dam: DamCaller) -> None:
    master = dam.make(Title="Master")
    child = dam.make(Title="Local", MasterRecord=[master])

    def links(record_id: str) -> dict[str, object]:
        record = dam.get(f"record/{record_id}", select_record="fields", select_record_fields="MasterRecord")
        value = record["fields"]["items"][0]["localizedValues"][0]
        return {side: value[side] for side in ("parents", "children")}

    assert links(child) == {"parents": [{"recordId": master}], "children": []}
    assert links(master) == {"parents": [], "children": [{"recordId": child}]}


def test_a_deleted_record_is_gone(dam: DamCaller) -> None:
    record_id = dam.make()

    assert dam.send("DELETE", f"record/{record_id}").status_code == 204
    assert dam.send("GET", f"record/{record_id}").status_code == 404


def test_a_lock_is_a_sign_with_reason_and_link(dam: DamCaller) -> None:
    record_id = dam.make()
    body = {"integrationId": UNKNOWN, "reason": "In approval", "uri": "https://workflow.example.test/4711"}
    lock_id = dam.send("POST", f"record/{record_id}/locks", body).json()["lockId"]

    (lock,) = dam.get(f"record/{record_id}/locks")
    removed = dam.send("DELETE", f"record/{record_id}/lock/{lock_id}").status_code

    assert {name: lock[name] for name in body} == body
    assert (removed, dam.get(f"record/{record_id}/locks")) == (204, [])


def test_the_trail_tells_what_changed(dam: DamCaller) -> None:
    record_id = dam.make()
    dam.write(record_id, ReviewState=["For review"])

    entries = dam.get(f"record/{record_id}/trail?filter=change")["items"]
    entry = dam.get(f"record/{record_id}/trail/entry/2")

    assert [each["type"] for each in entries] == ["recordCreated", "recordModified"]
    assert entry["changes"] == [{"name": "ReviewState", "oldValue": None, "newValue": ["For review"]}]


def test_a_fresh_classification_is_refused_for_some_seconds(dam: DamCaller) -> None:
    made = dam.send("POST", "classifications", {"name": "Autumn", "parentId": dam.id_of("classifications", "/Reuse")})
    body = {"classifications": {"addOrUpdate": [{"id": made.json()["id"]}]}}

    assert dam.send("PUT", f"record/{dam.make()}", body).status_code == 400
    assert dam.get(f"classification/{made.json()['id']}")["namePath"] == "/Reuse/Autumn"


def test_an_external_reference_is_the_identity_of_a_create(dam: DamCaller, aprimo: AprimoCaller) -> None:
    record_id = dam.make(ExternalReference="signoff:42", ReviewState=["Draft"])

    (change,) = aprimo.sandbox("GET", f"history?object=record:{record_id}")

    assert (change["identity"], change["actor"], change["before"]) == ("reference:signoff:42", "91", None)
    assert change["after"]["fields"] == {"ExternalReference": "signoff:42", "ReviewState": ["Draft"]}


def test_a_write_of_what_is_there_is_recorded_as_no_change(dam: DamCaller, aprimo: AprimoCaller) -> None:
    record_id = dam.make()
    for _ in range(2):
        dam.write(record_id, Product="Shoes")

    changes = aprimo.sandbox("GET", f"history?object=record:{record_id}")

    assert [each["changed"] for each in changes] == [True, True, False]
