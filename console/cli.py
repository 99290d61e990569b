"""The command `signoff`: parses, calls a use case, prints. Each command's module is imported only when it is used."""

from __future__ import annotations

import os
import sys

import click

from config import VERSION
from config.sources import FAILPOINTS_VARIABLE
from console.exits import Exit
from console.lazy import LazyGroup

_COMMANDS = {
    "up": ("console.roles:up", "Start everything on this machine, supervised."),
    "demo": ("console.demo:demo", "Carry sample work through both sandboxes, live."),
    "worker": ("console.roles:worker", "Start one worker."),
    "scheduler": ("console.roles:scheduler", "Start the timetable; several do no harm."),
    "web": ("console.roles:web", "Start the webhook intake and the operators' pages."),
    "flower": ("console.roles:flower", "Start Celery's dashboard, read-only."),
    "sandbox": ("console.roles:sandbox", "Start one vendor's sandbox."),
    "db": ("console.roles:db", "Bring the database's tables up to date."),
    "settings": ("console.roles:settings", "Show the settings, or the table of all there are."),
    "status": ("console.status:status", "Show what is open, waiting and dead, and why."),
    "events": ("console.events:events", "List events, or show one event's timeline."),
    "reconcile": ("console.reconcile:reconcile", "Compare both systems, and say why they differ."),
    "certificate": ("console.certificate:certificate", "Show who told of each change that the sources show."),
    "differences": ("console.differences:differences", "List where both systems differ and why; heal, or undo."),
    "dead-letters": ("console.dead_letters:dead_letters", "List, group, show, replay or discard dead letters."),
    "pause": ("console.pauses:pause", "Hold a flow or a vendor for a while."),
    "resume": ("console.pauses:resume", "Let a paused flow or vendor go on."),
    "audit": ("console.audit:audit", "Prove that the audit log is whole."),
    "schedules": ("console.schedules:schedules", "Show what runs by the clock, and how it stands."),
    "loops": ("console.loops:loops", "List fields that a loop has stopped, and let them be written again."),
    "notices": ("console.notices:notices", "List what people were told, and mark it seen."),
    "people": ("console.people:people", "List who is who in both systems, and whom nobody could match."),
    "erase": ("console.erase:erase", "Erase a person from all tables; the audit log stays provable."),
    "flows": ("console.flows:flows", "Check the flows' words, preview items, and deploy process models."),
}

_FOR_OPERATORS = frozenset(
    {
        "status",
        "events",
        "dead-letters",
        "reconcile",
        "certificate",
        "differences",
        "pause",
        "resume",
        "audit",
        "loops",
        "schedules",
        "notices",
        "people",
        "erase",
        "flows",
        "settings",
    }
)
"""These print answers, some for programs; roles set up logs of their own."""


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=(
        "Exit codes: 0 done · 1 failed · 2 wrong usage, or something differs · 3 settings refused"
        " · 4 broker or database unreachable, or nothing runs"
    ),
)
@click.version_option(VERSION, message="signoff %(version)s")
@click.pass_context
def signoff(ctx: click.Context) -> None:
    """Carries approvals between Aprimo and OpenText Workflow Service, each exactly once."""
    if FAILPOINTS_VARIABLE in os.environ:
        from console.test_build import arm_failpoints  # noqa: PLC0415 - a test build alone needs it

        arm_failpoints(os.environ)
    if ctx.invoked_subcommand in _FOR_OPERATORS:
        from console.aside import put_logs_aside, tell_strange_names  # noqa: PLC0415 - help needs no logs

        tell_strange_names(os.environ)
        put_logs_aside()


def main() -> None:
    """Entry point: a refusal of the settings is one message and exit code 3, never a traceback."""
    from config.problems import SettingsError  # noqa: PLC0415 - help and version need no settings

    try:
        signoff(prog_name="signoff")
    except SettingsError as err:
        click.echo(str(err), err=True)
        _tell_strange_names_once()
        sys.exit(Exit.REFUSED)


def _tell_strange_names_once() -> None:
    """What is missing may be there under a misspelt name; commands for operators have said so already."""
    from console.aside import tell_strange_names  # noqa: PLC0415 - help and version need no settings

    if not _FOR_OPERATORS.intersection(sys.argv[1:2]):
        tell_strange_names(os.environ)


if __name__ == "__main__":
    main()
