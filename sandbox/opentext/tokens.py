"""Where the tokens of a running process stand, in the words of the real engine's executions."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import CallActivity
from SpiffWorkflow.task import Task

from sandbox.opentext.bpmn import Element
from sandbox.opentext.machinery import execution_id

_CALLED = UUID("a2a5e2f4-3c0e-4f7e-9a58-5f3c2b6f0a11")
_BRANCH = UUID("2f1d3a6c-9f0b-4a53-8a0f-7f5a3f7f6c22")


@dataclass(frozen=True, kw_only=True)
class Position:
    """A place where a token waits. token_id is the library's own; executions are what the outside sees.

    within names the sub-processes, call activities and processes around it, from the inside out; child_id is
    the process instance that a call activity started.
    """

    token_id: str
    execution_id: str
    parent_id: str
    instance_id: str
    element: Element
    within: tuple[str, ...] = ()
    child_id: str = ""
    is_loop: bool = False

    @property
    def is_task(self) -> bool:
        """Whether a person is waited for."""
        return self.element.kind == "userTask" and not self.is_loop


@dataclass(frozen=True, kw_only=True)
class Step:
    """An element that a token passed during a command."""

    execution_id: str
    instance_id: str
    element: Element


def child_instance(task: Task) -> str:
    """The process instance id of the process that a call activity's token called."""
    return str(uuid5(_CALLED, str(task.id)))


def owner_instance(task: Task, root: str) -> str:
    """The process instance a token belongs to: the nearest called one, else the root."""
    workflow = task.workflow
    while workflow.parent_task_id is not None:
        owner = workflow.top_workflow.get_task_from_id(workflow.parent_task_id)
        if isinstance(owner.task_spec, CallActivity):
            return child_instance(owner)
        workflow = owner.workflow
    return root


def positions(tasks: Iterable[Task], root: str, element_of: Callable[[Task], Element]) -> Iterator[Position]:
    """The positions of unfinished tokens; element_of gives a token's node."""
    for task in tasks:
        if task.task_spec.bpmn_id is None:
            continue
        element = element_of(task)
        instance_id = owner_instance(task, root)
        here = execution_id(task)
        around = tuple(_around(task))
        yield Position(
            token_id=str(task.id),
            execution_id=here,
            parent_id=_parent(task, instance_id),
            instance_id=instance_id,
            element=element,
            within=around,
            child_id=child_instance(task) if isinstance(task.task_spec, CallActivity) else "",
            is_loop=isinstance(task.task_spec, MultiInstanceTask),
        )
        if element.kind == "eventBasedGateway":
            for child in task.children:
                yield Position(
                    token_id=str(task.id),
                    execution_id=str(uuid5(_BRANCH, f"{task.id} {child.task_spec.name}")),
                    parent_id=here,
                    instance_id=instance_id,
                    element=element_of(child),
                    within=around,
                )


def _around(task: Task) -> Iterator[str]:
    workflow = task.workflow
    yield workflow.spec.name
    while workflow.parent_task_id is not None:
        owner = workflow.top_workflow.get_task_from_id(workflow.parent_task_id)
        workflow = owner.workflow
        yield owner.task_spec.bpmn_id
        yield workflow.spec.name


def _parent(task: Task, instance_id: str) -> str:
    before = task.parent
    if before is not None and isinstance(before.task_spec, MultiInstanceTask):
        return execution_id(before)
    if before is not None and hasattr(task.task_spec, "cancel_activity"):
        attached = next(child for child in before.children if not hasattr(child.task_spec, "cancel_activity"))
        return execution_id(attached)
    workflow = task.workflow
    if workflow.parent_task_id is None:
        return instance_id
    owner = workflow.top_workflow.get_task_from_id(workflow.parent_task_id)
    return instance_id if isinstance(owner.task_spec, CallActivity) else execution_id(owner)
