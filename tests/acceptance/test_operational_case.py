"""Flow 7, sentence by sentence: what those do who open cases and work on them, and what both systems show then."""

from __future__ import annotations

import re

from tests.acceptance.conftest import OpenDesk
from tests.support.acceptance import Desk
from tests.support.cases import (
    BLOCKER,
    CANCELLED,
    CLOSED,
    HIGH,
    IN_PROGRESS,
    LATE_APPROVAL,
    LOW,
    MISSING_ASSET,
    ON_HOLD,
    OPEN,
    PROCESS,
    REOPENED,
    RESOLVED,
    STARTED,
    URGENT,
    OperationalCase,
    notices,
    objects,
    only_object,
    opened,
    started,
)

BRIEF = {
    "name": "Spring launch",
    "activityTypeId": 17,
    "activityStateId": 2,
    "ownerId": 88,
    "currencyCode": 3,
    "extrAttr302": "12000.00",
    "extrAttr305": "",
}


def test_a_case_that_is_made_in_aprimo_goes_to_the_groups_of_its_kind(desk: Desk) -> None:
    case = opened(desk, kind=MISSING_ASSET)

    assert sorted(case.tasks()) == ["agency", "marketing"]
    assert case.shown("status", "message", "case", "owner") == {
        "status": IN_PROGRESS,
        "message": "In progress.",
        "case": case.key,
        "owner": "",
    }
    assert (case.variable("subjectItem"), case.variable("caseKind")) == ("aprimo:activity:5012", "Missing asset")


def test_a_case_of_a_kind_without_groups_goes_to_the_triage_that_names_them(desk: Desk) -> None:
    case = opened(desk)
    assert list(case.tasks()) == ["triage"]
    assert case.shown("status")["status"] == OPEN

    case.do("triage", variables={"responsible": "procurement legal"})

    assert sorted(case.tasks()) == ["legal", "procurement"]
    assert case.shown("status")["status"] == IN_PROGRESS


def test_the_poller_finds_what_no_webhook_told(desk: Desk) -> None:
    desk.mute_aprimo()
    case = opened(desk, kind=BLOCKER)
    assert desk.running(PROCESS) == []

    desk.poll()

    assert sorted(case.tasks()) == ["agency", "procurement"]
    assert case.shown("status")["status"] == IN_PROGRESS


def test_what_is_missing_is_told_in_one_letter(desk: Desk) -> None:
    case = opened(desk, name="Nameless", kind="")
    assert desk.states.letters() == [("values_missing", "open")]

    case.put(kind=MISSING_ASSET)

    assert desk.states.letters() == [("values_missing", "overtaken")]
    assert sorted(case.tasks()) == ["agency", "marketing"]


def test_the_requester_confirms_in_opentext_and_the_case_is_closed_with_its_resolution(desk: Desk) -> None:
    case = opened(desk, kind=BLOCKER)
    case.do("procurement", "agency")
    case.do("resolution", outcome="resolved", variables={"resolutionNote": "A new printer is there."})
    assert case.shown("status", "resolution", "message") == {
        "status": RESOLVED,
        "resolution": "A new printer is there.",
        "message": "Resolved: close it to confirm, or reopen it.",
    }
    assert notices(desk) == {"resolved": "requester.one@example.test"}

    case.do("confirm", outcome="confirmed", who="requester.one@example.test")

    assert case.shown("status", "message", "owner") == {
        "status": CLOSED,
        "message": "Closed: confirmed by requester.one@example.test.",
        "owner": "",
    }
    assert desk.running(PROCESS) == []
    assert "Confirmation · confirmed · requester.one@example.test" in case.shown("matrix")["matrix"]


def test_the_requester_reopens_in_opentext_and_the_case_goes_to_the_triage_again(desk: Desk) -> None:
    case = opened(desk, kind=BLOCKER)
    case.do("procurement", "agency")
    case.do("resolution", outcome="resolved")

    case.do("confirm", outcome="reopened", who="requester.one@example.test")

    assert list(case.tasks()) == ["triage"]
    assert case.shown("status")["status"] == REOPENED


def test_the_requester_confirms_in_aprimo_by_closing_what_is_resolved(desk: Desk) -> None:
    case = opened(desk, kind=BLOCKER)
    case.do("procurement", "agency")
    case.do("resolution", outcome="resolved")

    case.put(status=CLOSED)

    assert desk.running(PROCESS) == []
    assert case.ended()["deleteReason"] in {None, ""}
    assert case.shown("status")["status"] == CLOSED


