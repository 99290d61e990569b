"""`signoff pause` and `signoff resume`: hold a flow or a vendor for a while, and let it go on."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from config.running import current
from console import installation
from console.filters import demand_flow
from console.shown import EXIT_CODES, as_json, by_option, fail, print_json, reachable
from console.tables import cell, printable
from pipeline.words import Side

_DURATION = re.compile(r"(?P<number>\d{1,6})(?P<unit>s|min|h|d)")
_UNITS = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def _until(_: click.Context, __: click.Parameter, written: str | None) -> datetime | None:
    """The moment that a time or a length means; refuses what is neither, and what is over."""
    if written is None:
        return None
    now = datetime.now(UTC)
    moment = _moment(written, now)
    if moment is None:
        raise click.BadParameter(
            "write a time such as 2026-03-01T18:00 (UTC unless it says more), or 90s, 30min, 2h, 3d"
        )
    if moment <= now:
        raise click.BadParameter(f"{cell(moment)} UTC is over")
    return moment


@click.command(epilog=EXIT_CODES)
@click.argument("name", metavar="FLOW|VENDOR")
@click.option(
    "--until",
    metavar="TIME|DURATION",
    default=None,
    callback=_until,
    help="When it goes on by itself; default: when a person says so.",
)
@click.option("--reason", required=True, help="Why; shown to everybody who looks, and kept.")
@by_option
@as_json
@reachable
def pause(*, name: str, until: datetime | None, reason: str, by: str, as_json: bool) -> None:
    """Hold a flow, or everything that would call a vendor next; without loss, and without spending tries.

    Calls that are under way end; notices and polls are accepted as always. Again on the same name moves the end.
    """
    from pipeline.pauses import pause as hold  # noqa: PLC0415 - `--help` needs no use case

    scope = _scope(name)
    hold(scope, until=until, reason=reason, by=by, store=installation.store())
    if as_json:
        print_json({"scope": scope, "until": until, "reason": reason, "by": by})
        return
    end = f"until {cell(until)} UTC" if until else f"until `signoff resume {name}`"
    click.echo(printable(f"{name} is paused {end}: {reason}"))


@click.command(epilog=EXIT_CODES)
@click.argument("name", metavar="FLOW|VENDOR")
@by_option
@as_json
@reachable
def resume(*, name: str, by: str, as_json: bool) -> None:
    """Let a paused flow or vendor go on at once."""
    from pipeline.pauses import resume as let_go_on  # noqa: PLC0415 - as above

    scope = _scope(name)
    if not let_go_on(scope, by=by, store=installation.store()):
        fail(f"{name} is not paused.")
    _wake()
    if as_json:
        print_json({"scope": scope, "by": by})
        return
    click.echo(printable(f"{name} goes on."))


def _scope(name: str) -> str:
    """The gate of a flow or a vendor. Raises BadParameter for what is neither."""
    if name in {str(side) for side in Side}:
        return f"vendor:{name}"
    try:
        demand_flow(name)
    except click.BadParameter as err:
        vendors = ", ".join(Side)
        raise click.BadParameter(f"{err.message} Vendors: {vendors}.", param_hint="FLOW|VENDOR") from err
    return f"flow:{name}"


def _wake() -> None:
    """Publish what was held; where no broker is known or it is away, the installation's own sweep does it."""
    from pipeline.sweep import sweep  # noqa: PLC0415 - as above

    if current().broker_url:
        sweep(installation.wiring().ports)


def _moment(text: str, now: datetime) -> datetime | None:
    found = _DURATION.fullmatch(text)
    if found:
        return now + int(found["number"]) * _UNITS[found["unit"]]
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    return told.replace(tzinfo=told.tzinfo or UTC).astimezone(UTC)
