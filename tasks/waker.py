"""The queue as a port: publish hints as chains, and say how much room there is."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from celery import Celery, Signature, chain, signature
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from pipeline.ports import Hint
from pipeline.words import EventId, Side, Step, Urgency, lane

LANES = tuple(lane(urgency, side) for side in Side for urgency in Urgency)
_STEPS = tuple(Step)
_QUEUE_IS_AWAY = (OperationalError, RedisError, OSError)

log = structlog.get_logger(__name__)


class CeleryWaker:
    """Publishes to Celery's queues. A queue that is away costs a warning: the sweeper publishes again."""

    def __init__(self, app: Celery, redis: Redis) -> None:
        self._app = app
        self._redis = redis

    def wake(self, hints: Sequence[Hint]) -> None:
        """Publish each hint as the chain from its step on, on its lane."""
        if not hints:
            return
        try:
            with self._app.producer_or_acquire() as producer:
                for hint in hints:
                    countdown = hint.wait_s or None
                    self._links(hint).apply_async(countdown=countdown, producer=producer)
        except _QUEUE_IS_AWAY as error:
            log.warning("queue_away", hints=len(hints), error=type(error).__name__)

    def tell_dead(self, event_ids: Sequence[EventId]) -> None:
        """Publish ids of dead events to the queue `dead_letters`."""
        if not event_ids:
            return
        try:
            signature("signoff.tell_dead", args=([*event_ids],), app=self._app).apply_async(queue="dead_letters")
        except _QUEUE_IS_AWAY as error:
            log.warning("queue_away", dead=len(event_ids), error=type(error).__name__)

    def room(self, mark: int) -> int:
        """How many messages the lanes are short of the mark; 0 when the queue is away."""
        try:
            pipe = self._redis.pipeline(transaction=False)
            for name in LANES:
                pipe.llen(name)
            return max(0, mark - sum(int(length) for length in pipe.execute()))
        except _QUEUE_IS_AWAY as error:
            log.warning("queue_away", error=type(error).__name__)
            return 0

    def _links(self, hint: Hint) -> Signature:
        steps = _STEPS[_STEPS.index(hint.step) :]
        first = self._link(steps[0], hint.lane, args=([*hint.event_ids],))
        rest = [self._link(step, hint.lane) for step in steps[1:]]
        return chain(first, *rest) if rest else first

    def _link(self, step: Step, lane_name: str, args: tuple[object, ...] = ()) -> Signature:
        return signature(f"signoff.{step}", args=args, app=self._app).set(queue=lane_name)
