"""Flow 3, sentence by sentence: what a marketer and those who produce content do, and what both systems show then."""

from __future__ import annotations

from functools import partial

import pytest

from tests.acceptance.conftest import OpenDesk
from tests.support.acceptance import Desk
from tests.support.content_requests import (
    CANCELLED,
    DRAFT,
    PROCESS,
    PRODUCED,
    REQUEST,
    REQUESTED,
    WANTED,
    WITHDRAWN,
    ContentRequest,
    requested,
)

ASSET = "0123456789abcdef0123456789abcdef"
LINK = f"https://sandbox.aprimo.example.test/#/records/{ASSET}"
ALL_BUT_QA = ("copywriting", "design", "translation de", "translation fr", "localization de", "localization fr")
GONE_BY = "2026-01-05T00:00:00Z"
"""A wanted date that nobody can keep any more."""


def test_a_request_that_is_created_as_submitted_starts_its_production(desk: Desk) -> None:
    request = requested(desk)

    (process,) = desk.running(PROCESS)
    assert process["businessKey"] == request.key
    assert list(request.tasks()) == ["copywriting"]
    assert request.shown("message", "percent", "step", "step_owner", "late") == {
        "message": "In production, revision 1",
        "percent": "0",
        "step": "Copywriting",
        "step_owner": "Copywriters",
        "late": "no",
    }


def test_a_request_that_only_the_poller_sees_starts_as_well(desk: Desk) -> None:
    desk.mute_aprimo()

    request = ContentRequest(desk, **REQUEST)
    desk.poll()

    assert list(request.tasks()) == ["copywriting"]


def test_a_draft_starts_nothing_until_it_is_submitted(desk: Desk) -> None:
    request = requested(desk, status=DRAFT)
    assert desk.running(PROCESS) == []

    request.put(status=REQUESTED)
    desk.rest()

    assert list(request.tasks()) == ["copywriting"]


def test_what_is_missing_is_told_in_one_letter_and_mended_by_filling_it_in(desk: Desk) -> None:
    request = ContentRequest(desk, languages="de")
    desk.rest()
    assert desk.states.letters() == [("values_missing", "open")]
    assert desk.running(PROCESS) == []

    request.put(**REQUEST)
    desk.rest()

    assert desk.states.letters() == [("values_missing", "overtaken")]
    assert list(request.tasks()) == ["copywriting"]


def test_due_dates_are_reckoned_backwards_over_the_working_calendar(desk: Desk) -> None:
    request = requested(desk, wanted="2026-05-27T00:00:00Z", languages="")

    # One day for the check, three for the design: Whit Monday, a weekend and no other holiday lie between.
    assert request.shown("matrix")["matrix"].splitlines()[1:] == [
        "Copywriting · waiting · due 2026-05-20 15:00",
        "Design · waiting · due 2026-05-26 15:00",
        "Final QA · waiting · due 2026-05-27 15:00",
    ]


def test_copy_design_translation_and_localization_follow_each_other_each_language_by_itself(desk: Desk) -> None:
    request = requested(desk)

    request.do("copywriting", "design")
    assert sorted(request.tasks()) == ["translation de", "translation fr"]
    request.do("translation de", "translation fr")
    assert sorted(request.tasks()) == ["localization de", "localization fr"]
    request.do("localization fr", "localization de")

    assert list(request.tasks()) == ["qa"]


def test_after_every_step_aprimo_shows_percent_step_owner_next_due_date_and_whether_it_is_late(desk: Desk) -> None:
    request = requested(desk)
    names = ("percent", "step", "step_owner", "next_due", "late")
    seen = []

    for step in ALL_BUT_QA:
        request.do(step)
        if step.endswith(" de"):
            desk.poll()  # The last language calls back; the poller sees the others.
        seen.append(tuple(request.shown(*names).values()))

    assert seen == [
        ("20", "Design", "Designers", "2027-03-05T16:00:00Z", "no"),
        ("50", "Translation de, fr", "Translators de; Translators fr", "2027-03-09T16:00:00Z", "no"),
        ("60", "Translation fr", "Translators fr", "2027-03-09T16:00:00Z", "no"),
        ("70", "Localization de, fr", "Localizers de; Localizers fr", "2027-03-11T16:00:00Z", "no"),
        ("80", "Localization fr", "Localizers fr", "2027-03-11T16:00:00Z", "no"),
        ("90", "Final QA", "Quality assurance", "2027-03-12T16:00:00Z", "no"),
    ]
    assert "Design · done · design.one@example.test" in request.shown("matrix")["matrix"]


