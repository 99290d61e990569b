"""A worker's pulse: that a message went through its own queue and a process of its own is written down.

Imports nothing of ours: the supervisor sends pulses and reads what became of them.
"""

from __future__ import annotations

from redis import Redis

PULSE = "signoff.pulse"
KEPT_S = 86_400


def write_down(redis: Redis, queue: str, number: int) -> None:
    """The worker of this queue has worked a pulse off."""
    redis.set(_key(queue), number, ex=KEPT_S)


def last_pulse(redis: Redis, queue: str) -> int:
    """The number of the last pulse that was worked off, 0 for none. Raises RedisError."""
    written = redis.get(_key(queue))
    return int(written) if isinstance(written, bytes) else 0


def _key(queue: str) -> str:
    return f"signoff:{queue}"
