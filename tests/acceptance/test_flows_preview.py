"""`signoff flows preview` shows what would come of an item, and neither system nor the truth changes by it."""

from __future__ import annotations

from typing import Any

import pytest

from console import installation
from tests.acceptance.test_campaign_brief import BRIEF, put, submitted
from tests.support.acceptance import Desk
from tests.support.terminal import Terminal


@pytest.fixture
def terminal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The command line of the desk's installation."""
    monkeypatch.setattr(installation, "wiring_on_database", lambda: desk.made)
    return Terminal(environ={})


def traces(desk: Desk) -> tuple[object, ...]:
    """All changes in both systems, and everything that Signoff remembers of its work."""
    told, states = (desk.aprimo_sandbox, desk.opentext_sandbox), desk.states
    return (
        *(each.changes("") for each in told),
        states.events(),
        states.deliveries(),
        states.lines(),
        states.audit(),
    )


def values(told: dict[str, Any], command: str) -> dict[str, Any]:
    """What a command would set, by name: now and then."""
    (found,) = [each for each in told["commands"] if each["command"] == command]
    return {each["name"]: (each["now"], each["then"]) for each in found["changes"]}


def test_a_preview_shows_what_would_be_started_and_written_and_sends_nothing(desk: Desk, terminal: Terminal) -> None:
    desk.mute_aprimo()
    number = submitted(desk)
    incomplete = int(desk.aprimo.make_activity(**(BRIEF | {"extrAttr302": "", "activityStateId": 2}))["activityId"])
    before = traces(desk)

    told = terminal.json("flows", "preview", "campaign_brief", "--item", str(number))
    refused = terminal.json("flows", "preview", "campaign_brief", "--item", f"aprimo:activity:{incomplete}")
    gone = terminal.run("flows", "preview", "campaign_brief", "--item", "999999")

    assert (told["verdict"], told["known"]) == ("deliver", None)
    assert values(told, "ot.start_process")["budget"] == (None, "12000.00")
    assert values(told, "ot.start_process")["signoffToken"] == (None, "(secret)")
    assert values(told, "pm.set_fields")["message"] == (None, "In approval, revision 1")
    assert (refused["verdict"], refused["reason"], refused["hint"]) == (
        "refuse",
        "values_missing",
        "Fill in: budget.",
    )
    assert (gone.exit_code, gone.stderr.splitlines()[-1]) == (1, "Aprimo shows no activity 999999.")
    assert traces(desk) == before


def test_of_an_item_in_approval_it_shows_what_a_notice_would_do_now(desk: Desk, terminal: Terminal) -> None:
    number = submitted(desk)
    desk.rest()
    desk.mute_aprimo()
    put(desk, number, activityStateId=6)
    before = traces(desk)

    told = terminal.json("flows", "preview", "campaign_brief", "--item", str(number))

    assert told["known"] == {"state": "in_approval", "revision": 1}
    assert [each["command"] for each in told["commands"]] == ["ot.end_process", "pm.set_fields"]
    assert values(told, "pm.set_fields")["message"] == (
        "In approval, revision 1",
        "Withdrawn, the approval of revision 1 was ended",
    )
    assert len(desk.running("campaignBrief")) == 1
    assert traces(desk) == before
