from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text

from pipeline.flows.registry import FLOWS
from pipeline.ports import Gate
from pipeline.store import SqlStore
from pipeline.words import GateKind
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows

TOMORROW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def closed(behind: Rows) -> list[Gate]:
    """The gates that are closed by the real clock, which the commands go by."""
    store = SqlStore(behind.url)
    gates = store.run(lambda tx: tx.ledger.gates())
    store.dispose()
    return gates


def test_a_flow_is_paused_until_a_person_resumes_it(terminal: Terminal, behind: Rows) -> None:
    result = terminal.run("pause", "campaign_brief", "--reason", "month end")

    assert (result.exit_code, result.stdout) == (
        0,
        "campaign_brief is paused until `signoff resume campaign_brief`: month end\n",
    )
    assert closed(behind) == [
        Gate(scope="flow:campaign_brief", kind=GateKind.PAUSE, until=None, reason="month end", by="anna")
    ]


def test_a_vendor_is_paused_until_a_time(terminal: Terminal, behind: Rows) -> None:
    told = terminal.json("pause", "opentext", "--until", TOMORROW.isoformat(), "--reason", "upgrade", "--by", "bert")

    assert told == {
        "scope": "vendor:opentext",
        "until": TOMORROW.isoformat(),
        "reason": "upgrade",
        "by": "bert",
    }
    assert closed(behind) == [
        Gate(scope="vendor:opentext", kind=GateKind.PAUSE, until=TOMORROW, reason="upgrade", by="bert")
    ]


def test_a_time_without_an_offset_is_utc(terminal: Terminal, behind: Rows) -> None:
    terminal.run("pause", "opentext", "--until", f"{TOMORROW:%Y-%m-%dT%H:%M:%S}", "--reason", "upgrade")

    assert [gate.until for gate in closed(behind)] == [TOMORROW]


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("30min", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
    ],
)
def test_a_pause_lasts_as_long_as_it_says(terminal: Terminal, behind: Rows, written: str, length: timedelta) -> None:
    before = datetime.now(UTC)
    told = terminal.json("pause", "aprimo", "--until", written, "--reason", "upgrade")
    after = datetime.now(UTC)

    assert before + length <= datetime.fromisoformat(told["until"]) <= after + length


@pytest.mark.parametrize("written", ["soon", "5", "-3h", "2020-01-01", "0s", "2h30"])
def test_an_end_that_is_none_or_over_is_exit_code_2(terminal: Terminal, behind: Rows, written: str) -> None:
    result = terminal.run("pause", "aprimo", "--until", written, "--reason", "upgrade")

    assert (result.exit_code, closed(behind)) == (2, [])


def test_a_pause_needs_a_reason(terminal: Terminal, behind: Rows) -> None:
    assert terminal.run("pause", "aprimo").exit_code == 2


@pytest.mark.parametrize("command", [("pause", "opentxt", "--reason", "x"), ("resume", "opentxt")])
def test_what_is_neither_flow_nor_vendor_is_exit_code_2_and_names_those_there_are(
    terminal: Terminal, behind: Rows, command: tuple[str, ...]
) -> None:
    result = terminal.run(*command)

    assert (result.exit_code, result.stdout) == (2, "")
    assert (
        f"There is no flow 'opentxt'; there are: {', '.join(sorted(FLOWS))}. Vendors: aprimo, opentext."
        in " ".join(result.stderr.replace("│", " ").split())
    )


def test_pausing_again_moves_the_end(terminal: Terminal, behind: Rows) -> None:
    terminal.run("pause", "aprimo", "--reason", "upgrade")
    terminal.run("pause", "aprimo", "--until", TOMORROW.isoformat(), "--reason", "it takes a day")

    (gate,) = closed(behind)
    assert (gate.until, gate.reason) == (TOMORROW, "it takes a day")


def test_what_is_paused_goes_on_at_once(terminal: Terminal, behind: Rows) -> None:
    terminal.run("pause", "campaign_brief", "--reason", "month end")

    result = terminal.run("resume", "campaign_brief")

    assert (result.exit_code, result.stdout) == (0, "campaign_brief goes on.\n")
    assert closed(behind) == []


def test_what_is_not_paused_is_exit_code_1(terminal: Terminal, behind: Rows) -> None:
    breaker = Gate(scope="vendor:aprimo", kind=GateKind.BREAKER, until=None, reason="503", by="signoff")
    behind.store.run(lambda tx: tx.ledger.close_gate(breaker))

    result = terminal.run("resume", "aprimo")

    assert (result.exit_code, result.stderr) == (1, "aprimo is not paused.\n")
    assert closed(behind) == [breaker]


def test_who_paused_and_who_resumed_is_on_the_record(terminal: Terminal, behind: Rows) -> None:
    terminal.run("pause", "aprimo", "--reason", "upgrade")
    terminal.run("resume", "aprimo", "--by", "bert")

    with create_engine(behind.url).connect() as conn:
        rows = conn.execute(text("select actor, act, object from audit order by number")).all()
    assert [tuple(row) for row in rows] == [
        ("anna", "pause.begun", "vendor:aprimo"),
        ("bert", "pause.ended", "vendor:aprimo"),
    ]