def test_who_takes_a_step_is_shown_as_its_owner(desk: Desk) -> None:
    request = requested(desk)

    claim = {"action": "claim", "assignee": "copy.two@example.test"}
    assert desk.opentext.workflow("POST", f"tasks/{request.tasks()['copywriting']['id']}", claim).status_code == 200
    desk.poll()

    assert request.shown("step_owner")["step_owner"] == "copy.two@example.test"


@pytest.mark.parametrize(
    ("outcome", "step", "title", "percent"),
    [("to_design", "design", "Design", "20"), ("to_copy", "copywriting", "Copywriting", "0")],
)
def test_the_final_check_sends_back_and_the_percentage_goes_down_honestly(
    desk: Desk, outcome: str, step: str, title: str, percent: str
) -> None:
    request = requested(desk)
    request.do(*ALL_BUT_QA)
    assert request.shown("percent")["percent"] == "90"

    request.do("qa", outcome=outcome, comment="The logo is the old one")

    assert list(request.tasks()) == [step]
    assert request.shown("percent", "step") == {"percent": percent, "step": title}
    matrix = request.shown("matrix")["matrix"].splitlines()
    assert f"Final QA · back to {outcome[3:]} · qa.one@example.test" in matrix[-1]
    assert matrix[-1].endswith("The logo is the old one")
    assert "Localization fr · waiting · due 2027-03-11 16:00" in matrix


def test_at_the_end_it_is_produced_with_links_to_the_produced_assets(desk: Desk) -> None:
    request = requested(desk)
    request.do(*ALL_BUT_QA)

    request.do("qa", outcome="approved", variables={"producedAssets": [ASSET, "https://files.example.test/page"]})

    shown = request.shown()
    assert (shown["status"], shown["percent"], shown["step"], shown["late"]) == (PRODUCED, "100", "", "no")
    assert shown["assets"] == f"{LINK}\nhttps://files.example.test/page"
    assert shown["message"] == "Produced, revision 1."
    assert shown["produced_on"]
    assert desk.running(PROCESS) == []
    assert (desk.states.letters(), request.notices()) == ([], {})


def test_work_that_is_sent_back_once_can_still_be_produced(desk: Desk) -> None:
    request = requested(desk, languages="")
    request.do("copywriting", "design")
    request.do("qa", outcome="to_design")

    request.do("design")
    request.do("qa", outcome="approved", variables={"producedAssets": ASSET})

    assert request.shown("status", "assets") == {"status": PRODUCED, "assets": LINK}


def test_produced_without_assets_is_produced_and_told(desk: Desk) -> None:
    request = requested(desk, languages="")
    request.do("copywriting", "design")

    request.do("qa", outcome="approved")

    assert request.shown("status")["status"] == PRODUCED
    assert request.notices() == {"assets_missing": "requester.one@example.test"}


def test_a_changed_wanted_date_moves_the_due_dates_of_open_and_coming_steps(desk: Desk) -> None:
    request = requested(desk)
    request.do("copywriting", "design", "translation de")

    request.put(wanted="2027-03-19T00:00:00Z")
    desk.rest()

    assert request.tasks()["translation fr"]["dueDate"] == "2027-03-16T16:00:00.000+0000"
    assert request.shown("next_due")["next_due"] == "2027-03-16T16:00:00Z"
    request.do("translation fr")
    dues = {task["dueDate"] for task in request.tasks().values()}
    assert dues == {"2027-03-18T16:00:00.000+0000"}
    assert "Final QA · waiting · due 2027-03-19 16:00" in request.shown("matrix")["matrix"]
    assert desk.states.letters() == []


def test_a_wanted_date_that_is_none_moves_nothing_and_is_told(desk: Desk) -> None:
    request = requested(desk)

    request.put(wanted="as soon as possible")
    desk.rest()

    assert request.tasks()["copywriting"]["dueDate"] == "2027-03-02T16:00:00.000+0000"
    assert request.notices() == {"date_unusable:wanted": "requester.one@example.test"}


def test_a_due_date_moved_in_opentext_shows_in_aprimo(desk: Desk) -> None:
    request = requested(desk)

    request.move("copywriting", "2027-03-04T12:00:00Z")
    desk.poll()

    assert request.shown("next_due")["next_due"] == "2027-03-04T12:00:00Z"
    assert "Copywriting · waiting · due 2027-03-04 12:00" in request.shown("matrix")["matrix"]


