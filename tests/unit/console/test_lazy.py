"""A command that is misspelt is answered with the one that was meant, though none is imported before it is used."""

from __future__ import annotations

from click.testing import CliRunner

from console.cli import signoff


def test_a_misspelt_command_is_answered_with_the_one_that_was_meant() -> None:
    result = CliRunner().invoke(signoff, ["stauts"])

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == "Error: No such command 'stauts'. Did you mean 'status'?"


def test_a_command_like_no_other_is_only_refused() -> None:
    result = CliRunner().invoke(signoff, ["zzz"])

    assert result.stderr.splitlines()[-1] == "Error: No such command 'zzz'."
