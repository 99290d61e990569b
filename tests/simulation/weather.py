"""What a seed draws: how bad the day is, and every single fault of it.

Each concern draws from a stream of its own, so that a change in one leaves the others of a seed as they were.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from random import Random


@dataclass(frozen=True, kw_only=True)
class Weather:
    """How likely each fault is, wherever it can strike."""

    killed: float = 0.0
    stopped: float = 0.0
    sql_away: float = 0.0
    commit_unanswered: float = 0.0
    message_lost: float = 0.0
    message_doubled: float = 0.0
    message_late: float = 0.0
    notice_lost: float = 0.0
    notice_doubled: float = 0.0
    answer_lost: float = 0.0
    effect_late: float = 0.0
    call_lost: float = 0.0
    throttled: float = 0.0
    refused: float = 0.0
    denied: float = 0.0
    unavailable: float = 0.0


FAIR = Weather()
WORST = Weather(
    killed=0.03,
    stopped=0.03,
    sql_away=0.03,
    commit_unanswered=0.03,
    message_lost=0.3,
    message_doubled=0.4,
    message_late=0.4,
    notice_lost=0.3,
    notice_doubled=0.4,
    answer_lost=0.4,
    effect_late=0.4,
    call_lost=0.3,
    throttled=0.15,
    refused=0.1,
    denied=0.03,
    unavailable=0.2,
)


@dataclass(kw_only=True)
class Chance:
    """The streams of one seed, and the day's weather. `log`: everything that happened, in order."""

    seed: int
    weather: Weather = FAIR
    log: Log = field(default_factory=lambda: Log())  # noqa: PLW0108 - Log stands below.
    _streams: dict[str, Random] = field(default_factory=dict)

    def stream(self, name: str) -> Random:
        """The stream of a concern."""
        if name not in self._streams:
            self._streams[name] = Random(f"{self.seed}/{name}")
        return self._streams[name]

    def strikes(self, fault: str) -> bool:
        """Whether a fault strikes here and now."""
        likely = getattr(self.weather, fault)
        return bool(likely) and self.stream(fault).random() < likely

    def between(self, concern: str, low: float, high: float) -> float:
        """A number between the two."""
        return low + (high - low) * self.stream(concern).random()

    def drawn_weather(self) -> Weather:
        """Each fault is absent on every other day, and as bad as it gets on few."""
        draws = self.stream("weather")
        drawn = {
            each.name: getattr(WORST, each.name) * draws.random() if draws.random() < 0.5 else 0.0
            for each in fields(Weather)
        }
        return replace(FAIR, **drawn)

    def clear_up(self) -> None:
        """No faults from here on."""
        self.weather = FAIR


class Log:
    """What happened, in order; two runs of one seed have the same hash."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, at: datetime, who: str, what: str) -> None:
        """A line."""
        self.lines.append(f"{(at - _EPOCH) / timedelta(milliseconds=1):.0f} {who} {what}")

    def digest(self) -> str:
        """The hash of all lines."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


START = datetime.fromisoformat("2026-01-12T09:00:00+00:00")
_EPOCH = START
