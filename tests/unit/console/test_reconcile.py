"""`signoff reconcile` and `signoff differences`: what differs, why, and what a person does about it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from console import installation
from pipeline.walk import Terms
from tests.support.brief_office import Office, key
from tests.support.briefs import FLOW, words
from tests.support.hook_samples import NOW
from tests.support.store_rows import Clock
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows


@pytest.fixture
def office(behind: Rows, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An installation whose two systems are in memory."""
    clock = Clock()
    clock.now = NOW
    office = Office(store=behind.store, clock=clock)
    made = SimpleNamespace(
        store=office.store,
        ports=office.ports,
        inventory=office.inventory,
        flows=office.ports.flows,
        words={FLOW: words()},
        reconciling=Terms(),
    )
    monkeypatch.setattr(installation, "wiring_on_database", lambda: made)
    return office


def edited(office: Office) -> None:
    office.submit(5012)
    office.edit(5012, matrix="scribble")


def test_systems_that_agree_are_exit_code_0(terminal: Terminal, office: Office) -> None:
    office.submit(5012)

    result = terminal.run("reconcile", "--full")

    assert (result.exit_code, "Differences that remain: none." in result.stdout) == (0, True)


def test_differences_that_remain_are_exit_code_2_and_are_listed_with_their_cause(
    terminal: Terminal, office: Office
) -> None:
    edited(office)

    result = terminal.run("reconcile", "--full", "--json")

    (listed,) = terminal.json("differences", "list")["differences"]
    assert result.exit_code == 2
    assert json.loads(result.stdout)["differences"] == [listed]
    assert (listed["business_key"], listed["field"], listed["cause"]) == (key(5012), "matrix", "edited_in_aprimo")
    assert terminal.json("differences", "show", listed["id"]) == listed
    assert "scribble" in terminal.run("differences", "show", listed["id"]).stdout
    assert terminal.json("differences", "list", "--cause", "delivery_dead")["differences"] == []


def test_a_dry_run_shows_and_keeps_nothing(terminal: Terminal, office: Office) -> None:
    edited(office)

    result = terminal.run("reconcile", "--full", "--dry-run", "--json")

    (found,) = json.loads(result.stdout)["differences"]
    assert (result.exit_code, found["cause"], found["aprimo"]) == (2, "edited_in_aprimo", "scribble")
    assert terminal.json("differences", "list", "--all")["differences"] == []
    assert "scribble" in terminal.run("reconcile", "--full", "--dry-run").stdout


def test_what_is_healed_does_not_remain(terminal: Terminal, office: Office) -> None:
    edited(office)

    result = terminal.run("reconcile", "--full", "--apply", "safe")

    (listed,) = terminal.json("differences", "list")["differences"]
    assert (result.exit_code, listed["state"]) == (0, "healing")


def test_differences_are_listed_by_the_id_or_the_key_of_their_item_and_by_cause(
    terminal: Terminal, office: Office
) -> None:
    office.submit(5013)
    edited(office)
    terminal.run("reconcile", "--full")

    def listed(*filters: str) -> list[str]:
        return [each["field"] for each in terminal.json("differences", "list", *filters)["differences"]]

    assert (
        listed("--item", "5012") == listed("--item", key(5012)) == listed("--cause", "edited_in_aprimo") == ["matrix"]
    )
    assert listed("--item", "5013") == listed("--cause", "delivery_dead") == []


def test_filters_that_name_nothing_are_refused_with_those_that_do(terminal: Terminal, office: Office) -> None:
    edited(office)
    terminal.run("reconcile", "--full")

    cause = terminal.run("differences", "list", "--cause", "tpyo")
    item = terminal.run("differences", "list", "--item", "5999")

    assert (cause.exit_code, item.exit_code) == (2, 2)
    assert "edited_in_aprimo, edited_in_both" in " ".join(cause.stderr.split())
    assert key(5012) in item.stderr


def test_a_difference_is_healed_by_id_and_its_heal_taken_back(terminal: Terminal, office: Office) -> None:
    edited(office)
    terminal.run("reconcile", "--full")
    (listed,) = terminal.json("differences", "list")["differences"]

    healed = terminal.run("differences", "heal", listed["id"], "--by", "anna")
    again = terminal.run("differences", "heal", listed["id"])
    office.rest()
    undone = terminal.run("differences", "undo", listed["id"])
    office.rest()

    assert (healed.exit_code, healed.stdout) == (0, f"Difference {listed['id']} is being healed.\n")
    assert (again.exit_code, "not open any more" in again.stderr) == (1, True)
    assert (undone.exit_code, office.field(5012, "matrix")) == (0, "scribble")


def test_one_item_is_compared_by_its_id(terminal: Terminal, office: Office) -> None:
    edited(office)

    result = terminal.run("reconcile", "--item", "5012", "--json")

    assert (result.exit_code, json.loads(result.stdout)["runs"][0]["mode"]) == (2, "item")
    assert terminal.run("reconcile", "--item", "no id").exit_code == 1


def test_the_status_counts_what_stands(terminal: Terminal, office: Office) -> None:
    edited(office)
    terminal.run("reconcile", "--full")

    assert terminal.json("status")["differences_open"] == 1


def test_runs_are_listed_with_what_they_came_to(terminal: Terminal, office: Office) -> None:
    edited(office)
    terminal.run("reconcile", "--full")

    (run,) = terminal.json("differences", "runs")["runs"]

    assert (run["mode"], run["phase"], run["counts"]["differences"]) == ("full", "over", 1)
    assert "full" in terminal.run("differences", "runs").stdout


def test_what_is_not_there_is_exit_code_1_and_what_is_meant_two_ways_2(terminal: Terminal, office: Office) -> None:
    assert terminal.run("differences", "show", "404").exit_code == 1
    assert terminal.run("differences", "undo", "404").exit_code == 1
    assert terminal.run("reconcile", "--dry-run", "--apply", "safe").exit_code == 2
    assert terminal.run("reconcile", "--flow", "campain_brief").exit_code == 2
