from __future__ import annotations

import pytest

from pipeline.flows.registry import FLOWS
from pipeline.ports import Letter
from pipeline.words import EventId
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows

LISTED = """\
Dead letters
id   opened                flow             item                   code             state   hint
────────────────────────────────────────────────────────────────────────────────────────────────────
1    2026-02-03 12:00:00   campaign_brief   aprimo:activity:5012   values_missing   open    budget
2    2026-02-03 12:00:00   campaign_brief   aprimo:activity:5013   read_failed      open    HTTP 500
"""
SHOWN = """\
Dead letter 1
state   open
code    values_missing
hint    budget
cure    Fill in the values named in the hint in Aprimo; the next look goes on by itself.
item    aprimo:activity:5012
flow    campaign_brief
line    campaign_brief/aprimo:activity:5012
event   ev-0002
opened  2026-02-03 12:00:00

Attempts: none.
"""


@pytest.fixture
def dead(behind: Rows) -> Rows:
    """Two dead letters of different codes."""
    behind.look(5012)
    behind.look(5013)
    behind.die(EventId("ev-0002"), code="values_missing", hint="budget")
    behind.die(EventId("ev-0004"), code="read_failed", hint="HTTP 500")
    return behind


def plain(text: str) -> str:
    """Without the blanks that pad a line."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def states(terminal: Terminal) -> dict[str, str]:
    """Letter -> state."""
    found = terminal.json("dead-letters", "list", "--state", "any")["dead_letters"]
    return {letter["id"]: letter["state"] for letter in found}


def test_without_dead_letters_the_list_says_so(terminal: Terminal, behind: Rows) -> None:
    assert terminal.run("dead-letters", "list").stdout == "Dead letters: none.\n"


def test_open_dead_letters_are_listed_oldest_first(terminal: Terminal, dead: Rows) -> None:
    assert plain(terminal.run("dead-letters", "list").stdout) == LISTED


def test_the_list_can_be_filtered(terminal: Terminal, dead: Rows) -> None:
    found = terminal.json("dead-letters", "list", "--flow", "campaign_brief", "--code", "read_failed")

    assert [letter["id"] for letter in found["dead_letters"]] == ["2"]


@pytest.mark.parametrize("argv", [("list",), ("replay", "--dry-run"), ("discard", "--note", "n")])
def test_a_filter_that_names_nothing_is_exit_code_2_and_names_what_there_is(
    terminal: Terminal, dead: Rows, argv: tuple[str, ...]
) -> None:
    flow = terminal.run("dead-letters", *argv, "--flow", "campain_brief")
    code = terminal.run("dead-letters", *argv, "--code", "reed_failed")

    assert (flow.exit_code, code.exit_code) == (2, 2)
    assert f"There is no flow 'campain_brief'; there are: {', '.join(sorted(FLOWS))}." in flow.stderr
    assert "There is no reason code 'reed_failed'; there are: address_malformed," in code.stderr
    assert states(terminal) == {"1": "open", "2": "open"}


def test_a_code_of_ours_that_no_letter_bears_and_a_vendors_that_one_bears_are_filters(
    terminal: Terminal, dead: Rows
) -> None:
    dead.look(5014)
    dead.die(EventId("ev-0006"), code="oauth.v2.InvalidApiKey", hint="")

    def listed(code: str) -> list[str]:
        return [letter["id"] for letter in terminal.json("dead-letters", "list", "--code", code)["dead_letters"]]

    assert (listed("poison"), listed("oauth.v2.InvalidApiKey")) == ([], ["3"])


def test_one_dead_letter_is_shown_with_its_cure(terminal: Terminal, dead: Rows) -> None:
    assert plain(terminal.run("dead-letters", "show", "1").stdout) == SHOWN


def test_one_dead_letter_as_json_has_every_field(terminal: Terminal, dead: Rows) -> None:
    assert terminal.json("dead-letters", "show", "1") == {
        "id": "1",
        "event_id": "ev-0002",
        "delivery_id": None,
        "line_key": "campaign_brief/aprimo:activity:5012",
        "flow": "campaign_brief",
        "subject": "aprimo:activity:5012",
        "code": "values_missing",
        "hint": "budget",
        "cure": "Fill in the values named in the hint in Aprimo; the next look goes on by itself.",
        "state": "open",
        "opened_at": "2026-02-03T12:00:00+00:00",
        "closed_at": None,
        "closed_by": "",
        "note": "",
        "deliveries": [],
    }


@pytest.mark.parametrize("letter", ["3", "x", "-1", "9" * 30])
def test_a_dead_letter_that_is_none_is_exit_code_1(terminal: Terminal, dead: Rows, letter: str) -> None:
    result = terminal.run("dead-letters", "show", "--", letter)

    assert (result.exit_code, result.stderr) == (1, f"There is no dead letter {letter}.\n")


@pytest.mark.parametrize(
    "argv",
    [
        ("replay",),
        ("replay", "1", "--flow", "campaign_brief"),
        ("discard", "--note", "n"),
        ("discard", "1"),
        ("list", "--limit", "0"),
        ("list", "--state", "gone"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_touches_nothing(
    terminal: Terminal, dead: Rows, argv: tuple[str, ...]
) -> None:
    assert terminal.run("dead-letters", *argv).exit_code == 2
    assert states(terminal) == {"1": "open", "2": "open"}


def test_a_dry_run_names_what_would_be_replayed_and_replays_nothing(terminal: Terminal, dead: Rows) -> None:
    result = terminal.run("dead-letters", "replay", "--flow", "campaign_brief", "--dry-run")

    assert (result.exit_code, plain(result.stdout)) == (0, LISTED.replace("Dead letters", "Would be replayed"))
    assert states(terminal) == {"1": "open", "2": "open"}


def test_a_replayed_event_starts_again(terminal: Terminal, dead: Rows) -> None:
    """The broker is away here: the line is ready all the same, and the sweeper finds it."""
    result = terminal.json("dead-letters", "replay", "1", "--note", "budget filled in", "--by", "berta")

    assert result == {"replayed": ["1"], "missed": [], "dry_run": False}
    letter = terminal.json("dead-letters", "show", "1")
    assert (letter["state"], letter["closed_by"], letter["note"]) == ("replayed", "berta", "budget filled in")
    event = terminal.json("events", "show", "ev-0002")["event"]
    assert event["state"] == "accepted"
    assert event["ready_at"] is not None


def test_a_filter_replays_what_it_names_and_no_more(terminal: Terminal, dead: Rows) -> None:
    assert terminal.json("dead-letters", "replay", "--code", "read_failed")["replayed"] == ["2"]
    assert states(terminal) == {"1": "open", "2": "replayed"}


def test_who_acts_is_the_user_of_the_machine_unless_told(terminal: Terminal, dead: Rows) -> None:
    terminal.run("dead-letters", "discard", "1", "--note", "cancelled by phone")

    letter = terminal.json("dead-letters", "show", "1")
    assert (letter["state"], letter["closed_by"], letter["note"]) == ("discarded", "anna", "cancelled by phone")
    assert terminal.json("events", "show", "ev-0002")["event"]["state"] == "ignored"


def test_what_is_not_open_any_more_is_named_and_exit_code_1(terminal: Terminal, dead: Rows) -> None:
    terminal.run("dead-letters", "replay", "1")

    result = terminal.run("dead-letters", "replay", "1", "2", "7")

    assert result.exit_code == 1
    assert result.stderr == "1 is no open dead letter.\n7 is no open dead letter.\n"
    assert states(terminal) == {"1": "replayed", "2": "replayed"}


def test_what_somebody_else_closed_meanwhile_is_named(
    terminal: Terminal, dead: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_and_be_late(*_: object, **__: object) -> list[Letter]:
        letters = dead.store.run(lambda tx: tx.letters.find())
        dead.store.run(lambda tx: tx.letters.close("1", to="discarded", by="berta", note=""))
        return letters

    monkeypatch.setattr("console.dead_letters.find", find_and_be_late)

    result = terminal.run("dead-letters", "replay", "1", "2")

    assert (result.exit_code, result.stderr) == (1, "1 is no open dead letter.\n")


def test_what_people_typed_neither_steers_the_terminal_nor_is_markup(terminal: Terminal, behind: Rows) -> None:
    behind.look(5012)
    behind.die(EventId("ev-0002"), code="values_missing", hint="[bold]x[/bold] \x1b]0;title\x07 :smile: \u202eevil")

    shown = terminal.run("dead-letters", "list").stdout

    gone = "\N{REPLACEMENT CHARACTER}"
    assert f"[bold]x[/bold] {gone}]0;title{gone} :smile: {gone}evil" in shown