def test_the_requester_reopens_in_aprimo_what_is_resolved(desk: Desk) -> None:
    case = opened(desk, kind=BLOCKER)
    case.do("procurement", "agency")
    case.do("resolution", outcome="resolved")

    case.put(status=REOPENED)

    assert list(case.tasks()) == ["triage"]
    assert case.shown("status", "message") == {
        "status": REOPENED,
        "message": "Reopened in Aprimo: it goes to the triage again.",
    }


def test_a_closed_case_that_is_reopened_begins_a_new_revision(desk: Desk) -> None:
    case = opened(desk, kind=BLOCKER)
    case.put(status=CLOSED)
    assert desk.running(PROCESS) == []

    case.put(status=REOPENED)

    assert case.variable("signoffRevision") == 2
    assert case.shown("status")["status"] == IN_PROGRESS


def test_a_case_that_is_started_in_opentext_gets_one_object_in_aprimo(desk: Desk) -> None:
    case = started(desk)
    desk.poll()

    (row,) = objects(desk)
    assert (row["name"], row["status"]) == ("The printer is on strike", OPEN)
    assert case.shown("case", "about", "kind", "priority", "message") == {
        "case": case.key,
        "about": "aprimo:activity:5012",
        "kind": "3574",
        "priority": HIGH,
        "message": "Opened in OpenText",
    }
    assert case.variable("aprimoLink") == f"https://sandbox.aprimo.example.test/#/cases/{row['id']}"
    assert len(desk.running(PROCESS)) == 1


def test_a_case_that_was_started_in_opentext_keeps_its_line_in_both_directions(desk: Desk) -> None:
    case = started(desk)

    case.do("triage", variables={"responsible": "agency"})
    assert case.shown("status")["status"] == IN_PROGRESS
    case.put(remark="Please hurry", priority=URGENT)

    assert case.tasks()["agency"]["priority"] == 100
    case.do("agency")
    assert "Please hurry" in case.shown("comments")["comments"]
    case.do("resolution", outcome="resolved", variables={"resolutionNote": "Printed elsewhere."})
    case.do("confirm", outcome="confirmed", who="buyer.one@example.test")
    assert case.shown("status", "resolution") == {"status": CLOSED, "resolution": "Printed elsewhere."}


def test_a_case_in_opentext_that_names_no_item_is_left_alone(desk: Desk) -> None:
    body = {"user": "buyer.one@example.test", "process": PROCESS}
    desk.opentext_sandbox.admin("POST", "people/start", body | {"variables": STARTED | {"subjectItem": "the fair"}})
    desk.poll()

    assert objects(desk) == []
    assert notices(desk) == {"names_no_item": ""}


def test_priority_moves_both_ways(desk: Desk) -> None:
    case = opened(desk, kind=BLOCKER)
    desk.poll()

    case.put(priority=HIGH)
    assert {task["priority"] for task in case.tasks().values()} == {75}
    assert case.variable("priority") == 75

    case.change("agency", priority=25)
    assert case.shown("priority")["priority"] == LOW
    assert {task["priority"] for task in case.tasks().values()} == {25}


def test_the_owner_moves_both_ways(desk: Desk) -> None:
    case = opened(desk)
    desk.poll()

    case.put(owner="triage.two@example.test")
    assert case.tasks()["triage"]["assignee"] == "triage.two@example.test"

    case.change("triage", assignee="triage.one@example.test")
    assert case.shown("owner")["owner"] == "triage.one@example.test"


def test_comments_travel_both_ways_once_each(desk: Desk) -> None:
    case = opened(desk)
    case.put(remark="Which printer?")
    desk.poll()

    case.do("triage", comment="The big one", variables={"responsible": "legal"})
    desk.poll()

    lines = case.shown("comments")["comments"].splitlines()
    assert [line.partition(" · ")[2] for line in lines] == [
        "triage.one@example.test (OpenText): The big one",
        "Requester (Aprimo): Which printer?",
    ]


def test_a_resolution_that_is_edited_in_aprimo_is_put_back(desk: Desk) -> None:
    case = opened(desk, kind=BLOCKER)
    case.do("procurement", "agency")
    case.do("resolution", outcome="resolved", variables={"resolutionNote": "Printed elsewhere."})

    case.put(resolution="It went away")

    assert case.shown("resolution")["resolution"] == "Printed elsewhere."


def test_on_hold_stays_until_somebody_opens_it_again(desk: Desk) -> None:
    case = opened(desk)
    case.put(status=ON_HOLD)

    case.do("triage", variables={"responsible": "legal"})
    assert case.shown("status")["status"] == ON_HOLD

    case.put(status=OPEN)
    assert case.shown("status")["status"] == IN_PROGRESS


