"""Flow 2, sentence by sentence: what marketers, creatives and reviewers do, and what both systems show then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.conftest import OpenDesk
from tests.support.acceptance import Desk

ROLES = ("compliance", "legal", "product")
PROCESS = "assetReview"
SHOWN = (
    "ReviewState",
    "ApprovalState",
    "ApprovedVersion",
    "ApprovedVersionNumber",
    "ApprovedOn",
    "ReviewMatrix",
    "OpenTasks",
    "ReviewDue",
    "Message",
)
OWNER = f"{88:032x}"


def for_review(desk: Desk, **values: Any) -> str:  # noqa: ANN401 - JSON.
    """A record with a first version that was put up for review; its id."""
    told = {
        "Title": "Hero banner",
        "CampaignCode": "SPRING-26",
        "Product": "Oat drink",
        "Claims": "Half the sugar",
        "ContentOwner": [OWNER],
        "ReviewState": ["For review"],
    }
    record_id, _ = desk.dam.make_with_file(b"first", **(told | values))
    return record_id


def new_version(desk: Desk, record_id: str, content: bytes = b"second") -> str:
    """Somebody puts a new version of the master file up; its id."""
    token = desk.dam.upload(content).json()["token"]
    file_id = desk.dam.get(f"record/{record_id}", select_record="masterfile")["masterfile"]["id"]
    answer = desk.dam.send("PUT", f"record/{record_id}", {"files": desk.dam.version(token, id=file_id)})
    assert answer.status_code == 204, answer.text
    return str(desk.dam.master(record_id)["id"])


def shown(desk: Desk, record_id: str) -> dict[str, Any]:
    """What the record shows: of a list of options the one that it holds."""
    values = desk.dam.values(record_id, *SHOWN)
    return {name: value[0] if isinstance(value, list) and value else value for name, value in values.items()}


def instance_of(desk: Desk, record_id: str) -> str:
    return desk.instance(PROCESS, f"aprimo:record:{record_id}")


def variables_of(desk: Desk, instance: str) -> dict[str, Any]:
    rows = desk.opentext.rows(f"process-instances/{instance}/variables")
    return {str(row["name"]): row["value"] for row in rows}


def decide(desk: Desk, record_id: str, **answers: str) -> None:
    """Those who are named decide, each with a comment of his or her own; of nobody all three approve."""
    tasks = desk.opentext.tasks(instance_of(desk, record_id))
    for role, answer in (answers or dict.fromkeys(ROLES, "approved")).items():
        desk.decide(tasks[role], f"{role}.one@example.test", answer, f"{role} has looked")


def results(desk: Desk, version_id: str) -> list[tuple[str, str]]:
    """Check results of a version: outcome and description without its marker, in their order."""
    rows = desk.dam.get(f"fileversion/{version_id}/checkresults")["items"]
    return [(str(row["outcome"]), str(row["description"]).partition(" [sg-")[0]) for row in rows]


def learn(desk: Desk, source: str) -> None:
    """Signoff learns of what changed in Aprimo, from a rule of the DAM or from the poller."""
    if source == "rule":
        desk.rest()
    else:
        desk.poll()


@pytest.mark.parametrize("source", ["rule", "poller"])
def test_it_starts_when_a_records_state_becomes_for_review(desk: Desk, source: str) -> None:
    if source == "poller":
        desk.mute_aprimo()
    record_id = for_review(desk, ReviewState=["Draft"])
    learn(desk, source)
    assert desk.running(PROCESS) == []

    desk.dam.write(record_id, ReviewState=["For review"])
    learn(desk, source)

    assert [each["businessKey"] for each in desk.running(PROCESS)] == [f"aprimo:record:{record_id}"]
    assert shown(desk, record_id)["ApprovalState"] == "In review"


def test_it_carries_what_the_reviewers_must_know_of_exactly_one_version(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()

    version, told = desk.dam.master(record_id), variables_of(desk, instance_of(desk, record_id))
    expected = {
        "assetTitle": "Hero banner",
        "recordId": record_id,
        "fileVersionId": version["id"],
        "fileVersionNumber": "1",
        "sha256": version["sha256"],
        "campaign": "SPRING-26",
        "product": "Oat drink",
        "claims": "Half the sugar",
    }
    assert expected.items() <= told.items()
    assert set(desk.opentext.tasks(instance_of(desk, record_id))) == set(ROLES)


def test_each_review_comes_back_as_it_happens_as_a_check_result_on_that_version_with_its_comment(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()
    version_id = desk.dam.master(record_id)["id"]

    decide(desk, record_id, legal="approved")
    desk.rest()

    ((outcome, description),) = results(desk, version_id)
    assert outcome == "pass"
    assert description.startswith("Legal: approved, legal.one@example.test")
    assert description.endswith("legal has looked")
    assert "Legal · approved · legal.one@example.test" in shown(desk, record_id)["ReviewMatrix"]
    assert shown(desk, record_id)["ReviewState"] == "For review"


def test_marketers_see_who_is_holding_it(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()
    task = desk.opentext.tasks(instance_of(desk, record_id))["legal"]

    desk.opentext.workflow("POST", f"tasks/{task['id']}", {"action": "claim", "assignee": "legal.two@example.test"})
    desk.poll()

    compliance, legal, product = shown(desk, record_id)["OpenTasks"].splitlines()
    assert compliance.startswith("Compliance · Compliance, nobody yet · due ")
    assert legal.startswith("Legal · legal.two@example.test · due ")
    assert product.startswith("Product · Product, nobody yet · due ")


def test_three_approvals_approve_the_version_and_name_it(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()
    version_id = desk.dam.master(record_id)["id"]

    decide(desk, record_id)
    desk.rest()

    record = shown(desk, record_id)
    assert (record["ReviewState"], record["ApprovalState"]) == ("Approved", "Approved")
    assert (record["ApprovedVersion"], record["ApprovedVersionNumber"]) == (version_id, "1")
    assert record["ApprovedOn"]
    assert record["OpenTasks"] in {None, ""}
    assert [outcome for outcome, _ in results(desk, version_id)] == ["pass", "pass", "pass"]
    assert desk.states.letters() == []


def test_requested_changes_become_a_creative_revision_with_the_collected_feedback(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()
    instance = instance_of(desk, record_id)
    decide(desk, record_id, compliance="approved", legal="changes_requested", product="approved")
    desk.rest()
    assert variables_of(desk, instance)["feedback"] == (
        "Legal: changes requested. legal has looked\n"
        "Compliance: approved. compliance has looked\n"
        "Product: approved. product has looked"
    )

    decide(desk, record_id, consolidate="changes_requested")
    desk.rest()

    task = desk.opentext.tasks(instance)["creative_revision"]
    assert "Legal: changes requested. legal has looked" in task["description"]
    record = shown(desk, record_id)
    assert (record["ReviewState"], record["ApprovalState"]) == ("Changes requested", "Changes requested")
    assert "Creative revision · Creative, nobody yet" in record["OpenTasks"]


def test_the_new_file_version_re_enters_review(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()
    first = instance_of(desk, record_id)
    decide(desk, record_id, compliance="approved", legal="changes_requested", product="approved")
    desk.rest()
    decide(desk, record_id, consolidate="changes_requested")
    desk.rest()

    version_id = new_version(desk, record_id)
    desk.rest()

    again = instance_of(desk, record_id)
    assert again != first
    assert variables_of(desk, again)["fileVersionId"] == version_id
    record = shown(desk, record_id)
    assert (record["ReviewState"], record["ApprovalState"]) == ("For review", "In review")

    decide(desk, record_id)
    desk.rest()
    record = shown(desk, record_id)
    assert (record["ReviewState"], record["ApprovedVersion"]) == ("Approved", version_id)
    assert "Revision 1 · superseded" in record["ReviewMatrix"]


@pytest.mark.parametrize("source", ["rule", "poller"])
def test_a_new_version_during_the_review_ends_the_old_process_before_the_new_one_starts(
    desk: Desk, source: str
) -> None:
    record_id = for_review(desk)
    desk.rest()
    if source == "poller":
        desk.mute_aprimo()
    first_version, first = desk.dam.master(record_id)["id"], instance_of(desk, record_id)
    decide(desk, record_id, legal="approved")
    desk.rest()

    version_id = new_version(desk, record_id)
    learn(desk, source)

    second = instance_of(desk, record_id)
    ended, started = (desk.opentext.history(f"historic-process-instances/{each}").json() for each in (first, second))
    assert "Superseded by a new revision" in ended["deleteReason"]
    assert ended["endTime"] <= started["startTime"]
    assert [outcome for outcome, _ in results(desk, first_version)] == ["pass"]
    assert results(desk, version_id) == []


def test_an_approval_that_arrives_for_an_older_version_never_approves_the_latest_and_a_new_round_starts(
    desk: Desk,
) -> None:
    record_id = for_review(desk)
    desk.rest()
    first_version = desk.dam.master(record_id)["id"]
    desk.mute_aprimo()
    version_id = new_version(desk, record_id)

    decide(desk, record_id)
    desk.rest()

    record = shown(desk, record_id)
    assert record["ApprovalState"] == "Approved (older version)"
    assert (record["ApprovedVersion"], record["ApprovedVersionNumber"]) == (first_version, "1")
    assert record["ReviewState"] == "For review"
    assert variables_of(desk, instance_of(desk, record_id))["fileVersionId"] == version_id
    states = [each["after"] for each in desk.changes(f"record:{record_id}")]
    approved = desk.dam.option("ReviewState", "Approved")
    assert approved not in str([each["fields"] for each in states])
    assert [outcome for outcome, _ in results(desk, first_version)] == ["pass", "pass", "pass"]


def test_a_version_after_the_approval_makes_it_one_of_an_older_version(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()
    decide(desk, record_id)
    desk.rest()

    new_version(desk, record_id)
    desk.rest()

    record = shown(desk, record_id)
    assert (record["ReviewState"], record["ApprovalState"]) == ("Approved (older version)",) * 2
    assert record["Message"] == ("Version 1 was approved, version 2 was not reviewed. Put it up for review again.")


def test_withdrawn_in_aprimo_the_process_is_cancelled_with_the_reason(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()
    instance = instance_of(desk, record_id)

    desk.dam.write(record_id, ReviewState=["Withdrawn"])
    desk.rest()

    ended = desk.opentext.history(f"historic-process-instances/{instance}").json()
    assert ended["deleteReason"] == "Withdrawn in Aprimo (Signoff)"
    assert shown(desk, record_id)["ReviewState"] == "Withdrawn"


def test_cancelled_in_opentext_by_others_nothing_is_approved(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()

    desk.opentext.workflow("DELETE", f"process-instances/{instance_of(desk, record_id)}", deleteReason="cleaned up")
    desk.poll()

    record = shown(desk, record_id)
    assert (record["ReviewState"], record["ApprovalState"]) == ("Cancelled", "Cancelled")
    assert "cleaned up" in record["Message"]


def test_a_deleted_record_ends_its_process(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()

    assert desk.dam.send("DELETE", f"record/{record_id}").status_code == 204
    desk.rest()

    assert desk.running(PROCESS) == []
    assert desk.states.letters() == []


def test_an_answer_that_nobody_knows_is_never_read_as_an_approval(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()

    decide(desk, record_id, compliance="approved", legal="noted", product="approved")
    desk.rest()
    decide(desk, record_id, consolidate="approved")
    desk.rest()

    record = shown(desk, record_id)
    assert (record["ReviewState"], record["ApprovedVersion"]) == ("For review", None)
    assert 'Legal · unknown ("noted")' in record["ReviewMatrix"]
    assert "is not clear" in record["Message"]


def test_comments_travel_both_ways_once_each(desk: Desk) -> None:
    record_id = for_review(desk, ReviewState=["Draft"])
    version_id = desk.dam.master(record_id)["id"]
    note = {"fileVersionId": version_id, "comments": "Darker?", "userId": 88}
    desk.aprimo_sandbox.admin("POST", "annotations", note)
    desk.dam.write(record_id, ReviewState=["For review"])
    desk.rest()
    instance = instance_of(desk, record_id)

    desk.dam.write(record_id, Remark="Please hurry")
    desk.opentext.workflow("POST", f"process-instances/{instance}/comments", {"message": "Which claim?"})
    desk.poll()
    desk.poll()

    messages = [row["message"] for row in desk.opentext.rows(f"process-instances/{instance}/comments")]
    assert sorted(str(each).partition(" [sg-")[0] for each in messages) == [
        "Requester One (Aprimo): Darker?",
        "Requester One (Aprimo): Please hurry",
        "Which claim?",
    ]
    ((outcome, description),) = results(desk, version_id)
    assert (outcome, description.partition(": ")[2]) == ("info", "Which claim?")


def test_an_annotation_that_nothing_tells_of_is_found_while_the_review_runs(open_desk: OpenDesk) -> None:
    desk = open_desk({"asset_review": lambda text: text.replace('"PT10M"', '"PT1S"')})
    record_id = for_review(desk)
    desk.rest()
    version_id, instance = desk.dam.master(record_id)["id"], instance_of(desk, record_id)
    note = {"fileVersionId": version_id, "comments": "Darker?", "userId": 88}
    desk.aprimo_sandbox.admin("POST", "annotations", note)

    def is_heard() -> bool:
        desk.tick()
        rows = desk.opentext.rows(f"process-instances/{instance}/comments")
        return [str(row["message"]).partition(" [sg-")[0] for row in rows] == ["Requester One (Aprimo): Darker?"]

    desk.until(is_heard)


def test_a_date_moved_in_either_system_moves_in_the_other(desk: Desk) -> None:
    record_id = for_review(desk)
    desk.rest()
    instance = instance_of(desk, record_id)

    desk.dam.write(record_id, ReviewDue="2031-05-01T09:00:00Z")
    desk.rest()
    dues = {str(task["dueDate"])[:10] for task in desk.opentext.tasks(instance).values()}
    assert dues == {"2031-05-01"}

    task = desk.opentext.tasks(instance)["legal"]
    desk.opentext.workflow("PUT", f"tasks/{task['id']}", {"dueDate": "2031-06-01T09:00:00Z"})
    desk.poll()
    assert shown(desk, record_id)["ReviewDue"].startswith("2031-06-01")


def test_all_that_is_missing_is_one_error_and_mends_itself_once_it_is_there(desk: Desk) -> None:
    record_id = desk.dam.make(Claims="Half the sugar", ReviewState=["For review"])
    desk.rest()
    assert desk.states.letters() == [("values_missing", "open")]

    token = desk.dam.upload(b"first").json()["token"]
    desk.dam.send(
        "PUT",
        f"record/{record_id}",
        {"fields": desk.dam.fields(Title="Hero"), "files": {"master": token, **desk.dam.version(token)}},
    )
    desk.rest()

    assert desk.states.letters() == [("values_missing", "overtaken")]
    assert len(desk.running(PROCESS)) == 1


@pytest.mark.parametrize("edited", ["ApprovalState", "ReviewState"])
def test_an_approval_typed_by_hand_is_put_back(desk: Desk, edited: str) -> None:
    record_id = for_review(desk)
    desk.rest()
    before = shown(desk, record_id)

    desk.dam.write(record_id, **{edited: ["Approved"]})
    desk.rest()

    assert shown(desk, record_id)[edited] == before[edited]
    assert len(desk.running(PROCESS)) == 1
