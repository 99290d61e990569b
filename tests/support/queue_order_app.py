"""A worker's app with one task that notes which queue its message came on; real options, real broker."""

from __future__ import annotations

import os

from celery import Celery, Task
from redis import Redis

from config.celery_options import celery_options
from config.settings import load

settings = load(os.environ)
app = Celery("queue-order")
app.config_from_object({**celery_options(settings), "worker_pool": "solo"})


@app.task(name="note", bind=True)
def note(self: Task) -> None:
    """Appends the queue's name to the list `order`."""
    with Redis.from_url(str(settings.broker_url)) as redis:
        redis.rpush("order", self.request.delivery_info["routing_key"])
