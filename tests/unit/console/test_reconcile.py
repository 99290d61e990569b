"""`signoff reconcile` and `signoff differences`: what differs, why, and what a person does about it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import pytest

from console import installation
from console.difference_tables import acted_sentence
from pipeline.errors import PermanentError, PipelineError
from pipeline.flows.shared.healing import CHANGED, NOT_OURS, NOT_UNDOABLE
from pipeline.heal import NEVER, NOT_HEALED, NOT_OPEN, UNDO_DIED, UNDO_WAITS
from pipeline.plan import LinkChanges, Snapshot, Want
from pipeline.ports import Bounds
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


def test_what_is_being_healed_is_said_apart_and_is_no_agreement_yet(terminal: Terminal, office: Office) -> None:
    edited(office)

    told = terminal.run("reconcile", "--full", "--apply", "safe", "--json")
    again = terminal.run("reconcile", "--full")
    office.rest()
    mended = terminal.run("reconcile", "--full")

    (healing,) = json.loads(told.stdout)["healing"]
    assert (told.exit_code, healing["state"], json.loads(told.stdout)["differences"]) == (2, "healing", [])
    assert "Differences that remain: none." in again.stdout
    assert (again.exit_code, "Being healed" in again.stdout, "Being healed" in mended.stdout) == (2, True, False)
    assert mended.exit_code == 0


def test_an_item_that_cannot_be_read_is_named_with_its_cure_and_is_no_agreement(
    terminal: Terminal, office: Office
) -> None:
    edited(office)
    office.in_aprimo.unreadable["5012"] = PermanentError("not_allowed", "Nobody may see it.", status=403)

    one = terminal.run("reconcile", "--item", "5012")
    told = terminal.run("reconcile", "--full", "--json")

    assert (one.exit_code, told.exit_code) == (2, 2)
    assert "Differences that remain in what was compared: none." in one.stdout
    assert [line.split()[:6] for line in one.stdout.splitlines() if "not_allowed" in line] == [
        [FLOW, key(5012), "it", "cannot", "be", "read:"]
    ]
    assert json.loads(told.stdout)["differences"] == []
    assert json.loads(told.stdout)["not_compared"] == [
        {
            "flow": FLOW,
            "business_key": key(5012),
            "code": "not_allowed",
            "why": "it cannot be read: not_allowed",
            "to_do": "Give the integration's user the right to this object; the next look goes on by itself."
            f" Then `signoff reconcile --item {key(5012)}`",
        }
    ]


def test_an_item_that_moves_on_while_it_is_read_was_not_compared(
    terminal: Terminal, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited(office)
    read = office.in_aprimo.read

    def moves_on(wants: Sequence[Want], bounds: Bounds) -> Mapping[Want, Snapshot | PipelineError]:
        office.store.run(lambda tx: tx.links.apply([(FLOW, key(5012), LinkChanges(state="moved"))]))
        return read(wants, bounds)

    monkeypatch.setattr(office.in_aprimo, "read", moves_on)
    result = terminal.run("reconcile", "--item", "5012")
    dry = terminal.run("reconcile", "--item", "5012", "--dry-run", "--json")

    assert (result.exit_code, dry.exit_code) == (2, 2)
    assert "it changed while it was read" in result.stdout
    assert [(each["business_key"], each["code"]) for each in json.loads(dry.stdout)["not_compared"]] == [
        (key(5012), "moved")
    ]


def test_words_to_heal_by_are_looked_at_before_anything_is_read(terminal: Terminal, office: Office) -> None:
    edited(office)
    terminal.run("reconcile", "--full")
    (listed,) = terminal.json("differences", "list")["differences"]
    before = office.pages

    typo = terminal.run("reconcile", "--apply", "saef")
    unknown = terminal.run("reconcile", "--apply", "404")

    assert (typo.exit_code, unknown.exit_code, office.pages) == (2, 2, before)
    assert (
        f"'saef' is neither safe nor all, and no difference; those that stand are, for example: {listed['id']}."
        in (" ".join(typo.stderr.split()))
    )


def test_differences_that_are_named_are_healed_with_only_their_items_compared(
    terminal: Terminal, office: Office
) -> None:
    office.submit(5013)
    edited(office)
    terminal.run("reconcile", "--full")
    (listed,) = terminal.json("differences", "list")["differences"]
    before = office.pages

    healed = terminal.run("reconcile", "--apply", listed["id"], "--json")
    refused = terminal.run("reconcile", "--apply", listed["id"])

    told = json.loads(healed.stdout)
    assert office.pages == before
    assert [run["mode"] for run in told["runs"]] == ["item"]
    assert ([each["id"] for each in told["healing"]], told["heals"]) == (
        [listed["id"]],
        [{"difference_id": listed["id"], "reason": ""}],
    )
    assert refused.exit_code == 2
    assert refused.stderr == (f"Difference {listed['id']}: it is not open any more, or is being healed already.\n")


@pytest.mark.parametrize(
    "reason", [NEVER, NOT_OPEN, NOT_HEALED, CHANGED, NOT_OURS, NOT_UNDOABLE, UNDO_WAITS, UNDO_DIED]
)
def test_every_reason_why_nothing_is_healed_has_a_sentence(reason: str) -> None:
    assert acted_sentence("17", "is being healed", reason) != f"Difference 17: {reason}."


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
    meanwhile = terminal.run("reconcile", "--full")
    office.rest()
    terminal.run("reconcile", "--full")

    assert (healed.exit_code, healed.stdout) == (0, f"Difference {listed['id']} is being healed.\n")
    assert (again.exit_code, "not open any more" in again.stderr) == (1, True)
    assert (undone.exit_code, undone.stdout) == (0, f"Difference {listed['id']} is being given back.\n")
    assert (meanwhile.exit_code, "Being healed or given back" in meanwhile.stdout) == (2, True)
    taken_back = terminal.json("differences", "show", listed["id"])
    assert (office.field(5012, "matrix"), taken_back["state"]) == ("scribble", "closed")
    assert taken_back["undone_at"] is not None


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
    header, _, row, *_ = terminal.run("differences", "runs").stdout.splitlines()[1:]
    shown = dict(zip(re.split(r"\s{2,}", header.strip()), re.split(r"\s{2,}", row.strip()), strict=True))
    assert [shown[name] for name in ("compares", "item rows", "pages", "differences")] == ["full", "whole", "2", "1"]


def test_what_is_not_there_is_exit_code_1_and_what_is_meant_two_ways_2(terminal: Terminal, office: Office) -> None:
    assert terminal.run("differences", "show", "404").exit_code == 1
    assert terminal.run("differences", "undo", "404").exit_code == 1
    assert terminal.run("reconcile", "--dry-run", "--apply", "safe").exit_code == 2
    assert terminal.run("reconcile", "--flow", "campain_brief").exit_code == 2
