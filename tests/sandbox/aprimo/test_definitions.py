"""Users, lookups, system types and metadata (aprimo.md §5, §6.6)."""

import pytest

from tests.support.aprimo_caller import AprimoCaller


def test_me_carries_the_dams_id_of_the_same_person(aprimo: AprimoCaller) -> None:
    assert aprimo.api("GET", "users/me").json()["adamUserId"] == "0000000000000000000000000000005b"


def test_users_are_listed_and_read_by_id(aprimo: AprimoCaller) -> None:
    users = aprimo.api("GET", "users").json()["_embedded"]["user"]

    assert [each["userId"] for each in users] == [88, 89, 91]
    assert aprimo.api("GET", "users/88").json()["email"] == "requester.one@example.test"


def test_lookup_2974_names_the_project_statuses(aprimo: AprimoCaller) -> None:
    lookup = aprimo.api("GET", "lookup/2974").json()

    active = {item["key"]: item["value"] for item in lookup["items"] if item["active"]}
    names = ["Not Started", "In Progress", "On Hold", "Closed", "Cancelled", "Declined"]
    assert active == dict(zip(range(10, 70, 10), names, strict=True))
    assert lookup["count"] == 7


def test_system_types_name_the_tenants_activity_states(aprimo: AprimoCaller) -> None:
    items = aprimo.api("GET", "system-types/activityState").json()["_embedded"]["items"]

    assert {item["systemTypeId"]: item["name"] for item in items} == {
        1: "Draft",
        2: "Submitted",
        3: "In production",
        4: "Rejected",
        5: "Changes requested",
        6: "Withdrawn",
        7: "Cancelled",
        8: "On hold",
        9: "Produced",
    }


def test_only_active_items_of_a_system_type_can_be_asked_for(aprimo: AprimoCaller) -> None:
    totals = [aprimo.api("GET", f"system-types/projectStatus{end}").json()["_total"] for end in ("", "/active")]

    assert totals == [7, 6]


def test_every_system_type_that_is_listed_can_be_read(aprimo: AprimoCaller) -> None:
    listed = [each["type"]["uri"] for each in aprimo.api("GET", "system-types").json()["systemtypes"]]

    answers = [aprimo.api("GET", uri.removeprefix("/api/")).status_code for uri in listed]

    assert set(answers) == {200}
    assert len(answers) == 10


def test_metadata_names_the_extended_attributes(aprimo: AprimoCaller) -> None:
    fields = aprimo.api("GET", "metadata/activity").json()["fields"]

    attributes = {each["eaId"]: each["label"] for each in fields if "eaId" in each}
    assert (attributes[301], attributes[315], attributes[320]) == ("case", "decided_on", "wanted_date")
    assert 380 not in attributes


@pytest.mark.parametrize(
    "path", ["users/1", "lookup/1", "system-types/colour", "metadata/colour", "nothing-of-the-kind"]
)
def test_what_is_not_there_is_404(aprimo: AprimoCaller, path: str) -> None:
    assert aprimo.api("GET", path).status_code == 404