def test_cancelled_in_aprimo_ends_the_process_with_the_reason(desk: Desk) -> None:
    case = opened(desk)

    case.put(status=CANCELLED)

    assert case.ended()["deleteReason"] == "Cancelled in Aprimo (Signoff)"
    assert case.shown("status", "message") == {
        "status": CANCELLED,
        "message": "Cancelled in Aprimo: the work on the case was ended.",
    }


def test_deleted_in_aprimo_ends_the_process_with_the_reason(desk: Desk) -> None:
    case = opened(desk)

    case.delete()

    assert case.ended()["deleteReason"] == "Deleted in Aprimo (Signoff)"
    assert desk.states.letters() == []


def test_cancelled_in_opentext_is_said_in_aprimo_and_told_to_the_requester(desk: Desk) -> None:
    case = opened(desk)
    answer = desk.opentext.workflow("DELETE", f"process-instances/{case.instance()}", deleteReason="A duplicate")
    assert answer.status_code == 204

    desk.poll()

    assert case.shown("status", "message") == {
        "status": CANCELLED,
        "message": "Cancelled in OpenText (A duplicate). Nothing was resolved.",
    }
    assert notices(desk) == {"cancelled_in_opentext": "requester.one@example.test"}


def test_an_answer_that_the_file_does_not_name_is_told_and_closes_nothing(desk: Desk) -> None:
    case = opened(desk)

    case.do("triage", outcome="perhaps", variables={"responsible": "legal"})

    assert notices(desk) == {"unknown_outcome:triage": ""}
    assert case.shown("status")["status"] == IN_PROGRESS


# ---- cases that open by themselves ---------------------------------------------------------------------------------


def late_brief(open_desk: OpenDesk) -> tuple[Desk, str]:
    """A brief of which one review is open long after its lead was told, so that it became a case; its key."""
    terms = iter(['due_in = "PT1S"'])
    desk = open_desk(
        {
            "operational_case": lambda words: words.replace('campaign_brief = "P2D"', 'campaign_brief = "PT1S"'),
            "campaign_brief": lambda words: re.sub('due_in = "P.D"', lambda _: next(terms, 'due_in = "P99D"'), words),
        }
    )
    brief = desk.aprimo.make_activity(**BRIEF)
    desk.rest()
    desk.until(lambda: ticked(desk) and objects(desk))
    desk.rest()
    return desk, f"aprimo:activity:{brief['activityId']}"


def ticked(desk: Desk) -> bool:
    """The pollers and the timetable ran once more."""
    desk.poll()
    desk.tick()
    return True


def late_case(desk: Desk) -> OperationalCase:
    """The case of the one late review."""
    (process,) = desk.running(PROCESS)
    return OperationalCase(desk, only_object(desk), str(process["businessKey"]))


def test_a_review_that_is_late_beyond_its_escalation_opens_one_late_approval_case(open_desk: OpenDesk) -> None:
    desk, brief = late_brief(open_desk)
    case = late_case(desk)
    ticked(desk)
    ticked(desk)

    assert only_object(desk)
    assert list(case.tasks()) == ["marketing"]
    assert case.key.startswith("signoff:late_approval:")
    assert case.shown("name", "about", "kind", "priority", "status", "case") == {
        "name": f"Late approval: Brand, {brief}",
        "about": brief,
        "kind": LATE_APPROVAL,
        "priority": HIGH,
        "status": IN_PROGRESS,
        "case": case.key,
    }


def test_a_late_approval_case_closes_itself_when_the_review_is_done(open_desk: OpenDesk) -> None:
    desk, brief = late_brief(open_desk)
    case = late_case(desk)

    task = desk.opentext.tasks(desk.instance("campaignBrief", brief))["brand"]
    desk.decide(task, "brand.one@example.test", "approved", "At last")
    desk.poll()

    assert desk.running(PROCESS) == []
    assert case.shown("status", "message", "resolution") == {
        "status": CLOSED,
        "message": "Closed by itself: Brand has answered by brand.one@example.test: approved.",
        "resolution": "Brand has answered by brand.one@example.test: approved.",
    }
    ticked(desk)
    assert desk.running(PROCESS) == []
    assert desk.states.letters() == []


def test_what_people_have_closed_already_is_left_when_the_late_review_is_done(open_desk: OpenDesk) -> None:
    desk, brief = late_brief(open_desk)
    case = late_case(desk)
    case.put(status=CLOSED)
    assert desk.running(PROCESS) == []

    desk.opentext.workflow("DELETE", f"process-instances/{desk.instance('campaignBrief', brief)}", deleteReason="No")
    desk.poll()

    assert case.shown("status", "message") == {"status": CLOSED, "message": "Closed in Aprimo."}
    assert only_object(desk)
    assert desk.states.letters() == []
