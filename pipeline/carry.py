"""Carry: send each planned delivery, in order; the attempt's row before the call, its outcome after it.

The calls of a batch run side by side in threads; every commit is made here, by the step's own thread, and
takes along whatever finished while the last one ran. Budget and breaker are asked before an attempt exists.
From `unknown` there is no way to a send but through a look-up that found nothing after the kind's `late` time.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial

from pipeline import carried, steps
from pipeline.carried import Call, Member
from pipeline.outcomes import Ended, judge
from pipeline.ports import Bounds, NotThere, Ports, Sent, Tx
from pipeline.words import EventId, Purpose, Side, Step, side_of_lane, urgency_of_lane


def carry(event_ids: Sequence[EventId], *, lane_name: str, ports: Ports) -> list[EventId]:
    """Carry what is due of a batch; safe to run twice. Returns the ids to settle on this lane."""
    began = ports.monotonic()
    run = _Run(
        ports=ports,
        side=side_of_lane(lane_name),
        onward=steps.Onward(lane=lane_name),
        bounds=Bounds(
            no_call_after=began + ports.limits.no_new_call_after_s,
            lease_until=began + ports.limits.lease_s,
            urgency=urgency_of_lane(lane_name),
        ),
    )
    run.whole(event_ids)
    ports.waker.wake(run.onward.merged_hints(ports.limits.batch_lines))
    ports.waker.tell_dead(run.onward.dead)
    return run.onward.ids


@dataclass(kw_only=True)
class _Run:
    """One run of the step over one batch."""

    ports: Ports
    side: Side
    onward: steps.Onward
    bounds: Bounds
    finished: list[tuple[Call, Ended]] = field(default_factory=list)

    def whole(self, event_ids: Sequence[EventId]) -> None:
        """Claim, then call and commit until no member has another call to make here."""
        ready, self.onward = self.ports.store.run(lambda tx: self._claim(tx, event_ids))
        if not ready:
            return
        calls: dict[Future[Ended], Call] = {}
        with ThreadPoolExecutor(self.ports.limits.call_threads, thread_name_prefix="call") as pool:
            while ready or calls:
                for call in self._commit(ready):
                    calls[pool.submit(self._call, call)] = call
                self.finished = _take_finished(calls)
                ready = [call.member for call, _ in self.finished]

    def _claim(self, tx: Tx, event_ids: Sequence[EventId]) -> tuple[list[Member], steps.Onward]:
        limits = self.ports.limits
        claims = tx.lines.claim(
            Step.CARRY,
            self.onward.lane,
            event_ids,
            me=self.ports.me,
            is_alone=len(event_ids) == 1,
            limit=limits.batch_lines,
            lease_s=limits.lease_s,
        )
        return carried.members(tx, claims, onward=self.onward.copy(), side=self.side, limits=limits)

    def _commit(self, ready: Sequence[Member]) -> list[Call]:
        """One commit for everything that finished and everything about to leave; returns what may leave."""
        waits = {member.claim.key: self._wait_s(member) for member in ready}
        record = partial(
            carried.record,
            finished=self.finished,
            ready=ready,
            waits=waits,
            is_late=self._is_late(),
            side=self.side,
            ports=self.ports,
        )
        leaving, self.onward = self.ports.store.run(lambda tx: record(tx, onward=self.onward.copy()))
        return leaving

    def _wait_s(self, member: Member) -> float:
        """How long budget and breaker hold the member's next call here; 0 when it leaves this lane anyway."""
        command = member.next_command
        if command is None or command.SIDE is not self.side:
            return 0.0
        return self.ports.vendors[self.side].wait_s(command.ROUTE, self.bounds.urgency)

    def _is_late(self) -> bool:
        return self.ports.monotonic() >= self.bounds.no_call_after

    def _call(self, call: Call) -> Ended:
        """Make the call, in a thread and outside any transaction."""
        vendor, delivery = self.ports.vendors[self.side], call.attempted.delivery
        outcome: Sent | NotThere | Exception
        try:
            if call.attempted.purpose is Purpose.LOOK_UP:
                outcome = vendor.look_up(delivery.command, delivery.effect_key, self.bounds)
            else:
                outcome = vendor.send(delivery.command, delivery.effect_key, self.bounds)
        except Exception as error:  # noqa: BLE001 - The one broad catch guards a whole attempt, and it is recorded.
            outcome = error
        return judge(outcome, call.attempted, self.ports.limits, chance=self.ports.chance())


def _take_finished(calls: dict[Future[Ended], Call]) -> list[tuple[Call, Ended]]:
    """Wait for a call to end; everything that has ended by then goes into one commit."""
    if not calls:
        return []
    done, _ = wait(calls, return_when=FIRST_COMPLETED)
    return [(calls.pop(future), future.result()) for future in done]
