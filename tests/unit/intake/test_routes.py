from __future__ import annotations

import pytest

from pipeline.events import NewEvent
from pipeline.routes import Routes, aprimo_looks, opentext_look, process_key_of
from pipeline.words import EventKind, Side, Urgency
from tests.support.hook_samples import NOW, ROUTES, words


def test_an_event_stands_on_the_line_of_its_item() -> None:
    (event,) = aprimo_looks(
        ROUTES,
        kind="activity",
        object_id=5012,
        type="aprimo.activity.updated",
        dedupe_key="aprimo.pm.poll:activities:5012:2026-02-03T10:15:30:0f",
        time=NOW,
        data={"modified": "2026-02-03T10:15:30"},
        trace_id="t1",
    )

    assert event == NewEvent(
        flow="campaign_brief",
        source="aprimo.pm.poll",
        type="aprimo.activity.updated",
        kind=EventKind.LOOK,
        side=Side.APRIMO,
        subject="aprimo:activity:5012",
        line_key="campaign_brief/aprimo:activity:5012",
        dedupe_key="aprimo.pm.poll:activities:5012:2026-02-03T10:15:30:0f",
        time=NOW,
        data={"modified": "2026-02-03T10:15:30", "object_id": 5012},
        trace_id="t1",
    )


def test_a_deletion_is_a_fact_because_nothing_is_left_to_read() -> None:
    (event,) = aprimo_looks(
        ROUTES, kind="activity", object_id=1, type="aprimo.activity.deleted", dedupe_key="x:1", time=NOW
    )

    assert event.kind is EventKind.FACT


def test_every_flow_that_names_the_kind_gets_an_event_of_its_own() -> None:
    routes = Routes.of([words("zeta"), words("alpha", process="other"), words("records", kind="record")])

    events = aprimo_looks(
        routes, kind="activity", object_id=1, type="aprimo.activity.updated", dedupe_key="x:1", time=NOW
    )

    assert [event.line_key for event in events] == ["alpha/aprimo:activity:1", "zeta/aprimo:activity:1"]


def test_a_kind_that_no_flow_names_makes_no_event() -> None:
    assert aprimo_looks(ROUTES, kind="task", object_id=1, type="t", dedupe_key="x:1", time=NOW) == ()


@pytest.mark.parametrize(
    ("business_key", "subject"),
    [
        ("aprimo:activity:5012", "aprimo:activity:5012"),
        ("aprimo:activity:5012#DACH", "aprimo:activity:5012#DACH"),
        ("aprimo:record:0a1b", "opentext:process:i1"),
        ("aprimo:activity:", "opentext:process:i1"),
        ("aprimo:activity", "opentext:process:i1"),
        ("order-77", "opentext:process:i1"),
        ("", "opentext:process:i1"),
    ],
)
def test_an_instance_stands_on_its_items_line_only_where_the_business_key_is_ours(
    business_key: str, subject: str
) -> None:
    (event,) = opentext_look(
        ROUTES,
        instance_id="i1",
        process_key="campaignBrief",
        business_key=business_key,
        type="opentext.workflow.task.completed",
        dedupe_key="opentext.audit:task:task-complete:i1:t1:2026",
        time=NOW,
        settle_s=1.5,
        urgency=Urgency.EXPRESS,
    )

    assert event == NewEvent(
        flow="campaign_brief",
        source="opentext.audit",
        type="opentext.workflow.task.completed",
        kind=EventKind.LOOK,
        side=Side.OPENTEXT,
        subject=subject,
        line_key=f"campaign_brief/{subject}",
        dedupe_key="opentext.audit:task:task-complete:i1:t1:2026",
        time=NOW,
        data={"instance_id": "i1"},
        settle_s=1.5,
        urgency=Urgency.EXPRESS,
    )


def test_a_model_that_no_flow_runs_makes_no_event() -> None:
    events = opentext_look(
        ROUTES, instance_id="i1", process_key="other", business_key="", type="t", dedupe_key="x:1", time=NOW
    )

    assert events == ()


def test_a_definition_id_names_its_model_first() -> None:
    assert process_key_of("campaignBrief:3:976626f9-3391-11ea-b509-eeee0affefe7") == "campaignBrief"
