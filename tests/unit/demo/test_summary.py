"""The demo's summary: it is fine only when every brief agrees and its one dead letter was replayed."""

from dataclasses import replace

import pytest

from console.demo_play import Role
from console.demo_repair import Letters
from console.demo_summary import summary
from tests.support.demo_briefs import a_brief, an_approved_brief, an_item

REPLAYED = Letters(seen=1, replayed=1, open=0)
AGREEING = Role(brief=a_brief(), id=5012, seen=an_approved_brief())


def test_a_summary_has_the_keys_that_scripts_rely_on() -> None:
    told = summary([AGREEING], REPLAYED, {"aprimo": {"total": 3}}, seconds=12.34)

    assert {"ok", "seconds", "flows", "dead_letters", "calls", "budgets"} == set(told)
    assert (told["ok"], told["seconds"]) == (True, 12.3)
    assert told["flows"]["campaign_brief"] | {"briefs": []} == {
        "items": 1,
        "agree": 1,
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
