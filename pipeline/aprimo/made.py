"""What a create answers: the id of what was made, or that nobody knows."""

from __future__ import annotations

from pipeline.errors import UnknownOutcomeError
from pipeline.transport.messages import Answer, UnreadableAnswerError


def made_id(answer: Answer, *keys: str) -> str:
    """The id under the first of the keys that is there. Without one the outcome is unknown: a look-up finds it.

    Raises UnknownOutcomeError.
    """
    try:
        body = answer.json_object()
    except UnreadableAnswerError as err:
        raise UnknownOutcomeError("What was made was answered unreadably.", status=answer.status) from err
    found = next((body[key] for key in keys if body.get(key) not in {None, ""}), None)
    if not isinstance(found, int | str):
        raise UnknownOutcomeError("What was made was answered without an id.", status=answer.status)
    return str(found)
