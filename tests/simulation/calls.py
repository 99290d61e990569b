"""Carry's threads as tasks of the simulation: the calls of a batch run side by side, in an order the seed draws."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Self
from unittest import mock

from pipeline import carry as carrying
from tests.simulation.baton import Baton


class SimulatedPool:
    """What carry asks of a ThreadPoolExecutor. Leaving it waits for its calls, unless their process is dead."""

    baton: Baton

    def __init__(self, max_workers: int, thread_name_prefix: str = "") -> None:
        del max_workers
        self._name = thread_name_prefix
        self._calls: list[Future[Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        while kind is None and not all(call.done() for call in self._calls):
            self.baton.park()

    def submit(self, work: Callable[..., Any], *args: object) -> Future[Any]:
        """Begin a call beside the step."""
        step = self.baton.running()
        call: Future[Any] = Future()

        def make() -> None:
            call.set_result(work(*args))
            self.baton.wake(step)

        self._calls.append(call)
        self.baton.spawn(f"{step.name}/{self._name}", make, step.process)
        return call


def wait(calls: Collection[Future[Any]], **_: object) -> tuple[list[Future[Any]], list[Future[Any]]]:
    """Stand still until a call has ended; gives the ended ones in their order, and the others."""
    while not any(call.done() for call in calls):
        SimulatedPool.baton.park()
    return [call for call in calls if call.done()], [call for call in calls if not call.done()]


@contextmanager
def simulated_calls(baton: Baton) -> Iterator[None]:
    """Let carry make its calls in the simulation."""
    SimulatedPool.baton = baton
    with mock.patch.multiple(carrying, ThreadPoolExecutor=SimulatedPool, wait=wait):
        yield
