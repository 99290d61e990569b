"""The records of the tenant and all that a write of one entails: history, trail, index and rules, in one place."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.aprimo import dam_changes, dam_ids, dam_seeds, dam_times
from sandbox.aprimo.dam_index import Index
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.seeds import PEOPLE
from sandbox.aprimo.state import CLASSIFICATION, RECORD, TRAIL, Row, State
from sandbox.kit.history import History

USERS: dict[str, Row] = {person.as_json()["adamUserId"]: person.as_json() for person in PEOPLE.values()}
"""The same people as in Productivity Management, by their DAM id."""


def dam_user(user_id: int) -> str:
    """Give the DAM id of a user of Productivity Management."""
    return str(PEOPLE[user_id].as_json()["adamUserId"])


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A write of a record, as rules are told of it: None before a create, None after a delete."""

    before: Row | None
    after: Row | None
    user_id: str
    reference_id: str = ""
    has_new_file: bool = False


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Who writes, and what the headers of the request say about it."""

    user_id: str
    reference_id: str = ""
    is_immediate: bool = False


@dataclass(kw_only=True)
class Dam:
    """State of the DAM. `listeners` are told of every saved record, inside the same command."""

    state: State
    history: History
    index: Index
    classification_ready_after_s: float
    listeners: list[Callable[[Saved], None]] = field(default_factory=list)
    _children: tuple[int, dict[tuple[str, str], list[str]]] = field(default_factory=lambda: (-1, {}))

    def demand(self, table: str, key: str) -> Row:
        """Give a row of the DAM; 404 where its id is malformed or nobody has it."""
        row = self.state.get(table, dam_ids.demand_form(key))
        if row is None:
            raise Refusal(404, f"There is no {table} with the id '{key}'.")
        return row

    def exists(self, kind: str, key: str) -> bool:
        """Whether a value may name this record, user or classification; a classification must be ready."""
        if kind == "user":
            return key in USERS
        if kind == "classification":
            row = self.classifications().get(key)
            return row is not None and self._is_ready(row)
        return self.state.get(kind, key) is not None

    def children(self, record_id: str, name: str) -> list[str]:
        """List the records whose link field of this name names a record as their parent."""
        version, known = self._children
        if version != self.state.version:
            known = {}
            for row in self.state.rows(RECORD):
                for link in dam_seeds.LINKS:
                    value = dam_changes.value_of(row, link.name)
                    for parent in value["parents"] if value else ():
                        known.setdefault((parent["recordId"], link.name), []).append(row["id"])
            self._children = (self.state.version, known)
        return known.get((record_id, name), [])

    def classifications(self) -> dict[str, Row]:
        """Give all classifications by their id: those of the seeds, then those that were made."""
        rows = [*dam_seeds.classifications(), *self.state.rows(CLASSIFICATION)]
        return {row["id"]: row for row in rows}

    def save(self, saved: Saved, writer: Writer, *, identity: str | None = None) -> None:
        """Keep a record as it is after a write, with everything that follows from it."""
        row = saved.after or saved.before
        if row is None:
            return
        record_id = row["id"]
        changes = dam_changes.differences(saved.before or {**row, "fields": {}}, saved.after or row)
        with self.state.command():
            self.state.put(RECORD, record_id, saved.after)
            self.history.add(
                f"record:{record_id}",
                before=dam_changes.in_words(saved.before) if saved.before else None,
                after=dam_changes.in_words(saved.after) if saved.after else None,
                identity=identity,
                is_changed=saved.before is None or saved.after is None or bool(changes) or saved.has_new_file,
            )
            if saved.after is not None:
                self.add_trail(
                    record_id, "recordModified" if saved.before else "recordCreated", writer.user_id, changes
                )
            self.index.learn(record_id, saved.after, is_immediate=writer.is_immediate)
            for listener in self.listeners:
                listener(saved)

    def add_trail(self, record_id: str, kind: str, user_id: str, changes: list[Row]) -> None:
        """Add one entry to a record's trail."""
        entries = (self.state.get(TRAIL, record_id) or {"entries": []})["entries"]
        entry = {
            "id": len(entries) + 1,
            "type": kind,
            "userId": user_id,
            "createdOn": dam_times.stamp(),
            "changeCount": len(changes),
            "changes": changes,
        }
        self.state.put(TRAIL, record_id, {"entries": [*entries, entry]})

    def _is_ready(self, row: Row) -> bool:
        return dam_times.seconds_since(row["createdOn"]) >= self.classification_ready_after_s
