"""Every command of `signoff` is where the map says it is."""

from __future__ import annotations

from importlib import import_module

import click
import pytest

from console.cli import _COMMANDS, _FOR_OPERATORS, main, signoff


@pytest.mark.parametrize("name", list(_COMMANDS))
def test_each_command_can_be_found_and_explains_itself(name: str) -> None:
    module, _, attribute = _COMMANDS[name][0].partition(":")

    command = getattr(import_module(module), attribute)

    assert isinstance(command, click.Command)
    assert command.help
    assert signoff.get_command(click.Context(signoff), name) is command


def test_commands_for_operators_are_commands() -> None:
    assert set(_COMMANDS) > _FOR_OPERATORS


@pytest.mark.parametrize("role", ["worker", "status"])
def test_settings_that_are_refused_come_with_the_misspelt_names_once(
    role: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIGNOFF_SANDBOXES", "perhaps")
    monkeypatch.setenv("SIGNOFF_APRIMO_TENNANT", "acme")
    monkeypatch.setattr("sys.argv", ["signoff", role])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 3
    said = "Warning: SIGNOFF_APRIMO_TENNANT is no setting of Signoff. Did you mean SIGNOFF_APRIMO_TENANT?\n"
    assert capsys.readouterr().err.count(said) == 1
