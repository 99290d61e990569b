"""A machine with the simplest host there is: variables in dictionaries, a clock that is set, calls in a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sandbox.opentext.machine import Child, HttpCall, Machine
from sandbox.opentext.models import Executable, Program, compile_model, link

BEGIN = datetime(2026, 1, 12, 9, tzinfo=UTC)
ROOT = "root"


@dataclass
class RunningProcess:
    """One running process and what it did to its surroundings."""

    program: Program
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    pace: float = 1.0
    clock: datetime = BEGIN
    calls: list[HttpCall] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)

    @classmethod
    def of(cls, *files: bytes, variables: Mapping[str, Any] | None = None, pace: float = 1.0) -> Self:
        """The first file's process, started; the others are models it may call."""
        found = [compile_model(each, f"{number}") for number, each in enumerate(files)]
        by_key = {each.key: each for each in found}

        def latest(key: str) -> Executable:
            return by_key[key]

        running = cls(program=link(found[0], latest), values={ROOT: dict(variables or {})}, pace=pace)
        running.machine = Machine(running.program, ROOT)
        running.machine.host = running
        return running

    machine: Machine = field(init=False)

    def started(self, message: str = "") -> Self:
        """Run to the first rest."""
        self.machine.start(message)
        return self

    # The machine's host.

    def now(self) -> datetime:
        return self.clock

    def variables(self, instance_id: str) -> Mapping[str, Any]:
        return self.values[instance_id]

    def facts(self, instance_id: str) -> Mapping[str, Any]:
        return {"processInstanceBusinessKey": f"key of {instance_id}"}

    def open_child(self, child: Child, variables: Mapping[str, Any]) -> None:
        self.children.append(child)
        self.values[child.instance_id] = dict(variables)

    def close_child(self, child_id: str, variables: Mapping[str, Any]) -> None:
        child = next(each for each in self.children if each.instance_id == child_id)
        self.values[child.caller_id].update(variables)

    def call(self, call: HttpCall) -> None:
        self.calls.append(call)

    # What tests do and look at.

    def open_tasks(self) -> list[str]:
        """The user tasks that wait, by element id."""
        return [each.element.id for each in self.machine.positions() if each.is_task]

    def waiting(self) -> set[str]:
        """Every element at which a token waits."""
        return {each.element.id for each in self.machine.positions()}

    def execution(self, element: str, number: int = 0) -> str:
        """The execution id of a place."""
        found = [each for each in self.machine.positions() if each.element.id == element and not each.is_loop]
        return found[number].execution_id

    def complete(self, element: str, number: int = 0, **variables: object) -> None:
        """Set variables and complete a user task."""
        self.values[ROOT].update(variables)
        self.machine.trace.clear()
        self.machine.complete(self.execution(element, number))

    def deliver(self, element: str, name: str, event: str = "message") -> bool:
        """Deliver a message or signal to a place."""
        self.machine.trace.clear()
        return self.machine.deliver(self.execution(element), event, name)

    def pass_time(self, **span: float) -> None:
        """Set the clock forward and let timers fire."""
        self.clock += timedelta(**span)
        self.machine.trace.clear()
        self.machine.fire_due()

    def reload(self) -> None:
        """Go on from a snapshot, as after a restart."""
        self.machine = Machine(self.program, ROOT, state=self.machine.save())
        self.machine.host = self

    def passed(self) -> list[str]:
        """The elements passed by the last command."""
        return [step.element.id for step in self.machine.trace]
