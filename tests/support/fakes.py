"""Vendors, queue and flows for tests of the use cases: they keep what was asked of them and answer as told."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipeline import keys
from pipeline.commands import Command
from pipeline.errors import PipelineError
from pipeline.events import Event, NewEvent, Raw, Reading
from pipeline.plan import Link, Plan, Snapshot, Snapshots, Want, ignore
from pipeline.ports import Bounds, Errand, Hint, Limits, NotThere, Ports, Sent, Store
from pipeline.words import (
    BusinessKey,
    EffectKey,
    EventId,
    EventKind,
    JsonValue,
    ReceiptVerdict,
    Side,
    Urgency,
)

FLOW = "test_flow"
T0 = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)


@dataclass
class FakeVendor:
    """A system that remembers effects by their keys; `answers` are taken first, one a call."""

    side: Side
    effects: list[tuple[str, EffectKey]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    answers: deque[Callable[[], object]] = field(default_factory=deque)
    look_ups: deque[Callable[[], object]] = field(default_factory=deque)
    reads: deque[PipelineError] = field(default_factory=deque)
    errands: list[Errand] = field(default_factory=list)
    wait: float = 0.0
    shown: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    """What objects show by their ids, besides that they were seen."""
    now: datetime = T0
    version: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        with self._lock:
            self.calls.append(f"read {len(wants)}")
            self.errands.append(bounds.errand)
            failure = self.reads.popleft() if self.reads else None
        return {want: failure or self._snapshot(want) for want in wants}

    def send(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent:
        with self._lock:
            self.calls.append(f"send {effect_key}")
            self.errands.append(bounds.errand)
            answer = self.answers.popleft() if self.answers else None
        if answer is not None:
            outcome = answer()
            if isinstance(outcome, Exception):
                raise outcome
        self.take_effect(command, effect_key)
        return Sent(how="sent", vendor_ref=f"ref-{effect_key}")

    def _snapshot(self, want: Want) -> Snapshot:
        shown = self.shown.get(want.object_id, {})
        return Snapshot(
            want=want, read_at=self.now, version=self.version, values={"seen": True, **shown}, wire=dict(shown)
        )

    def take_effect(self, command: Command, effect_key: EffectKey) -> None:
        with self._lock:
            self.effects.append((command.KIND, effect_key))

    def look_up(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
        with self._lock:
            self.calls.append(f"look up {effect_key}")
            self.errands.append(bounds.errand)
            answer = self.look_ups.popleft() if self.look_ups else None
            found = effect_key in {key for _, key in self.effects}
        if answer is not None and isinstance(outcome := answer(), Exception):
            raise outcome
        return Sent(how="found", vendor_ref=f"ref-{effect_key}") if found else NotThere()

    def wait_s(self, route: str, urgency: Urgency) -> float:
        return self.wait


@dataclass
class FakeWaker:
    """A queue that keeps its hints in memory."""

    hints: list[Hint] = field(default_factory=list)
    dead: list[EventId] = field(default_factory=list)
    space: int = 500

    def wake(self, hints: Sequence[Hint]) -> None:
        self.hints.extend(hints)

    def tell_dead(self, event_ids: Sequence[EventId]) -> None:
        self.dead.extend(event_ids)

    def room(self, mark: int) -> int:
        return min(mark, self.space)


@dataclass
class FakeBulkhead:
    """Has a place for everybody, or for nobody."""

    is_full: bool = False

    @contextmanager
    def place(self) -> Iterator[bool]:
        yield not self.is_full


@dataclass
class FakeFlow:
    """A flow that plans what the test says, or ignores."""

    plans: Callable[[Event, Snapshots, Link], Plan] = lambda *_: ignore("unchanged")
    name: str = FLOW
    planned: list[EventId] = field(default_factory=list)
    more: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What a thing that was read leads to."""
    both: frozenset[str] = frozenset()
    """Subjects of which the other side is read too."""
    far: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What of the other side a thing that was read leads to."""

    def wants(self, event: Event, snapshots: Snapshots, link: Link | None) -> tuple[Want, ...]:
        if event.kind is EventKind.FACT:
            return ()
        led_to = (thing for want in snapshots for thing in self.more.get(want.object_id, ()))
        wanted = [_thing(event.side, thing) for thing in (event.subject, *led_to)]
        other = Side.OPENTEXT if event.side is Side.APRIMO else Side.APRIMO
        led_to_there = [thing for want in snapshots for thing in self.far.get(want.object_id, ())]
        subjects = [event.subject] if event.subject in self.both else []
        return (*wanted, *(_thing(other, thing) for thing in (*subjects, *led_to_there)))

    def plan(self, event: Event, snapshots: Snapshots, link: Link) -> Plan:
        self.planned.append(event.id)
        return self.plans(event, snapshots, link)


def _thing(side: Side, name: str) -> Want:
    return Want(flow=FLOW, side=side, kind="thing", object_id=name)


@dataclass
class World:
    """Everything a use case is handed, with the fakes in reach."""

    store: Store
    aprimo: FakeVendor
    opentext: FakeVendor
    waker: FakeWaker
    flow: FakeFlow
    bulkhead: FakeBulkhead
    ports: Ports


_numbers = itertools.count(1)


def new_id(prefix: str) -> str:
    """Ids in order, unique within the test process."""
    return f"{prefix}-{next(_numbers):06d}"


def make_world(store: Store, limits: Limits | None = None, *, me: str = "worker-1") -> World:
    """A world around a store."""
    aprimo, opentext = FakeVendor(side=Side.APRIMO), FakeVendor(side=Side.OPENTEXT)
    waker, flow, bulkhead = FakeWaker(), FakeFlow(), FakeBulkhead()
    ports = Ports(
        store=store,
        vendors={Side.APRIMO: aprimo, Side.OPENTEXT: opentext},
        waker=waker,
        flows={FLOW: flow},
        limits=limits or Limits(),
        me=me,
        new_id=new_id,
        chance=lambda: 0.5,
        monotonic=time.monotonic,
        bulkhead=bulkhead,
    )
    return World(
        store=store, aprimo=aprimo, opentext=opentext, waker=waker, flow=flow, bulkhead=bulkhead, ports=ports
    )


def look(
    subject: str = "aprimo:activity:1",
    *,
    key: str = "",
    side: Side = Side.APRIMO,
    kind: EventKind = EventKind.LOOK,
    urgency: Urgency = Urgency.STANDARD,
    flow: str = FLOW,
) -> NewEvent:
    """An event for a line, with a dedupe key of its own unless one is given."""
    business_key = BusinessKey(subject)
    return NewEvent(
        flow=flow,
        source="test",
        type="test.changed",
        kind=kind,
        side=side,
        subject=business_key,
        line_key=keys.line_key(flow, business_key),
        dedupe_key=key or new_id("key"),
        time=T0,
        urgency=urgency,
        trace_id="tr-1",
    )


def reading(*events: NewEvent, verdict: ReceiptVerdict = ReceiptVerdict.HANDLED) -> Reading:
    """A handled input that holds these events."""
    return Reading(raw=Raw(source="test", headers={}, body=b"{}", received_at=T0), verdict=verdict, events=events)
