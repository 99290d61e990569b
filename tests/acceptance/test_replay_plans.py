"""A replay that was planned: what a person was shown is what both systems get, date for date, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from console import installation
from tests.acceptance.test_campaign_brief import put, shown, submitted
from tests.support.acceptance import Desk
from tests.support.terminal import Terminal

STARTS = "/workflow/v1/process-instances"


@pytest.fixture
def terminal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The command line of the desk's installation."""
    monkeypatch.setattr(installation, "wiring_on_database", lambda: desk.made)
    monkeypatch.setattr(installation, "store", lambda: desk.made.store)
    return Terminal(environ={})


def variables(item: dict[str, Any]) -> dict[str, Any]:
    """What a letter's start would give the process, by name."""
    (start,) = [call for call in item["calls"] if call["command"] == "ot.start_process"]
    return {change["name"]: change["then"] for change in start["changes"] if change["what"] == "variable"}


def test_of_two_briefs_the_one_that_was_edited_meanwhile_is_refused_and_the_other_starts_as_shown(
    desk: Desk, terminal: Terminal
) -> None:
    desk.opentext_sandbox.fault("POST", STARTS, "status", status=400, times=2)
    edited, other = submitted(desk), submitted(desk, name="Autumn launch")
    desk.rest()
    assert desk.states.letters() == [("refused_by_vendor", "open")] * 2
    desk.mute_aprimo()

    letters = [letter.id for letter in desk.made.store.run(lambda tx: tx.letters.find())]
    plan = terminal.json("dead-letters", "replay", *letters, "--plan")
    put(desk, edited, description="A page, a mailing and a film.")
    applied = terminal.run("dead-letters", "replay", "--apply", plan["hash"])
    desk.rest()

    items = {item["subject"]: item for item in plan["items"]}
    assert {len(item["calls"]) for item in items.values()} == {2}
    assert applied.exit_code == 1
    assert f"Changed since it was shown: activity {edited}." in applied.stdout
    (process,) = desk.running("campaignBrief")
    assert process["businessKey"] == f"aprimo:activity:{other}"
    told = variables(items[f"aprimo:activity:{other}"])
    rows = desk.opentext.rows(f"process-instances/{process['id']}/variables")
    started = {each["name"]: each["value"] for each in rows}
    assert {name: started[name] for name in told if name != "signoffToken"} == {
        name: value for name, value in told.items() if name != "signoffToken"
    }
    assert shown(desk, other)["extrAttr306"].startswith("Revision 1 · in approval")
    assert sorted(state for _, state in desk.states.letters()) == ["open", "replayed"]
