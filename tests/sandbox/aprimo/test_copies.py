"""Copies of objects: as many as are wanted, as the original is now, and nobody is told."""

from typing import Any

import pytest
import requests

from tests.support.aprimo_caller import TIMEOUT_S, AprimoCaller
from tests.support.aprimo_dam import DamCaller


def copies(caller: AprimoCaller, kind: str, key: int | str, count: int) -> list[Any]:
    made = caller.sandbox("POST", "copies", {"kind": kind, "id": key, "count": count})["copies"]
    return [each[str(key)] for each in made]


def refusal(caller: AprimoCaller, **body: Any) -> int:  # noqa: ANN401 -- JSON.
    return requests.post(f"{caller.base}/sandbox/copies", json=body, timeout=TIMEOUT_S).status_code


def test_an_activity_is_copied_as_it_is_under_ids_of_its_own(aprimo: AprimoCaller) -> None:
    made = aprimo.make_activity(extrAttr302="120000.00", activityStateId=3)

    ids = copies(aprimo, "activity", made["activityId"], 3)

    assert ids == [made["activityId"] + each for each in (1, 2, 3)]
    assert [aprimo.api("GET", f"activities/{each}").json() for each in ids] == [
        {**made, "activityId": each} for each in ids
    ]
    assert aprimo.api("GET", "activities").json()["_total"] == 4
    assert aprimo.make_activity()["activityId"] == ids[-1] + 1


def test_what_names_the_original_in_its_texts_names_the_copy_in_those_of_the_copy(aprimo: AprimoCaller) -> None:
    made = aprimo.make_activity()
    key = made["activityId"]
    aprimo.api("PUT", f"activities/{key}", {"extrAttr301": f"case/{key}", "description": f"No {key}"})

    asked = {"kind": "activity", "id": key, "count": 1, "named": "case/{id}"}
    (copy,) = aprimo.sandbox("POST", "copies", asked)["copies"]

    shown = aprimo.api("GET", f"activities/{copy[str(key)]}").json()
    assert shown["description"] == f"No {key}"
    assert [each["eaValue"] for each in shown["extendedAttributes"]] == [f"case/{copy[str(key)]}"]


def test_lists_of_an_object_name_the_copy(aprimo: AprimoCaller) -> None:
    body = {
        "name": "Hero is missing",
        "extendedAttributes": [],
        "multipleValueExtendedAttributes": [{"extAttributeId": 359, "encodedListItemId": 3591}],
    }
    made = aprimo.api("POST", "generic-object-alpha", body).json()

    (copy,) = copies(aprimo, "generic-object-alpha", made["id"], 1)

    (row,) = aprimo.api("GET", f"generic-object-alpha/{copy}").json()["multipleValueExtendedAttributes"]
    assert (row["parentId"], row["encodedListItemId"]) == (copy, 3591)


def test_a_record_is_copied_with_its_files_and_found_at_once(aprimo: AprimoCaller, dam: DamCaller) -> None:
    record_id, version = dam.make_with_file(b"first", Title="Hero", ReviewState=["For review"])
    original = dam.get(f"record/{record_id}", select_record="fields,masterfilelatestversion")

    ids = copies(aprimo, "record", record_id, 2)

    assert set(dam.found("FieldName('Title') = @t", t="Hero")) >= set(ids)
    one, two = (dam.get(f"record/{each}", select_record="fields,masterfilelatestversion") for each in ids)
    assert one["fields"] == original["fields"]
    assert one["createdOn"] > two["createdOn"]
    assert len({version["id"], one["masterfilelatestversion"]["id"], two["masterfilelatestversion"]["id"]}) == 3
    assert one["masterfilelatestversion"]["sha256"] == version["sha256"]


def test_copies_are_one_change_in_the_history(aprimo: AprimoCaller) -> None:
    made = aprimo.make_activity()

    copies(aprimo, "activity", made["activityId"], 50)

    change = aprimo.sandbox("GET", "history")[-1]
    assert (change["object"], change["after"]) == (f"copies:activity:{made['activityId']}", {"count": 50})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "activity", "id": 1, "count": 1}, 404),
        ({"kind": "nothing", "id": 1, "count": 1}, 404),
        ({"kind": "record", "id": "0" * 32, "count": 1}, 404),
        ({"kind": "activity", "id": 5001, "count": 0}, 400),
        ({"kind": "activity"}, 400),
    ],
)
def test_what_is_not_there_cannot_be_copied(aprimo: AprimoCaller, body: dict[str, Any], status: int) -> None:
    assert refusal(aprimo, **body) == status
