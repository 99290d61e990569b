"""How long the broker's queues are, asked of the broker itself."""

from __future__ import annotations

from collections.abc import Mapping

from redis import Redis
from redis.exceptions import RedisError

from config.celery_options import TIMETABLE_QUEUES
from pipeline.words import Side, Urgency, lane

QUEUES = (*(lane(urgency, side) for side in Side for urgency in Urgency), *TIMETABLE_QUEUES)


def lengths(redis: Redis) -> Mapping[str, int]:
    """Messages per queue; empty when the broker is away."""
    pipe = redis.pipeline(transaction=False)
    for name in QUEUES:
        pipe.llen(name)
    try:
        return dict(zip(QUEUES, map(int, pipe.execute()), strict=True))
    except (RedisError, OSError):
        return {}
