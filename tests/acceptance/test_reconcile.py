"""Reconciliation against both sandboxes: what nobody told of is found through their lists, explained, and mended."""

from __future__ import annotations

import json

import pytest

from console import installation
from pipeline import reconcile
from pipeline.ports import Mode
from pipeline.reconcile import Step
from tests.acceptance.test_campaign_brief import BRIEF, put, shown, submitted
from tests.support.acceptance import Desk
from tests.support.terminal import Terminal

MATRIX = "extrAttr306"


@pytest.fixture
def terminal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The command line of the desk's installation."""
    monkeypatch.setattr(installation, "wiring_on_database", lambda: desk.made)
    monkeypatch.setattr(installation, "store", lambda: desk.made.store)
    return Terminal(environ={})


def reconciled(desk: Desk) -> None:
    """What the timetable does some minutes apart: compare, heal, compare again."""
    for _ in range(2):
        for flow in desk.made.flows:
            step = Step(run=reconcile.begin(flow, Mode.RECENT, desk.made.reconciling, desk.made.ports))
            while not step.is_over:
                step = reconcile.step(step.run, desk.made.inventory, desk.made.reconciling, desk.made.ports)
        desk.rest()


def test_what_nobody_told_of_is_found_explained_and_mended_and_a_heal_given_back(
    desk: Desk, terminal: Terminal
) -> None:
    number = submitted(desk)
    desk.rest()
    reconciled(desk)
    agreeing = terminal.run("reconcile", "--full", "--json")
    before = shown(desk, number)[MATRIX]
    desk.mute_aprimo()
    put(desk, number, **{MATRIX: "scribble"})
    untold = int(desk.aprimo.make_activity(**(BRIEF | {"activityStateId": 2}))["activityId"])

    found = terminal.run("reconcile", "--full", "--json")
    (scribbled,) = terminal.json("differences", "list", "--cause", "edited_in_aprimo")["differences"]
    reconciled(desk)
    mended = terminal.run("reconcile", "--full", "--json")
    healed = shown(desk, number)[MATRIX]
    undone = terminal.run("differences", "undo", scribbled["id"])
    desk.rest()

    assert (agreeing.exit_code, json.loads(agreeing.stdout)["differences"]) == (0, [])
    assert found.exit_code == 2
    assert {
        (each["business_key"], each["field"], each["cause"]) for each in json.loads(found.stdout)["differences"]
    } == {
        (f"aprimo:activity:{number}", "matrix", "edited_in_aprimo"),
        (f"aprimo:activity:{untold}", "process", "notice_missing"),
    }
    assert (mended.exit_code, json.loads(mended.stdout)["differences"], healed) == (0, [], before)
    assert len(desk.running("campaignBrief")) == 2
    assert (undone.exit_code, shown(desk, number)[MATRIX]) == (0, "scribble")
