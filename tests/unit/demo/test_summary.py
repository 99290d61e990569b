"""The demo's summary: it is fine only when every brief agrees and its one dead letter was replayed."""

from dataclasses import replace

import pytest

from console.demo_play import Role
from console.demo_reading import Comment, Seen
from console.demo_repair import Letters
from console.demo_summary import carried, summary
from tests.support.demo_briefs import a_brief, a_process, a_task, an_approved_brief, an_item, three_approvals

REPLAYED = Letters(seen=1, replayed=1, open=0)
AGREEING = Role(brief=a_brief(), id=5012, seen=an_approved_brief())


def test_a_summary_has_the_keys_that_scripts_rely_on() -> None:
    told = summary([AGREEING], REPLAYED, {"aprimo": {"total": 3}}, seconds=12.34)

    assert {"ok", "seconds", "flows", "dead_letters", "calls", "budgets"} == set(told)
    assert (told["ok"], told["seconds"]) == (True, 12.3)
    assert told["flows"]["campaign_brief"] | {"briefs": []} == {
        "items": 1,
        "agree": 1,
        "processes": 1,
        "reviews": 3,
        "comments": {"to_opentext": 0, "to_aprimo": 0},
        "outcomes": {"approved": 1},
        "briefs": [],
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
    assert summary([AGREEING], letters, {}, seconds=1)["ok"] is False


def test_one_brief_that_does_not_agree_is_a_failure() -> None:
    wrong = Role(brief=a_brief(), id=5013, seen=replace(an_approved_brief(), item=an_item(state="Draft")))

    told = summary([AGREEING, wrong], REPLAYED, {}, seconds=1)

    assert told["ok"] is False
    assert (told["flows"]["campaign_brief"]["items"], told["flows"]["campaign_brief"]["agree"]) == (2, 1)


def test_a_brief_that_was_never_read_is_a_failure() -> None:
    unread = Role(brief=a_brief(), id=5013)

    assert summary([AGREEING, unread], REPLAYED, {}, seconds=1)["ok"] is False


def test_what_went_through_is_counted_where_it_arrived() -> None:
    """A review that went away, a lead's task and a comment that Aprimo does not show are not counted."""
    remark = Comment(id="c1", author="signoff", text="Checked on Monday. [sg-1]")
    shown = Comment(id="c2", author="legal.one@example.test", text="Fine with me.")
    lost = Comment(id="c3", author="brand.one@example.test", text="Wrong blue.")
    first = a_process(a_task("legal", "rejected"), a_task("brand", delete_reason="not needed"), a_task("brand_lead"))
    second = a_process(*three_approvals(), revision=2, comments=(remark, shown, lost))
    item = an_item(comments="2026-01-12 12:05 · legal.one@example.test · Fine with me.")

    assert carried([Seen(item=item, processes=(first, second))]) == {
        "processes": 2,
        "reviews": 4,
        "comments": {"to_opentext": 1, "to_aprimo": 1},
    }
