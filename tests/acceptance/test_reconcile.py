"""Reconciliation against both sandboxes: what nobody told of is found through their lists, explained, and mended."""

from __future__ import annotations

import json

import pytest

from console import installation
from pipeline import reconcile
from pipeline.ports import Mode
from pipeline.reconcile import Step
from pipeline.suspects import Found
from tests.acceptance import test_asset_review as assets
from tests.acceptance import test_budget_exception as budgets
from tests.acceptance import test_performance_insight as insights
from tests.acceptance.conftest import OpenDesk
from tests.acceptance.test_campaign_brief import BRIEF, put, shown, submitted
from tests.acceptance.test_localization import localized
from tests.support.acceptance import Desk
from tests.support.localizations import distributed
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


def test_an_assets_tags_are_those_of_its_latest_review_whatever_somebody_files_by_hand(
    desk: Desk, terminal: Terminal
) -> None:
    hero, banner = insights.asset(desk), insights.asset(desk)
    number = insights.campaign(desk, hero, banner)
    desk.rest()
    instance = desk.instance(insights.PROCESS, f"aprimo:activity:{number}")
    insights.sign_off(desk, instance, insights.result(hero, "reuse"), insights.result(banner, "reuse"))
    agreeing = terminal.run("reconcile", "--flow", "performance_insight", "--full", "--json")
    desk.mute_aprimo()
    reuse, revise = (desk.dam.id_of("classifications", path) for path in ("/Reuse/Recommended", "/Revise"))
    desk.dam.send("PUT", f"record/{hero}", {"classifications": {"remove": [reuse]}})
    desk.dam.send("PUT", f"record/{banner}", {"classifications": {"addOrUpdate": [{"id": revise}]}})

    found = terminal.run("reconcile", "--flow", "performance_insight", "--json")
    reconciled(desk)
    after = terminal.run("reconcile", "--flow", "performance_insight", "--full", "--json")

    assert (agreeing.exit_code, json.loads(agreeing.stdout)["differences"]) == (0, [])
    assert {
        (each["business_key"], each["field"], each["cause"]) for each in json.loads(found.stdout)["differences"]
    } == {(f"aprimo:record:{each}", "classifications", "edited_in_aprimo") for each in (hero, banner)}
    assert (after.exit_code, json.loads(after.stdout)["differences"]) == (0, [])
    for record in (hero, banner):
        tags = insights.paths(desk, record)
        assert ("/Reuse/Recommended" in tags, "/Revise" in tags) == (True, False)


def test_what_people_approved_before_anybody_was_asked_is_told_where_aprimo_says_when_it_was_made(
    open_desk: OpenDesk,
) -> None:
    said = dict.fromkeys(("asset_review", "budget_exception"), _since_then)
    desk = open_desk(said)
    desk.mute_aprimo()
    campaign = budgets.campaign(desk)
    large, small = (budgets.commitment(desk, price, activity=campaign) for price in (15000.0, 5000.0))
    for number in (large, small):
        budgets.verb(desk, number, "approve")
    asset = assets.for_review(desk, ReviewState=["Approved"])

    found = [each for flow in said for each in whole(desk, flow)]

    assert [(each.key, each.explained.mismatch.field, each.explained.cause) for each in found] == [
        (f"aprimo:record:{asset}", "process", "process_missing"),
        (f"aprimo:commitment:{large}", "process", "process_missing"),
    ]


def test_a_published_record_that_somebody_edits_is_found_although_its_process_is_over_and_nobody_tells(
    desk: Desk,
) -> None:
    uk = distributed(desk, "UK").market("UK")
    uk.approve(localizedRecordId=localized(desk))
    desk.mute_aprimo()
    agreeing = whole(desk, "localization")

    (record_id,) = uk.records()
    desk.dam.write(record_id, ApprovalState=["Rejected"])
    filed = insights.paths(desk, record_id)
    places = {"remove": [desk.dam.id_of("classifications", path) for path in filed]}
    elsewhere = {"addOrUpdate": [{"id": desk.dam.id_of("classifications", "/Revise")}]}
    desk.dam.send("PUT", f"record/{record_id}", {"status": "draft", "classifications": {**places, **elsewhere}})
    found = whole(desk, "localization")
    reconciled(desk)

    assert agreeing == []
    assert {(each.key, each.explained.mismatch.field, each.explained.cause) for each in found} == {
        (uk.key, field, "edited_in_aprimo") for field in ("approval", "record_status", "classifications")
    }
    assert uk.published()["ApprovalState"] == "Approved"
    assert desk.dam.get(f"record/{record_id}")["status"] == "released"
    assert insights.paths(desk, record_id) == {*filed, "/Revise"}


def _since_then(document: str) -> str:
    """A file whose flow was in use before anything of the test was made."""
    return document.replace("# approvals_since", "approvals_since")


def whole(desk: Desk, flow: str) -> list[Found]:
    """What a full comparison of a flow finds."""
    step = Step(run=reconcile.begin(flow, Mode.FULL, desk.made.reconciling, desk.made.ports))
    found = list(step.found)
    while not step.is_over:
        step = reconcile.step(step.run, desk.made.inventory, desk.made.reconciling, desk.made.ports)
        found += step.found
    return found
