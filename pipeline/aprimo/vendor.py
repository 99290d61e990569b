"""Aprimo as the pipeline sees it: reads by want, commands by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from pipeline.aprimo.client import Client
from pipeline.aprimo.effects import EFFECTS
from pipeline.aprimo.reads import Reads
from pipeline.commands import Command
from pipeline.errors import PipelineError
from pipeline.flows.tenant import FlowWords
from pipeline.plan import Snapshot, Want
from pipeline.ports import Bounds, NotThere, Sent
from pipeline.transport.effects import check_effects
from pipeline.words import EffectKey, Side, Urgency


class AprimoVendor:
    """The `Vendor` port for Aprimo. Thread-safe."""

    side = Side.APRIMO

    def __init__(
        self,
        client: Client,
        words: Mapping[str, FlowWords],
        *,
        wait_s: Callable[[str, Urgency], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """words: each flow's. wait_s: the session's. Raises EffectsMissingError when a kind has no effect."""
        check_effects(EFFECTS, self.side)
        self.client = client
        self._words = words
        self._now = now
        self._wait_s = wait_s

    def read(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        """Read objects, by one search where several of a kind are wanted and it can be searched; each once."""
        return Reads(self.client.reading(), self._words, self._now, wants).read(bounds)

    def send(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent:
        """Check `expects`, then send. Raises the errors of `errors`."""
        return EFFECTS[command.KIND].send(self.client, command, effect_key, bounds)

    def look_up(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
        """Whether the effect took place."""
        return EFFECTS[command.KIND].look_up(self.client, command, effect_key, bounds)

    def wait_s(self, route: str, urgency: Urgency) -> float:
        """Seconds until budget and breaker would let a call leave; 0 now."""
        return self._wait_s(route, urgency)
