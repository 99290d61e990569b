"""Copies of an object that is there: tens of thousands of finished ones in seconds, without a call for each."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo import dam_ids, dam_times, pm_fields
from sandbox.aprimo.dam_store import Dam
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.pm_objects import Shape
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import ACTIVITY, FILE, FILE_VERSION, RECORD, Key, Row
from sandbox.kit.history import History

STEP_S = 0.01
"""A copy of a record was made so much before the one before it, so that no moment holds many of them."""


class Copies:
    """Copies objects as they are, under ids of their own: no callout, no rule, and one change in the history."""

    def __init__(self, dam: Dam, history: History, shapes: Sequence[Shape]) -> None:
        self._dam = dam
        self._state = dam.state
        self._history = history
        self._shapes = {ACTIVITY: (ACTIVITY, "activityId")} | {
            each.subject: (each.table, each.id_key) for each in shapes
        }

    def routes(self) -> list[Route]:
        """List the route."""
        return [Route("/sandbox/copies", self.add, methods=["POST"])]

    async def add(self, request: Request) -> Response:
        """Copy `{"kind": "activity", "id": 5012, "count": 1000}`; answers per copy the new id of each old one.

        An object of PM may be named in its own texts: `"named": "activity/{id}"` says how, and copies are in theirs.
        """
        body: dict[str, Any] = await read_object(request)
        kind, key, count = str(body.get("kind")), body.get("id"), body.get("count")
        if not isinstance(count, int) or count < 1 or not isinstance(key, int | str):
            raise Refusal(400, "'kind', 'id' and a 'count' of at least 1.")
        with self._state.command():
            named = str(body.get("named") or "")
            is_record = kind == RECORD
            copies = [*(self._records(str(key), count) if is_record else self._objects(kind, key, count, named))]
            self._history.add(f"copies:{kind}:{key}", before=None, after={"count": len(copies)})
        return JSONResponse({"copies": copies}, status_code=201)

    def _objects(self, kind: str, key: Key, count: int, named: str) -> Iterator[dict[str, Key]]:
        table, id_key = self._shapes.get(kind, ("", ""))
        row = self._state.get(table, key)
        if row is None:
            raise Refusal(404, f"There is no {kind} {key}.")
        for _ in range(count):
            object_id = self._state.next_id(table)
            of_lists = [{**each, "parentId": object_id} for each in row.get(pm_fields.MULTIPLE, [])]
            lists = {pm_fields.MULTIPLE: of_lists} if of_lists else {}
            texts = _renamed(row, {named.format(id=key): named.format(id=object_id)} if named else {})
            self._state.put(table, object_id, {**texts, **lists, id_key: object_id})
            yield {str(key): object_id}

    def _records(self, key: str, count: int) -> Iterator[dict[str, Key]]:
        row = self._dam.demand(RECORD, key)
        made = dam_times.read(row["createdOn"]).timestamp()
        for number in range(1, count + 1):
            record_id = dam_ids.new()
            new: dict[str, Key] = {key: record_id}
            for each in row["files"]:
                new |= self._file(each, record_id)
            copy = {
                **row,
                "fields": _renamed(row["fields"], {old: str(each) for old, each in new.items()}),
                "id": record_id,
                "createdOn": dam_times.at(made - number * STEP_S),
                "files": [new[each] for each in row["files"]],
                "masterFile": new.get(row["masterFile"]),
            }
            self._state.put(RECORD, record_id, copy)
            self._dam.index.learn(record_id, copy, is_immediate=True)
            yield new

    def _file(self, file_id: str, record_id: str) -> dict[str, Key]:
        """Copy a file with its versions; their checks are not copied."""
        file = self._dam.demand(FILE, file_id)
        copy: Row = {**file, "id": dam_ids.new(), "versions": [dam_ids.new() for _ in file["versions"]]}
        for old, new in zip(file["versions"], copy["versions"], strict=True):
            version = self._dam.demand(FILE_VERSION, old)
            parents = {"id": new, "recordId": record_id, "fileId": copy["id"], "annotations": []}
            self._state.put(FILE_VERSION, new, {**version, **parents})
        self._state.put(FILE, copy["id"], copy)
        return {file_id: copy["id"], **dict(zip(file["versions"], copy["versions"], strict=True))}


def _renamed(row: Row, names: Mapping[str, str]) -> Row:
    """Give a row with new names for old ones in all its texts."""
    text = json.dumps(row)
    for old, new in names.items():
        text = text.replace(old, new)
    renamed: Row = json.loads(text)
    return renamed
