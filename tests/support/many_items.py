"""Thousands of items that agree: originals that a desk really carried, copied in both sandboxes and in our tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, and_, insert, or_, select

from pipeline.store.links import link_id
from pipeline.store.tables import links, processes, reviews
from pipeline.words import BusinessKey
from tests.support.acceptance import Desk

CHUNK = 100
"""Copies that are asked for at once, so that a sandbox answers in time."""
Names = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Original:
    """An item of a flow as Aprimo knows it. kind: as in its business key."""

    flow: str
    kind: str
    object_id: str

    @property
    def key(self) -> str:
        """Its business key."""
        return f"aprimo:{self.kind}:{self.object_id}"


def multiply(desk: Desk, original: Original, wanted: int) -> None:
    """Make so many more of an item: in Aprimo, with its processes in OpenText and all its links with us."""
    object_id = int(original.object_id) if original.object_id.isdecimal() else original.object_id
    left = wanted
    while left > 0:
        asked = {
            "kind": original.kind,
            "id": object_id,
            "count": min(left, CHUNK),
            "named": f"aprimo:{original.kind}:{{id}}",
        }
        copies = desk.aprimo_sandbox.admin("POST", "copies", asked)["copies"]
        _carry(desk, original, [_names(original, each) for each in copies])
        left -= CHUNK


def _names(original: Original, copy: Mapping[str, Any]) -> Names:
    """New for old: the business key, and the ids that are long enough to be told from anything else."""
    new = str(copy[original.object_id])
    ids = {old: str(each) for old, each in copy.items() if not old.isdecimal()}
    return {original.key: f"aprimo:{original.kind}:{new}", **ids}


def _carry(desk: Desk, original: Original, copies: Sequence[Names]) -> None:
    """The processes of the copies, then the links of the item and of its parts."""
    with desk.states.engine.begin() as conn:
        parts = links.c.business_key.startswith(f"{original.key}#", autoescape=True)
        is_of_it = or_(links.c.business_key == original.key, parts)
        for link in _rows(conn, links, and_(links.c.flow == original.flow, is_of_it)):
            of_link = _rows(conn, processes, processes.c.link_id == link["id"])
            known = _rows(conn, reviews, reviews.c.link_id == link["id"])
            names = copies
            for process in of_link:
                names = _instances(desk, link["business_key"], process["instance_id"], names)
            ids = [link_id(original.flow, BusinessKey(_said(link["business_key"], each))) for each in names]
            _put(conn, links, (_renamed({**link, "id": own}, each) for own, each in zip(ids, names, strict=True)))
            for table, rows in ((processes, of_link), (reviews, known)):
                _put(
                    conn,
                    table,
                    (
                        _renamed({**row, "link_id": own}, each)
                        for row in rows
                        for own, each in zip(ids, names, strict=True)
                    ),
                )


def _instances(desk: Desk, key: str, instance: str, copies: Sequence[Names]) -> list[Names]:
    """Copies of an instance; gives the names with those of the instance and its tasks."""
    wanted = [{"business_key": _said(key, names), "names": dict(names)} for names in copies]
    made = desk.opentext_sandbox.admin("POST", "copies", {"instance": instance, "copies": wanted})["copies"]
    return [{**names, **each} for names, each in zip(copies, made, strict=True)]


def _rows(conn: Connection, table: Table, condition: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - SQLAlchemy's.
    return [dict(row) for row in conn.execute(select(table).where(condition)).mappings()]


def _put(conn: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    while some := list(islice(rows, CHUNK)):
        conn.execute(insert(table), some)


def _renamed(row: dict[str, Any], names: Names) -> dict[str, Any]:
    """A row with new names for old ones, in texts and in JSON."""
    return {name: _value(value, names) for name, value in row.items()}


def _value(value: Any, names: Names) -> Any:  # noqa: ANN401 - A column's value.
    if isinstance(value, str):
        return _said(value, names)
    return json.loads(_said(json.dumps(value), names)) if isinstance(value, dict | list) else value


def _said(text: str, names: Names) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text
