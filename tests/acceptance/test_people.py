"""People, whatever the flow: who is nobody in the other system stays out of the fields, and is listed until found."""

from __future__ import annotations

import pytest

from pipeline.store.pages import SqlPages
from tasks import jobs
from tests.support.acceptance import Desk


def submitted(desk: Desk) -> int:
    """A brief that is submitted; its id."""
    brief = desk.aprimo.make_activity(
        name="Spring launch",
        activityTypeId=17,
        activityStateId=1,
        ownerId=88,
        currencyCode=3,
        beginDate="2026-03-01T00:00:00",
        endDate="2026-05-31T00:00:00",
        extrAttr302="12000.00",
        extrAttr303="Families",
        extrAttr305="DACH",
    )
    number = int(brief["activityId"])
    desk.aprimo.api("PUT", f"activities/{number}", {"activityStateId": 2})
    return number


def unresolved(desk: Desk) -> list[tuple[str, str]]:
    pages = SqlPages(desk.made.settings.database_url)
    people = pages.people_list(is_unresolved_only=True)
    pages.dispose()
    return [(person.aprimo_user, person.opentext_user) for person in people]


def test_a_requester_who_is_nobody_in_opentext_is_named_and_listed_until_somebody_is_found(desk: Desk) -> None:
    """Aprimo does not show us the owner's e-mail at first."""
    desk.aprimo_sandbox.fault("GET", "/api/users/88", "status", status=404, times=100)
    number = submitted(desk)
    desk.rest()

    instance = desk.instance("campaignBrief", f"aprimo:activity:{number}")
    (process,) = desk.running("campaignBrief")
    variables = desk.opentext.rows(f"process-instances/{instance}/variables")
    assert [each["value"] for each in variables if each["name"] == "requester"] == [""]
    assert process["name"] == "Spring launch · revision 1 · owner: 88"
    jobs.match_people(desk.made)
    assert unresolved(desk) == [("88", "")]

    desk.aprimo_sandbox.admin("DELETE", "faults")
    jobs.match_people(desk.made)
    assert unresolved(desk) == []


@pytest.mark.parametrize(
    ("reviewer", "listed"),
    [("requester.two@example.test", []), ("brand.one@example.test", [("", "brand.one@example.test")])],
    ids=["also a user of Aprimo", "nobody in Aprimo"],
)
def test_a_reviewer_is_listed_only_if_aprimo_knows_nobody_with_the_e_mail(
    desk: Desk, reviewer: str, listed: list[tuple[str, str]]
) -> None:
    number = submitted(desk)
    desk.rest()
    instance = desk.instance("campaignBrief", f"aprimo:activity:{number}")
    desk.decide(desk.opentext.tasks(instance)["brand"], reviewer, "approved")
    desk.rest()
    assert unresolved(desk) == []

    jobs.match_people(desk.made)

    assert unresolved(desk) == listed
