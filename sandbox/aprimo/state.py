"""The rows of the tenant, in memory, written through to a journal when there is a data folder.

Rows are replaced, never changed in place, so that one that was handed out stays what it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.kit.history import History
from sandbox.kit.journal import Journal, Record

Row = dict[str, Any]
Key = int | str

ACTIVITY, PROJECT, TOKEN, CALLOUT, SUBSCRIPTION = "activity", "project", "token", "callout", "subscription"
RECORD, CLASSIFICATION, LOCK, TRAIL = "record", "classification", "lock", "trail"
FILE, FILE_VERSION, UPLOAD, SEGMENTED = "file", "fileversion", "upload", "segmented"
CHECK, CHECK_RESULT, ORDER, PUBLIC_LINK, COLLECTION = "check", "checkresult", "order", "publiclink", "collection"
RULES, RULE_CALL = "rules", "rulecall"
TASK, COMMITMENT, FUNDING, FUNDING_BASE = "task", "commitment", "fundingaccount", "fundingbase"
DIGITAL_ASSET, ANNOTATION, PICK_LIST = "digitalasset", "annotation", "picklist"
_FIRST_ID = {
    ACTIVITY: 5001,
    PROJECT: 6101,
    TASK: 77001,
    COMMITMENT: 9101,
    FUNDING: 412,
    DIGITAL_ASSET: 8001,
    ANNOTATION: 1,
}
"""The first id of a table; 1 where none is named."""


class State:
    """Tables of rows. Used from the event loop only. version: another one after every write."""

    def __init__(self, journal: Journal, restored: list[Record], *, history: History) -> None:
        self._journal = journal
        self._tables: dict[str, dict[Key, Row]] = {}
        self._last_id: dict[str, int] = {}
        self.version = 0
        for record in restored:
            if "history" in record:
                history.restore(record["history"])
            else:
                self._keep(*record["row"])

    @contextmanager
    def command(self) -> Iterator[None]:
        """All that is put, removed or recorded inside survives a kill together, or not at all."""
        with self._journal.command():
            yield

    def get(self, table: str, key: Key) -> Row | None:
        """Give one row, None when it is not there."""
        return self._tables.get(table, {}).get(key)

    def rows(self, table: str) -> list[Row]:
        """List all rows of a table in the order of their making."""
        return list(self._tables.get(table, {}).values())

    def next_id(self, table: str) -> int:
        """Give a new id; one that was deleted is never given again."""
        self._last_id[table] = max(self._last_id.get(table, 0) + 1, _FIRST_ID.get(table, 1))
        return self._last_id[table]

    def put(self, table: str, key: Key, row: Row | None) -> None:
        """Keep a row; None removes it."""
        self._keep(table, key, row)
        self._journal.append({"row": [table, key, row]})

    def clear(self, table: str | None = None) -> None:
        """Forget one table, or everything with its journal."""
        if table is None:
            self.version += 1
            self._tables.clear()
            self._last_id.clear()
            self._journal.clear()
            return
        with self.command():
            for key in list(self._tables.get(table, {})):
                self.put(table, key, None)

    def _keep(self, table: str, key: Key, row: Row | None) -> None:
        self.version += 1
        rows = self._tables.setdefault(table, {})
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row
        if isinstance(key, int):
            self._last_id[table] = max(self._last_id.get(table, 0), key)
