"""Runs commands on process instances one at a time each, and what follows from them: call-backs and timers.

A command sees and changes the rows through its Session and is committed whole. With `callback_before_commit`
the HTTP tasks' requests leave before that, while readers still see the old state: the order of the real engine.
"""

import asyncio
import base64
from collections import defaultdict
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from sandbox.kit import origin
from sandbox.kit.alarm import Alarm
from sandbox.kit.origin import Origin
from sandbox.opentext.bpmn import ModelError
from sandbox.opentext.callbacks import Callbacks
from sandbox.opentext.errors import Refusal, bad_request, not_found
from sandbox.opentext.machine import Machine
from sandbox.opentext.models import Executable, Program, compile_model, link
from sandbox.opentext.options import Options
from sandbox.opentext.rows import InstanceRow, ModelRow, StateRow, moment, stamp
from sandbox.opentext.session import Session
from sandbox.opentext.store import Store, Work

T = TypeVar("T")
_TIMER_AGAIN = timedelta(seconds=0.05)
"""After this one that is due and could not be fired is tried again."""


class Engine:
    """The running instances of one sandbox. Used from the event loop only."""

    def __init__(self, store: Store, options: Options, *, now: Callable[[], datetime] | None = None) -> None:
        self.store = store
        self.options = options
        self.now = now or _now
        self.pace = options.pace
        self.callbacks = Callbacks(options)
        self.before_commit: Callable[[Session], None] = _nothing
        self.after_commit: Callable[[Session], None] = _nothing
        self._executables: dict[str, Executable] = {}
        self._machines: dict[str, Machine] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._background: set[asyncio.Task[None]] = set()
        self._alarm = Alarm(self.now)

    def deploy(self, xml: bytes, *, model_id: str) -> ModelRow:
        """Add a version of a model; running instances keep theirs. Refuses what cannot be executed."""
        try:
            draft = compile_model(xml, "draft")
        except ModelError as err:
            raise bad_request(f"Error parsing the process model: {err}") from err
        version = len(self.store.models(draft.key)) + 1
        row = ModelRow(
            id=f"{draft.key}:{version}:{uuid4()}",
            key=draft.key,
            version=version,
            name=draft.document.name,
            model_id=model_id or draft.key,
            xml=base64.b64encode(xml).decode(),
            deployed_at=stamp(self.now()),
        )
        work = Work(self.store)
        work.put(row)
        work.record(f"model:{row.key}", before=None, after={"version": version}, identity=None)
        work.commit()
        return row

    def latest(self, key: str) -> Executable:
        """The newest version of a model."""
        versions = self.store.models(key)
        if not versions:
            raise bad_request(f"No process definition found for key '{key}'")
        return self.executable(versions[-1].id)

    def executable(self, definition_id: str) -> Executable:
        """One version of a model."""
        if definition_id not in self._executables:
            row = self.store.find(ModelRow, definition_id)
            if row is None:
                raise bad_request(f"No process definition found for id = '{definition_id}'")
            self._executables[definition_id] = compile_model(base64.b64decode(row.xml), definition_id)
        return self._executables[definition_id]

    def machine(self, program: Program, root_id: str) -> Machine:
        """A machine for a new root instance."""
        self._machines[root_id] = Machine(program, root_id)
        return self._machines[root_id]

    def link(self, main: Executable) -> Program:
        """The program of a model with all it calls, in their newest versions."""
        return link(main, self.latest)

    async def command(self, instance_id: str, user: str, do: Callable[[Session], T]) -> T:
        """Do something to a running instance; nothing of it remains when it fails.

        Raises Refusal: 404 when the instance is not running (any more).
        """
        row = self.store.find(InstanceRow, instance_id)
        if row is None:
            raise not_found("process instance", instance_id)
        async with self._locks[row.root_id]:
            state = self.store.find(StateRow, row.root_id)
            if state is None or not state.snapshot:
                raise not_found("process instance", instance_id)
            return await self.transact(self._loaded(state), user, do)

    async def transact(self, machine: Machine, user: str, do: Callable[[Session], T]) -> T:
        """Run a command on a machine and commit it. The caller holds the instance's lock, or nobody knows it."""
        work = Work(self.store)
        session = Session(work, machine, user=user, now=self.now(), pace=self.pace)
        try:
            result = do(session)
            self.before_commit(session)
            if self.options.callback_before_commit:
                await self.callbacks.send_all(session.calls)
        except BaseException:
            # The machine has moved on; the next command reads the last committed state.
            self._machines.pop(machine.instance_id, None)
            raise
        work.commit()
        for state in work.changed(StateRow):
            if state.due_at is not None:
                self._alarm.set(moment(state.due_at))
        self.after_commit(session)
        if machine.is_ended:
            self._machines.pop(machine.instance_id, None)
        if session.calls and not self.options.callback_before_commit:
            self.spawn(self.callbacks.put_off(session.calls))
        return result

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def run_timers(self) -> None:
        """Fire timers as they come due, for ever."""
        while True:
            await self.fire_timers()
            await self._alarm.sleep(self._next_timer())

    def _next_timer(self) -> datetime | None:
        due_at = self.store.next_due()
        return None if due_at is None else max(moment(due_at), self.now() + _TIMER_AGAIN)

    async def fire_timers(self) -> None:
        """Fire every timer whose time has come."""
        for root_id in self.store.due(stamp(self.now())):
            with self._as_timer():
                try:
                    await self.command(root_id, "", lambda session: session.run(Machine.fire_due))
                except Refusal:
                    # As a dead job of the real engine: it is not tried again by itself.
                    self._drop_timer(root_id)

    def forget(self) -> None:
        """Forget all instances and models."""
        self._executables.clear()
        self._machines.clear()
        self._locks.clear()
        self.callbacks.outcomes.clear()

    def _loaded(self, state: StateRow) -> Machine:
        if state.id not in self._machines:
            program = Program(executables=tuple(self.executable(each) for each in state.definition_ids))
            self._machines[state.id] = Machine(program, state.id, state=state.snapshot)
        return self._machines[state.id]

    def _drop_timer(self, root_id: str) -> None:
        state = self.store.find(StateRow, root_id)
        if state is not None:
            work = Work(self.store)
            work.put(replace(state, due_at=None))
            work.commit()

    @staticmethod
    def _as_timer() -> AbstractContextManager[None]:
        return origin.acting(Origin(method="TIMER", route="timer"))


def _now() -> datetime:
    return datetime.now(UTC)


def _nothing(_: Session) -> None:
    """Nobody watches."""
