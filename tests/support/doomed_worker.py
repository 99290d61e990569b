"""A real worker in which some items kill their process, or never end; run with a folder and the settings around it.

Celery, broker, SQL, leases and limits are the product's. Flow and vendors are small ones of our own: each item's look
plans one command, and what takes effect is a line in a file.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config.logging import configure
from config.settings import load
from console import worker_role
from pipeline.commands import Command, SetFields
from pipeline.errors import PipelineError
from pipeline.events import Event
from pipeline.plan import Link, Plan, Snapshot, Want, deliver
from pipeline.ports import Bounds, NotThere, Ports, Sent
from pipeline.words import EffectKey, Side, Urgency
from tasks.wiring import Wiring
from tests.support.fakes import FLOW, T0

KILLS_IN_TRANSFORM, KILLS_IN_CARRY, NEVER_ENDS = 1, 2, 3
"""Numbers of the items that are not like the others."""
ROLE = "worker-aprimo"


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What happened, by process: a line each."""

    folder: Path

    def add(self, what: str, text: str) -> None:
        """Survives the process's end in the next moment."""
        with (self.folder / what).open("a", encoding="utf-8") as lines:
            lines.write(f"{text}\n")

    def of(self, what: str) -> list[str]:
        """All lines so far."""
        path = self.folder / what
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """Takes every command; what its item does to the process comes first."""

    notes: Notes

    def read(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        """Every item is there."""
        return {want: Snapshot(want=want, read_at=T0) for want in wants}

    def send(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent:
        """It takes effect."""
        number = command.object_id if isinstance(command, SetFields) else 0
        if number == KILLS_IN_CARRY:
            die(self.notes)
        if number == NEVER_ENDS:
            self.notes.add("hung", str(os.getpid()))
            time.sleep(3600)
        self.notes.add("effects", str(number))
        return Sent(how="sent")

    def look_up(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
        """Looks into the file."""
        number = str(command.object_id) if isinstance(command, SetFields) else ""
        return Sent(how="found") if number in self.notes.of("effects") else NotThere()

    def wait_s(self, route: str, urgency: Urgency) -> float:
        """No budget holds it."""
        return 0.0


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Plans a write to the item."""

    notes: Notes
    name: str = FLOW

    def wants(self, event: Event, snapshots: Mapping[Want, Snapshot], link: Link | None) -> tuple[Want, ...]:
        """The item."""
        return (Want(flow=FLOW, side=Side.APRIMO, kind="thing", object_id=event.subject),)

    def plan(self, event: Event, snapshots: Mapping[Want, Snapshot], link: Link) -> Plan:
        """One write."""
        number = int(event.subject.rpartition(":")[2])
        if number == KILLS_IN_TRANSFORM:
            die(self.notes)
        return deliver(SetFields(object_kind="activity", object_id=number, fields={"activityStateId": 3}))


def die(notes: Notes) -> None:
    """As a crash of the interpreter."""
    notes.add("deaths", str(os.getpid()))
    os.kill(os.getpid(), signal.SIGKILL)


def with_fakes(real: Ports, folder: Path) -> Ports:
    """A process's ports with our flow and vendors."""
    notes = Notes(folder=folder)
    vendor = Vendor(notes=notes)
    return replace(real, vendors=dict.fromkeys(Side, vendor), flows={FLOW: Flow(notes=notes)})


def main(folder: Path) -> None:
    """Works until told to stop."""
    settings = load(os.environ)
    configure(settings, ROLE)
    real: Any = Wiring.ports.func  # type: ignore[attr-defined] # What the cached property calls.
    patched = property(lambda made: with_fakes(real(made), folder))
    Wiring.ports = patched  # type: ignore[assignment] # Before any process is forked.
    worker_role.run(settings, ROLE, ("aprimo",))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
