"""`signoff audit verify`: whether the audit log is whole, as text, as JSON and as an exit code."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from pipeline.ports import AuditEntry, Tx
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows


@pytest.fixture
def logged(behind: Rows) -> Rows:
    """Two entries, the second anchored."""

    def work(tx: Tx) -> None:
        tx.ledger.audit([AuditEntry(actor="anna", act="replay", object=each) for each in ("1", "2")])
        tx.ledger.anchor()

    behind.store.run(work)
    return behind


def _edit(behind: Rows) -> None:
    engine = create_engine(behind.url)
    with engine.begin() as conn:
        conn.execute(text("update audit set actor = 'nobody' where number = 1"))
    engine.dispose()


def test_a_whole_log_is_exit_code_0(terminal: Terminal, logged: Rows) -> None:
    told = terminal.json("audit", "verify")

    assert (told["is_whole"], told["entries"], told["last_number"], told["anchors"], told["faults"]) == (
        True,
        3,
        3,
        1,
        [],
    )
    assert f"newest entry  3:{told['last_hash']}" in terminal.run("audit", "verify").stdout


def test_a_log_that_was_edited_is_exit_code_2_and_says_where(terminal: Terminal, logged: Rows) -> None:
    _edit(logged)

    result = terminal.run("audit", "verify")

    assert result.exit_code == 2
    assert "1       edited   it does not bear its own hash" in result.stdout


def test_an_anchor_kept_elsewhere_is_held_against_the_log(terminal: Terminal, logged: Rows) -> None:
    newest = terminal.json("audit", "verify")["last_hash"]

    assert terminal.run("audit", "verify", "--anchor", f"2:{'0' * 64}").exit_code == 2
    assert terminal.run("audit", "verify", "--anchor", f"9:{newest}").exit_code == 2


@pytest.mark.parametrize("written", ["2", "2:abc", "x:" + "0" * 64, "0:" + "0" * 64])
def test_what_is_no_anchor_is_wrong_usage(terminal: Terminal, logged: Rows, written: str) -> None:
    result = terminal.run("audit", "verify", "--anchor", written)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "write an entry's number and its hash" in result.stderr
