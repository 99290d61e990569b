"""Carry: send each planned delivery, in order; the attempt's row before the call, its outcome after it.

The calls of a batch run side by side in threads, and an attempt begins only when a thread is free for it; every
commit is made here, by the step's own thread, and takes along whatever finished while the last one ran. Budget and
breaker are asked before an attempt exists. From `unknown` there is no way to a send but through a look-up that found
nothing after the kind's `late` time.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial

from pipeline import carried, failpoints, steps
from pipeline.carried import Call, Member
from pipeline.failpoints import Point
from pipeline.outcomes import Ended, judge
from pipeline.ports import Bounds, Errand, Hint, NotThere, Ports, Sent
from pipeline.words import CallPurpose, EventId, Purpose, Side, Step, side_of_lane, urgency_of_lane


def carry(event_ids: Sequence[EventId], *, lane_name: str, ports: Ports) -> list[EventId]:
    """Carry what is due of a batch; safe to run twice. Returns the ids to settle on this lane."""
    began = ports.monotonic()
    run = _Run(
        ports=ports,
        side=side_of_lane(lane_name),
        lane_name=lane_name,
        bounds=Bounds(
            no_call_after=began + ports.limits.no_new_call_after_s,
            lease_until=began + ports.limits.lease_s,
            urgency=urgency_of_lane(lane_name),
        ),
    )
    return run.whole(event_ids)


@dataclass(kw_only=True)
class _Run:
    """One run of the step over one batch. waiting: members that wait for a free thread."""

    ports: Ports
    side: Side
    lane_name: str
    bounds: Bounds
    waiting: list[Member] = field(default_factory=list)
    finished: list[tuple[Call, Ended]] = field(default_factory=list)
    calls: dict[Future[Ended], Call] = field(default_factory=dict)

    def whole(self, event_ids: Sequence[EventId]) -> list[EventId]:
        """Claim, then call and commit until no member has another call to make here; returns ids to settle."""
        self.waiting = self._members(event_ids)
        if not self.waiting:
            return []
        last: list[EventId] = []
        with ThreadPoolExecutor(self.ports.limits.call_threads, thread_name_prefix="call") as pool:
            while self.waiting or self.calls or self.finished:
                leaving, onward = self._commit()
                for call in leaving:
                    self.calls[pool.submit(self._call, call)] = call
                last = self._hand_on(onward)
                self.finished = _take_finished(self.calls)
        failpoints.hit(Point.CARRY_BEFORE_ACK)
        return last

    def _members(self, event_ids: Sequence[EventId]) -> list[Member]:
        claims = steps.claim(Step.CARRY, event_ids, self.lane_name, self.ports)
        limits = self.ports.limits
        poisoned = [claim for claim in claims if steps.is_poison(claim, limits)]
        sound = [claim for claim in claims if claim not in poisoned]
        loaded, unloadable = steps.apart(
            sound, lambda some: self.ports.store.run(lambda tx: carried.members(tx, some))
        )
        dead = [(claim, "poison", "Its worker died with it each time.") for claim in poisoned]
        dead += [(claim, "carry_failed", f"{type(error).__name__}: {error}") for claim, error in unloadable]
        for claim, code, hint in dead:
            steps.bury_alone(claim, code, hint, step=Step.CARRY, side=self.side, ports=self.ports).publish(self.ports)
        return [member for part in loaded for member in part]

    def _commit(self) -> tuple[list[Call], steps.Onward]:
        """One commit for everything that finished and for what may leave; returns the calls that may leave."""
        finished, self.finished = self.finished, []
        free = self.ports.limits.call_threads - len(self.calls)
        going_on = [call.member for call, _ in finished]
        starting, self.waiting = self.waiting[:free], self.waiting[free:]
        if self._is_late():
            starting, self.waiting = [*starting, *self.waiting], []
        outcomes = {call.member.claim.key: (call, ended) for call, ended in finished}
        record = partial(
            carried.record,
            outcomes=outcomes,
            waits=self._waits([*going_on, *starting]),
            is_late=self._is_late(),
            side=self.side,
            lane_name=self.lane_name,
            ports=self.ports,
        )
        # Whoever cannot be recorded keeps its lease: the next one to claim it looks up what it left.
        done, _ = steps.apart(
            [*going_on, *starting], lambda some: self.ports.store.run(lambda tx: record(tx, ready=some))
        )
        leaving = [call for calls, _ in done for call in calls]
        _strike(Point.CARRY_AFTER_CONFIRM, [call for call, _ in finished])
        _strike(Point.CARRY_AFTER_INTENT, leaving)
        return leaving, steps.Onward(lane=self.lane_name).join(part for _, part in done)

    def _hand_on(self, onward: steps.Onward) -> list[EventId]:
        """Publish what a commit handed on; only the last commit's ids may wait for the chain."""
        ids = onward.ids
        if ids and (self.calls or self.waiting):
            onward.hints.append(Hint(step=Step.SETTLE, lane=self.lane_name, event_ids=tuple(ids)))
            ids = []
        onward.publish(self.ports)
        return ids

    def _waits(self, members: Sequence[Member]) -> dict[str, float]:
        """How long budget and breaker hold a call on each route; asked once per route and commit."""
        routes = {
            command.ROUTE
            for member in members
            for command in (delivery.command for delivery in member.deliveries[:2])
            if command.SIDE is self.side
        }
        vendor = self.ports.vendors[self.side]
        return {route: vendor.wait_s(route, self.bounds.urgency) for route in routes}

    def _is_late(self) -> bool:
        return self.ports.monotonic() >= self.bounds.no_call_after

    def _call(self, call: Call) -> Ended:
        """Make the call, in a thread and outside any transaction."""
        vendor, delivery, purpose = self.ports.vendors[self.side], call.attempted.delivery, call.attempted.purpose
        make = vendor.look_up if purpose is Purpose.LOOK_UP else vendor.send
        errand = Errand(purpose=CallPurpose(purpose), flow=call.member.claim.flow)
        outcome: Sent | NotThere | Exception
        try:
            with failpoints.around(purpose, delivery.kind):
                outcome = make(delivery.command, delivery.effect_key, replace(self.bounds, errand=errand))
        except Exception as error:  # noqa: BLE001 - The one broad catch guards a whole attempt, and it is recorded.
            outcome = error
        return judge(outcome, call.attempted, self.ports.limits, chance=self.ports.chance())


def _strike(point: Point, calls: Sequence[Call]) -> None:
    if calls:
        failpoints.hit(point, *(call.attempted.delivery.kind for call in calls))


def _take_finished(calls: dict[Future[Ended], Call]) -> list[tuple[Call, Ended]]:
    """Wait for a call to end; everything that has ended by then goes into one commit."""
    if not calls:
        return []
    done, _ = wait(calls, return_when=FIRST_COMPLETED)
    return [(calls.pop(future), future.result()) for future in done]
