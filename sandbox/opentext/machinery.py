"""SpiffWorkflow bent to the semantics of the real engine: our element classes and how files become them.

What differs from the plain library, and why, is listed in README.md ("Adapters"). The classes ask their
workflow's script engine (a `machine.Machine`) for every value, clock reading and call.
"""

from datetime import datetime, timedelta
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.event_parsers import (
    BoundaryEventParser,
    IntermediateCatchEventParser,
    ReceiveTaskParser,
)
from SpiffWorkflow.bpmn.parser.task_parsers import CallActivityParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.specs.defaults import (
    BoundaryEvent,
    CallActivity,
    IntermediateCatchEvent,
    ReceiveTask,
    ServiceTask,
)
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.task import Task, TaskState

EXECUTION = "execution"
"""Key of a token's internal data: the execution id it shows to the outside, when it is not its own id."""


class Timer(TimerEventDefinition):  # type: ignore[misc] # The library publishes no types.
    """A date, a duration or a repeating cycle, read with the machine's clock and its pace."""

    def has_fired(self, my_task: Task) -> bool:
        """Whether the time has come; the first look fixes the time."""
        data = my_task.internal_data
        if self._key not in data:
            now = my_task.workflow.script_engine.now()
            data[self._key] = self._first(my_task, now).isoformat()
        return bool(datetime.fromisoformat(data[self._key]) <= my_task.workflow.script_engine.now())

    def due_at(self, my_task: Task) -> datetime | None:
        """When it will fire, once it was looked at."""
        due = my_task.internal_data.get(self._key)
        return None if due is None else datetime.fromisoformat(due)

    def rearm(self, fired: Task, successor: Task) -> bool:
        """Prepare the next round of a cycle; false when there is none."""
        text = my_text(fired, self.expression)
        if not text.upper().startswith("R"):
            return False
        left = fired.internal_data.get("rounds_left", _rounds(text)) - 1
        if left == 0:
            return False
        last = datetime.fromisoformat(fired.internal_data[self._key])
        step = _span(text.upper().split("/")[-1], last, fired.workflow.script_engine.pace)
        successor.internal_data[self._key] = (last + step).isoformat()
        successor.internal_data["rounds_left"] = left
        return True

    def reset(self, my_task: Task) -> None:
        """Nothing to take back: a time that was fixed stays."""

    @property
    def _key(self) -> str:
        return f"due {self.name}"

    def _first(self, my_task: Task, now: datetime) -> datetime:
        text = my_text(my_task, self.expression).upper()
        span = text.split("/")[-1] if text.startswith("R") else text
        if span.startswith("P"):
            return now + _span(span, now, my_task.workflow.script_engine.pace)
        return TimerEventDefinition.get_datetime(text)  # type: ignore[no-any-return] # As above.


class Boundary(BoundaryEvent):  # type: ignore[misc] # The library publishes no types.
    """A boundary event; one that does not interrupt is armed again after it fired."""

    def _run_hook(self, my_task: Task) -> Any:  # noqa: ANN401 -- As its base.
        result = super()._run_hook(my_task)
        if not self.cancel_activity and my_task.parent is not None:
            successor = my_task.parent._add_child(self, TaskState.WAITING)  # noqa: SLF001 -- No public way to add a token.
            definition = self.event_definition
            if isinstance(definition, Timer) and not definition.rearm(my_task, successor):
                successor.cancel()
                return result
            successor.internal_data[EXECUTION] = execution_id(my_task)
            self._predict(successor, mask=TaskState.NOT_FINISHED_MASK)
            self._update(successor)
        return result


class HttpTask(ServiceTask):  # type: ignore[misc] # The library publishes no types.
    """A service task of type http: hands its request to the machine."""

    def _run_hook(self, my_task: Task) -> bool:
        my_task.workflow.script_engine.call(my_task)
        return True


class Call(CallActivity):  # type: ignore[misc] # The library publishes no types.
    """A call activity: the called process has variables of its own, mapped in and out."""

    def copy_data(self, my_task: Task, subworkflow: Any) -> None:  # noqa: ANN401, ARG002 -- As its base.
        """Open the called process's variables."""
        my_task.workflow.script_engine.open_child(my_task)

    def update_data(self, my_task: Task, subworkflow: Any) -> None:  # noqa: ANN401, ARG002 -- As its base.
        """Map the called process's variables back."""
        my_task.workflow.script_engine.close_child(my_task)


class _TimerParser:
    """Makes our Timer of any timer event definition, named by the event's id."""

    def parse_timer_event(self, event: etree._Element) -> Timer:
        node = event.getparent()
        text = "".join(child.text or "" for child in event).strip()
        return Timer("" if node is None else node.get("id", ""), text)


class _CatchParser(_TimerParser, IntermediateCatchEventParser):  # type: ignore[misc] # The library publishes no types.
    pass


class _BoundaryParser(_TimerParser, BoundaryEventParser):  # type: ignore[misc] # The library publishes no types.
    pass


class Parser(BpmnParser):  # type: ignore[misc] # The library publishes no types.
    """The library's parser with our element classes."""

    OVERRIDE_PARSER_CLASSES = {  # noqa: RUF012 -- As its base.
        full_tag("boundaryEvent"): (_BoundaryParser, Boundary),
        full_tag("intermediateCatchEvent"): (_CatchParser, IntermediateCatchEvent),
        full_tag("receiveTask"): (ReceiveTaskParser, ReceiveTask),
        full_tag("serviceTask"): (TaskParser, HttpTask),
        full_tag("callActivity"): (CallActivityParser, Call),
    }


def execution_id(task: Task) -> str:
    """The id under which a token is known outside; a re-armed event keeps its predecessor's."""
    return str(task.internal_data.get(EXECUTION, task.id))


def my_text(task: Task, expression: str) -> str:
    """The text of an expression where a token stands."""
    return str(task.workflow.script_engine.text(task, expression))


def _rounds(text: str) -> int:
    count = text.upper().split("/")[0].removeprefix("R")
    return int(count) if count else -1


def _span(text: str, start: datetime, pace: float) -> timedelta:
    parsed = TimerEventDefinition.parse_iso_duration(text)
    whole: timedelta = TimerEventDefinition.get_timedelta_from_start(parsed, start)
    return whole / pace
