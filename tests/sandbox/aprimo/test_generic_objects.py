"""Generic objects, pick lists, digital assets and their annotations (aprimo.md §6.5, §6.6)."""

import json
from typing import Any

import pytest

from tests.support.aprimo_caller import AprimoCaller
from tests.support.webhook_receiver import receiving

NAMES = ("alpha", "bravo", "charlie", "delta", "echo")


def make(caller: AprimoCaller, kind: str = "alpha", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
    body = {"name": "Hero is missing", "extendedAttributes": [], "multipleValueExtendedAttributes": [], **fields}
    answer = caller.api("POST", f"generic-object-{kind}", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("kind", NAMES)
def test_each_kind_is_made_read_changed_and_deleted(aprimo: AprimoCaller, kind: str) -> None:
    made = make(aprimo, kind, description="For the launch")
    path = f"generic-object-{kind}/{made['id']}"
    body = {"status": 2, "extendedAttributes": [], "multipleValueExtendedAttributes": []}

    changed = aprimo.api("PUT", path, body).json()
    deleted = aprimo.api("DELETE", path).status_code

    assert (made["id"], made["status"], made["createdBy"]) == (1, 1, 91)
    assert (changed["status"], changed["name"], changed["description"]) == (2, "Hero is missing", "For the launch")
    assert (deleted, aprimo.api("GET", path).status_code) == (204, 404)


def test_a_status_nobody_named_is_refused(aprimo: AprimoCaller) -> None:
    both: dict[str, Any] = {"extendedAttributes": [], "multipleValueExtendedAttributes": []}

    assert aprimo.api("POST", "generic-object-alpha", {"name": "x", "status": 99, **both}).status_code == 400


def test_a_write_without_both_collections_fails(aprimo: AprimoCaller) -> None:
    made = make(aprimo)

    assert aprimo.api("PUT", f"generic-object-alpha/{made['id']}", {"status": 2}).status_code == 500


def test_an_object_is_found_by_attribute_and_status(aprimo: AprimoCaller) -> None:
    wanted = make(aprimo, status=2, extendedAttributes=[{"eaId": 352, "eaValue": "aprimo:activity:5012"}])
    make(aprimo, status=2)
    tree = {
        "and": [
            {"equals": {"fieldName": "status", "fieldValue": 2}},
            {"equals": {"fieldName": "extrAttr352", "fieldValue": "aprimo:activity:5012"}},
        ]
    }

    found = aprimo.api("POST", "generic-object-alpha/search", tree).json()["_embedded"]["generic-object-alpha"]

    assert [each["id"] for each in found] == [wanted["id"]]


def test_an_attribute_of_another_kind_of_object_is_refused(aprimo: AprimoCaller) -> None:
    entry = [{"eaId": 301, "eaValue": "x"}]
    body = {"name": "x", "extendedAttributes": entry, "multipleValueExtendedAttributes": []}

    assert aprimo.api("POST", "generic-object-alpha", body).status_code == 400


def test_list_items_are_chosen_by_id_and_unknown_ones_refused(aprimo: AprimoCaller) -> None:
    items = aprimo.api("GET", "extended-attributes/358/pick-list-options").json()["items"]
    urgent = next(each["itemId"] for each in items if each["displayValue"] == "Urgent")
    legal = {"parentId": None, "extAttributeId": 359, "encodedListItemId": 3593}

    made = make(
        aprimo,
        extendedAttributes=[{"eaId": 358, "eaValue": str(urgent)}],
        multipleValueExtendedAttributes=[legal],
    )

    body = {"name": "x", "extendedAttributes": [{"eaId": 358, "eaValue": "1"}], "multipleValueExtendedAttributes": []}
    assert aprimo.api("POST", "generic-object-alpha", body).status_code == 400
    assert made["extendedAttributes"] == [{"eaId": 358, "eaValue": "3584"}]
    assert made["multipleValueExtendedAttributes"] == [legal]


def test_a_pick_list_is_replaced(aprimo: AprimoCaller) -> None:
    path = "extended-attributes/358/pick-list-options"
    items = aprimo.api("GET", path).json()["items"]

    replaced = aprimo.api("PUT", path, {"items": [*items, {"displayValue": "Yesterday"}]})

    now = {each["itemId"]: each["displayValue"] for each in aprimo.api("GET", path).json()["items"]}
    assert (replaced.status_code, len(now), now[3585]) == (204, 5, "Yesterday")
    assert aprimo.api("GET", "extended-attributes/301/pick-list-options").status_code == 404


@pytest.mark.parametrize(("kind", "type_id"), [(name, 10891 + at) for at, name in enumerate(NAMES)])
def test_what_happens_to_an_object_is_called_out(aprimo: AprimoCaller, kind: str, type_id: int) -> None:
    with receiving() as receiver:
        aprimo.sandbox("PUT", "webhooks", {"url": receiver.url})
        make(aprimo, kind)
        message = json.loads(receiver.wait_for(lambda received: len(received) == 1)[0].body)

    assert (message["CalloutLocation"], message["ObjectTypeId"]) == (1, type_id)
    assert message["ObjectResourceName"] == f"generic-object-{kind}"


@pytest.mark.parametrize(
    ("name", "ea_id", "label"),
    [
        ("generic-object-alpha", 358, "priority"),
        ("generic-object-bravo", 362, "release_on"),
        ("commitments", 341, "approved_amount"),
        ("commitment", 380, "case"),
        ("activities", 330, "spend_hold"),
    ],
)
def test_metadata_names_the_attributes_of_every_kind(aprimo: AprimoCaller, name: str, ea_id: int, label: str) -> None:
    fields = aprimo.api("GET", f"metadata/{name}").json()["fields"]

    assert {each["eaId"]: each["label"] for each in fields if "eaId" in each}[ea_id] == label


def test_statuses_are_named_by_system_types(aprimo: AprimoCaller) -> None:
    def names(system_type: str) -> dict[int, str]:
        items = aprimo.api("GET", f"system-types/{system_type}").json()["_embedded"]["items"]
        return {each["systemTypeId"]: each["name"] for each in items}

    assert names("commitmentStatus") == dict(
        enumerate(["Draft", "Submitted", "Approved", "Rejected", "Cancelled"], start=1)
    )
    assert names("genericObjectBravoStatus")[2] == "Ready for release"


def test_a_remark_on_an_assets_version_is_made_read_and_taken_away(aprimo: AprimoCaller) -> None:
    asset_id = aprimo.api("POST", "digital-assets", {"title": "Hero"}).json()["digitalAssetId"]
    path = f"assets/{asset_id}/versions/1/annotations-data"
    body = {"type": "rectangle", "page": 1, "authorId": 88, "content": {"comment": "Logo too small [sg-0a1b2c3d4e]"}}

    made = aprimo.api("POST", path, body)
    (shown,) = aprimo.api("GET", path).json()["_embedded"]["annotation"]
    dropped = aprimo.api("DELETE", f"{path}/{shown['annotationId']}").status_code

    assert (made.status_code, {name: shown[name] for name in body}, dropped) == (201, body, 204)
    assert aprimo.api("GET", path).json()["_total"] == 0
    identities = {each["identity"] for each in aprimo.sandbox("GET", "history")}
    assert f"annotation:{asset_id}:[sg-0a1b2c3d4e]" in identities


def test_a_version_an_asset_does_not_have_takes_no_remark(aprimo: AprimoCaller) -> None:
    asset_id = aprimo.api("POST", "digital-assets", {"title": "Hero"}).json()["digitalAssetId"]
    path = f"assets/{asset_id}/versions/2/annotations-data"

    before = aprimo.api("GET", path).status_code
    aprimo.api("POST", f"digital-assets/{asset_id}/versions", {})

    assert (before, aprimo.api("GET", path).status_code) == (404, 200)
