"""`signoff certificate`: who told of each change, for people and for programs, and gaps as exit code 2."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from console import installation
from pipeline.routes import Routes
from tests.support import briefs
from tests.support.changes import Aprimo, OpenText, audit_row, changed_item
from tests.support.hook_samples import NOW
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows

SPAN = ("--from", "2026-01-01", "--to", "2026-12-31T00:00:00Z")


@pytest.fixture
def told_of_5012(behind: Rows, monkeypatch: pytest.MonkeyPatch) -> Rows:
    """A webhook told of one activity; Aprimo shows that another one changed too."""
    behind.look(5012)
    aprimo = Aprimo(items=(changed_item(5012, NOW), changed_item(5013, NOW)), undated=("task",))
    opentext = OpenText(rows=(audit_row("i1", NOW, definition="payroll:7:x"), audit_row("i2", NOW, definition="")))
    made = SimpleNamespace(
        words={"campaign_brief": briefs.words()},
        ports=SimpleNamespace(store=behind.store),
        routes=Routes.of([briefs.words()]),
        aprimo=SimpleNamespace(feed=aprimo),
        opentext=SimpleNamespace(feed=opentext),
    )
    monkeypatch.setattr(installation, "wiring_on_database", lambda: made)
    return behind


def test_a_gap_is_exit_code_2_and_is_named(terminal: Terminal, told_of_5012: Rows) -> None:
    result = terminal.run("certificate", *SPAN, "--json")

    shown = json.loads(result.stdout)
    assert result.exit_code == 2
    assert [(each["id"], each["learned"]) for each in shown["gaps"]] == [("5013", "nobody")]
    assert shown["changes"] == [
        {"side": "aprimo", "what": "activity", "learned": "nobody", "count": 1},
        {"side": "aprimo", "what": "activity", "learned": "notice", "count": 1},
    ]
    assert shown["ended"] == {"accepted": 1}
    assert shown["unasked"] == ["task"]
    assert shown["left_out"] == {"": 1, "payroll": 1}


def test_people_read_tables(terminal: Terminal, told_of_5012: Rows) -> None:
    shown = terminal.run("certificate", *SPAN).stdout

    assert "2026-12-31 00:00:00" in shown
    assert "Changes that no notice told of: none." in shown
    assert "Gaps: nothing told of these" in shown
    assert "5013" in shown
    assert "5012" not in shown


def test_people_read_what_was_left_out_and_how_much(terminal: Terminal, told_of_5012: Rows) -> None:
    shown = terminal.run("certificate", *SPAN).stdout

    tail = shown.partition("Left out")[2]
    assert [line.split() for line in tail.splitlines()[-2:]] == [
        ["1", "(none", "named)", "no", "flow", "runs", "this", "process", "model"],
        ["1", "payroll", "no", "flow", "runs", "this", "process", "model"],
    ]


def test_without_a_gap_it_is_exit_code_0(terminal: Terminal, told_of_5012: Rows) -> None:
    told_of_5012.look(5013)

    assert terminal.run("certificate", *SPAN).exit_code == 0


@pytest.mark.parametrize("span", [("--from", "yesterday"), ("--from", "2026-02-01", "--to", "2026-01-01")])
def test_a_span_that_is_none_is_wrong_usage(terminal: Terminal, told_of_5012: Rows, span: tuple[str, ...]) -> None:
    assert terminal.run("certificate", *span).exit_code == 2
