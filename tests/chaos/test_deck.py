"""What a seed draws: always the same, and before long everything."""

from __future__ import annotations

import pytest

from tests.chaos.deck import draw, kinds
from tests.support.databases import BOTH


def test_a_seed_draws_the_same_troubles_each_time() -> None:
    drawn = [[(each.kind, each.what, each.at_s) for each in draw(17, "sqlite")] for _ in range(2)]

    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 8


def test_two_seeds_draw_differently() -> None:
    assert [each.what for each in draw(1, "sqlite")] != [each.what for each in draw(2, "sqlite")]


@pytest.mark.parametrize("database", BOTH)
def test_five_seeds_in_a_row_have_seen_every_kind_of_trouble(database: str) -> None:
    for first in (1, 2, 11):
        seen = {each.kind for seed in range(first, first + 5) for each in draw(seed, database)}
        assert seen == set(kinds(database))


def test_sqlite_has_no_connections_that_could_break() -> None:
    assert set(kinds("postgresql")) - set(kinds("sqlite")) == {"cut database"}


def test_troubles_come_in_order_of_time() -> None:
    times = [each.at_s for each in draw(5, "postgresql")]

    assert times == sorted(times)
