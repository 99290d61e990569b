from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from pipeline.flows.registry import FLOWS
from pipeline.ports import Gate
from pipeline.words import EventId, GateKind
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows

TIMELINE = """\
Event ev-0002
flow   campaign_brief
item   aprimo:activity:5012
type   aprimo.activity.updated
from   aprimo.pm.webhook
line   campaign_brief/aprimo:activity:5012, place 1
state  dead values_missing

Timeline
at                    what       detail
─────────────────────────────────────────────────────────────────────────────
2026-02-03 12:00:00   received   from aprimo.pm.webhook
2026-02-03 12:00:00   verified   handled
2026-02-03 12:00:00   accepted   place 1 on campaign_brief/aprimo:activity:5012
2026-02-03 12:00:00   dead       letter 1, values_missing: budget

Deliveries: none.
"""


def plain(text: str) -> str:
    """Without the blanks that pad a line, and rules of one length."""
    lines = (line.rstrip() for line in text.splitlines())
    return "".join(f"{'─' if set(line) == {'─'} else line}\n" for line in lines)


def test_events_are_listed_newest_first(terminal: Terminal, behind: Rows) -> None:
    behind.look(5012)
    behind.look(5013)

    assert plain(terminal.run("events", "list").stdout) == plain(
        """\
Events
event     accepted              flow             item                   type                      state      why   next try
─
ev-0004   2026-02-03 12:00:00   campaign_brief   aprimo:activity:5013   aprimo.activity.updated   accepted         2026-02-03 12:00:00
ev-0002   2026-02-03 12:00:00   campaign_brief   aprimo:activity:5012   aprimo.activity.updated   accepted         2026-02-03 12:00:00
"""  # noqa: E501 - as wide as it is printed
    )


def test_the_list_of_events_can_be_filtered(terminal: Terminal, behind: Rows) -> None:
    behind.look(5012)
    behind.look(5013)
    behind.die(EventId("ev-0002"), code="values_missing", hint="budget")

    def listed(*options: str) -> list[str]:
        return [event["id"] for event in terminal.json("events", "list", *options)["events"]]

    assert listed("--state", "dead") == ["ev-0002"]
    assert listed("--state", "open") == ["ev-0004", "ev-0002"]
    assert listed("--state", "delivered") == []
    assert listed("--subject", "aprimo:activity:5013") == ["ev-0004"]
    assert listed("--flow", "campaign_brief") == ["ev-0004", "ev-0002"]
    assert listed("--limit", "1") == ["ev-0004"]


def test_a_flow_that_is_none_is_exit_code_2_and_names_those_there_are(terminal: Terminal, behind: Rows) -> None:
    result = terminal.run("events", "list", "--flow", "campain_brief")

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"There is no flow 'campain_brief'; there are: {', '.join(sorted(FLOWS))}." in " ".join(
        result.stderr.split()
    )


def test_one_event_is_shown_as_its_timeline(terminal: Terminal, behind: Rows) -> None:
    behind.look(5012)
    behind.die(EventId("ev-0002"), code="values_missing", hint="budget")

    assert plain(terminal.run("events", "show", "ev-0002").stdout) == plain(TIMELINE)


def test_an_event_that_is_none_is_exit_code_1(terminal: Terminal, behind: Rows) -> None:
    result = terminal.run("events", "show", "ev-\x1b[31m")

    assert (result.exit_code, result.stderr) == (1, "There is no event ev-\N{REPLACEMENT CHARACTER}[31m.\n")


def test_whoever_names_an_item_is_told_how_its_events_are_listed(terminal: Terminal, behind: Rows) -> None:
    told = terminal.run("events", "show", "aprimo:activity:5012").stderr

    assert "signoff events list --subject aprimo:activity:5012" in told


def test_the_status_of_an_idle_installation_is_short(terminal: Terminal, behind: Rows) -> None:
    assert (
        plain(terminal.run("status").stdout)
        == """\
Flows: none.

With reviewers: none.

Vendors: none.

Closed gates: none.

For people
notices not seen yet       0
people nobody could match  0
differences that stand     0

People nobody could match: none.

Queues
broker  away

Budgets: none.
"""
    )


