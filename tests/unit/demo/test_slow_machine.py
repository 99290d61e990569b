"""A machine that is too slow for the demo is told so, in words."""

from __future__ import annotations

import sys

import pytest

from console import demo_repair
from console.demo_repair import CommandError, Operator, run_command
from console.demo_run import LIMIT_S, _complain
from console.demo_show import Lines


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command ends within its time."""
    monkeypatch.setattr(demo_repair, "_COMMAND_TIMEOUT_S", 0.0)
    monkeypatch.setattr(demo_repair, "_LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(demo_repair, "signoff_command", lambda *_: (sys.executable, "-c", "input()"))


@pytest.mark.usefixtures("slow")
def test_a_command_that_does_not_end_in_time_has_failed() -> None:
    with pytest.raises(CommandError, match=r"signoff status --json has not ended within 0 s"):
        run_command({}, "status", "--json")


@pytest.mark.usefixtures("slow")
def test_an_operator_whose_command_does_not_end_keeps_that_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = Operator("http://aprimo.test", 5001, {}, lambda _: None)
    monkeypatch.setattr(demo_repair, "admin", lambda *_: [{"id": 0, "hits": 1}])

    operator.run()

    assert (isinstance(operator.error, CommandError), operator.is_done) == (True, False)


@pytest.mark.parametrize(("is_late", "lines"), [(True, 1), (False, 0)])
def test_what_is_missing_is_said_to_be_cut_off_where_the_time_was_over(
    *, is_late: bool, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    _complain([], Lines(), is_late=is_late)

    assert capsys.readouterr().err.count(f"{LIMIT_S:g} s are over") == lines
