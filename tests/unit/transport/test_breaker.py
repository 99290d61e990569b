"""The breaker's states, on a Redis whose clock stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import redis

from pipeline.transport.breaker import Admission, Breaker, BreakerOptions
from tests.support.server_clock import ServerClock
from tests.support.vendor_parts import away_redis, new_redis

ROUTE = "activities"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ServerClock:
    return ServerClock(monkeypatch)


class Told:
    """What the breaker told when it opened."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, datetime, str]] = []

    def __call__(self, scope: str, until: datetime, reason: str) -> None:
        self.calls.append((scope, until, reason))


@pytest.fixture
def told() -> Told:
    return Told()


def new_breaker(client: redis.Redis | None = None, told: Told | None = None) -> Breaker:
    return Breaker(client or new_redis(), BreakerOptions(vendor="aprimo", failures=3), on_open=told)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.failed(breaker.admit(ROUTE), "503")


def test_calls_pass_while_failures_are_few(clock: ServerClock) -> None:
    breaker = new_breaker()

    fail(breaker, 2)

    assert breaker.admit(ROUTE) == Admission(route=ROUTE, has_failures=True)


def test_the_third_failure_in_a_row_opens_it_and_says_so_once(clock: ServerClock, told: Told) -> None:
    breaker = new_breaker(told=told)

    admissions = [breaker.admit(ROUTE) for _ in range(5)]
    for admission in admissions:
        breaker.failed(admission, "503 on activities")

    assert breaker.admit(ROUTE).wait_s == 30.0
    assert breaker.peek(ROUTE) == 30.0
    until = datetime.fromtimestamp(clock.now, UTC) + timedelta(seconds=30)
    assert told.calls == [("route:aprimo.activities", until, "503 on activities")]


def test_a_success_between_failures_starts_the_count_anew(clock: ServerClock) -> None:
    breaker = new_breaker()

    fail(breaker, 2)
    breaker.succeeded(breaker.admit(ROUTE))
    fail(breaker, 2)

    assert breaker.peek(ROUTE) == 0.0


def test_another_route_goes_on(clock: ServerClock) -> None:
    breaker = new_breaker()

    fail(breaker, 3)

    assert breaker.peek("projects") == 0.0


def test_after_the_wait_one_call_at_a_time_may_try(clock: ServerClock) -> None:
    breaker = new_breaker()
    fail(breaker, 3)
    clock.now += 30

    admissions = [breaker.admit(ROUTE) for _ in range(4)]

    assert [admission.is_probe for admission in admissions] == [True, False, False, False]
    assert [admission.wait_s for admission in admissions] == [0.0, 1.0, 1.0, 1.0]


def test_peeking_does_not_take_the_probe(clock: ServerClock) -> None:
    breaker = new_breaker()
    fail(breaker, 3)
    clock.now += 30

    assert breaker.peek(ROUTE) == 0.0
    assert breaker.admit(ROUTE).is_probe is True


def test_a_probe_that_succeeds_closes_it_for_all(clock: ServerClock) -> None:
    breaker = new_breaker()
    fail(breaker, 3)
    clock.now += 30

    breaker.succeeded(breaker.admit(ROUTE))

    assert breaker.admit(ROUTE) == Admission(route=ROUTE)


def test_a_probe_that_fails_opens_it_again_and_says_so(clock: ServerClock, told: Told) -> None:
    breaker = new_breaker(told=told)
    fail(breaker, 3)
    clock.now += 30

    fail(breaker)

    assert breaker.admit(ROUTE).wait_s == 30.0
    assert len(told.calls) == 2


def test_a_late_success_from_before_it_opened_does_not_close_it(clock: ServerClock) -> None:
    breaker = new_breaker()
    fail(breaker, 1)
    late = breaker.admit(ROUTE)
    fail(breaker, 2)

    breaker.succeeded(late)

    assert breaker.peek(ROUTE) == 30.0


def test_a_probe_that_never_left_is_given_back(clock: ServerClock) -> None:
    breaker = new_breaker()
    fail(breaker, 3)
    clock.now += 30

    breaker.give_back(breaker.admit(ROUTE))

    assert breaker.admit(ROUTE).is_probe is True


def test_a_probe_that_died_makes_way_for_another(clock: ServerClock) -> None:
    breaker = new_breaker()
    fail(breaker, 3)
    clock.now += 30
    breaker.admit(ROUTE)

    clock.now += 30.001

    assert breaker.admit(ROUTE).is_probe is True


def test_old_failures_are_forgotten(clock: ServerClock) -> None:
    breaker = new_breaker()
    fail(breaker, 2)

    clock.now += 151

    assert breaker.admit(ROUTE) == Admission(route=ROUTE)


def test_two_workers_count_together(clock: ServerClock) -> None:
    client = new_redis()
    one, other = new_breaker(client), new_breaker(client)

    fail(one, 2)
    fail(other, 1)

    assert one.peek(ROUTE) == 30.0


def test_a_listener_that_fails_does_not_hide_the_failure_that_opened_it(clock: ServerClock) -> None:
    def broken(*_: object) -> None:
        raise OSError("the database is away")

    breaker = Breaker(new_redis(), BreakerOptions(vendor="aprimo", failures=1), on_open=broken)

    fail(breaker)

    assert breaker.peek(ROUTE) == 30.0


def test_without_redis_calls_pass(clock: ServerClock) -> None:
    breaker = new_breaker(away_redis())

    fail(breaker, 9)
    breaker.succeeded(Admission(route=ROUTE, is_probe=True))
    breaker.give_back(Admission(route=ROUTE, is_probe=True))

    assert breaker.admit(ROUTE) == Admission(route=ROUTE)