def test_what_waits_behind_a_dead_head_is_shown_with_the_reason(terminal: Terminal, behind: Rows) -> None:
    for _ in range(3):
        behind.look(5012)
    behind.die(EventId("ev-0002"), code="values_missing", hint="budget")

    listed = {event["id"]: event for event in terminal.json("events", "list")["events"]}
    assert {
        name: (each["head_id"], each["stands"], each["behind"]) for name, each in listed.items()
    } == dict.fromkeys(("ev-0002", "ev-0004", "ev-0006"), ("ev-0002", "dead values_missing", 2))
    table = plain(terminal.run("events", "list").stdout)
    assert "dead       dead values_missing; 2 behind it" in table
    assert table.count("accepted   behind ev-0002: dead values_missing") == 2

    told = terminal.json("events", "show", "ev-0002")
    assert [event["id"] for event in told["behind"]] == ["ev-0004", "ev-0006"]
    assert "\nWaiting behind it\n" in plain(terminal.run("events", "show", "ev-0002").stdout)
    assert "\nstands  behind ev-0002: dead values_missing\n" in plain(
        terminal.run("events", "show", "ev-0006").stdout
    )

    status = terminal.json("status")
    assert status["held_up"] == [
        {
            "flow": "campaign_brief",
            "subject": "aprimo:activity:5012",
            "line_key": "campaign_brief/aprimo:activity:5012",
            "head_id": "ev-0002",
            "stands": "dead values_missing",
            "since": "2026-02-03T12:00:00+00:00",
            "ready_at": None,
            "behind": 2,
        }
    ]
    shown = plain(terminal.run("status").stdout)
    assert "Held up\nitem                   flow             held up by   why                   since" in shown


def test_a_misspelt_setting_is_a_warning_with_the_right_name(terminal: Terminal, behind: Rows) -> None:
    told = {**terminal.environ, "SIGNOFF_DATABSE_URL": "sqlite:////tmp/x", "SIGNOFF_XYZZY": "1"}

    result = Terminal(environ=told).run("status", "--json")

    assert result.exit_code == 0
    assert result.stderr == (
        "Warning: SIGNOFF_DATABSE_URL is no setting of Signoff. Did you mean SIGNOFF_DATABASE_URL?\n"
        "Warning: SIGNOFF_XYZZY is no setting of Signoff.\n"
    )


def test_the_status_tells_what_is_open_dead_and_held(terminal: Terminal, behind: Rows) -> None:
    behind.look(5012)
    behind.look(5013)
    behind.die(EventId("ev-0002"), code="values_missing", hint="budget")
    gate = Gate(scope="flow:campaign_brief", kind=GateKind.PAUSE, until=None, reason="month end", by="anna")
    behind.store.run(lambda tx: tx.ledger.close_gate(gate))

    told = terminal.json("status")

    (flow,) = told["flows"]
    assert {
        name: flow[name] for name in ("name", "open", "dead", "ready", "running", "gated", "held", "waiting")
    } == {
        "name": "campaign_brief",
        "open": 2,
        "dead": 1,
        "ready": 0,
        "running": 0,
        "gated": 1,
        "held": 1,
        "waiting": [],
    }
    assert [vendor["name"] for vendor in told["vendors"]] == ["aprimo"]
    assert told["gates"] == [
        {"scope": "flow:campaign_brief", "kind": "pause", "until": None, "reason": "month end", "by": "anna"}
    ]
    assert (told["queues"], told["budgets"]) == ({}, [])


@pytest.mark.parametrize("argv", [("status",), ("events", "list"), ("dead-letters", "list")])
def test_without_a_database_commands_say_how_to_get_one(
    terminal: Terminal, tmp_path: Path, argv: tuple[str, ...]
) -> None:
    result = terminal.run(*argv)

    assert result.exit_code == 4
    assert result.stderr == (
        f"The database cannot be used: there is none at {tmp_path}/signoff.sqlite3."
        " Start `signoff up`, or run `signoff db upgrade`; for an installation that runs, call this in the folder"
        " where it was started, or set SIGNOFF_DATA_DIR to its data folder.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("argv", [("status",), ("events", "list"), ("dead-letters", "list")])
def test_without_tables_commands_say_how_to_get_them(
    terminal: Terminal, tmp_path: Path, argv: tuple[str, ...]
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/signoff.sqlite3")
    engine.connect().close()
    engine.dispose()

    result = terminal.run(*argv)

    assert result.exit_code == 4
    assert result.stderr == (
        "The database cannot be used: its tables are not up to date. Run `signoff db upgrade`.\n"
    )


@pytest.mark.parametrize(
    "argv",
    [
        ("status",),
        ("events", "list"),
        ("events", "show"),
        ("dead-letters", "list"),
        ("dead-letters", "show"),
        ("dead-letters", "replay"),
        ("dead-letters", "discard"),
        ("flows", "deploy"),
        ("flows", "show"),
        ("flows", "ownership"),
    ],
)
def test_every_commands_help_tells_its_exit_codes(terminal: Terminal, argv: tuple[str, ...]) -> None:
    told = " ".join(terminal.run(*argv, "--help").stdout.split())

    assert "Exit codes: 0 done · 1 failed, or no such thing · 2 wrong usage · 3 settings refused" in told
    assert "--json" in told
