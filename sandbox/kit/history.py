"""Every state change a sandbox made: who changed what from what to what, in order, never edited.

An independent checker reads it to prove that each effect took place at most once; that is what `identity`
(the natural identity of an effect: an external reference, a comment's marker, a start's key) is for.
"""

import threading
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.kit import clock, origin
from sandbox.kit.journal import Journal


@dataclass(frozen=True, kw_only=True)
class Change:
    """One row of the history. `changed` is false for a repeated call that changed nothing."""

    number: int
    time: str
    actor: str
    method: str
    route: str
    object: str
    before: Any
    after: Any
    identity: str | None
    changed: bool


class History:
    """The changes of one sandbox, oldest first. Safe to share between threads."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal or Journal(None)
        self._lock = threading.Lock()
        self._changes: list[Change] = []

    def add(
        self,
        subject: str,
        *,
        before: object,
        after: object,
        identity: str | None = None,
        is_changed: bool | None = None,
    ) -> Change:
        """Record what became of an object (such as `activity:5012`).

        before and after are what JSON can hold; None means that the object is not there. They are kept
        as they are: hand in copies where the object goes on changing. Actor, method and route are those
        of the current `origin`. is_changed defaults to before != after; name it where a stamp moves anyway.
        """
        whence = origin.current()
        with self._lock:
            change = Change(
                number=len(self._changes) + 1,
                time=clock.now_iso(),
                actor=whence.actor,
                method=whence.method,
                route=whence.route,
                object=subject,
                before=before,
                after=after,
                identity=identity,
                changed=before != after if is_changed is None else is_changed,
            )
            self._changes.append(change)
            self._journal.append({"history": asdict(change)})
        return change

    def restore(self, row: dict[str, Any]) -> None:
        """Take back one row as a journal kept it."""
        with self._lock:
            self._changes.append(Change(**row))

    def since(self, number: int, *, subject: str | None = None) -> list[Change]:
        """List the changes after a number, of one object where one is named."""
        with self._lock:
            later = self._changes[max(number, 0) :]
        return [change for change in later if subject is None or change.object == subject]

    def clear(self) -> None:
        """Forget everything; numbers start at 1 again."""
        with self._lock:
            self._changes.clear()
