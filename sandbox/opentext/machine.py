"""One running process instance with all it embeds and calls: the library's workflow behind plain verbs.

A machine holds no business data of its own: it asks its `Host` for variables and hands it the HTTP calls and
the called processes. After every verb `positions()` says where tokens stand and `trace` what was passed.
"""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.task import Task, TaskState

from sandbox.opentext import juel, snapshot
from sandbox.opentext.bpmn import SIZE_OF, Element
from sandbox.opentext.juel_values import ExpressionError
from sandbox.opentext.machinery import Timer, execution_id
from sandbox.opentext.models import Program
from sandbox.opentext.tokens import Position, Step, child_instance, owner_instance, positions

_MOST_STEPS = 10_000
_OPEN = TaskState.WAITING | TaskState.READY | TaskState.STARTED


class EngineError(Exception):
    """The command failed inside the engine; nothing of it took place. The real service answers 500."""


@dataclass(frozen=True, kw_only=True)
class HttpCall:
    """A request of an HTTP task, with every expression already replaced."""

    instance_id: str
    activity_id: str
    fields: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Child:
    """A process that a call activity started: its instance, its model, and who called it from where."""

    instance_id: str
    definition_id: str
    caller_id: str
    execution_id: str
    business_key: str | None


class Host(Protocol):
    """What a machine asks of whoever runs it. Instances are named by process instance id."""

    pace: float

    def now(self) -> datetime:
        """The time on the engine's clock."""

    def variables(self, instance_id: str) -> Mapping[str, Any]:
        """The variables of one process instance, by name."""

    def facts(self, instance_id: str) -> Mapping[str, Any]:
        """What expressions read from `execution`, besides its id."""

    def open_child(self, child: "Child", variables: Mapping[str, Any]) -> None:
        """A called process starts with these variables."""

    def close_child(self, child_id: str, variables: Mapping[str, Any]) -> None:
        """A called process ended; these variables go to its caller."""

    def call(self, call: HttpCall) -> None:
        """An HTTP task sends this."""


