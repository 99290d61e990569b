"""What holds the sample, but for the hour at which it opens."""

from __future__ import annotations

from tests.mutants.samples.doors import is_open


def test_it_is_open_at_noon() -> None:
    assert is_open(12) is True


def test_it_is_closed_at_night() -> None:
    assert is_open(3) is False
