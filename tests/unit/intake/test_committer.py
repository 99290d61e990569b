from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from console.web.committer import Committer, NotStoredError
from pipeline.errors import StoreAwayError
from pipeline.events import Reading
from pipeline.intake import Accepted
from pipeline.ports import Hint
from pipeline.words import EventId, ReceiptVerdict, Step
from tests.support.hook_samples import raw

WITHIN_S = 10.0
HINT = Hint(step=Step.TRANSFORM, lane="standard.aprimo", event_ids=(EventId("ev1"),))


def reading(number: int) -> Reading:
    """One of many."""
    return Reading(raw=raw(str(number).encode()), verdict=ReceiptVerdict.HANDLED)


def accepting(accepted: Accepted) -> Callable[[Sequence[Reading]], Accepted]:
    """A store that always answers the same."""
    return lambda _: accepted


class Slow:
    """A store whose first commit lasts until it is let go; remembers how many each commit took."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.began = threading.Event()
        self.go_on = threading.Event()

    def accept(self, readings: Sequence[Reading]) -> Accepted:
        """Commit a group."""
        self.sizes.append(len(readings))
        self.began.set()
        assert self.go_on.wait(WITHIN_S)
        return Accepted(stored=len(readings))


@contextmanager
def running(committer: Committer) -> Iterator[Committer]:
    """A committer that is stopped at the end."""
    committer.start()
    yield committer
    committer.stop()


async def until_begun(slow: Slow) -> None:
    """Wait without holding the loop."""
    assert await asyncio.to_thread(slow.began.wait, WITHIN_S)


def test_what_comes_during_a_commit_shares_the_next_one() -> None:
    """300 concurrent requests are three commits: the one under way, and two for all that waited meanwhile."""
    slow = Slow()

    async def store_all(committer: Committer) -> None:
        first = asyncio.create_task(committer.store(reading(0)))
        await until_begun(slow)
        others = [asyncio.create_task(committer.store(reading(number))) for number in range(1, 300)]
        await asyncio.sleep(0)  # Every task has put its reading onto the queue.
        slow.go_on.set()
        await asyncio.gather(first, *others)

    with running(Committer(slow.accept, lambda _: None)) as committer:
        asyncio.run(store_all(committer))

    assert slow.sizes == [1, 200, 99]


def test_a_lone_reading_waits_for_nobody() -> None:
    slow = Slow()
    slow.go_on.set()

    with running(Committer(slow.accept, lambda _: None)) as committer:
        asyncio.run(committer.store(reading(0)))

    assert slow.sizes == [1]


def test_nobody_is_answered_before_the_commit() -> None:
    slow = Slow()

    async def is_answered_early(committer: Committer) -> bool:
        answer = asyncio.create_task(committer.store(reading(0)))
        await until_begun(slow)
        is_early = answer.done()
        slow.go_on.set()
        await answer
        return is_early

    with running(Committer(slow.accept, lambda _: None)) as committer:
        assert not asyncio.run(is_answered_early(committer))


def test_a_full_queue_turns_readings_away_at_once() -> None:
    slow = Slow()

    async def store_too_many(committer: Committer) -> None:
        under_way = asyncio.create_task(committer.store(reading(0)))
        await until_begun(slow)
        waiting = [asyncio.create_task(committer.store(reading(number))) for number in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(NotStoredError, match=r"^the intake is full$"):
            await committer.store(reading(3))
        slow.go_on.set()
        await asyncio.gather(under_way, *waiting)

    with running(Committer(slow.accept, lambda _: None, depth=2)) as committer:
        asyncio.run(store_too_many(committer))

    assert slow.sizes == [1, 2]


def test_a_commit_that_takes_too_long_is_no_answer() -> None:
    slow = Slow()

    with running(Committer(slow.accept, lambda _: None, answer_within_s=0.01)) as committer:
        with pytest.raises(NotStoredError, match=r"^SQL is slow$"):
            asyncio.run(committer.store(reading(0)))
        slow.go_on.set()


def test_a_store_that_is_away_is_told_to_all_of_the_group() -> None:
    def away(_: Sequence[Reading]) -> Accepted:
        raise StoreAwayError("no connection")

    with running(Committer(away, lambda _: None)) as committer, pytest.raises(NotStoredError, match=r"^SQL is away$"):
        asyncio.run(committer.store(reading(0)))


def test_an_error_of_ours_ends_neither_thread() -> None:
    answers = iter([RuntimeError("boom"), Accepted(stored=1)])

    def accept(_: Sequence[Reading]) -> Accepted:
        answer = next(answers)
        if isinstance(answer, Accepted):
            return answer
        raise answer

    with running(Committer(accept, lambda _: None)) as committer:
        with pytest.raises(NotStoredError, match=r"^storing failed$"):
            asyncio.run(committer.store(reading(0)))
        asyncio.run(committer.store(reading(1)))


def test_a_reading_that_sql_refuses_is_kept_as_refused() -> None:
    """Its sender could do nothing about it, and would come again until the subscription is switched off."""
    groups: list[list[Reading]] = []

    def accept(readings: Sequence[Reading]) -> Accepted:
        groups.append(list(readings))
        return Accepted(failed={0: "DataError"}) if len(groups) == 1 else Accepted()

    with running(Committer(accept, lambda _: None)) as committer:
        asyncio.run(committer.store(reading(0)))

    kept = groups[1][0]
    assert (kept.verdict, kept.reason, kept.raw.body) == (ReceiptVerdict.REFUSED, "not_storable (DataError)", b"0")


def test_a_reading_that_cannot_even_be_kept_as_refused_is_not_acknowledged() -> None:
    committer = Committer(accepting(Accepted(failed={0: "DataError"})), lambda _: None)

    with running(committer), pytest.raises(NotStoredError, match=r"^SQL refuses it$"):
        asyncio.run(committer.store(reading(0)))


def test_hints_are_published_after_the_commit_from_another_thread() -> None:
    published: list[tuple[str, Sequence[Hint]]] = []

    def publish(hints: Sequence[Hint]) -> None:
        published.append((threading.current_thread().name, hints))

    with running(Committer(accepting(Accepted(hints=(HINT,))), publish)) as committer:
        asyncio.run(committer.store(reading(0)))

    assert published == [("publisher", (HINT,))]


def test_a_queue_that_is_away_is_nobodys_error() -> None:
    """The sweeper finds what was stored; the next hints are published again."""
    tries: list[Sequence[Hint]] = []

    def publish(hints: Sequence[Hint]) -> None:
        tries.append(hints)
        raise ConnectionError("no broker")

    with running(Committer(accepting(Accepted(hints=(HINT,))), publish)) as committer:
        asyncio.run(committer.store(reading(0)))
        asyncio.run(committer.store(reading(1)))

    assert tries == [(HINT,), (HINT,)]


def test_stopping_stores_what_is_waiting_and_takes_nothing_more() -> None:
    slow = Slow()
    committer = Committer(slow.accept, lambda _: None)
    committer.start()

    async def stop_meanwhile() -> None:
        waiting = [asyncio.create_task(committer.store(reading(number))) for number in range(3)]
        await until_begun(slow)
        slow.go_on.set()
        await asyncio.gather(asyncio.to_thread(committer.stop), *waiting)
        with pytest.raises(NotStoredError, match=r"^the intake is stopping$"):
            await committer.store(reading(4))

    asyncio.run(stop_meanwhile())

    assert sum(slow.sizes) == 3
    assert not committer.is_alive
