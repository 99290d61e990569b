"""Writes the state of a running process to a text and reads it back, without the model.

The library's own serializer carries the whole specification along with every instance. The specification is
known from the deployed file, so only the tokens are kept: a tenth of the size, and quick enough to take one
before every command (a failed command is undone by reading it back).
"""

import base64
import json
import zlib
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.task import Task, TaskState

# Events that a gateway has seen are only there while it runs.
_TRANSIENT = frozenset({"seen_events"})
_QUICKLY = 1


def dump(workflow: BpmnWorkflow) -> str:
    """The tokens of a workflow at rest, as packed JSON."""
    subs = {str(token): _workflow(sub) for token, sub in workflow.subprocesses.items()}
    text = json.dumps({"main": _workflow(workflow), "subs": subs}, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), _QUICKLY)).decode()


def load(text: str, main: Any, specs: dict[str, Any], engine: object) -> BpmnWorkflow:  # noqa: ANN401 -- The library publishes no types.
    """A workflow as it was when dumped, on the specifications it ran with."""
    state = json.loads(zlib.decompress(base64.b64decode(text)))
    workflow = BpmnWorkflow(main, specs, script_engine=engine, deserializing=True)
    _fill(workflow, state["main"])
    _load_subs(workflow, workflow, state["subs"])
    return workflow


def _load_subs(workflow: Any, top: BpmnWorkflow, subs: dict[str, Any]) -> None:  # noqa: ANN401 -- As above.
    """Outer sub-processes before inner ones: an inner one looks for its owner."""
    for task in list(workflow.tasks.values()):
        state = subs.get(str(task.id))
        if state is None:
            continue
        spec = top.subprocess_specs[task.task_spec.spec]
        sub = BpmnSubWorkflow(spec, task.id, top, deserializing=True)
        top.subprocesses[task.id] = sub
        _fill(sub, state)
        sub.completed_event.connect(task.task_spec._on_subworkflow_completed, task)  # noqa: SLF001 -- As the library's serializer.
        _load_subs(sub, top, subs)


def _workflow(workflow: Any) -> dict[str, Any]:  # noqa: ANN401 -- As above.
    return {
        "root": str(workflow.task_tree.id),
        "completed": workflow.completed,
        "success": workflow.success,
        "tasks": [_task(task) for task in workflow.tasks.values()],
    }


def _task(task: Task) -> list[Any]:
    inner = {name: value for name, value in task.internal_data.items() if name not in _TRANSIENT}
    parent = None if task._parent is None else str(task._parent)  # noqa: SLF001 -- The tree has no public form.
    return [
        str(task.id),
        parent,
        [str(child) for child in task._children],  # noqa: SLF001 -- As above.
        task.task_spec.name,
        task.state,
        task.triggered,
        task.last_state_change,
        inner,
    ]


def _fill(workflow: Any, state: dict[str, Any]) -> None:  # noqa: ANN401 -- As above.
    for token, parent, children, name, status, triggered, changed, inner in state["tasks"]:
        task = Task(workflow, workflow.spec.task_specs[name], state=status, id=UUID(token))
        task._parent = None if parent is None else UUID(parent)  # noqa: SLF001 -- As above.
        task._children = [UUID(child) for child in children]  # noqa: SLF001 -- As above.
        task.triggered = triggered
        task.last_state_change = changed
        task.internal_data = inner
        if isinstance(task.task_spec, CatchingEvent) and task.state == TaskState.WAITING:
            workflow.top_workflow.event_manager.add_task(task)
    workflow.task_tree = workflow.tasks[UUID(state["root"])]
    workflow.completed = state["completed"]
    workflow.success = state["success"]
