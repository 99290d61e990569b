"""History and audit logs: what is told, what is not, and how late."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.campaign_brief import ITEM
from tests.support.opentext_caller import OpenTextCaller, embedded, soon
from tests.support.sandbox_process import running


@pytest.fixture
def instance(opentext: OpenTextCaller) -> str:
    return opentext.begin()


def kinds(opentext: OpenTextCaller, stream: str, **query: str) -> Counter[str]:
    return Counter(row["eventType"] for row in opentext.audit(stream, **query))


def test_open_tasks_are_rows_of_history_too(opentext: OpenTextCaller, instance: str) -> None:
    row = opentext.historic_tasks(instance)["legal"]

    assert (row["endTime"], row["deleteReason"], row["durationInMillis"]) == (None, None, None)
    assert row["startTime"].endswith("+0000")


def test_what_a_refusal_cut_off_has_the_engines_reason(opentext: OpenTextCaller, instance: str) -> None:
    opentext.complete(opentext.tasks(instance)["legal"], "rejected")

    tasks = opentext.historic_tasks(instance)
    reasons = {name: row["deleteReason"] for name, row in tasks.items()}
    assert reasons.pop("legal") is None
    assert set(reasons.values()) == {"boundary event (reviews_stopped)"}
    assert all(row["endTime"] for row in tasks.values())


def test_a_region_cut_off_by_another_has_the_loops_reason(opentext: OpenTextCaller, instance: str) -> None:
    """The condition of the loop ended it before the refusal stopped the rest."""
    opentext.complete(opentext.tasks(instance)["regional DACH"], "rejected")

    tasks = opentext.historic_tasks(instance)
    assert tasks["regional DACH"]["deleteReason"] is None
    assert tasks["regional Nordics"]["deleteReason"] == "MI_END"
    assert tasks["brand"]["deleteReason"] == "boundary event (reviews_stopped)"


def test_a_leads_task_goes_with_the_review(opentext: OpenTextCaller, instance: str) -> None:
    execution = opentext.execution(instance, "escalate_brand")
    body = {"action": "messageEventReceived", "messageName": "escalate"}
    opentext.workflow("PUT", f"process-instances/executions/{execution}", body)

    opentext.complete(opentext.tasks(instance)["brand"])

    lead = opentext.historic_tasks(instance)["brand_lead"]
    assert lead["deleteReason"] == "terminate end event (brand_done)"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"finished": "true"}, ["legal"]),
        ({"finished": "false", "taskCategory": "DACH"}, ["regional"]),
        ({"taskDefinitionKey": "brand"}, ["brand"]),
        ({"taskDefinitionKeys": "brand,finance"}, ["brand", "finance"]),
        ({"taskCompletedAfter": "2000-01-01T00:00:00Z"}, ["legal"]),
        ({"taskCompletedBefore": "2000-01-01T00:00:00Z"}, []),
        ({"dueDateBefore": "2000-01-01T00:00:00Z"}, []),
        ({"processBusinessKey": ITEM, "taskNameLike": "Brand%"}, ["brand"]),
        ({"processFinished": "true"}, []),
        ({"taskAssignee": "nobody"}, []),
    ],
)
def test_historic_tasks_are_found_by_filters(
    opentext: OpenTextCaller, instance: str, query: dict[str, str], names: list[str]
) -> None:
    opentext.complete(opentext.tasks(instance)["legal"])

    rows = embedded(opentext.history("historic-task-instances", **query))

    assert [row["taskDefinitionKey"] for row in rows] == names


def test_historic_instances_are_found_by_filters(opentext: OpenTextCaller, instance: str) -> None:
    other = opentext.begin(item="aprimo:activity:7")
    opentext.workflow("DELETE", f"process-instances/{other}")
    soon_s = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    def found(**query: str) -> list[str]:
        return [str(row["id"]) for row in embedded(opentext.history("historic-process-instances", **query))]

    assert found(businessKey=ITEM) == [instance]
    assert found(processInstanceId=other) == [other]
    assert found(finished="true") == [other]
    assert found(processDefinitionKey="campaignBrief", startedBefore=soon_s) == [instance, other]
    assert found(startedAfter=soon_s) == []
    assert found(finishedAfter="2000-01-01T00:00:00+02:00") == [other]
    assert opentext.history("historic-process-instances", colour="red").status_code == 400
    assert opentext.history("historic-process-instances/none").status_code == 404


def test_audit_lines_show_no_more_than_the_reference(opentext: OpenTextCaller, instance: str) -> None:
    common = {"id", "businessKey", "startTime", "endTime", "eventType", "subject", "userId"}
    common |= {"processDefinitionId", "tenantid", "subscriptionid"}
    task = {"name", "assignee", "category", "taskDefinitionKey", "executionId", "processInstanceId"}
    activity = {"activityId", "activityType", "executionId", "processInstanceId"}

    assert set(opentext.audit("process")[0]) == common
    assert set(opentext.audit("task")[0]) == common | task
    assert set(opentext.audit("activity")[0]) == common | activity
    assert opentext.audit("process")[0]["id"] == instance
    assert opentext.audit("process")[0]["startTime"].endswith("+05:30")


def test_every_step_of_a_process_leaves_its_line(opentext: OpenTextCaller, instance: str) -> None:
    legal = opentext.tasks(instance)["legal"]
    opentext.workflow("POST", f"tasks/{legal['id']}", {"action": "claim", "assignee": "ann@example.test"})
    opentext.complete(legal, "rejected")

    assert kinds(opentext, "process") == {"process-start": 1, "process-end": 1}
    assert kinds(opentext, "task") == {
        "process-task-create": 5,
        "process-task-assignment": 1,
        "process-task-complete": 1,
        "process-task-delete": 4,
    }
    begun = kinds(opentext, "activity", eventType="process-activity-start")["process-activity-start"]
    assert begun == kinds(opentext, "activity", eventType="process-activity-end")["process-activity-end"]
    end = opentext.audit("process", eventType="process-end")[0]
    assert (end["startTime"] < end["endTime"], end["businessKey"]) == (True, ITEM)


def test_comments_and_edits_leave_no_line(opentext: OpenTextCaller, instance: str) -> None:
    legal = opentext.tasks(instance)["legal"]
    before = [len(opentext.audit(stream)) for stream in ("process", "task", "activity")]

    opentext.workflow("POST", f"tasks/{legal['id']}/comments", {"message": "hm"})
    opentext.workflow("PUT", f"tasks/{legal['id']}", {"dueDate": None, "name": "n", "priority": 1})
    opentext.workflow("POST", f"process-instances/{instance}/variables", [{"name": "x", "value": 1}])

    assert [len(opentext.audit(stream)) for stream in ("process", "task", "activity")] == before


def test_a_window_has_open_ends_and_takes_any_zone(opentext: OpenTextCaller, instance: str) -> None:
    first = opentext.audit("process")[0]["startTime"]
    utc = datetime.fromisoformat(first).astimezone(UTC).isoformat()
    earlier = (datetime.fromisoformat(first) - timedelta(milliseconds=1)).isoformat()

    assert opentext.audit("process", After=first) == []
    assert opentext.audit("process", Before=utc) == []
    assert len(opentext.audit("process", After=earlier)) == 1
    assert len(opentext.audit("task", After=earlier, processInstanceId=instance)) == 5
    assert opentext.history("process-instances/audit-logs", After="soon").status_code == 400
    assert opentext.history("process-instances/audit-logs", taskName="x").status_code == 400


@pytest.mark.parametrize(
    ("stream", "query", "count"),
    [
        ("task", {"taskDefinitionKey": "legal"}, 1),
        ("task", {"taskName": "Legal review: Spring"}, 1),
        ("task", {"taskAssignee": "ann@example.test"}, 0),
        ("task", {"userId": "signoff.integration@example.test"}, 5),
        ("task", {"processDefinitionId": "other"}, 0),
        ("activity", {"activityId": "fork"}, 2),
        ("activity", {"activityType": "userTask", "eventType": "process-activity-start"}, 6),
    ],
)
def test_audit_lines_are_found_by_filters(
    opentext: OpenTextCaller, instance: str, stream: str, query: dict[str, str], count: int
) -> None:
    assert len(opentext.audit(stream, **query)) == count


def test_lines_may_come_late_and_in_no_order_but_stay_put_between_pages(
    opentext: OpenTextCaller, instance: str, tmp_path: Path
) -> None:
    in_order = [(row["activityId"], row["eventType"]) for row in opentext.audit("activity")]
    with running("opentext", tmp_path, rate_per_s=50_000, audit_delay_s=2, audit_shuffle=True) as server:
        other = OpenTextCaller(server.base)
        other.deploy()
        other.begin()
        at_once = len(other.audit("activity"))
        soon(lambda: len(other.audit("activity")) == len(in_order))

        whole = [(row["activityId"], row["eventType"]) for row in other.audit("activity")]
        paged = [
            (row["activityId"], row["eventType"])
            for offset in range(0, len(in_order), 10)
            for row in other.audit("activity", offset=offset, count=10)
        ]
        other.close()

    assert at_once < len(in_order)
    assert paged == whole
    assert whole != in_order
    assert sorted(whole) == sorted(in_order)
