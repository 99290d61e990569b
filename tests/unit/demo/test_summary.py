"""The demo's summary: it is fine only when every item agrees and the dead letters are those that were wanted."""

from dataclasses import replace

import pytest

from console.casts.briefs import figures
from console.casts.play import carried
from console.demo_play import Role
from console.demo_reading import Comment
from console.demo_repair import Letters
from console.demo_summary import Calls, summary, traffic_of
from pipeline.store.traffic import Traffic
from tests.support.demo_briefs import a_brief, a_process, a_task, an_approved_brief, an_item, three_approvals

REPLAYED = Letters(seen=1, replayed=1, open=0)
AGREEING = Role(brief=a_brief(), id=5012, seen=an_approved_brief())


def test_a_summary_has_the_keys_that_scripts_rely_on() -> None:
    told = summary({"campaign_brief": figures((AGREEING,))}, REPLAYED, {"aprimo": {"total": 3}}, seconds=12.34)

    assert {"ok", "seconds", "flows", "dead_letters", "calls", "budgets"} == set(told)
    assert (told["ok"], told["seconds"]) == (True, 12.3)
    assert told["flows"]["campaign_brief"] | {"each": []} == {
        "items": 1,
        "agree": 1,
        "outcomes": {"approved": 1},
        "processes": 1,
        "reviews": 3,
        "comments": {"to_opentext": 0, "to_aprimo": 0},
        "each": [],
    }
    assert told["dead_letters"] == {"seen": 1, "replayed": 1, "open": 0}
    assert told["calls"] == {"aprimo": {"total": 3}}


@pytest.mark.parametrize(
    "letters",
    [
        Letters(seen=0, replayed=0, open=0),
        Letters(seen=1, replayed=0, open=1),
        Letters(seen=2, replayed=2, open=0),
    ],
)
def test_any_other_dead_letters_than_the_one_replayed_are_a_failure(letters: Letters) -> None:
    assert summary({"campaign_brief": figures((AGREEING,))}, letters, {}, seconds=1)["ok"] is False


def test_where_no_dead_letter_is_made_none_may_be_seen() -> None:
    flows = {"asset_review": {"items": 3, "agree": 3}}

    assert summary(flows, Letters(), {}, wanted=Letters(), seconds=1)["ok"] is True
    assert summary(flows, REPLAYED, {}, wanted=Letters(), seconds=1)["ok"] is False


def test_one_item_of_any_flow_that_does_not_agree_is_a_failure() -> None:
    flows = {"campaign_brief": figures((AGREEING,)), "asset_review": {"items": 3, "agree": 2}}

    assert summary(flows, REPLAYED, {}, seconds=1)["ok"] is False


def test_a_brief_that_does_not_agree_is_counted_as_such() -> None:
    wrong = Role(brief=a_brief(), id=5013, seen=replace(an_approved_brief(), item=an_item(state="Draft")))

    told = figures((AGREEING, wrong))

    assert (told["items"], told["agree"]) == (2, 1)


def test_a_brief_that_was_never_read_is_counted_as_one_that_does_not_agree() -> None:
    told = figures((AGREEING, Role(brief=a_brief(), id=5013)))

    assert (told["items"], told["agree"]) == (2, 1)


def test_a_flows_writes_are_told_by_vendor_and_per_event() -> None:
    told = traffic_of(Traffic(events=4, sends={"aprimo": 5, "opentext": 2}, lookups={"aprimo": 1}))

    assert told == {
        "events": 4,
        "writes": {"aprimo": 5, "opentext": 2},
        "lookups": 1,
        "writes_per_event": 1.75,
    }


def test_what_went_through_is_counted_where_it_arrived() -> None:
    """A review that went away, a lead's task and a comment that Aprimo does not show are not counted."""
    remark = Comment(id="c1", author="signoff", text="Checked on Monday. [sg-1]")
    shown = Comment(id="c2", author="legal.one@example.test", text="Fine with me.")
    lost = Comment(id="c3", author="brand.one@example.test", text="Wrong blue.")
    first = a_process(a_task("legal", "rejected"), a_task("brand", delete_reason="not needed"), a_task("brand_lead"))
    second = a_process(*three_approvals(), revision=2, comments=(remark, shown, lost))

    assert carried([((first, second), "2026-01-12 12:05 · legal.one@example.test · Fine with me.")]) == {
        "processes": 2,
        "reviews": 4,
        "comments": {"to_opentext": 1, "to_aprimo": 1},
    }


ROWS = [
    {"vendor": "aprimo", "flow": "", "purpose": "poll", "calls": 7},
    {"vendor": "aprimo", "flow": "", "purpose": "read", "calls": 2},
    {"vendor": "aprimo", "flow": "campaign_brief", "purpose": "read", "calls": 5},
    {"vendor": "aprimo", "flow": "campaign_brief", "purpose": "send", "calls": 3},
    {"vendor": "aprimo", "flow": "publication", "purpose": "read", "calls": 1},
    {"vendor": "aprimo", "flow": "publication", "purpose": "reconcile", "calls": 4},
    {"vendor": "opentext", "flow": "campaign_brief", "purpose": "look_up", "calls": 1},
    {"vendor": "opentext", "flow": "", "purpose": "token", "calls": 1},
]


def test_a_flows_calls_are_told_by_vendor_by_purpose_and_per_event() -> None:
    asked = Calls(seen={"aprimo": 22, "opentext": 2}, rows=ROWS)

    assert asked.of_flow("campaign_brief", events=4) == {
        "aprimo": 8,
        "opentext": 1,
        "per_event": 2.25,
        "for": {"read": 5, "send": 3, "look_up": 1},
    }
    assert asked.of_flow("localization", events=0)["per_event"] == 0.0


def test_calls_that_no_flow_causes_are_told_apart_and_all_add_up_to_what_the_sandbox_counted() -> None:
    asked = Calls(seen={"aprimo": 22, "opentext": 2}, rows=ROWS)

    assert asked.of_vendor("aprimo") == {
        "by_signoff": 22,
        "for_flows": 9,
        "for_no_flow": {"poll": 7, "read": 2, "reconcile": 4},
    }
    assert asked.of_vendor("opentext") == {"by_signoff": 2, "for_flows": 1, "for_no_flow": {"token": 1}}
    assert asked.is_whole


def test_a_call_between_the_two_countings_is_noticed() -> None:
    assert not Calls(seen={"aprimo": 23, "opentext": 2}, rows=ROWS).is_whole
