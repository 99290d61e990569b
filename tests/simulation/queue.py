"""The queue of the simulation: messages that are lost, doubled, late and taken in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.ports import Hint
from pipeline.words import EventId, Side, Step, side_of_lane
from tests.simulation.baton import Baton, Process, Task
from tests.simulation.weather import Chance

LATE_MAX_S = 60.0
VISIBILITY_S = 300.0


@dataclass(eq=False, kw_only=True)
class Message:
    """A link of a chain: a step, the lane it runs on, and the batch."""

    step: Step
    lane: str
    event_ids: tuple[EventId, ...]


@dataclass(kw_only=True)
class Queue:
    """The port `Waker`, and the workers' end of it."""

    baton: Baton
    chance: Chance
    waiting: list[Message] = field(default_factory=list)
    held: dict[Process, Message] = field(default_factory=dict)
    """Messages that are not acknowledged yet."""
    dead: list[EventId] = field(default_factory=list)
    _idle: dict[Task, Side] = field(default_factory=dict)

    # ---- the port --------------------------------------------------------------------------------------------------

    def wake(self, hints: Sequence[Hint]) -> None:
        """Publish hints."""
        for hint in hints:
            self.put(Message(step=hint.step, lane=hint.lane, event_ids=hint.event_ids), hint.wait_s)

    def room(self, mark: int) -> int:
        """How many messages the lanes are short of the mark."""
        return max(0, mark - len(self.waiting))

    def tell_dead(self, event_ids: Sequence[EventId]) -> None:
        """Ids of dead events."""
        self.dead.extend(event_ids)

    # ---- workers ---------------------------------------------------------------------------------------------------

    def put(self, message: Message, wait_s: float = 0.0) -> None:
        """Publish a message, or what becomes of it."""
        if self.chance.strikes("message_lost"):
            return
        copies = 2 if self.chance.strikes("message_doubled") else 1
        for _ in range(copies):
            late_s = self.chance.between("lateness", 0.0, LATE_MAX_S) if self.chance.strikes("message_late") else 0.0
            if wait_s + late_s > 0:
                self.baton.after(wait_s + late_s, lambda: self._arrive(message))
            else:
                self._arrive(message)

    def take(self, side: Side, me: Process) -> Message:
        """The next message for a worker of this side, in whatever order; waits for one."""
        while True:
            fitting = [message for message in self.waiting if side_of_lane(message.lane) is side]
            if fitting:
                message = self.chance.stream("queue").choice(fitting)
                self.waiting.remove(message)
                self.held[me] = message
                return message
            task = self.baton.running()
            self._idle[task] = side
            self.baton.park()
            self._idle.pop(task, None)

    def acknowledge(self, me: Process) -> None:
        """A message is done with."""
        self.held.pop(me, None)

    def forget(self, me: Process) -> None:
        """A worker died: what it held comes back when the visibility timeout is over, or never."""
        message = self.held.pop(me, None)
        if message is not None and self.chance.stream("queue").random() < 0.5:
            self.baton.after(VISIBILITY_S, lambda: self._arrive(message))

    def wipe(self) -> None:
        """Everything that is not with a worker is gone."""
        self.waiting.clear()

    def _arrive(self, message: Message) -> None:
        self.waiting.append(message)
        side = side_of_lane(message.lane)
        for task in [task for task, of_side in self._idle.items() if of_side is side]:
            self.baton.wake(task)
