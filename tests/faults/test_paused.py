"""A person holds a vendor while briefs are on their way: nothing calls it, nothing is lost, and then all goes on."""

from __future__ import annotations

import os
import subprocess

from console.demo_http import admin
from console.embedded_plan import signoff_command
from tests.support.bad_days import WITHDRAWN_TOO, bad_day
from tests.support.bad_days_histories import OUR_USER
from tests.support.bad_days_office import Office
from tests.support.processes import wait_until

PAUSED_S = 4.0


def test_a_paused_vendor_is_not_written_to_and_what_waits_goes_on_when_it_is_resumed(office: Office) -> None:
    with bad_day(office, "Paused", WITHDRAWN_TOO) as day:
        day.play_until(lambda: day.effects.of("start") >= 2, what="two starts")
        _signoff(office, "pause", "opentext", "--reason", "an upgrade")
        wait_until(lambda: office.rows.vendor("opentext").running == 0, what="the end of what was under way")
        written, told = _writes(office), office.rows.counts()["events"]
        day.play_for(PAUSED_S)
        paused = _writes(office), office.rows.counts()["events"]
        polled = office.requests("opentext", "audit-logs")
        gated = office.rows.vendor("opentext").gated
        _signoff(office, "resume", "opentext")
        figures = day.end()

    assert paused[0] == written
    assert paused[1] > told
    assert polled > 0
    assert gated > 0
    assert (figures.looked_up, figures.lost, figures.repeated) == (0, 0, 0)


def _signoff(office: Office, *words: str) -> None:
    environ = {**os.environ, **office.environ}
    subprocess.run(signoff_command(*words), env=environ, check=True, timeout=30, capture_output=True)


def _writes(office: Office) -> int:
    """How many calls of ours OpenText's history has that could change something."""
    return sum(1 for row in admin(office.urls["opentext"], "GET", "history") if row["actor"] == OUR_USER["opentext"])
