"""Finding dead letters, for the command line and the pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from console.tables import Table
from pipeline.codes import cure
from pipeline.ports import Letter, Store, Tx
from pipeline.words import LetterState

if TYPE_CHECKING:  # Values only; the store brings SQLAlchemy.
    from pipeline.store.letter_groups import LetterGroup

STATES = (*(str(state) for state in LetterState), "any")
LIMIT = 1000
"""As many as one list shows."""
EVERY = 2_000_000_000
"""For acts on all letters of a filter: all means all."""


def find(
    store: Store, *, ids: Sequence[str] = (), flow: str = "", code: str = "", state: str = "open", limit: int = LIMIT
) -> list[Letter]:
    """Letters by id or filter, oldest first; state is one of STATES. Raises StoreAwayError."""
    wanted = "" if state == "any" else state

    def in_transaction(tx: Tx) -> list[Letter]:
        return tx.letters.find(ids=ids, flow=flow, code=code, state=wanted, limit=limit)

    return store.run(in_transaction)


def group_table(groups: Iterable[LetterGroup]) -> Table:
    """Open letters by cause, each group with its cure."""
    return Table(
        title="What to do",
        columns=("code", "cure", "flow", "letters", "since", "for example"),
        rows=tuple(
            (each.code, cure(each.code), each.flow, each.letters, each.oldest_at, each.hint) for each in groups
        ),
    )
