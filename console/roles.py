"""The commands that start a role, each alone or as a child of `signoff up`.

Heavy libraries are imported in the command that needs them. When a role can be used it prints one line,
`signoff <role> is ready`; everything else it says goes to standard error as log lines.
"""

from __future__ import annotations

import os
import sys

import click

from config.running import current
from config.settings import Settings, all_settings, demand_vendors
from config.sources import unknown_variables
from console.embedded import private_folder
from console.shown import EXIT_CODES, as_json, print_json, reachable

_TARGETS = ("aprimo", "opentext", "timetable")


@click.command()
@click.option("--target", type=click.Choice(_TARGETS), help="Read only this target's queues; default: all.")
@click.option(
    "--pulse",
    metavar="QUEUE",
    help="Read this queue too, before all others: whoever looks after this worker asks there whether it works.",
)
def worker(target: str | None, pulse: str | None) -> None:
    """Start one worker: processes that carry work, express before standard before bulk."""
    from console import worker_role  # noqa: PLC0415 - imports Celery

    name = f"worker-{target}" if target else "worker"
    worker_role.run(_settings_for(name, needs_vendors=True), name, (target,) if target else _TARGETS, pulse=pulse)


@click.command()
def scheduler() -> None:
    """Start the timetable; several do no harm, and one that is left is enough."""
    from console import scheduler_role  # noqa: PLC0415 - imports Celery

    scheduler_role.run(_settings_for("scheduler"))


@click.command()
def web() -> None:
    """Start the web app: webhook intake, and the operators' pages."""
    from console import web_role  # noqa: PLC0415 - imports Starlette

    web_role.run(_settings_for("web"))


@click.command()
def flower() -> None:
    """Start Flower, read-only and behind a login."""
    from console import flower_role  # noqa: PLC0415 - imports Celery and Tornado

    flower_role.run(_settings_for("flower"))


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("vendor", type=click.Choice(["aprimo", "opentext"]))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(vendor: str, arguments: tuple[str, ...]) -> None:
    """Start one vendor's sandbox; ARGUMENTS are its own (--port, --host, --options FILE)."""
    argv = [sys.executable, "-P", "-m", "sandbox", vendor, *(arguments or ("--port", "0"))]
    os.execv(sys.executable, argv)  # noqa: S606 - our own sandbox, with this very Python


@click.group()
def db() -> None:
    """Look after the database's tables."""


@db.command(epilog=EXIT_CODES)
@reachable
def upgrade() -> None:
    """Bring the tables up to date; safe to repeat."""
    from pipeline.store import migrate  # noqa: PLC0415 - imports SQLAlchemy and Alembic

    settings = _settings_for("db")
    private_folder(settings.data_dir)
    migrate(settings.database_url)
    click.echo("The tables are up to date.")


@click.command()
@click.option("--markdown", is_flag=True, help="Print the table of all settings, as docs/settings.md has it.")
@as_json
def settings(*, markdown: bool, as_json: bool) -> None:
    """Show what this installation was told, secrets blotted out."""
    from config import table  # noqa: PLC0415 - only this command shows it

    if markdown:
        click.echo(table.markdown(all_settings()), nl=False)
        return
    if as_json:
        print_json(table.values(current(), all_settings()))
        return
    click.echo(table.effective(current(), all_settings()), nl=False)


@click.command()
def up() -> None:
    """Start everything on this machine: broker, database, workers, scheduler, web app, Flower, sandboxes."""
    from console import up_role  # noqa: PLC0415 - only this command starts others

    sys.exit(up_role.run())


def _settings_for(role: str, *, needs_vendors: bool = False) -> Settings:
    """The settings of a role, with its logs set up. Raises SettingsError."""
    import structlog  # noqa: PLC0415 - `signoff --help` needs no logs

    from config.logging import configure  # noqa: PLC0415 - as above

    found = current()
    if needs_vendors:
        demand_vendors(found)
    configure(found, role)
    if strange := unknown_variables(all_settings(), os.environ):
        structlog.get_logger(__name__).warning("unknown_settings", names=list(strange))
    return found
