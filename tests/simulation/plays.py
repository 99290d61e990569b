"""What a flow's play must offer, so that it can join any schedule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.events import NewEvent, Raw, Reading
from pipeline.keys import pm_webhook
from pipeline.plan import Snapshot, Want
from pipeline.ports import FlowPort
from pipeline.routes import Routes, aprimo_looks
from pipeline.words import JsonValue, ReceiptVerdict
from tests.simulation.roles import Intake
from tests.simulation.scene import Scene
from tests.support.memory.aprimo import MemoryAprimo
from tests.support.memory.opentext import MemoryOpenText, Opening
from tests.support.memory.system import Change


@dataclass(kw_only=True)
class World:
    """What people work in, and how Signoff is told."""

    scene: Scene
    aprimo: MemoryAprimo
    opentext: MemoryOpenText
    intake: Intake

    def tell_of(self, kind: str, object_id: object) -> None:
        """Aprimo sends a webhook about an object."""
        events = aprimo_looks(
            self.scene.routes,
            kind=kind,
            object_id=int(str(object_id)),
            type=f"aprimo.{kind}.updated",
            dedupe_key=pm_webhook(self.scene.new_id("hook")),
            time=self.scene.baton.now,
        )
        self.tell(events, {"kind": kind, "id": str(object_id)})

    def tell(self, events: tuple[NewEvent, ...], body: Mapping[str, JsonValue]) -> None:
        """Somebody tells us of something."""
        raw = Raw(source="simulated", headers={}, body=str(body).encode(), received_at=self.scene.baton.now)
        self.intake.deliver(Reading(raw=raw, verdict=ReceiptVerdict.HANDLED, events=events))


class Play(Protocol):
    """A flow with its items, the people who work on them, and what must be true of them."""

    flow: FlowPort
    kinds: Sequence[str]
    """Kinds of Aprimo objects that it works on."""
    process_key: str
    opening: Opening | None
    acts: tuple[int, int]
    """How many things people do in it, at least and at most."""

    def begin(self, world: World) -> None:
        """The items come into being."""

    def act(self) -> None:
        """Somebody does something."""

    def changed(self, change: Change) -> None:
        """Something of ours took effect."""

    def snapshot(self, want: Want, read_at: datetime) -> Snapshot:
        """An object as it is now."""

    def mend(self, event_id: str) -> None:
        """What a person does about a dead letter before it is replayed."""

    def look_again(self) -> None:
        """Everything is looked at once more, as a reconciliation would."""

    def violations(self) -> Iterator[str]:
        """What is wrong, now that all is at rest and no letter is open."""


def routes_of(plays: Sequence[Play]) -> Routes:
    """Which plays a notice concerns."""
    by_kind = {kind: (play.flow.name,) for play in plays for kind in play.kinds}
    by_process = {play.process_key: (play.flow.name,) for play in plays}
    kinds_of = {play.flow.name: frozenset(play.kinds) for play in plays}
    return Routes(by_kind=by_kind, by_process=by_process, kinds_of=kinds_of)
