"""The way of a pulse: Celery's message to a worker's own queue, and back through what its task writes down."""

from __future__ import annotations

from collections.abc import Mapping

from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from config.celery_options import celery_options, own_queue
from config.settings import Settings
from console.pulse import BACKLOG_MAX, Line
from tasks.pulse import PULSE, last_pulse

_AWAY = (OperationalError, RedisError, OSError)


def open_lines(settings: Settings, queues: Mapping[str, str]) -> Mapping[str, Line]:
    """The way to each worker: role -> queue in, role -> line out."""
    app = Celery("pulse", set_as_current=False)
    app.config_from_object(celery_options(settings))
    app.conf.task_queues = [own_queue(name) for name in queues.values()]
    options = app.conf.broker_transport_options
    redis = Redis.from_url(
        str(settings.broker_url),
        socket_timeout=options["socket_timeout"],
        socket_connect_timeout=options["socket_connect_timeout"],
    )
    return {role: CeleryLine(app, redis, queue) for role, queue in queues.items()}


class CeleryLine:
    """One worker's line."""

    def __init__(self, app: Celery, redis: Redis, queue: str) -> None:
        self._app = app
        self._redis = redis
        self._queue = queue

    def send(self, number: int) -> bool:
        """Put a pulse onto the worker's queue, unless enough wait there. False when the broker does not answer."""
        try:
            if self._redis.llen(self._queue) < BACKLOG_MAX:
                self._app.send_task(PULSE, (self._queue, number), queue=self._queue)
        except _AWAY:
            return False
        return True

    def last(self) -> int | None:
        """The number of the last pulse that the worker wrote down, 0 for none; None when the broker is away."""
        try:
            return last_pulse(self._redis, self._queue)
        except _AWAY:
            return None
