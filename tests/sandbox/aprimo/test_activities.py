"""Activities and their extended attributes (aprimo.md §5, §6.1)."""

import re

import pytest

from tests.support.aprimo_caller import AprimoCaller

EXCEPTION_KEYS = {"exceptionType", "exceptionMessage", "stackTrace", "innerException"}


def test_a_created_activity_is_a_draft_of_whoever_made_it(marketer: AprimoCaller) -> None:
    made = marketer.make_activity(name="Spring launch", beginDate="2026-03-01", extrAttr302="12000.00")

    assert marketer.api("GET", f"activities/{made['activityId']}").json() == made
    assert {name: made[name] for name in ("activityStateName", "ownerId", "modifiedUser", "beginDate")} == {
        "activityStateName": "Draft",
        "ownerId": 88,
        "modifiedUser": 88,
        "beginDate": "2026-03-01T00:00:00",
    }
    assert made["extendedAttributes"] == [{"eaId": 302, "eaValue": "12000.00"}]


def test_a_partial_update_changes_what_it_names_and_nothing_else(aprimo: AprimoCaller) -> None:
    made = aprimo.make_activity(description="first", extrAttr303="Parents", extrAttr302="1.00")

    answer = aprimo.api("PUT", f"activities/{made['activityId']}", {"activityStateId": 2, "extrAttr302": "2.00"})

    stamps = {name: answer.json()[name] for name in ("modifiedDate", "modifiedUser")}
    assert answer.json() == {
        **made,
        **stamps,
        "activityStateId": 2,
        "activityStateName": "Submitted",
        "extendedAttributes": [{"eaId": 302, "eaValue": "2.00"}, {"eaId": 303, "eaValue": "Parents"}],
    }


def test_a_given_attribute_collection_removes_what_it_leaves_out(aprimo: AprimoCaller) -> None:
    made = aprimo.make_activity(extrAttr302="1.00", extrAttr303="Parents")

    body = {"extendedAttributes": [{"eaId": 305, "eaValue": "DACH"}]}
    answer = aprimo.api("PUT", f"activities/{made['activityId']}", body)

    assert answer.json()["extendedAttributes"] == [{"eaId": 305, "eaValue": "DACH"}]


def test_null_takes_a_single_attribute_away(aprimo: AprimoCaller) -> None:
    made = aprimo.make_activity(extrAttr302="1.00", extrAttr303="Parents")

    answer = aprimo.api("PUT", f"activities/{made['activityId']}", {"extrAttr302": None})

    assert answer.json()["extendedAttributes"] == [{"eaId": 303, "eaValue": "Parents"}]


def test_what_was_read_can_be_written_back(aprimo: AprimoCaller) -> None:
    made = aprimo.make_activity(extrAttr302="1.00")

    answer = aprimo.api("PUT", f"activities/{made['activityId']}", {**made, "name": "Renamed"})

    assert (answer.status_code, answer.json()["name"]) == (200, "Renamed")


def test_any_state_may_follow_any_state(aprimo: AprimoCaller, marketer: AprimoCaller) -> None:
    path = f"activities/{aprimo.make_activity()['activityId']}"

    seen = [marketer.api("PUT", path, {"activityStateId": n}).json()["activityStateName"] for n in (3, 1, 8, 2)]

    assert seen == ["In production", "Draft", "On hold", "Submitted"]


@pytest.mark.parametrize(
    "body",
    [
        {"activityStateId": 99},
        {"activityStateId": "2"},
        {"activityTypeId": 16},
        {"ownerId": 1},
        {"currencyCode": 2},
        {"name": ""},
        {"name": None},
        {"beginDate": "soon"},
        {"extrAttr999": "x"},
        {"extrAttr302": 12000.0},
        {"extendedAttributes": [{"eaId": 302, "eaValue": "1"}, {"eaId": 302, "eaValue": "2"}]},
        {"extendedAttributes": {}},
        {"status": "Submitted"},
        [],
    ],
)
def test_an_update_that_makes_no_sense_is_refused_and_changes_nothing(aprimo: AprimoCaller, body: object) -> None:
    made = aprimo.make_activity(extrAttr302="1.00")

    answer = aprimo.api("PUT", f"activities/{made['activityId']}", body)

    assert (answer.status_code, set(answer.json())) == (400, EXCEPTION_KEYS)
    assert aprimo.api("GET", f"activities/{made['activityId']}").json() == made


def test_a_create_needs_name_and_type(aprimo: AprimoCaller) -> None:
    answer = aprimo.api("POST", "activities", {"description": "x"})

    assert answer.status_code == 400
    assert answer.json()["exceptionMessage"] == "Required and missing: activityTypeId, name."
    assert aprimo.api("GET", "activities").json()["_total"] == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("activity_id", ["4711", "spring"])
def test_an_unknown_id_is_404(aprimo: AprimoCaller, method: str, activity_id: str) -> None:
    assert aprimo.api(method, f"activities/{activity_id}", {}).status_code == 404


def test_a_deleted_activity_is_gone_and_its_id_never_comes_back(aprimo: AprimoCaller) -> None:
    made = aprimo.make_activity()

    assert aprimo.api("DELETE", f"activities/{made['activityId']}").status_code == 204
    assert aprimo.api("GET", f"activities/{made['activityId']}").status_code == 404
    assert aprimo.make_activity()["activityId"] == made["activityId"] + 1


def test_modified_dates_are_whole_seconds_without_a_zone(aprimo: AprimoCaller) -> None:
    made = aprimo.make_activity()

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", made["modifiedDate"])


def test_a_trailing_slash_changes_nothing(aprimo: AprimoCaller) -> None:
    answer = aprimo.api("POST", "activities/", {"name": "Slash", "activityTypeId": 18})

    assert answer.status_code == 201
    assert aprimo.api("GET", "activities/").json()["_total"] == 1


def test_a_list_comes_in_pages_with_a_link_to_the_next(aprimo: AprimoCaller) -> None:
    ids = [aprimo.make_activity()["activityId"] for _ in range(3)]

    first = aprimo.api("GET", "activities?limit=2").json()
    second = aprimo.session.get(aprimo.base + first["_links"]["next"]["href"], timeout=10).json()

    assert [each["activityId"] for each in first["_embedded"]["Activity"]] == ids[:2]
    assert [each["activityId"] for each in second["_embedded"]["Activity"]] == ids[2:]
    assert (first["_total"], "next" in second["_links"]) == (3, False)


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "offset=-1"])
def test_a_senseless_page_is_refused(aprimo: AprimoCaller, query: str) -> None:
    assert aprimo.api("GET", f"activities?{query}").status_code == 400
