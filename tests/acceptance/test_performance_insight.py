"""Flow 8, sentence by sentence: what reviews of performance find, and what assets and campaigns show then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.acceptance import Desk

PROCESS = "performanceReview"
FIRST_PROJECT = 6101
"""The id that the sandbox gives its first project."""
SHOWN = ("Score", "Verdict", "Findings", "InsightPeriod", "NeedsRevision", "RetireProposal")


def asset(desk: Desk, title: str = "Hero banner") -> str:
    return desk.dam.make(Title=title)


def campaign(desk: Desk, *assets: str, ended_days_ago: float = 20, **fields: Any) -> int:  # noqa: ANN401 - JSON.
    """A campaign in production that is over."""
    end = datetime.now(UTC) - timedelta(days=ended_days_ago)
    told = {
        "name": "Spring launch",
        "activityTypeId": 17,
        "activityStateId": 3,
        "ownerId": 88,
        "beginDate": (end - timedelta(days=90)).strftime("%Y-%m-%dT00:00:00"),
        "endDate": end.strftime("%Y-%m-%dT00:00:00"),
        "extrAttr372": "; ".join(assets),
    }
    return int(desk.aprimo.make_activity(**(told | fields))["activityId"])


def begin_by_hand(desk: Desk, *assets: str, end: str = "2026-05-31", key: str = "") -> str:
    """A person starts a review in OpenText; its id."""
    variables = {
        "signoffEffect": "",
        "signoffItem": "",
        "signoffRevision": 1,
        "signoffCallback": "",
        "signoffToken": "",
        "aprimoLink": "",
        "reviewTitle": "Spring: performance",
        "periodBegin": "2026-03-01",
        "periodEnd": end,
        "assets": list(assets),
        "results": [],
        "assessmentGroup": "Analysts",
        "assessmentLeads": "Analyst leads",
        "assessmentDue": "2027-01-01T00:00:00Z",
        "signOffGroup": "Marketing leads",
        "signOffLeads": "Marketing directors",
        "signOffDue": "2027-01-01T00:00:00Z",
    }
    started = {"process": PROCESS, "business_key": key, "name": "Spring: performance"}
    body = {"user": "analyst.one@example.test", **started}
    answer = desk.opentext_sandbox.admin("POST", "people/start", {**body, "variables": variables})
    return str(answer["id"])


def sign_off(desk: Desk, instance: str, *results: dict[str, Any], outcome: str = "approved") -> None:
    """The analyst writes results, and the marketing lead answers."""
    written = {"results": list(results)}
    desk.decide(desk.opentext.tasks(instance)["assessment"], "analyst.one@example.test", "done", variables=written)
    desk.decide(desk.opentext.tasks(instance)["sign_off"], "lead.one@example.test", outcome)
    desk.poll()


def result(record_id: str, verdict: str, score: str = "82.5", findings: str = "Good.") -> dict[str, Any]:
    return {"recordId": record_id, "score": score, "verdict": verdict, "findings": findings}


def shown(desk: Desk, record_id: str) -> dict[str, Any]:
    values = desk.dam.values(record_id, *SHOWN)
    return {name: value[0] if isinstance(value, list) and value else value for name, value in values.items()}


def paths(desk: Desk, record_id: str) -> set[str]:
    found = desk.dam.get(f"record/{record_id}", select_record="classifications")["classifications"]["items"]
    return {each["namePath"] for each in found}


@pytest.mark.parametrize("source", ["webhook", "poller"])
def test_a_review_begins_a_configured_time_after_a_campaigns_end_date(desk: Desk, source: str) -> None:
    if source == "poller":
        desk.mute_aprimo()
    number = campaign(desk, asset(desk))

    desk.rest() if source == "webhook" else desk.poll()

    (process,) = desk.running(PROCESS)
    assert process["businessKey"] == f"aprimo:activity:{number}"


def test_a_campaign_that_runs_or_has_no_assets_is_not_reviewed(desk: Desk) -> None:
    campaign(desk, asset(desk), ended_days_ago=-1)
    campaign(desk)
    campaign(desk, asset(desk), ended_days_ago=400)

    desk.rest()
    desk.tick()

    assert desk.running(PROCESS) == []


def test_the_timetable_begins_a_review_once_its_time_has_come(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk({"performance_insight": lambda text: text.replace('after_end = "P14D"', 'after_end = "PT3S"')})
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    campaign(desk, asset(desk), beginDate=midnight.strftime("%Y-%m-%dT00:00:00"), endDate=end)
    desk.rest()
    assert desk.running(PROCESS) == []

    desk.until(lambda: desk.tick() or desk.running(PROCESS))

    assert len(desk.running(PROCESS)) == 1


def test_reuse_gives_the_classification_and_the_score(desk: Desk) -> None:
    hero = asset(desk)
    number = campaign(desk, hero)
    desk.rest()

    sign_off(desk, desk.instance(PROCESS, f"aprimo:activity:{number}"), result(hero, "reuse"))

    now = shown(desk, hero)
    assert (now["Score"], now["Verdict"], now["Findings"]) == (82.5, "Reuse", "Good.")
    assert "/Reuse/Recommended" in paths(desk, hero)
    campaign_now = desk.aprimo.api("GET", f"activities/{number}").json()["extendedAttributes"]
    told = {each["eaId"]: each["eaValue"] for each in campaign_now}
    assert told[371] == "Signed off, revision 1"
    assert told[373] == f"{hero} · reuse · 82.5"
    assert desk.states.letters() == []


def test_revise_gives_the_flag_and_the_findings_and_a_revision_task_where_a_project_is_configured(
    open_desk: Callable[..., Desk],
) -> None:
    desk = open_desk(
        {"performance_insight": lambda text: text.replace("task_project = 0", f"task_project = {FIRST_PROJECT}")}
    )
    body = {"title": "Revisions", "extendedAttributes": [], "multipleValueExtendedAttributes": []}
    project = desk.aprimo.api("POST", "projects", body).json()["projectId"]
    hero = asset(desk)
    number = campaign(desk, hero)
    desk.rest()

    sign_off(desk, desk.instance(PROCESS, f"aprimo:activity:{number}"), result(hero, "revise", findings="Too dark."))

    now = shown(desk, hero)
    assert (now["Verdict"], now["NeedsRevision"], now["Findings"]) == ("Revise", "Yes", "Too dark.")
    assert "/Revise" in paths(desk, hero)
    tasks = desk.aprimo.api("GET", "tasks").json()["_embedded"]["Task"]
    assert [(each["name"], each["projectId"]) for each in tasks] == [("Revise Hero banner", project)]


def test_retire_is_only_a_proposal_where_the_tenant_has_not_switched_archiving_on(desk: Desk) -> None:
    hero = asset(desk)
    instance = begin_by_hand(desk, hero)
    desk.poll()

    sign_off(desk, instance, result(hero, "retire"))

    assert (shown(desk, hero)["RetireProposal"], desk.dam.get(f"record/{hero}")["status"]) == ("Yes", "draft")
    assert "/Retired" not in paths(desk, hero)


def test_retire_archives_where_the_tenant_switched_that_on(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk({"performance_insight": lambda text: text.replace("archives = false", "archives = true")})
    hero = asset(desk)
    instance = begin_by_hand(desk, hero)
    desk.poll()

    sign_off(desk, instance, result(hero, "retire"))

    assert desk.dam.get(f"record/{hero}")["status"] == "archived"
    assert "/Retired" in paths(desk, hero)


def test_a_review_that_a_person_started_in_opentext_ends_in_aprimo_too(desk: Desk) -> None:
    hero, banner = asset(desk), asset(desk, "Banner")
    instance = begin_by_hand(desk, hero, banner)
    desk.poll()

    sign_off(desk, instance, result(hero, "reuse"), result(banner, "revise", "12", "Nobody looked."))

    assert shown(desk, hero)["Verdict"] == "Reuse"
    assert shown(desk, banner)["Verdict"] == "Revise"


def test_an_older_period_never_overwrites_a_newer_one(desk: Desk) -> None:
    hero = asset(desk)
    newer = begin_by_hand(desk, hero, end="2026-05-31")
    older = begin_by_hand(desk, hero, end="2025-05-31")
    desk.poll()
    sign_off(desk, newer, result(hero, "reuse", "90"))

    sign_off(desk, older, result(hero, "retire", "10"))

    now = shown(desk, hero)
    assert (now["Verdict"], now["Score"], now["InsightPeriod"]) == ("Reuse", 90, "2026-03-01 to 2026-05-31")


def test_a_newer_verdict_takes_the_place_of_an_older_one(desk: Desk) -> None:
    hero = asset(desk)
    first = begin_by_hand(desk, hero, end="2026-04-30")
    second = begin_by_hand(desk, hero, end="2026-05-31")
    desk.poll()
    sign_off(desk, first, result(hero, "reuse"))

    sign_off(desk, second, result(hero, "revise"))

    assert paths(desk, hero) & {"/Reuse/Recommended", "/Revise"} == {"/Revise"}


def test_a_review_that_is_not_signed_off_shows_no_result(desk: Desk) -> None:
    hero = asset(desk)
    instance = begin_by_hand(desk, hero)
    desk.poll()

    sign_off(desk, instance, result(hero, "reuse"), outcome="rejected")

    assert not shown(desk, hero)["Verdict"]


def test_a_result_that_cannot_be_used_is_a_dead_letter_that_names_every_fault(desk: Desk) -> None:
    hero = asset(desk)
    instance = begin_by_hand(desk, hero)
    desk.poll()

    sign_off(desk, instance, result(hero, "praise"), {"recordId": "", "score": "high", "verdict": "reuse"})

    assert desk.states.letters() == [("result_unusable", "open")]
    assert not shown(desk, hero)["Verdict"]
