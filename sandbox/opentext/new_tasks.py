"""Builds the row of a user task from what its element in the model says."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.opentext import juel, values
from sandbox.opentext.bpmn import Element
from sandbox.opentext.juel_values import ExpressionError
from sandbox.opentext.rows import InstanceRow, Link, TaskRow, Variable
from sandbox.opentext.tokens import Position

_DEFAULT_PRIORITY = 50


def new_task(
    task_id: str, position: Position, instance: InstanceRow, *, scope: Mapping[str, Any], time: str
) -> TaskRow:
    """A task as it begins. Raises ExpressionError or Refusal where an attribute has no fitting value."""
    element = position.element
    due = _text(element, "dueDate", scope)
    priority = juel.evaluate(element.attributes.get("priority", ""), scope) or _DEFAULT_PRIORITY
    return TaskRow(
        id=task_id,
        instance_id=instance.id,
        root_id=instance.root_id,
        definition_id=instance.definition_id,
        execution_id=position.execution_id,
        key=element.id,
        name=str(juel.evaluate(element.name, scope)),
        created_at=time,
        description=str(juel.evaluate(element.documentation, scope)) or None,
        category=_text(element, "category", scope),
        assignee=_text(element, "assignee", scope),
        owner=_text(element, "owner", scope),
        priority=int(priority),
        due_at=None if due is None else values.read_time(due, "dueDate"),
        form_key=_text(element, "formKey", scope),
        links=tuple(_links(element, scope)),
        variables=_loop_variables(element, scope),
    )


def _text(element: Element, name: str, scope: Mapping[str, Any]) -> str | None:
    text = element.attributes.get(name)
    if text is None:
        return None
    value = juel.evaluate(text, scope)
    if value is not None and not isinstance(value, str):
        raise ExpressionError(f"{name} expression does not resolve to a string: {text}")
    return value or None


def _links(element: Element, scope: Mapping[str, Any]) -> Iterator[Link]:
    for group in _names(element, "candidateGroups", scope):
        yield Link(type="candidate", group=group)
    for user in _names(element, "candidateUsers", scope):
        yield Link(type="candidate", user=user)


def _names(element: Element, name: str, scope: Mapping[str, Any]) -> list[str]:
    value = juel.evaluate(element.attributes.get(name, ""), scope)
    if isinstance(value, list):
        return [str(each) for each in value]
    return [each.strip() for each in str(value or "").split(",") if each.strip()]


def _loop_variables(element: Element, scope: Mapping[str, Any]) -> dict[str, Variable]:
    names = [element.element_variable, "loopCounter"] if element.is_loop else []
    return {name: values.guessed_any(name, scope[name]) for name in names if name}
