"""Why something ended that nobody completed, in the words of the real engine's delete reasons."""

from collections.abc import Iterable

from sandbox.opentext.tokens import Position, Step

MULTI_INSTANCE_END = "MI_END"
PROCESS_DELETED = "process instance deleted"


def reason_of_end(position: Position, passed: Iterable[Step]) -> str:
    """The delete reason of a place that is gone: the first passed element that ends what it stands in."""
    for step in passed:
        element = step.element
        if element.kind == "boundaryEvent" and element.is_interrupting:
            if element.attached_to in (position.element.id, *position.within):
                return f"boundary event ({element.id})"
        elif element.event == "terminate" and element.scope in position.within:
            return f"terminate end event ({element.id})"
        elif element.is_loop and step.execution_id == position.parent_id:
            return MULTI_INSTANCE_END
    return PROCESS_DELETED
