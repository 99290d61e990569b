"""`signoff status`: how the whole stands, per flow and per vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from config.groups import Aprimo, OpenText
from console import installation
from console.queues import lengths
from console.schedules import job_table, read_jobs
from console.shown import EXIT_CODES, as_json, print_json, print_tables, reachable
from console.tables import Table, call_table, queue_table, status_tables
from pipeline.transport.tally import counted
from pipeline.words import Side, Urgency

if TYPE_CHECKING:
    from tasks.wiring import Wiring


@click.command(epilog=EXIT_CODES)
@as_json
@reachable
def status(*, as_json: bool) -> None:
    """Show what is open, waiting and dead, and why; gates, queues, each vendor's budget and the calls it got."""
    pages = installation.pages()
    now, jobs = pages.status(), read_jobs(pages)
    made = installation.wiring_if_broker()
    queues = lengths(made.redis) if made else {}
    budgets = _budgets(made) if made and queues else ()
    calls = counted(made.redis) if made and queues else ()
    if as_json:
        told = now.to_json()
        assert isinstance(told, dict)  # noqa: S101 - a status is an object
        at_broker = {"queues": dict(queues), "budgets": budgets, "calls": [asdict(each) for each in calls]}
        print_json({**told, **at_broker, "jobs": [job.to_json() for job in jobs]})
        return
    troubled = [job for job in jobs if job.has_failed or job.is_behind]
    tables = [
        *status_tables(now),
        queue_table(queues),
        _budget_table(budgets),
        *([call_table(calls)] if calls else []),
    ]
    print_tables(*tables, *([job_table(troubled, "Jobs that failed or are behind")] if troubled else []))


def _budgets(made: Wiring) -> tuple[Mapping[str, str | float], ...]:
    """What each vendor's tenant may be asked, and how long a call would wait now; a closed breaker counts too."""
    limits: Mapping[Side, Aprimo | OpenText] = {
        Side.APRIMO: made.settings.aprimo,
        Side.OPENTEXT: made.settings.opentext,
    }
    return tuple(
        {
            "vendor": str(side),
            "rate_per_s": limit.rate_per_s,
            "burst": limit.burst,
            "wait_s_decisions": made.vendor(side).wait_s("", Urgency.EXPRESS),
            "wait_s_others": made.vendor(side).wait_s("", Urgency.STANDARD),
        }
        for side, limit in limits.items()
    )


def _budget_table(budgets: tuple[Mapping[str, str | float], ...]) -> Table:
    columns = ("vendor", "calls/s", "burst", "decisions wait", "others wait")
    rows = tuple(
        (
            each["vendor"],
            f"{each['rate_per_s']:g}",
            each["burst"],
            f"{each['wait_s_decisions']:g} s",
            f"{each['wait_s_others']:g} s",
        )
        for each in budgets
    )
    return Table(title="Budgets", columns=columns, rows=rows)
