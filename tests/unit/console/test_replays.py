"""Replay plans on the command line: what is shown before anything is sent, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from console import installation
from pipeline.errors import MisconfiguredError
from pipeline.plan import deliver
from pipeline.ports import Ports
from pipeline.replay_runs import apply
from pipeline.replay_waits import Patience
from pipeline.words import EventId
from tests.support import briefs
from tests.support.engine_runs import set_fields
from tests.support.fakes import World, make_world
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows

FLOW = "campaign_brief"


@dataclass(frozen=True, kw_only=True)
class Wired:
    """What commands are given that act."""

    ports: Ports
    store: object
    words: dict[str, object]


@pytest.fixture
def world(behind: Rows, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two dead letters of briefs; the flow would write the state of activity 1 for either."""
    for number, event in ((5012, "ev-0002"), (5013, "ev-0004")):
        behind.look(number)
        behind.die(EventId(event), code="read_failed", hint="HTTP 500")
    made = make_world(behind.store)
    made.flow.plans = lambda *_: deliver(set_fields())
    made.aprimo.shown["1"] = {"state_id": 2}
    made.ports = replace(made.ports, flows={FLOW: made.flow}, limits=replace(made.ports.limits, replays_per_s=1e9))
    wired = Wired(ports=made.ports, store=behind.store, words={FLOW: briefs.words()})
    monkeypatch.setattr(installation, "wiring_on_database", lambda: wired)
    return made


def states(terminal: Terminal) -> list[str]:
    return [each["state"] for each in terminal.json("dead-letters", "list", "--state", "any")["dead_letters"]]


