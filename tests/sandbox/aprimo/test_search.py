"""The search tree of §5: each node, on fields, on attributes, and what it refuses."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.aprimo_caller import AprimoCaller
from tests.support.sandbox_process import SandboxProcess

Tree = dict[str, Any]


def field(name: str, value: object) -> Tree:
    return {"fieldName": name, "fieldValue": value}


def attribute(name: str, value: object) -> Tree:
    return {"collectionName": "extendedAttributes", **field(name, value)}


def row(ea_id: int, value: str) -> Tree:
    return {"collectionName": "extendedAttributes", "nested": [field("eaId", ea_id), field("eaValue", value)]}


@pytest.fixture(scope="module")
def tenant(server: SandboxProcess) -> Iterator[AprimoCaller]:
    caller = AprimoCaller(server.base)
    caller.sandbox("POST", "reset")
    caller.sign_in()
    caller.make_activity(name="Spring launch", beginDate="2026-03-01", extrAttr302="1.00", extrAttr301="C-1")
    caller.make_activity(name="Autumn sale", beginDate="2026-09-01", extrAttr302="2.00", activityStateId=2)
    caller.make_activity(name="Spring fair", activityTypeId=18, extrAttr301="C-2", ownerId=None)
    yield caller
    caller.close()


def found(caller: AprimoCaller, tree: Tree) -> list[str]:
    answer = caller.api("POST", "activities/search", tree)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["_embedded"]["Activity"]]


@pytest.mark.parametrize(
    ("tree", "names"),
    [
        ({"equals": field("activityTypeId", 17)}, ["Spring launch", "Autumn sale"]),
        ({"equals": field("activityTypeId", "18")}, ["Spring fair"]),
        ({"equals": field("name", "spring LAUNCH")}, ["Spring launch"]),
        ({"contains": field("name", "spring")}, ["Spring launch", "Spring fair"]),
        ({"greaterthan": field("beginDate", "2026-03-01T00:00:00")}, ["Autumn sale"]),
        ({"greaterthanorequalto": field("beginDate", "2026-03-01T00:00:00Z")}, ["Spring launch", "Autumn sale"]),
        ({"lessthan": field("beginDate", "2026-09-01T01:00:00+02:00")}, ["Spring launch"]),
        ({"lessthanorequalto": field("activityStateId", 1)}, ["Spring launch", "Spring fair"]),
        ({"isNull": {"fieldName": "ownerId"}}, ["Spring fair"]),
        ({"isNotNull": {"fieldName": "ownerId"}}, ["Spring launch", "Autumn sale"]),
        ({"not": {"equals": field("activityTypeId", 17)}}, ["Spring fair"]),
        ({"equals": field("extrAttr301", "C-2")}, ["Spring fair"]),
        ({"isNull": {"fieldName": "extrAttr302"}}, ["Spring fair"]),
        ({"equals": attribute("eaValue", "2.00")}, ["Autumn sale"]),
        ({"equals": row(301, "C-1")}, ["Spring launch"]),
        ({"equals": row(302, "C-1")}, []),
        (
            {"isNotNull": {"collectionName": "extendedAttributes", "fieldName": "eaValue"}},
            ["Spring launch", "Autumn sale", "Spring fair"],
        ),
        (
            {"and": [{"contains": field("name", "Spring")}, {"not": {"isNull": {"fieldName": "beginDate"}}}]},
            ["Spring launch"],
        ),
        (
            {"or": [{"equals": field("activityStateId", 2)}, {"equals": field("activityTypeId", 18)}]},
            ["Autumn sale", "Spring fair"],
        ),
    ],
)
def test_a_tree_finds_what_it_describes(tenant: AprimoCaller, tree: Tree, names: list[str]) -> None:
    assert found(tenant, tree) == names


def test_a_search_for_what_changed_finds_it(tenant: AprimoCaller) -> None:
    """The poller's question."""
    since = tenant.api("GET", "activities?limit=1").json()["_embedded"]["Activity"][0]["modifiedDate"]

    tree = {"and": [{"greaterthanorequalto": field("modifiedDate", since)}]}

    assert len(found(tenant, tree)) == 3


def test_search_results_come_in_pages(tenant: AprimoCaller) -> None:
    tree = {"contains": field("name", "Spring")}

    page = tenant.api("POST", "activities/search?limit=1&offset=1", tree).json()

    assert (page["_total"], [each["name"] for each in page["_embedded"]["Activity"]]) == (2, ["Spring fair"])
    assert page["_links"] == {
        "self": {"href": "/api/activities/search?limit=1&offset=1"},
        "prev": {"href": "/api/activities/search?limit=1&offset=0"},
    }


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"and": []},
        {"and": {"equals": field("name", "x")}},
        {"equals": field("name", "x"), "contains": field("name", "x")},
        {"matches": field("name", "x")},
        {"equals": {"fieldName": "name"}},
        {"equals": field("name", None)},
        {"equals": field("colour", "red")},
        {"equals": field("activityStateName", "Draft")},
        {"equals": field("activityTypeId", "campaign")},
        {"greaterthan": field("modifiedDate", "yesterday")},
        {"equals": {"collectionName": "accessLists", **field("name", "x")}},
        {"equals": {"collectionName": "extendedAttributes", "nested": []}},
        {"isNull": "ownerId"},
        {"equals": "name"},
    ],
)
def test_a_tree_that_is_not_understood_is_refused(tenant: AprimoCaller, tree: Tree) -> None:
    assert tenant.api("POST", "activities/search", tree).status_code == 400


def test_users_are_found_by_e_mail(tenant: AprimoCaller) -> None:
    answer = tenant.api("POST", "users/search", {"equals": field("email", "requester.two@example.test")})

    assert [each["userId"] for each in answer.json()["_embedded"]["user"]] == [89]


def test_projects_have_no_search(tenant: AprimoCaller) -> None:
    assert tenant.api("POST", "projects/search", {"equals": field("title", "x")}).status_code in (404, 405)
