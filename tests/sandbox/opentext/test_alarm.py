"""Sleeping until a time that may come nearer: no clock is asked meanwhile, and nobody oversleeps."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sandbox.kit.alarm import Alarm
from tests.support.opentext_caller import OpenTextCaller, soon
from tests.support.small_models import TIMED

HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


async def _sleeping(alarm: Alarm, until: datetime | None) -> asyncio.Task[None]:
    sleeper = asyncio.create_task(alarm.sleep(until))
    await asyncio.sleep(0)
    assert not sleeper.done()
    return sleeper


def test_an_earlier_time_wakes_a_sleeper_whatever_time_it_had() -> None:
    async def story() -> None:
        alarm = Alarm(now)
        for until in (now() + HOUR, None):
            sleeper = await _sleeping(alarm, until)
            alarm.set(now())
            await asyncio.wait_for(sleeper, timeout=5)

    asyncio.run(story())


def test_a_later_time_lets_a_sleeper_sleep() -> None:
    async def story() -> None:
        alarm = Alarm(now)
        sleeper = await _sleeping(alarm, now() + HOUR)
        alarm.set(now() + 2 * HOUR)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not sleeper.done()
        sleeper.cancel()

    asyncio.run(story())


def test_a_sleeper_wakes_at_its_time_though_nothing_is_set() -> None:
    alarm = Alarm(now)
    asyncio.run(asyncio.wait_for(alarm.sleep(now() + timedelta(seconds=0.01)), timeout=5))


def test_what_was_set_while_nobody_slept_ends_the_next_sleep_and_no_other() -> None:
    async def story() -> None:
        alarm = Alarm(now)
        alarm.set(now())
        await asyncio.wait_for(alarm.sleep(now() + HOUR), timeout=5)
        (await _sleeping(alarm, now() + HOUR)).cancel()

    asyncio.run(story())


def test_a_timer_that_begins_while_no_other_runs_fires(opentext: OpenTextCaller) -> None:
    opentext.sandbox("PUT", "people", {"rules": [], "pace": 36_000})
    opentext.deploy(TIMED)
    timed = opentext.workflow("POST", "process-instances", {"processDefinitionKey": "timed"}).json()["id"]

    soon(lambda: "lead" in opentext.tasks(timed))


def test_who_is_told_what_to_do_while_nobody_waits_does_it(opentext: OpenTextCaller) -> None:
    rule = {"when": {"task": "legal"}, "who": "legal.one@example.test", "after_s": 360, "outcome": "approved"}
    opentext.sandbox("PUT", "people", {"rules": [rule], "pace": 3600})
    instance = opentext.begin()

    soon(lambda: "legal" not in opentext.tasks(instance))