class Machine:
    """Executes a program. Every verb either ends at rest or raises EngineError; then restore a snapshot."""

    host: Host
    """Who runs it just now; set before every verb."""

    def __init__(self, program: Program, instance_id: str, *, state: str = "") -> None:
        self.program = program
        self.instance_id = instance_id
        self.trace: list[Step] = []
        specs = program.specs()
        # By identity: two models of a program may use the same names inside.
        self._elements = {
            id(spec): executable.document.elements
            for executable in program.executables
            for spec in executable.specs.values()
        }
        main = specs[program.main.definition_id]
        if state:
            self._workflow = snapshot.load(state, main, specs, self)
        else:
            self._workflow = BpmnWorkflow(main, specs, script_engine=self)

    @property
    def is_ended(self) -> bool:
        """Whether no token is left."""
        return bool(self._workflow.is_completed())

    def start(self, message: str = "") -> None:
        """Run from the start to the first rest; a message start event gets its message."""
        self._settle()
        for task in list(self._workflow.event_manager.tasks.values()) if message else ():
            self._catch(task, task.task_spec.event_definition)

    def complete(self, execution: str) -> None:
        """End the user task whose token has this execution id, and run on."""
        with _engine_errors():
            self._run(self._task(execution))
        self._settle()

    def deliver(self, execution: str, event: str, name: str) -> bool:
        """Hand a message or signal to the event that waits on an execution; false when none of that name does."""
        for position in self.positions():
            waits_for = (position.element.event, position.element.event_name)
            if position.execution_id == execution and waits_for == (event, name):
                task = self._task(position.token_id)
                self._catch(task, _definition(task, name))
                return True
        return False

    def trigger(self, execution: str) -> bool:
        """Let the receive task on an execution go on; false when none waits there."""
        for position in self.positions():
            if position.execution_id == execution and position.element.kind == "receiveTask":
                task = self._task(position.token_id)
                self._catch(task, task.task_spec.event_definition)
                return True
        return False

    def next_due(self) -> datetime | None:
        """When the next timer fires."""
        dues = [timer.due_at(task) for task, timer in self._timers()]
        return min((due for due in dues if due is not None), default=None)

    def fire_due(self) -> None:
        """Let every timer fire whose time has come, and run on."""
        with _engine_errors():
            self._workflow.refresh_timers()
        self._settle()

    def positions(self) -> list[Position]:
        """Where tokens stand, in the order of the model."""
        tasks = self._workflow.get_tasks(state=_OPEN)
        return list(positions(tasks, self.instance_id, self._element))

    def save(self) -> str:
        """The state as a text that `state=` takes back."""
        return snapshot.dump(self._workflow)

    # What the library's elements ask of their script engine.

    @property
    def pace(self) -> float:
        """By how much durations are shortened."""
        return self.host.pace

    def now(self) -> datetime:
        """The time on the engine's clock."""
        return self.host.now()

    def evaluate(self, task: Task, expression: str, external_context: object = None) -> Any:  # noqa: ANN401, ARG002 -- The library's signature.
        """The value of a condition, or the number of rounds of a loop."""
        scope = self.scope(task)
        if expression.startswith(SIZE_OF):
            return len(_collection(expression.removeprefix(SIZE_OF), scope))
        if isinstance(getattr(task.task_spec, "cardinality", None), str):
            return int(juel.evaluate(expression, scope))
        return juel.evaluate_boolean(expression, scope)

    def text(self, task: Task, expression: str) -> str:
        """The text of an expression where a token stands."""
        return str(juel.evaluate(expression, self.scope(task)))

    def call(self, task: Task) -> None:
        """Send what an HTTP task says."""
        element = self._element(task)
        scope = self.scope(task)
        fields = {name: str(juel.evaluate(text, scope)) for name, text in element.fields.items()}
        self.host.call(HttpCall(instance_id=self._instance(task), activity_id=element.id, fields=fields))

    def open_child(self, task: Task) -> None:
        """Begin a called process with the variables its call activity passes in."""
        element = self._element(task)
        scope = self.scope(task)
        passed: dict[str, Any] = {}
        if element.attributes.get("inheritVariables") == "true":
            passed.update(self.host.variables(self._instance(task)))
        passed.update({target: juel.evaluate(source, scope) for source, target in element.ins})
        called = self.program.called(element.attributes["calledElement"])
        child = Child(
            instance_id=child_instance(task),
            definition_id=called.definition_id,
            caller_id=self._instance(task),
            execution_id=execution_id(task),
            business_key=self._child_business_key(element, scope),
        )
        self.host.open_child(child, passed)

    def close_child(self, task: Task) -> None:
        """Take back what the call activity maps out of the called process."""
        scope = self.host.variables(child_instance(task))
        outs = {target: juel.evaluate(source, scope) for source, target in self._element(task).outs}
        self.host.close_child(child_instance(task), outs)

    def scope(self, task: Task) -> Mapping[str, Any]:
        """Everything an expression may name where a token stands."""
        instance_id = self._instance(task)
        bean = {**self.host.facts(instance_id), "id": execution_id(task), "processInstanceId": instance_id}
        variables = dict(self.host.variables(instance_id))
        return ChainMap({"execution": bean, **self._loop_variables(task, variables)}, variables)

    def scope_at(self, position: Position) -> Mapping[str, Any]:
        """As scope, for a place that positions() named."""
        return self.scope(self._task(position.token_id))

    def _child_business_key(self, element: Element, scope: Mapping[str, Any]) -> str | None:
        text = element.attributes.get("businessKey")
        if element.attributes.get("inheritBusinessKey") == "true":
            text = "${execution.processInstanceBusinessKey}"
        return None if text is None else str(juel.evaluate(text, scope))

    def _loop_variables(self, task: Task, variables: Mapping[str, Any]) -> dict[str, Any]:
        loop = task.parent
        if loop is None or not isinstance(loop.task_spec, MultiInstanceTask):
            return {}
        index = task.internal_data.get("key_or_index", task.internal_data.get("item"))
        ended = len(loop.internal_data.get("merged", []))
        active = sum(child.has_state(TaskState.NOT_FINISHED_MASK) for child in loop.children if child.triggered)
        total = loop.internal_data.get("cardinality", sum(child.triggered for child in loop.children))
        found = {
            "loopCounter": index,
            "nrOfInstances": total,
            "nrOfCompletedInstances": ended,
            "nrOfActiveInstances": active,
        }
        element = self._element(task)
        if element.element_variable:
            found[element.element_variable] = _collection(element.collection, variables)[index]
        return found

    def _instance(self, task: Task) -> str:
        return owner_instance(task, self.instance_id)

    def _element(self, task: Task) -> Element:
        return self._elements[id(task.workflow.spec)][task.task_spec.bpmn_id]

    def _task(self, token: str) -> Task:
        for task in self._workflow.get_tasks():
            if str(task.id) == token:
                return task
        raise EngineError(f"no token {token}")

    def _timers(self) -> Iterator[tuple[Task, Timer]]:
        for task in self._workflow.event_manager.tasks.values():
            definition = task.task_spec.event_definition
            for each in [definition, *getattr(definition, "event_definitions", [])]:
                if isinstance(each, Timer):
                    yield task, each

    def _catch(self, task: Task, definition: Any) -> None:  # noqa: ANN401 -- The library publishes no types.
        with _engine_errors():
            task.task_spec.catch(task, BpmnEvent(definition))
            task.task_spec._update(task)  # noqa: SLF001 -- The library offers delivery by name only, to all who wait.
        self._settle()

    def _settle(self) -> None:
        """Run whatever can run without a person, until nothing moves: one token at a time."""
        with _engine_errors():
            for _ in range(_MOST_STEPS):
                task = self._workflow.get_next_task(state=TaskState.READY, manual=False)
                if task is None:
                    self._workflow.refresh_timers()
                    task = self._workflow.get_next_task(state=TaskState.READY, manual=False)
                if task is None:
                    return
                self._run(task)
        raise EngineError("the process does not come to rest")

    def _run(self, task: Task) -> None:
        if task.task_spec.bpmn_id is not None:
            step = Step(
                execution_id=execution_id(task), instance_id=self._instance(task), element=self._element(task)
            )
            self.trace.append(step)
        task.run()


@contextmanager
def _engine_errors() -> Iterator[None]:
    """Whatever goes wrong inside the engine becomes an EngineError with the innermost reason."""
    try:
        yield
    except (ExpressionError, SpiffWorkflowException, ValueError, TypeError, LookupError) as err:
        raise EngineError(str(err)) from err


def _collection(text: str, scope: Mapping[str, Any]) -> list[Any]:
    value = juel.evaluate(text if "${" in text else f"${{{text}}}", scope)
    if not isinstance(value, list):
        raise ExpressionError(f"Variable '{text}':{value} is not a Collection")
    return value


def _definition(task: Task, name: str) -> Any:  # noqa: ANN401 -- The library publishes no types.
    definition = task.task_spec.event_definition
    for each in getattr(definition, "event_definitions", []):
        if each.name == name:
            return each
    return definition
