"""What goes wrong on our own side: processes end or sleep, the queue forgets and shuffles, connections break."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import create_engine, text

from console.demo_http import admin
from pipeline.failpoints import Point
from pipeline.ports import Hint
from pipeline.words import EventId, Step
from tests.chaos.scene import LANES, Scene, patiently
from tests.chaos.strikes import Action, Order
from tests.chaos.trouble import Met, Trouble
from tests.support.bad_days_office import LEASE_S, parent_of

_SELDOM = {
    Point.REPLAY_IN_COMMIT,
    Point.REPLAY_AFTER_COMMIT,
    Point.LOOK_UP_BEFORE,
    Point.LOOK_UP_DURING,
    Point.LOOK_UP_AFTER,
    Point.SWEEP_AFTER_COMMIT,
}
"""Places that a seed may never pass; tests/faults/test_failpoints.py sees to them."""
PLACES = tuple(point for point in Point if point not in _SELDOM)
_ROLES = ("web", "scheduler", "broker", "worker-aprimo", "worker-opentext", "worker-timetable")
_TOLD_AGAIN = 3
_LATEST = text(
    "select events.id, lines.lane from events join lines on lines.key = events.line_key where lines.lane <> ''"
    " order by case when events.state in ('accepted', 'planned', 'carried') then 0 else 1 end,"
    " events.accepted_at desc limit 20"
)
_CUT_SQL = text(
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()"
)


def kill(chance: random.Random) -> Trouble:
    """`kill -9` at a failpoint, of the process that carries or of its whole worker."""
    point = chance.choice(PLACES)
    is_step = not point.startswith("accept")
    action = chance.choice([Action.KILL, Action.KILL, Action.KILL_WORKER]) if is_step else Action.KILL

    def strike(scene: Scene) -> Met:
        before = len(scene.orders.struck())
        scene.orders.give(Order(point=point, action=action))
        struck = scene.wait_for(lambda: scene.orders.struck()[before:], what=f"a process that comes to {point}")
        return Met(hits=1, facts={"pid": next(each.pid for each in struck if each.order.point == point)})

    return Trouble(kind="kill", what=f"{action} at {point}", at_s=chance.uniform(0.0, 3.0), act=strike)


def crash(chance: random.Random) -> Trouble:
    """`kill -9` of a role at any moment."""
    role = chance.choice(_ROLES)

    def end(scene: Scene) -> Met:
        pid = scene.wait_for(lambda: scene.office.running.pid(role), what=f"a process of {role}")
        os.kill(pid, signal.SIGKILL)
        scene.wait_for(lambda: scene.office.running.pid(role) not in {pid, None}, what=f"a new {role}")
        scene.wait_for(lambda: scene.office.running.is_ready(role), what=f"the new {role} to be ready")
        return Met(hits=1, facts={"role": role})

    return Trouble(kind="crash", what=f"kill -9 of {role}", at_s=chance.uniform(0.5, 6.0), act=end)


def stop(chance: random.Random) -> Trouble:
    """SIGSTOP past the lease of a process that holds one, then SIGCONT: a zombie."""

    def sleep(scene: Scene) -> Met:
        held = patiently(scene.office.rows.any_holder)
        pid = held or scene.wait_for(lambda: patiently(scene.office.rows.any_holder), what="a process with a lease")
        worker = parent_of(pid)
        scene.office.freeze(pid, worker)
        time.sleep(LEASE_S + 1.0)
        scene.office.thaw(pid)
        time.sleep(0.5)
        scene.office.thaw(worker)
        return Met(hits=1, facts={"pid": pid})

    return Trouble(kind="stop", what="a worker sleeps past its lease", at_s=chance.uniform(0.5, 4.0), act=sleep)


def wipe(chance: random.Random) -> Trouble:
    """FLUSHALL in mid-flight."""

    def flush(scene: Scene) -> Met:
        scene.wait_for(lambda: of_broker(scene.redis.flushall), what="a broker to wipe")
        return Met(hits=1)

    return Trouble(kind="wipe", what="the broker forgets everything", at_s=chance.uniform(0.5, 6.0), act=flush)


def away(chance: random.Random) -> Trouble:
    """The broker is down for a while."""
    for_s = chance.uniform(0.5, 3.0)

    def halt(scene: Scene) -> Met:
        scene.office.running.halt("broker")
        time.sleep(for_s)
        scene.office.running.resume("broker")
        return Met(hits=1, facts={"role": "broker"})

    return Trouble(kind="broker away", what=f"for {for_s:.1f} s", at_s=chance.uniform(0.5, 6.0), act=halt)


def cut_broker(chance: random.Random) -> Trouble:
    """Every connection to the broker breaks."""

    def cut(scene: Scene) -> Met:
        ended = partial(scene.redis.client_kill_filter, _type="normal", skipme=True)
        return Met(hits=scene.wait_for(lambda: of_broker(ended), what="connections to cut"))

    return Trouble(kind="cut broker", what="its connections break", at_s=chance.uniform(0.5, 6.0), act=cut)


def cut_sql(chance: random.Random) -> Trouble:
    """Every connection to PostgreSQL breaks."""

    def cut(scene: Scene) -> Met:
        engine = create_engine(scene.office.running.settings.database_url)
        with engine.connect() as connection:
            hits = len(connection.execute(_CUT_SQL).all())
        engine.dispose()
        return Met(hits=hits)

    return Trouble(kind="cut database", what="its connections break", at_s=chance.uniform(0.5, 6.0), act=cut)


def lose(chance: random.Random) -> Trouble:
    """Messages are popped and never seen again."""

    def pop(scene: Scene) -> Met:
        lost = scene.wait_for(lambda: _popped(scene), what="a message to lose", every_s=0.005)
        return Met(hits=lost)

    return Trouble(kind="lost message", what="messages vanish", at_s=chance.uniform(0.0, 4.0), act=pop)


def duplicate(chance: random.Random) -> Trouble:
    """Aprimo tells everything twice, and the queue holds what is under way several times, for every step."""

    def double(scene: Scene) -> Met:
        admin(scene.urls["aprimo"], "PUT", "webhooks", {"duplicate_share": 1.0})
        told = scene.wait_for(lambda: tell_again(scene, _TOLD_AGAIN), what="an event to tell again")
        return Met(hits=told)

    return Trouble(kind="duplicate", what="everything is told again", at_s=chance.uniform(0.0, 4.0), act=double)


def reorder(chance: random.Random) -> Trouble:
    """Aprimo tells out of order, and the queue is shuffled."""
    seed = chance.random()

    def shuffle(scene: Scene) -> Met:
        admin(scene.urls["aprimo"], "PUT", "webhooks", {"reorder_share": 0.7})
        shuffled = scene.wait_for(lambda: _shuffled(scene, random.Random(seed)), what="two messages to change places")
        return Met(hits=shuffled)

    return Trouble(kind="reorder", what="the queue is shuffled", at_s=chance.uniform(0.0, 3.0), act=shuffle)


def tell_again(scene: Scene, times: int) -> int:
    """Publish events again so many times, for each step: open ones first, then the latest.

    Gives the number of messages that workers get of it: a chain has one for each of its steps.
    """
    engine = create_engine(scene.office.running.settings.database_url)
    with engine.connect() as connection:
        rows = patiently(lambda: connection.execute(_LATEST).all())
    engine.dispose()
    hints = [Hint(step=step, lane=row.lane, event_ids=(EventId(row.id),)) for row in rows for step in Step]
    scene.waker.wake(hints * times)
    return len(rows) * times * sum(range(1, len(Step) + 1))


def of_broker(ask: Callable[[], Any]) -> int:
    """What the broker answers as a number; 0 while it is away."""
    try:
        return int(ask())
    except RedisError:
        return 0


def _popped(scene: Scene) -> int:
    pipe = scene.redis.pipeline()
    for lane in LANES:
        pipe.llen(lane)
        pipe.delete(lane)
    return of_broker(lambda: sum(map(int, pipe.execute()[::2])))


def _shuffled(scene: Scene, chance: random.Random) -> int:
    """Shuffle every lane; gives the number of messages in those that held at least two."""
    return sum(of_broker(partial(_shuffle, scene.redis, lane, chance)) for lane in LANES)


def _shuffle(redis: Redis, lane: str, chance: random.Random) -> int:
    pipe = redis.pipeline()
    pipe.lrange(lane, 0, -1)
    pipe.delete(lane)
    found: list[bytes] = pipe.execute()[0]
    if found:
        redis.rpush(lane, *chance.sample(found, len(found)))
    return len(found) if len(found) > 1 else 0
