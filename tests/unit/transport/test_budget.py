"""The rate budget's bucket, on a Redis whose clock stands still until it is moved."""

from __future__ import annotations

import pytest
import redis

from pipeline.transport.budget import AWAY_WAIT_S, Budget, BudgetOptions
from pipeline.words import Urgency
from tests.support.server_clock import ServerClock
from tests.support.vendor_parts import away_redis, new_redis

STANDARD, EXPRESS = Urgency.STANDARD, Urgency.EXPRESS


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ServerClock:
    return ServerClock(monkeypatch)


def new_budget(
    clock: ServerClock, *, rate: float = 5.0, burst: int = 5, share: float = 0.0, client: redis.Redis | None = None
) -> Budget:
    options = BudgetOptions(tenant="aprimo:acme", rate_per_s=rate, burst=burst, reserved_share=share)
    return Budget(client or new_redis(), options, sleep=clock.sleep, monotonic=clock.monotonic, chance=lambda: 0.0)


def grants(budget: Budget, urgency: Urgency, *, asked: int) -> int:
    return sum(budget.take(urgency, max_wait_s=0.0) == 0.0 for _ in range(asked))


def test_a_full_bucket_grants_its_burst_and_no_more(clock: ServerClock) -> None:
    assert grants(new_budget(clock), STANDARD, asked=20) == 5


def test_a_refused_call_learns_when_the_next_token_comes(clock: ServerClock) -> None:
    budget = new_budget(clock)
    grants(budget, STANDARD, asked=5)

    assert budget.take(STANDARD, max_wait_s=0.0) == 0.2
    assert clock.slept == []


def test_tokens_come_back_at_the_rate(clock: ServerClock) -> None:
    budget = new_budget(clock)
    grants(budget, STANDARD, asked=5)

    clock.now += 0.6

    assert grants(budget, STANDARD, asked=20) == 3


def test_a_bucket_never_holds_more_than_its_burst(clock: ServerClock) -> None:
    budget = new_budget(clock)
    grants(budget, STANDARD, asked=5)

    clock.now += 3600

    assert grants(budget, STANDARD, asked=20) == 5


def test_a_call_waits_inside_for_a_token_that_comes_soon(clock: ServerClock) -> None:
    budget = new_budget(clock)
    grants(budget, STANDARD, asked=5)

    assert budget.take(STANDARD, max_wait_s=1.0) == 0.0
    assert clock.slept == [0.2]


def test_ordinary_work_leaves_the_reserved_share_to_decisions(clock: ServerClock) -> None:
    budget = new_budget(clock, burst=10, share=0.2)

    assert grants(budget, STANDARD, asked=20) == 8
    assert grants(budget, EXPRESS, asked=20) == 2


def test_a_share_as_large_as_the_bucket_still_lets_ordinary_work_through(clock: ServerClock) -> None:
    budget = new_budget(clock, burst=1, share=0.9)

    assert grants(budget, STANDARD, asked=5) == 1


def test_decisions_draw_ahead_in_the_order_they_asked(clock: ServerClock) -> None:
    """Each waits its own time and none asks again, so no decision starves behind another."""
    budget = new_budget(clock, burst=1)
    budget.take(EXPRESS, max_wait_s=0.0)

    waits = []
    for _ in range(3):
        before = clock.now
        assert budget.take(EXPRESS, max_wait_s=1.0) == 0.0
        waits.append(round(clock.now - before, 3))
        clock.now = before

    assert waits == [0.2, 0.4, 0.6]


