"""A row in every table, with a person's values in every column that could hold one."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Table, insert, select

from pipeline.store.erasing import FOR_PEOPLE, is_key
from pipeline.store.tables import metadata, people
from pipeline.store.types import Json, UtcTime, Word
from tests.support.store_rows import START

_STATES = {
    "events": "delivered",
    "deliveries": "done",
    "processes": "ended",
    "dead_letters": "discarded",
    "differences": "closed",
}
"""Nothing is open, so that everything may be erased."""
_PROVEN = frozenset({"audit", "anchors"})
"""These are appended to by their own rules only."""
_POINTS_TO = {"event_id": "events", "link_id": "links"}


@dataclass(frozen=True)
class Somebody:
    """A person as both systems know them. guid: the long id that one part of Aprimo knows them by."""

    email: str
    user_id: str
    guid: str
    name: str

    @property
    def user(self) -> dict[str, str]:
        return {"id": self.user_id, "email": self.email, "name": self.name}

    def shows_in(self, dump: str) -> list[str]:
        """Which of the values stand in a dump, and not as a part of somebody else's."""
        values = (self.email, self.user_id, self.guid, self.name)
        return [each for each in values if re.search(rf"(?<![\w-]){re.escape(each.casefold())}(?![\w-])", dump)]


def plant(conn: Connection, who: Somebody, *, part: str) -> None:
    """A row in every table that is about this person, apart from those of other parts."""
    for table in metadata.sorted_tables:
        if table.name not in _PROVEN:
            conn.execute(insert(table).values(_row(table, who, part)))


def dump(conn: Connection, *, of: str = "") -> str:
    """Every value of every row, folded; with `of` only of rows whose keys name that part."""
    shown = []
    for table in metadata.sorted_tables:
        for row in conn.execute(select(table)).mappings():
            told = " | ".join(_shown(value) for value in row.values())
            if of in told:
                shown.append(f"{table.name}: {told}")
    return "\n".join(shown).casefold()


def _row(table: Table, who: Somebody, part: str) -> dict[str, Any]:
    if table is people:
        return {"aprimo_user": who.user_id, "opentext_user": who.email, "name": who.name, "how": "e-mail"}
    columns = [column for column in table.columns if column is not table.autoincrement_column]
    users = itertools.cycle((who.email, who.user_id, who.name))
    return {
        column.name: next(users) if column in FOR_PEOPLE else _value(table, column, who, part) for column in columns
    }


def _value(table: Table, column: Column[Any], who: Somebody, part: str) -> Any:  # noqa: ANN401 - Any column.
    kind: Any = column.type
    said = f"{part}: {who.name} <{who.email}>, {who.guid}"
    if isinstance(kind, Word):
        return _key(table, column, part) if is_key(column) else said
    if isinstance(kind, Json):
        return {"owner": {"value": who.user}, "by": who.user_id, "text": said, "all": [who.email]}
    if isinstance(kind, LargeBinary):
        return json.dumps({"userId": int(who.user_id), "said": said}).encode()
    return START if isinstance(kind, UtcTime) else 1


def _key(table: Table, column: Column[Any], part: str) -> str:
    """Rows of a part name each other by its name and their table's."""
    if column.name == "state":
        return _STATES.get(table.name, "")
    pointed = [foreign.column.table.name for foreign in column.foreign_keys] or [
        _POINTS_TO.get(column.name, table.name)
    ]
    return f"{part} {pointed[0]}"


def _shown(value: Any) -> str:  # noqa: ANN401 - Any column.
    told = json.loads(value) if isinstance(value, bytes) else value
    return json.dumps(told, ensure_ascii=False, default=str)
