"""What lists or shows can be read by programs."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from console.cli import signoff
from tests.support.terminal import Terminal


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that is no group, by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        words = f"{path} {name}".strip()
        if isinstance(command, click.Group):
            yield from commands(command, words)
        else:
            yield words, command


SHOWING = ("list", "show", "status", "settings", "ownership")


@pytest.mark.parametrize("words", [words for words, _ in commands(signoff) if words.split()[-1] in SHOWING])
def test_every_command_that_lists_or_shows_has_json(words: str) -> None:
    command = dict(commands(signoff))[words]

    assert "--json" in [option for each in command.params for option in each.opts]


def test_settings_as_json_hide_secrets(terminal: Terminal) -> None:
    told = {**terminal.environ, "SIGNOFF_APRIMO_CLIENT_SECRET": "very-secret"}

    shown = Terminal(environ=told).json("settings")

    assert (shown["SIGNOFF_APRIMO_CLIENT_SECRET"], shown["SIGNOFF_SANDBOXES"]) == ("***", "true")
