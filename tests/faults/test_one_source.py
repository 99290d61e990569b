"""Either way of hearing of changes is enough alone: the pollers without webhooks, the webhooks without pollers.

In the ordinary suite each flow shows that over HTTP, in one process (tests/acceptance).
"""

from __future__ import annotations

import pytest

from tests.support.bad_days import SHORT, WITHDRAWN_TOO, bad_day
from tests.support.bad_days_office import Office

pytestmark = pytest.mark.long

AUDIT = "audit-logs"


def test_the_pollers_alone_carry_briefs_from_end_to_end(office: Office) -> None:
    """The web app is down: no webhook and no call-back arrives."""
    with bad_day(office, "Pollers alone", SHORT) as day:
        office.running.halt("web")
        day.end()


def test_the_webhooks_alone_carry_briefs_from_end_to_end(office: Office) -> None:
    with bad_day(office, "Webhooks alone", WITHDRAWN_TOO) as day, office.scheduler_without_polls():
        polled = office.requests("opentext", AUDIT)
        figures = day.end()
        assert office.requests("opentext", AUDIT) == polled

    assert (figures.looked_up, figures.lost, figures.repeated) == (0, 0, 0)
