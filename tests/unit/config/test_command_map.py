"""Every command of `signoff` is where the map says it is."""

from __future__ import annotations

from importlib import import_module

import click
import pytest

from console.cli import _COMMANDS, _FOR_OPERATORS, signoff


@pytest.mark.parametrize("name", list(_COMMANDS))
def test_each_command_can_be_found_and_explains_itself(name: str) -> None:
    module, _, attribute = _COMMANDS[name][0].partition(":")

    command = getattr(import_module(module), attribute)

    assert isinstance(command, click.Command)
    assert command.help
    assert signoff.get_command(click.Context(signoff), name) is command


def test_commands_for_operators_are_commands() -> None:
    assert set(_COMMANDS) > _FOR_OPERATORS