def test_peeking_takes_nothing(clock: ServerClock) -> None:
    budget = new_budget(clock, burst=1)

    assert [budget.peek(STANDARD) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert budget.take(STANDARD, max_wait_s=0.0) == 0.0
    assert budget.peek(STANDARD) == 0.2


def test_a_429_halves_the_rate(clock: ServerClock) -> None:
    budget = new_budget(clock, rate=100.0, burst=1000)
    budget.slow_down(None)

    clock.now += 1

    assert grants(budget, STANDARD, asked=60) == 50  # And 0.4 more, for it climbs already.


def test_a_halved_rate_climbs_back_within_a_minute(clock: ServerClock) -> None:
    budget = new_budget(clock, rate=1.0, burst=1000)
    budget.slow_down(None)

    granted = []
    for _ in range(4):
        clock.now += 30
        granted.append(grants(budget, STANDARD, asked=40))

    # From a half to three quarters, on to all of it: the area under a line that climbs for a minute.
    assert granted == [18, 27, 30, 30]


def test_calls_that_are_refused_together_halve_the_rate_once(clock: ServerClock) -> None:
    budget = new_budget(clock, rate=100.0, burst=1000)
    for _ in range(8):
        budget.slow_down(None)

    clock.now += 1

    assert grants(budget, STANDARD, asked=60) == 50


def test_429s_that_go_on_leave_an_eighth_of_the_rate(clock: ServerClock) -> None:
    budget = new_budget(clock, rate=100.0, burst=1000)
    for _ in range(9):
        budget.slow_down(None)
        clock.now += 5.1
    budget.slow_down(None)
    clock.now += 1

    # From an eighth it climbs by a 120th every second.
    assert grants(budget, STANDARD, asked=60) == 12


def test_decisions_without_end_leave_ordinary_work_a_tenth_of_the_rate(clock: ServerClock) -> None:
    budget = new_budget(clock, rate=8.0, burst=8, share=0.2)
    grants(budget, EXPRESS, asked=8)
    ordinary = decisions = 0
    for _ in range(100):
        clock.now += 0.125
        decisions += grants(budget, EXPRESS, asked=2)
        ordinary += grants(budget, STANDARD, asked=1)

    assert (ordinary, decisions) == (9, 90)


def test_decisions_alone_get_all_of_the_rate(clock: ServerClock) -> None:
    budget = new_budget(clock, rate=8.0, burst=8, share=0.2)
    grants(budget, EXPRESS, asked=8)
    decisions = 0
    for _ in range(100):
        clock.now += 0.125
        decisions += grants(budget, EXPRESS, asked=2)

    assert decisions == 100


def test_what_was_kept_for_ordinary_work_that_does_not_come_back_goes_to_decisions(clock: ServerClock) -> None:
    budget = new_budget(clock, rate=10.0, burst=10)
    grants(budget, EXPRESS, asked=10)
    assert budget.take(STANDARD, max_wait_s=0.0) == 0.1

    clock.now += 1.0
    before = grants(budget, EXPRESS, asked=20)
    clock.now += 1.2
    after = grants(budget, EXPRESS, asked=20)

    assert (before, after) == (9, 10)


def test_nothing_leaves_for_as_long_as_the_vendor_said(clock: ServerClock) -> None:
    budget = new_budget(clock)
    budget.slow_down(7.5)

    assert budget.take(EXPRESS, max_wait_s=1.0) == 7.5
    assert budget.peek(STANDARD) == 7.5
    clock.now += 7.5
    assert budget.take(EXPRESS, max_wait_s=0.0) == 0.0


def test_two_workers_share_one_bucket(clock: ServerClock) -> None:
    client = new_redis()
    one, other = new_budget(clock, client=client), new_budget(clock, client=client)

    assert grants(one, STANDARD, asked=3) + grants(other, STANDARD, asked=10) == 5


def test_a_clock_that_was_set_back_grants_nothing_extra(clock: ServerClock) -> None:
    budget = new_budget(clock)
    grants(budget, STANDARD, asked=5)

    clock.now -= 3600

    assert grants(budget, STANDARD, asked=5) == 0


def test_an_idle_bucket_leaves_redis(clock: ServerClock) -> None:
    client = new_redis()
    budget = new_budget(clock, client=client)
    budget.take(STANDARD, max_wait_s=0.0)

    clock.now += 120

    assert client.keys() == []


def test_without_redis_nothing_leaves(clock: ServerClock) -> None:
    budget = new_budget(clock, client=away_redis())

    assert budget.take(EXPRESS, max_wait_s=1.0) == AWAY_WAIT_S
    assert budget.peek(STANDARD) == AWAY_WAIT_S
    budget.slow_down(5.0)
