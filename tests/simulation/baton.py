"""The baton: simulated processes in real threads of which exactly one runs, under a clock of their own.

A task runs until it offers the baton at a boundary; who gets it next is drawn from the seed, so one seed is one
interleaving. Time passes a little at each boundary and leaps when everybody waits. A process that is killed vanishes
where it stands: its tasks unwind without another word. One that is stopped goes on later, as if nothing had been.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

Act = Callable[[], None]
STEP_MAX_S = 0.02
"""How much time a boundary takes at most."""


class KilledError(BaseException):
    """This task's process is dead: nothing of it may act any more."""


class StuckError(Exception):
    """Nobody can go on and nothing is due: an error of the simulation."""


@dataclass(eq=False)
class Process:
    """An operating system's process: it lives, stands still or dies as a whole."""

    name: str
    is_dead: bool = False
    stopped_until: datetime | None = None
    tasks: list[Task] = field(default_factory=list)


@dataclass(eq=False)
class Task:
    """A thread of a process."""

    name: str
    process: Process
    work: Act
    runner: _Runner | None = None
    error: BaseException | None = None


class Baton:
    """Hands the right to run from task to task. All of it happens in whichever thread has that right."""

    def __init__(self, chance: Random, start: datetime) -> None:
        self.now = start
        self.current: Task | None = None
        self.switches = 0
        self._chance = chance
        self._start = start
        self._ready: list[Task] = []
        self._timeline: list[tuple[datetime, int, Act]] = []
        self._numbers = itertools.count()
        self._main = threading.Lock()
        self._main.acquire()
        self._is_stopped = False
        self._is_ending = False
        self._error: BaseException | None = None
        self._living: list[Process] = []

    # ---- for whoever sets the scene --------------------------------------------------------------------------------

    def spawn(self, name: str, work: Act, process: Process | None = None) -> Task:
        """A new task, of a process of its own unless one is given; it runs when its turn comes."""
        owner = process or self.process(name)
        task = Task(name=name, process=owner, work=work)
        owner.tasks.append(task)
        self._ready.append(task)
        return task

    def process(self, name: str) -> Process:
        """A new process without tasks."""
        made = Process(name=name)
        self._living.append(made)
        return made

    def at(self, when: datetime, act: Act) -> None:
        """Have something happen at a time: it may not wait for anything."""
        heapq.heappush(self._timeline, (max(when, self.now), next(self._numbers), act))

    def after(self, seconds: float, act: Act) -> None:
        """Have something happen in so many seconds."""
        self.at(self.now + timedelta(seconds=seconds), act)

    def run(self) -> None:
        """Let everybody run until `stop`. Raises the first error of a task."""
        self._is_stopped = False
        self._hand_to(self._next())
        self._main.acquire()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Let `run` come back at the next boundary."""
        self._is_stopped = True

    def end(self) -> None:
        """End every process, so that no thread is left waiting."""
        self._is_ending = True
        for process in self._living:
            self.kill(process)
        self._timeline.clear()
        self._error = None
        self.run()

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return (self.now - self._start).total_seconds()

    # ---- for tasks -------------------------------------------------------------------------------------------------

    def running(self) -> Task:
        """The task that has the baton. Raises KilledError where its process is dead."""
        if self.current is None:
            raise StuckError("no task is running")
        if self.current.process.is_dead:
            raise KilledError
        return self.current

    def pause(self) -> None:
        """A boundary: somebody else may go on first."""
        task = self.running()
        self.now += timedelta(seconds=self._chance.random() * STEP_MAX_S)
        self._ready.append(task)
        self._give_away(task)

    def sleep(self, seconds: float) -> None:
        """Wait for so long."""
        task = self.running()
        self.after(seconds, lambda: self.wake(task))
        self._give_away(task)

    def park(self) -> None:
        """Wait until somebody wakes this task."""
        self._give_away(self.running())

    def wake(self, task: Task) -> None:
        """Let a waiting task go on. One that does not wait, or is dead, is left alone."""
        if (
            task.runner is not None
            and task not in self._ready
            and not task.process.is_dead
            and task is not self.current
        ):
            self._ready.append(task)

    def kill(self, process: Process) -> None:
        """End a process where it stands. The caller's own task goes on until its next boundary: raise KilledError."""
        if process.is_dead:
            return
        process.is_dead, process.stopped_until = True, None
        # Whoever has run a little must unwind; whoever has not begun never begins.
        waiting = [task for task in process.tasks if task.runner is not None and task is not self.current]
        self._ready = [task for task in self._ready if task.process is not process] + waiting

    def halt(self, process: Process, seconds: float) -> None:
        """Stop a process for so long: what it waited for may come meanwhile, and it notices later."""
        until = self.now + timedelta(seconds=seconds)
        process.stopped_until = until
        self.at(until, lambda: None)

    # ---- handing over ----------------------------------------------------------------------------------------------

    def _give_away(self, task: Task) -> None:
        self.current = None
        following = self._next()
        if following is not task:
            self.switches += 1
            self._hand_to(following)
            if task.runner is None:
                raise StuckError(task.name)
            task.runner.wait()
        self.current = task
        if task.process.is_dead:
            raise KilledError

    def _hand_to(self, task: Task | None) -> None:
        self.current = task
        if task is None:
            self._main.release()
        elif task.runner is None:
            _Runner.lend(task, self)
        else:
            task.runner.go()

    def _finished(self, task: Task) -> None:
        task.process.tasks.remove(task)
        task.runner = None
        self.current = None
        if task.error is not None and not isinstance(task.error, KilledError):
            self._fail(task.error)
        self._hand_to(self._next())

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error
        self._is_stopped = True

    def _next(self) -> Task | None:
        """Who runs next; None: whoever called `run`."""
        try:
            return self._draw()
        except Exception as error:  # noqa: BLE001 - Of whatever the timeline did; `run` raises it.
            self._fail(error)
            return None

    def _draw(self) -> Task | None:
        while True:
            while self._timeline and self._timeline[0][0] <= self.now:
                heapq.heappop(self._timeline)[2]()
            if self._is_stopped or (self._is_ending and not self._ready):
                return None
            able = [task for task in self._ready if self._can_run(task.process)]
            if able:
                chosen = able[int(self._chance.random() * len(able))]
                self._ready.remove(chosen)
                return chosen
            if not self._timeline:
                raise StuckError("everybody waits for something that never comes")
            self.now = self._timeline[0][0]

    def _can_run(self, process: Process) -> bool:
        return process.stopped_until is None or process.stopped_until <= self.now


class _Runner(threading.Thread):
    """A real thread that lends itself to one task after another: making one costs more than a task does."""

    _idle: list[_Runner] = []  # noqa: RUF012 - One pool for all schedules of this process.

    def __init__(self) -> None:
        super().__init__(daemon=True, name="simulated")
        self._turn = threading.Lock()
        self._turn.acquire()
        self._task: Task | None = None
        self._baton: Baton | None = None
        self.start()

    @classmethod
    def lend(cls, task: Task, baton: Baton) -> None:
        """Begin a task that has the baton."""
        runner = cls._idle.pop() if cls._idle else cls()
        runner._task, runner._baton = task, baton
        task.runner = runner
        runner.go()

    def go(self) -> None:
        """Let this thread run."""
        self._turn.release()

    def wait(self) -> None:
        """Stand still until it is this thread's turn."""
        self._turn.acquire()

    def run(self) -> None:
        while True:
            self.wait()
            task, baton = self._task, self._baton
            if task is None or baton is None:
                return
            try:
                if not task.process.is_dead:
                    task.work()
            except BaseException as error:  # noqa: BLE001 - Whatever it is, `run` raises it again.
                task.error = error
            self._idle.append(self)
            baton._finished(task)
