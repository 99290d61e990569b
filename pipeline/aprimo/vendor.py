"""Aprimo as the pipeline sees it: reads by want, commands by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from pipeline.aprimo import translate
from pipeline.aprimo.client import Client
from pipeline.aprimo.effects import EFFECTS
from pipeline.aprimo.schemas import ObjectRow
from pipeline.commands import Command
from pipeline.errors import PermanentError, PipelineError
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
        self._wait_s = wait_s
        self._now = now

    def read(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        """Read activities by one search where several are wanted, projects one by one; each its own outcome."""
        activities = [want for want in wants if want.kind == "activity"]
        outcomes = self._read_activities(activities, bounds)
        for want in wants:
            if want.kind != "activity":
                outcomes[want] = self._one(want, self._read_other, bounds)
        return outcomes

    def send(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent:
        """Check `expects`, then send. Raises the errors of `errors`."""
        return EFFECTS[command.KIND].send(self.client, command, effect_key, bounds)

    def look_up(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
        """Whether the effect took place."""
        return EFFECTS[command.KIND].look_up(self.client, command, effect_key, bounds)

    def wait_s(self, route: str, urgency: Urgency) -> float:
        """Seconds until budget and breaker would let a call leave; 0 now."""
        return self._wait_s(route, urgency)

    # ---- reading -------------------------------------------------------------------------------------------------

    def _read_activities(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        ids = sorted({int(want.object_id) for want in wants if want.object_id.isdecimal()})
        found: dict[int, ObjectRow] = {}
        read_at = self._now()
        if len(ids) > 1:
            try:
                found = self.client.activities(ids, bounds)
            except PermanentError:
                found = {}  # One bad row must not fail its neighbours: each is read by itself.
            except PipelineError as err:
                return dict.fromkeys(wants, err)

        def outcome(want: Want, bounds: Bounds) -> Snapshot:
            # What a search does not return, or not whole, may be hidden from it only.
            row = found.get(_number(want))
            if row is None or not translate.has_attributes(row, self._words[want.flow]):
                row = self.client.activity(_number(want), bounds)
            return self._activity_snapshot(want, row, read_at, bounds)

        return {want: self._one(want, outcome, bounds) for want in wants}

    def _activity_snapshot(self, want: Want, row: ObjectRow | None, read_at: datetime, bounds: Bounds) -> Snapshot:
        if row is None:
            return Snapshot(want=want, read_at=read_at, is_absent=True)
        words = self._words[want.flow]
        people = self.client.people(translate.people_of(row, words), bounds)
        return translate.activity_snapshot(want, row, words, people, read_at)

    def _read_other(self, want: Want, bounds: Bounds) -> Snapshot:
        if want.kind != "project":
            raise PermanentError("kind_unknown", f"A {want.kind} of Aprimo cannot be read.")
        read_at = self._now()
        row = self.client.project(_number(want), bounds)
        if row is None:
            return Snapshot(want=want, read_at=read_at, is_absent=True)
        return translate.project_snapshot(want, row, self.client.status_name(row.status, bounds), read_at)

    @staticmethod
    def _one(want: Want, read: Callable[[Want, Bounds], Snapshot], bounds: Bounds) -> Snapshot | PipelineError:
        try:
            return read(want, bounds)
        except PipelineError as err:
            return err


def _number(want: Want) -> int:
    if not want.object_id.isdecimal():
        raise PermanentError("id_malformed", f"{want.object_id!r} is no id of a {want.kind} in Aprimo.")
    return int(want.object_id)
