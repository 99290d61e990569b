"""Group commit: one thread stores what many requests brought, another publishes the hints afterwards.

A commit on disk takes as long for two hundred inputs as for one. So requests put their reading on a queue, the
committer takes whatever is there without waiting for more, and answers all of them after the one commit. Publishing
is off that path: when the queue is away the sweeper finds what was stored.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from queue import Empty, Full, Queue
from typing import Any, TypeAlias

import structlog

from pipeline import intake
from pipeline.errors import StoreAwayError
from pipeline.events import Reading
from pipeline.intake import Accepted
from pipeline.ports import Hint

log = structlog.get_logger(__name__)

GROUP_MAX = 200
DEPTH = 500
"""Readings that may wait for a commit; each holds its body in memory."""
ANSWER_WITHIN_S = 20.0
"""Aprimo waits 30 s for an answer; a later one only costs us a failure of the subscription."""
STOP_WITHIN_S = 10.0

Accept: TypeAlias = Callable[[Sequence[Reading]], Accepted]
Publish: TypeAlias = Callable[[Sequence[Hint]], None]
_Waiting: TypeAlias = "tuple[Reading, Future[None]]"


class NotStoredError(Exception):
    """The reading is not (certainly) stored: the sender must come again."""


class Committer:
    """Takes readings from the event loop's tasks and stores them in groups, from a thread of its own."""

    def __init__(
        self,
        accept: Accept,
        publish: Publish,
        *,
        depth: int = DEPTH,
        group_max: int = GROUP_MAX,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._accept = accept
        self._publish = publish
        self._group_max = group_max
        self._answer_within_s = answer_within_s
        self._readings: Queue[_Waiting | None] = Queue(maxsize=depth)
        self._hints: Queue[tuple[Hint, ...] | None] = Queue(maxsize=depth)
        self._threads = (
            threading.Thread(target=self._commit_all, name="committer", daemon=True),
            threading.Thread(target=self._publish_all, name="publisher", daemon=True),
        )
        self._is_open = False

    def start(self) -> None:
        """Start both threads; once."""
        for thread in self._threads:
            thread.start()
        self._is_open = True

    def stop(self) -> None:
        """Store and publish what is waiting, then end both threads; bounded, because SQL may be away."""
        self._is_open = False
        _end(self._readings, self._threads[0])
        _end(self._hints, self._threads[1])

    @property
    def is_alive(self) -> bool:
        """Whether readings are being taken."""
        return self._is_open and self._threads[0].is_alive()

    async def store(self, reading: Reading) -> None:
        """Return once the reading is committed. Raises NotStoredError when it is not, or not in time."""
        if not self._is_open:
            raise NotStoredError("the intake is stopping")
        future: Future[None] = Future()
        try:
            self._readings.put_nowait((reading, future))
        except Full as err:
            raise NotStoredError("the intake is full") from err
        try:
            async with asyncio.timeout(self._answer_within_s):
                await asyncio.wrap_future(future)
        except TimeoutError as err:
            raise NotStoredError("SQL is slow") from err

    def _commit_all(self) -> None:
        while (first := self._readings.get()) is not None:
            group, is_last = self._group(first)
            self._commit(group)
            if is_last:
                return

    def _group(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """What is waiting now, and whether the end was reached."""
        group = [first]
        while len(group) < self._group_max:
            try:
                waiting = self._readings.get_nowait()
            except Empty:
                return group, False
            if waiting is None:
                return group, True
            group.append(waiting)
        return group, False

    def _commit(self, group: Sequence[_Waiting]) -> None:
        """Store a group; each of its requests learns what became of its own reading."""
        try:
            accepted = self._accept([reading for reading, _ in group])
            failed = self._kept_as_refused(group, accepted.failed)
        except StoreAwayError as err:
            log.warning("intake_store_away", readings=len(group), reason=str(err))
            _answer_all(group, NotStoredError("SQL is away"))
            return
        except Exception:
            log.exception("intake_failed", readings=len(group))
            _answer_all(group, NotStoredError("storing failed"))
            return
        for index, (_, future) in enumerate(group):
            _answer(future, NotStoredError("SQL refuses it") if index in failed else None)
        self._hand_on(accepted.hints)

    def _kept_as_refused(self, group: Sequence[_Waiting], failed: Mapping[int, str]) -> frozenset[int]:
        """Inputs that SQL would not take are kept as refused ones: sending them again would not help their sender.

        Returns what could not even be kept so.
        """
        if not failed:
            return frozenset()
        refused = [intake.not_storable(group[index][0], why) for index, why in failed.items()]
        log.error(
            "intake_not_storable",
            readings=len(refused),
            sources=sorted({each.raw.source for each in refused}),
            errors=sorted(set(failed.values())),
        )
        again = self._accept(refused)
        return frozenset(list(failed)[index] for index in again.failed)

    def _hand_on(self, hints: tuple[Hint, ...]) -> None:
        if not hints:
            return
        try:
            self._hints.put_nowait(hints)
        except Full:
            log.warning("intake_hints_dropped", hints=len(hints))  # The sweeper finds the lines.

    def _publish_all(self) -> None:
        while (hints := self._hints.get()) is not None:
            try:
                self._publish(hints)
            except Exception:  # Hints are economy: whatever fails here, the sweeper mends it.
                log.warning("intake_publish_failed", hints=len(hints), exc_info=True)


def _end(queue: Queue[Any], thread: threading.Thread) -> None:
    """Let a thread come to the end of its queue."""
    try:
        queue.put(None, timeout=STOP_WITHIN_S)
    except Full:
        return
    thread.join(STOP_WITHIN_S)


def _answer_all(group: Sequence[_Waiting], error: Exception) -> None:
    for _, future in group:
        _answer(future, error)


def _answer(future: Future[None], error: Exception | None) -> None:
    """Tell the request; it may have gone away (a closed connection, an answer that took too long)."""
    if future.cancelled():
        return
    try:
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
    except InvalidStateError:
        return
