"""While an answer is read, what cannot be read becomes an error with a verdict."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from marshmallow import ValidationError

from pipeline.errors import PermanentError, TransientError
from pipeline.transport.messages import UnreadableAnswerError


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """Guards the reading of an answer to a read. what: names it for people, e.g. `Aprimo's activity 5012`.

    Raises TransientError for half or empty JSON, PermanentError (`answer_unexpected`) for another shape than the
    vendor documents: a contract that changed is for a person.
    """
    try:
        yield
    except UnreadableAnswerError as err:
        raise TransientError(f"{what} came back unreadable: {err}") from err
    except ValidationError as err:
        faults = json.dumps(err.messages, sort_keys=True, default=str)[:300]
        raise PermanentError("answer_unexpected", f"{what} has another shape than documented: {faults}") from err