def test_a_due_date_edited_in_aprimo_is_put_back(desk: Desk) -> None:
    request = requested(desk)

    request.put(next_due="2030-01-01T00:00:00Z")
    desk.rest()

    assert request.shown("next_due")["next_due"] == "2027-03-02T16:00:00Z"


def test_what_is_late_is_flagged_within_a_tick_and_the_lead_gets_one_task(desk: Desk) -> None:
    request = requested(desk)
    assert request.shown("late")["late"] == "no"
    request.move("copywriting", "2026-01-05T09:00:00Z")  # Nobody tells of it.
    desk.states.come_due()

    desk.tick()
    assert request.shown("late")["late"] == "yes"
    desk.tick()

    assert sorted(request.tasks()) == ["copywriting", "copywriting_lead"]
    assert "Copywriting · overdue, escalated to Copy leads" in request.shown("matrix")["matrix"]


def test_a_late_step_that_gets_more_time_is_late_no_more(desk: Desk) -> None:
    request = requested(desk, wanted=GONE_BY)
    desk.tick()
    assert request.shown("late")["late"] == "yes"

    request.put(wanted=REQUEST["wanted"])
    desk.rest()

    assert request.shown("late")["late"] == "no"


@pytest.mark.parametrize("languages", ["de; fr; it", "de"])
def test_languages_change_for_the_running_process_while_nobody_translates_yet(desk: Desk, languages: str) -> None:
    request = requested(desk)

    request.put(languages=languages)
    desk.rest()
    request.do("copywriting", "design")

    assert sorted(request.tasks()) == [f"translation {each}" for each in languages.split("; ")]
    assert request.shown("message")["message"] == "In production, revision 1"


def test_a_language_added_during_the_translation_begins_a_new_revision(desk: Desk) -> None:
    request = requested(desk)
    request.do("copywriting", "design")

    request.put(languages="de; fr; it")
    desk.rest()

    assert list(request.tasks()) == ["copywriting"]
    assert request.shown("message", "percent") == {"message": "In production, revision 2", "percent": "0"}
    assert [each["deleteReason"] for each in request.ended()] == ["Superseded by a new revision (Signoff)"]
    assert request.shown("matrix")["matrix"].splitlines()[-1].startswith("Revision 1 · superseded")


def test_an_edit_of_the_brief_travels_into_the_running_process(desk: Desk) -> None:
    request = requested(desk)

    request.put(description="A page and a mailing.")
    desk.rest()
    request.do("copywriting")

    assert request.tasks()["design"]["description"].startswith("A page and a mailing.")
    assert request.shown("message")["message"] == "In production, revision 1"


@pytest.mark.parametrize("way", ["withdrawn", "deleted"])
def test_withdrawn_or_deleted_in_aprimo_cancels_the_process_with_the_reason(desk: Desk, way: str) -> None:
    request = requested(desk)

    request.delete() if way == "deleted" else request.put(status=WITHDRAWN)
    desk.rest()

    assert desk.running(PROCESS) == []
    assert [each["deleteReason"] for each in request.ended()] == [f"{way.capitalize()} in Aprimo (Signoff)"]
    assert desk.states.letters() == []
    if way == "withdrawn":
        assert request.shown("status", "step", "message") == {
            "status": WITHDRAWN,
            "step": "",
            "message": "Withdrawn, the production of revision 1 was ended",
        }


def test_a_withdrawn_request_that_is_submitted_again_is_a_new_revision(desk: Desk) -> None:
    request = requested(desk)
    request.put(status=WITHDRAWN)
    desk.rest()

    request.put(status=REQUESTED)
    desk.rest()

    assert request.shown("message", "step") == {"message": "In production, revision 2", "step": "Copywriting"}


def test_cancelled_in_opentext_by_others_is_cancelled_in_aprimo_and_the_requester_is_told(desk: Desk) -> None:
    request = requested(desk)
    request.do("copywriting")

    answer = desk.opentext.workflow("DELETE", f"process-instances/{request.instance()}", deleteReason="No budget")
    assert answer.status_code in {200, 204}, answer.text
    desk.poll()

    assert request.shown("status", "message", "step", "assets") == {
        "status": CANCELLED,
        "message": "Cancelled in OpenText (No budget), revision 1. Nothing was produced.",
        "step": "",
        "assets": "",
    }
    assert request.notices() == {"cancelled_in_opentext": "requester.one@example.test"}


