"""What the sandbox remembers: state changes and counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.aprimo_caller import AprimoCaller


def history(caller: AprimoCaller, query: str = "") -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = caller.sandbox("GET", f"history{query}")
    return changes


def test_a_change_names_who_did_what_by_which_route(aprimo: AprimoCaller, marketer: AprimoCaller) -> None:
    made = aprimo.make_activity()
    path = f"activities/{made['activityId']}"

    after = marketer.api("PUT", path, {"activityStateId": 2}).json()

    created, updated = history(aprimo)
    moment = datetime.fromisoformat(updated.pop("time"))
    assert datetime.now(UTC) - moment < timedelta(seconds=30)
    assert updated == {
        "number": 2,
        "actor": "88",
        "method": "PUT",
        "route": "/api/activities/{id}",
        "object": f"activity:{made['activityId']}",
        "before": made,
        "after": after,
        "identity": None,
        "changed": True,
    }
    assert (created["actor"], created["before"], created["after"]) == ("91", None, made)


def test_a_repeated_write_of_the_same_values_is_recorded_as_no_change(aprimo: AprimoCaller) -> None:
    path = f"activities/{aprimo.make_activity()['activityId']}"

    for _ in range(2):
        aprimo.api("PUT", path, {"activityStateId": 2})

    assert [change["changed"] for change in history(aprimo)] == [True, True, False]


def test_an_outside_case_is_the_identity_of_a_create(aprimo: AprimoCaller) -> None:
    aprimo.make_activity(extrAttr301="CASE-4711")

    assert history(aprimo)[0]["identity"] == "case:CASE-4711"


def test_a_verb_that_can_happen_only_once_has_an_identity(aprimo: AprimoCaller) -> None:
    body = {"title": "Shoot", "extendedAttributes": [], "multipleValueExtendedAttributes": []}
    project_id = aprimo.api("POST", "projects", body).json()["projectId"]

    for verb in ("start", "pause", "start", "close", "close"):
        aprimo.api("POST", f"projects/{project_id}/{verb}", {})

    identities = [change["identity"] for change in history(aprimo)]
    assert identities == [None, f"project:{project_id}:start", None, None, f"project:{project_id}:close"]


def test_history_can_be_asked_since_a_number_and_for_one_object(aprimo: AprimoCaller) -> None:
    first, second = (aprimo.make_activity()["activityId"] for _ in range(2))
    aprimo.api("DELETE", f"activities/{first}")

    assert [change["number"] for change in history(aprimo, "?since=1")] == [2, 3]
    assert [change["number"] for change in history(aprimo, f"?object=activity:{first}")] == [1, 3]
    assert [change["number"] for change in history(aprimo, f"?object=activity:{second}&since=2")] == []


def test_what_was_refused_is_not_in_the_history(aprimo: AprimoCaller) -> None:
    aprimo.api("POST", "activities", {"name": "x"})
    aprimo.api("PUT", "activities/4711", {"name": "x"})

    assert history(aprimo) == []


def test_ready_made_activities_come_without_a_request_of_the_api(aprimo: AprimoCaller) -> None:
    bodies = [{"name": f"Brief {n}", "activityTypeId": 17, "extrAttr302": "1.00"} for n in range(3)]

    ids = aprimo.sandbox("POST", "activities", {"activities": bodies, "userId": 88})["ids"]

    listed = aprimo.api("GET", "activities").json()["_embedded"]["Activity"]
    assert [(each["activityId"], each["name"], each["modifiedUser"]) for each in listed] == [
        (ids[n], f"Brief {n}", 88) for n in range(3)
    ]
    assert [change["method"] for change in history(aprimo)] == ["SANDBOX"] * 3


def test_requests_are_counted_by_route_and_status(aprimo: AprimoCaller) -> None:
    aprimo.make_activity()
    for activity_id in (5001, 5001, 4711):
        aprimo.api("GET", f"activities/{activity_id}")
    aprimo.api("GET", "colours")

    counts = aprimo.sandbox("GET", "requests")

    rows = {(row["method"], row["route"], row["status"]): row["count"] for row in counts["routes"]}
    assert rows == {
        ("POST", "/login/connect/token", 200): 1,
        ("POST", "/api/activities", 201): 1,
        ("GET", "/api/activities/{id}", 200): 2,
        ("GET", "/api/activities/{id}", 404): 1,
        ("GET", "(unknown)", 404): 1,
    }
    assert counts["total"] == 6
    assert 3 <= counts["peak_per_s"] <= 6


def test_a_reset_brings_back_the_seeds(aprimo: AprimoCaller) -> None:
    aprimo.make_activity()
    aprimo.sandbox("POST", "faults", {"kind": "drop", "path": "/nothing"})

    aprimo.sandbox("POST", "reset")

    aprimo.sign_in()
    assert aprimo.api("GET", "activities").json()["_total"] == 0
    assert (history(aprimo), aprimo.sandbox("GET", "faults")) == ([], [])
    assert aprimo.make_activity()["activityId"] == 5001
