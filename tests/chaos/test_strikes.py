"""Orders for failpoints: given as files, carried out once, noted before the deed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.failpoints import Point
from tests.chaos.strikes import Action, Order, Orders, StruckError, striker

PASSES_BY = """
import sys
from pathlib import Path
from pipeline.failpoints import Point
from tests.chaos.strikes import striker
striker(Path(sys.argv[1]))(Point.SEND_BEFORE, ())
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def orders(tmp_path: Path) -> Orders:
    return Orders(tmp_path)


def test_an_order_is_carried_out_once_and_at_its_own_place(orders: Orders) -> None:
    strike = striker(orders.folder)
    order = Order(point=Point.SEND_BEFORE, action=Action.RAISE)
    orders.give(order)

    strike(Point.SEND_AFTER, ())
    with pytest.raises(StruckError, match=r"struck at send\.before"):
        strike(Point.SEND_BEFORE, ("pm.set_fields",))
    strike(Point.SEND_BEFORE, ("pm.set_fields",))

    (struck,) = orders.struck()
    assert (struck.order, struck.pid, struck.kinds) == (order, os.getpid(), ("pm.set_fields",))


def test_an_order_for_one_kind_of_command_spares_the_others(orders: Orders) -> None:
    strike = striker(orders.folder)
    orders.give(Order(point=Point.CARRY_AFTER_INTENT, action=Action.RAISE, kind="ot.start_process"))

    strike(Point.CARRY_AFTER_INTENT, ("pm.set_fields",))
    with pytest.raises(StruckError):
        strike(Point.CARRY_AFTER_INTENT, ("pm.set_fields", "ot.start_process"))


def test_an_order_that_is_left_to_chance_lets_many_pass(orders: Orders) -> None:
    strike = striker(orders.folder)
    orders.give(Order(point=Point.SEND_BEFORE, action=Action.RAISE, share=0.1, seed=3))

    for _ in range(20):  # So it is with this seed, each time.
        strike(Point.SEND_BEFORE, ())
    with pytest.raises(StruckError):
        strike(Point.SEND_BEFORE, ())


def test_what_nobody_came_by_for_can_be_withdrawn(orders: Orders) -> None:
    strike = striker(orders.folder)
    orders.give(Order(point=Point.SEND_BEFORE, action=Action.RAISE))

    assert orders.withdraw() == [Point.SEND_BEFORE]
    strike(Point.SEND_BEFORE, ())
    assert orders.struck() == []


def test_a_sleeper_goes_on_afterwards(orders: Orders) -> None:
    orders.give(Order(point=Point.SEND_BEFORE, action=Action.SLEEP, sleep_s=0.05))
    began = time.monotonic()

    striker(orders.folder)(Point.SEND_BEFORE, ())

    assert time.monotonic() - began >= 0.05


def test_a_killed_process_is_gone_and_noted(orders: Orders) -> None:
    orders.give(Order(point=Point.SEND_BEFORE, action=Action.KILL))

    ended = subprocess.run([sys.executable, "-c", PASSES_BY, orders.folder], cwd=ROOT, check=False)

    assert ended.returncode == -signal.SIGKILL
    assert [each.order.point for each in orders.struck()] == [Point.SEND_BEFORE]