def test_an_answer_that_nobody_named_is_shown_as_unknown_and_produces_nothing(desk: Desk) -> None:
    request = requested(desk, languages="")
    request.do("copywriting", outcome="half done")
    assert 'Copywriting · unknown ("half done")' in request.shown("matrix")["matrix"]
    request.do("design")

    request.do("qa", outcome="looks fine")

    assert list(request.tasks()) == ["qa"]
    assert request.shown("status", "percent") == {"status": REQUESTED, "percent": "83"}
    assert set(request.notices()) == {"unknown_outcome:copywriting", "unknown_outcome:qa"}


def test_comments_travel_both_ways_once_each(desk: Desk) -> None:
    request = requested(desk)

    request.put(remark="Please keep it short")
    desk.rest()
    request.do("copywriting", comment="Short it is")
    desk.poll()

    answer = desk.opentext.workflow("GET", f"process-instances/{request.instance()}/comments")
    said = [each["message"] for each in next(iter(answer.json()["_embedded"].values()))]
    assert sum("Please keep it short" in each for each in said) == 1
    comments = request.shown("comments")["comments"]
    assert comments.count("Please keep it short") == comments.count("Short it is") == 1


def test_each_step_is_one_write_and_rest_is_rest(desk: Desk) -> None:
    request = requested(desk)
    before = len(desk.changes("generic-object-charlie"))

    request.do("copywriting")
    request.do("design")
    desk.poll()

    assert len(desk.changes("generic-object-charlie")) == before + 2


# ---- what a request is, by TOML alone -----------------------------------------------------------------------------

OWN_WORDS = {
    "activity": {
        'kind = "generic_object_charlie"': 'kind = "activity"\ntypes = [19]',
        'state = "status"': 'state = "activityStateId"',
        "produced = 3": "produced = 9",
        "extrAttr328": "ownerId",
    },
    "project": {
        'kind = "generic_object_charlie"': 'kind = "project"',
        'state = "status"': 'state = "extrAttr307"',
        'wire = "name"': 'wire = "title"',
    },
}
"""What a tenant whose requests are activities, or projects, writes into the shipped file."""
OF_BRIEFS = {329: 315, 380: 301, 381: 306, 383: 308, 384: 309, 385: 310}
"""The attributes that both have instead of those of generic objects."""
MADE_AS = {
    "activity": {"name": "Spring page", "activityTypeId": 19, "activityStateId": 2, "ownerId": 88},
    "project": {"title": "Spring page"},
}


def as_own(kind: str, document: str) -> str:
    own = OWN_WORDS[kind] | {f"extrAttr{ours}": f"extrAttr{theirs}" for ours, theirs in OF_BRIEFS.items()}
    for shipped, theirs in own.items():
        assert shipped in document
        document = document.replace(shipped, theirs)
    return document


@pytest.mark.parametrize("source", ["webhook", "poller"])
@pytest.mark.parametrize(("kind", "resource"), [("activity", "activities"), ("project", "projects")])
def test_a_tenant_says_in_the_file_alone_that_requests_are_activities_or_projects(
    open_desk: OpenDesk, kind: str, resource: str, source: str
) -> None:
    desk = open_desk({"content_production": partial(as_own, kind)})
    if source == "poller":
        desk.mute_aprimo()
    attributes = {320: WANTED, 326: ""} | ({328: "88", 307: "2"} if kind == "project" else {})
    listed = [{"eaId": number, "eaValue": value} for number, value in attributes.items()]
    body = {**MADE_AS[kind], "extendedAttributes": listed, "multipleValueExtendedAttributes": []}
    made = desk.aprimo.api("POST", resource, body).json()
    number = made[f"{kind}Id"]
    if kind == "project":
        desk.aprimo.api("POST", f"projects/{number}/start", {})  # Aprimo calls out for a project that starts.
    desk.poll() if source == "poller" else desk.rest()

    instance = desk.instance(PROCESS, f"aprimo:{kind}:{number}")
    for step, outcome in (("copywriting", "done"), ("design", "done"), ("qa", "approved")):
        desk.decide(desk.opentext.tasks(instance)[step], f"{step}.one@example.test", outcome)
    desk.rest()

    shown = desk.aprimo.api("GET", f"{resource}/{number}").json()
    attributes = {each["eaId"]: each["eaValue"] for each in shown["extendedAttributes"]}
    assert (shown["activityStateId"] if kind == "activity" else attributes[307]) in {9, "3"}
    assert attributes[321] == "100"
    assert attributes[306].startswith("Revision 1 · produced")
