"""Three schedulers, killed and paused in turns, once all away: no slot runs twice, none is missing by its rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.support import findings
from tests.support.databases import any_database_url, postgres, postgres_url, sqlite_template, sqlite_url
from tests.support.reports import REPORTS, renew
from tests.support.timetable_app import ROWS
from tests.support.timetable_crowd import Crowd, Judged, crowd, judge
from tests.support.valkey_server import running_valkey

__all__ = ["any_database_url", "postgres", "postgres_url", "sqlite_template", "sqlite_url"]

ONCE, SKIP, ALL = ROWS


def _judged(folder: Path, url: str, *, ticks: int, within_s: float) -> dict[str, int]:
    """Let the crowd run, hold its notes against the rules, and print what it came to."""
    with (
        running_valkey(folder / "broker") as broker_url,
        crowd(folder, broker_url=broker_url, database_url=url) as made,
    ):
        made.run_for(ticks, within_s=within_s)
    once, skip, each = (judge(made, row, url) for row in ROWS)
    figures = _figures(made, once, skip, each)
    findings.note("schedulers", ", ".join(f"{count} {what}" for what, count in figures.items()))

    assert [job.doubled for job in (once, skip, each)] == [0, 0, 0]
    # One run makes up for all that were missed: the slot in which it came, and none of those before it.
    assert once.latest_s < ONCE.every_s
    assert once.missing_while_away > 0
    # What would come late is left out.
    assert skip.latest_s <= SKIP.every_s / 2
    assert skip.missing_while_away > 0
    # Each slot counts, also those in which nobody was there.
    assert each.missing == 0
    assert each.latest_s > 2 * ALL.every_s
    # Each of the three did its part: most of what they sent was for others to do.
    assert all(sent > 0 for sent in made.messages.values())
    assert sum(made.messages.values()) > figures["ticks"]
    return figures


def _figures(made: Crowd, *jobs: Judged) -> dict[str, int]:
    missing = {f"left out ({job.job})": job.missing for job in jobs}
    return {
        "ticks": sum(job.ran for job in jobs),
        "messages": sum(made.messages.values()),
        "kills": made.kills,
        "pauses": made.pauses,
        "doubled": sum(job.doubled for job in jobs),
        **missing,
    }


@pytest.mark.timeout(400)
def test_three_schedulers_killed_and_paused_in_turns_run_every_slot_once(sqlite_url: str, tmp_path: Path) -> None:
    _judged(tmp_path, sqlite_url, ticks=100, within_s=300)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_over_a_thousand_ticks_three_schedulers_run_every_slot_once(any_database_url: str, tmp_path: Path) -> None:
    figures = _judged(tmp_path, any_database_url, ticks=1000, within_s=1200)

    renew(
        REPORTS / "schedulers.md",
        title="Three schedulers",
        about=(
            "Three schedulers and one worker as processes. In turns one scheduler is killed and one is stopped, and"
            " once all three are away. Three jobs with slots of half and a quarter of a second, one for each catch-up"
            " rule. No slot ran twice; what was left out is what the rule leaves out. Renewed by `./run test --long`."
        ),
        row=make_url(any_database_url).get_backend_name(),
        figures=figures,
    )