def plain(text: str) -> list[list[str]]:
    """Each line's cells."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines() if line.strip()]


def test_a_plan_shows_every_call_with_what_is_there_and_what_comes(terminal: Terminal, world: World) -> None:
    result = terminal.run("dead-letters", "replay", "--flow", FLOW, "--plan")

    lines = plain(result.stdout)
    assert ["1", "aprimo:activity:5012", "the first step", "deliver"] in lines
    assert ["2", "pm.set_fields", "activity:1", "field", "state", "submitted (2)", "in_production (3)"] in lines
    assert lines[-2] == ["Nothing was sent. To replay 2 of 2 exactly so:"]
    assert lines[-1][0].startswith("signoff dead-letters replay --apply ")
    assert (result.exit_code, states(terminal), world.aprimo.effects) == (0, ["open", "open"], [])


def test_a_plan_as_json_holds_the_same_and_its_hash(terminal: Terminal, world: World) -> None:
    told = terminal.json("dead-letters", "replay", "1", "--plan", "--by", "berta")

    (item,) = told["items"]
    assert (told["state"], told["by"], told["missed"], told["done_to"]) == ("planned", "berta", [], 0)
    assert item["calls"] == [
        {
            "command": "pm.set_fields",
            "system": "aprimo",
            "target": "activity:1",
            "changes": [
                {"what": "field", "name": "state", "now": "submitted (2)", "then": "in_production (3)"},
            ],
            "note": "",
        }
    ]
    assert sorted(item["seen"]) == ["activity 1", "thing aprimo:activity:5012"]
    assert len(told["hash"]) == 16


def test_an_applied_plan_says_what_was_replayed_and_what_was_not(terminal: Terminal, world: World) -> None:
    plan = terminal.json("dead-letters", "replay", "1", "2", "--plan")["hash"]
    terminal.run("dead-letters", "discard", "2", "--note", "not wanted")

    result = terminal.run("dead-letters", "replay", "--apply", plan, "--by", "berta")

    lines = plain(result.stdout)
    assert ["state", "applied"] in lines
    assert ["replayed", "1"] in lines
    assert ["2", "aprimo:activity:5013", "It is no open dead letter any more."] in lines
    assert (result.exit_code, states(terminal)) == (1, ["replayed", "discarded"])


def test_a_plan_that_is_applied_twice_is_told_as_it_is(terminal: Terminal, world: World) -> None:
    plan = terminal.json("dead-letters", "replay", "1", "--plan")["hash"]

    first = terminal.json("dead-letters", "replay", "--apply", plan)
    second = terminal.json("dead-letters", "replay", "--apply", plan)

    done = {"plan": plan, "state": "applied", "letters": 1, "done_to": 1, "replayed": ["1"], "refused": {}}
    assert first == second == done


def test_a_plan_that_is_being_applied_can_be_stopped_from_elsewhere(terminal: Terminal, world: World) -> None:
    plan = terminal.json("dead-letters", "replay", "1", "2", "--plan")["hash"]
    world.ports = replace(world.ports, limits=replace(world.ports.limits, replays_per_s=0.01))
    told: list[dict[str, object]] = []

    def pause(_: float) -> None:
        told.append(terminal.json("dead-letters", "stop", plan))

    patience = Patience(pause=pause, tell=lambda *_: None)
    apply(plan, by="anna", words={FLOW: briefs.words()}, ports=world.ports, patience=patience)

    assert [(each["state"], each["done_to"], each["replayed"]) for each in told] == [("stopped", 1, ["1"])]
    assert states(terminal) == ["replayed", "open"]


def test_a_plan_that_cannot_be_made_now_is_none_and_exit_code_1(terminal: Terminal, world: World) -> None:
    world.aprimo.reads.append(MisconfiguredError("client_refused", "HTTP 401"))

    result = terminal.run("dead-letters", "replay", "1", "2", "--plan")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "There is no plan, because what the letters are about cannot be read: client_refused: HTTP 401\n"
    )


def test_a_plan_that_cannot_go_on_says_how_far_it_is_and_goes_on_from_there(terminal: Terminal, world: World) -> None:
    plan = terminal.json("dead-letters", "replay", "1", "2", "--plan")["hash"]
    world.aprimo.reads.append(MisconfiguredError("client_refused", "HTTP 401"))

    away = terminal.run("dead-letters", "replay", "--apply", plan)
    again = terminal.json("dead-letters", "replay", "--apply", plan)

    assert away.exit_code == 1
    assert away.stderr.splitlines() == [
        "0 of 2 letters were dealt with.",
        "Apply the plan again to go on from there. The next letter cannot be read: client_refused: HTTP 401",
    ]
    assert (again["done_to"], again["replayed"], again["refused"]) == (2, ["1", "2"], {})


@pytest.mark.parametrize("argv", [("replay", "--apply", "0" * 16), ("stop", "0" * 16)])
def test_a_plan_that_is_none_is_exit_code_1(terminal: Terminal, world: World, argv: tuple[str, ...]) -> None:
    result = terminal.run("dead-letters", *argv)

    assert result.exit_code == 1
    assert "0" * 16 in result.stderr


def test_a_letter_that_is_not_open_is_no_part_of_a_plan(terminal: Terminal, world: World) -> None:
    result = terminal.run("dead-letters", "replay", "1", "7", "--plan")

    assert (result.exit_code, result.stderr) == (1, "7 is no open dead letter.\n")


def test_where_nothing_is_chosen_no_plan_is_shown(terminal: Terminal, world: World) -> None:
    result = terminal.run("dead-letters", "replay", "--code", "stale", "--plan")

    assert (result.exit_code, result.stdout) == (0, "No open dead letter is chosen, so there is nothing to plan.\n")


@pytest.mark.parametrize(
    "argv",
    [
        ("--plan",),
        ("1", "--plan", "--dry-run"),
        ("1", "--plan", "--note", "n"),
        ("1", "--apply", "0" * 16),
        ("--apply", "0" * 16, "--plan"),
        ("--apply", "0" * 16, "--resume"),
        ("--apply", "0" * 16, "--note", "n"),
    ],
)
def test_what_a_plan_does_not_take_is_wrong_usage(terminal: Terminal, world: World, argv: tuple[str, ...]) -> None:
    assert terminal.run("dead-letters", "replay", *argv).exit_code == 2
    assert states(terminal) == ["open", "open"]


def test_open_letters_are_grouped_by_cause_with_its_cure(terminal: Terminal, behind: Rows) -> None:
    for number, event, code in (
        (1, "ev-0002", "poison"),
        (2, "ev-0004", "tries_spent"),
        (3, "ev-0006", "tries_spent"),
    ):
        behind.look(number)
        behind.die(EventId(event), code=code, hint=f"hint {number}")
    terminal.run("dead-letters", "discard", "1", "--note", "gone")

    (group,) = terminal.json("dead-letters", "groups")["groups"]

    assert (group["code"], group["flow"], group["letters"], group["hint"]) == ("tries_spent", FLOW, 2, "hint 2")
    assert group["cure"] == "The vendor failed again and again: see the attempts, then replay."
    assert "tries_spent" in terminal.run("dead-letters", "groups").stdout


def test_a_plan_without_letters_is_not_applied_and_never_stands_as_if_it_were(
    terminal: Terminal, world: World
) -> None:
    plan = terminal.json("dead-letters", "replay", "--code", "stale", "--plan")["hash"]

    applied = [terminal.run("dead-letters", "replay", "--apply", plan) for _ in range(2)]

    assert [each.exit_code for each in applied] == [1, 1]
    assert applied[1].stderr == f"Replay plan {plan} holds no letters, or none any more: make it again with --plan.\n"
