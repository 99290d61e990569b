"""Sleeping until a time that may come nearer: no clock is asked meanwhile, and nobody oversleeps."""

from __future__ import annotations

import asyncio

from sandbox.kit.alarm import Alarm

HOUR_S = 3600.0


async def _woken_after(alarm: Alarm, seconds: float | None) -> None:
    sleeper = asyncio.create_task(alarm.sleep(seconds))
    await asyncio.sleep(0)
    assert not sleeper.done()
    alarm.ring()
    await asyncio.wait_for(sleeper, timeout=5)


def test_a_sleeper_wakes_when_it_rings_whatever_time_it_had() -> None:
    async def story() -> None:
        alarm = Alarm()
        await _woken_after(alarm, HOUR_S)
        await _woken_after(alarm, None)

    asyncio.run(story())


def test_a_sleeper_wakes_at_its_time_though_nothing_rings() -> None:
    asyncio.run(asyncio.wait_for(Alarm().sleep(0.01), timeout=5))


def test_what_rang_while_nobody_slept_ends_the_next_sleep_and_no_other() -> None:
    async def story() -> None:
        alarm = Alarm()
        alarm.ring()
        await asyncio.wait_for(alarm.sleep(HOUR_S), timeout=5)
        await _woken_after(alarm, HOUR_S)

    asyncio.run(story())
