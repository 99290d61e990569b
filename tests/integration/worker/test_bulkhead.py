"""Places of a worker's processes in which they may wait for the other vendor: real processes, forked from one."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from tasks.bulkhead import PATIENCE_S, Bulkhead

SOON_S = 10.0


def _stay(bulkhead: Bulkhead, told: Connection) -> None:
    with bulkhead.place() as is_free:
        told.send(is_free)
        told.recv()


@contextmanager
def staying(bulkhead: Bulkhead) -> Iterator[tuple[bool, Connection]]:
    """Another process that asks for a place and stays; whether it got one. It is killed at the end."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    process = fork.Process(target=_stay, args=(bulkhead, theirs))
    process.start()
    try:
        assert ours.poll(SOON_S)
        yield ours.recv(), ours
    finally:
        process.kill()
        process.join()


def is_free(bulkhead: Bulkhead) -> bool:
    with bulkhead.place() as found:
        return found


def test_no_more_processes_than_places_wait_and_who_is_too_many_soon_does_something_else() -> None:
    bulkhead = Bulkhead(2)
    with staying(bulkhead) as (first, _), staying(bulkhead) as (second, _):
        began = time.monotonic()
        assert (first, second, is_free(bulkhead)) == (True, True, False)
        assert time.monotonic() - began < PATIENCE_S + SOON_S


def test_a_place_is_given_back_by_whoever_leaves_and_by_whoever_is_killed() -> None:
    bulkhead = Bulkhead(1)
    with staying(bulkhead) as (has_it, _):
        assert has_it
        assert not is_free(bulkhead)

    assert is_free(bulkhead)
    assert is_free(bulkhead)


def test_a_place_that_is_given_back_in_a_moment_is_waited_for() -> None:
    """Two steps that meet while both vendors answer quickly: neither is put off."""
    now = [100.0]
    bulkhead = Bulkhead(1, monotonic=lambda: now[0])
    with staying(bulkhead) as (_, other):
        other.send("leave")
        assert is_free(bulkhead)
