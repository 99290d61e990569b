"""Backoff: doubling, capped, with full jitter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.backoff import RetryPolicy, backoff_s

ATTEMPTS = st.integers(min_value=1, max_value=10_000)


@pytest.mark.parametrize(
    ("attempt", "wait_s"), [(1, 2.0), (2, 4.0), (3, 8.0), (9, 512.0), (10, 900.0), (5000, 900.0)]
)
def test_waits_double_up_to_fifteen_minutes(attempt: int, wait_s: float) -> None:
    assert backoff_s(attempt) == wait_s


@pytest.mark.parametrize("attempt", [0, -1])
def test_attempts_count_from_one(attempt: int) -> None:
    with pytest.raises(ValueError, match="attempts count from 1"):
        backoff_s(attempt)


@given(ATTEMPTS)
def test_a_later_attempt_never_waits_less(attempt: int) -> None:
    assert backoff_s(attempt) <= backoff_s(attempt + 1) <= 900.0


@given(ATTEMPTS, st.floats(min_value=0.0, max_value=1.0, exclude_max=True))
def test_jitter_stays_between_nothing_and_the_whole_wait(failures: int, chance: float) -> None:
    wait_s = RetryPolicy().wait_s(failures, chance=chance)

    assert 0.0 <= wait_s < backoff_s(failures)


def test_a_wait_before_any_failure_is_that_of_the_first() -> None:
    assert RetryPolicy().wait_s(0, chance=0.5) == 1.0


@given(st.integers(min_value=1, max_value=20), st.integers(min_value=0, max_value=40))
def test_tries_are_spent_at_the_last_one_allowed(tries: int, failures: int) -> None:
    assert RetryPolicy(tries=tries).is_spent(failures) is (failures >= tries)


def test_eight_failures_are_the_last_unless_told_otherwise() -> None:
    policy = RetryPolicy()

    assert [policy.is_spent(failures) for failures in (7, 8)] == [False, True]


def test_a_policy_waits_from_its_own_base_to_its_own_cap() -> None:
    policy = RetryPolicy(base_s=3.0, cap_s=10.0)

    assert [policy.wait_s(failures, chance=0.5) for failures in (1, 2, 3)] == [1.5, 3.0, 5.0]
