"""Searches of the DAM: `POST /api/core/search/...` (aprimo.md §4.2)."""

import json
from collections.abc import Callable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.aprimo import dam_expression, dam_pages, dam_seeds, dam_views
from sandbox.aprimo.dam_expression import NUMBER, TEXT, TIME, Reader
from sandbox.aprimo.dam_render import CORE
from sandbox.aprimo.dam_store import Dam
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import RECORD, Row
from sandbox.kit.lists import Lists

FACETS_MAX = 12
_TYPES = {dam_seeds.NUMBER: NUMBER, dam_seeds.MOMENT: TIME, dam_seeds.DAY: TIME}
_WORDS = {
    "id": (TEXT, "id"),
    "status": (TEXT, "status"),
    "contenttype": (TEXT, "contentType"),
    "createdon": (TIME, "createdOn"),
    "modifiedon": (TIME, "modifiedOn"),
    "createdby": (TEXT, "createdBy"),
    "modifiedby": (TEXT, "modifiedBy"),
}
_CLASSIFICATION_WORDS = {name: (TEXT, name) for name in ("id", "name", "namePath", "parentId")}


class Searches:
    """Search of records, which lags, and of classifications, which does not."""

    def __init__(self, dam: Dam, *, total_count_noise: int) -> None:
        self._dam = dam
        self._noise = total_count_noise
        self._lists: Lists[Row] = Lists()

    def routes(self) -> list[Route]:
        """List the routes of searches."""
        return [
            Route(f"{CORE}/search/records", self.records, methods=["POST"]),
            Route(f"{CORE}/search/classifications", self.classifications, methods=["POST"]),
        ]

    async def records(self, request: Request) -> Response:
        """Answer a page of records the index finds and that are still there, as they are now."""
        body = await read_object(request)
        if len(body.get("facets") or []) > FACETS_MAX:
            raise Refusal(400, f"A search has at most {FACETS_MAX} facets.")
        search, sort = body.get("searchExpression"), request.query_params.get("sort", "")
        # Both numbers only ever grow, so their sum tells every write of either.
        version = self._dam.index.version() + self._dam.state.version
        found = self._lists.get(json.dumps([search, sort]), version, lambda: self._found(search, sort))
        there = [row for each in found if (row := self._dam.state.get(RECORD, each["id"])) is not None]
        return dam_pages.hits(
            request, there, lambda row: dam_views.record(self._dam, row), total=len(found) + self._noise
        )

    async def classifications(self, request: Request) -> Response:
        """Answer a page of classifications."""
        body = await read_object(request)
        test = dam_expression.compile_search(body.get("searchExpression"), _ClassificationOperands())
        found = [row for row in self._dam.classifications().values() if test(row)]
        return dam_pages.hits(request, found, lambda row: dam_views.classification(self._dam, row), total=len(found))

    def _found(self, search: object, sort: str) -> list[Row]:
        """Give what the index finds in the order of the records as they are now; those that are gone come last."""
        test = dam_expression.compile_search(search, _RecordOperands(self._dam))
        found = [row for row in self._dam.index.rows() if test(row)]
        there = [row for each in found if (row := self._dam.state.get(RECORD, each["id"])) is not None]
        gone = [each for each in found if self._dam.state.get(RECORD, each["id"]) is None]
        return [*self._sorted(there, sort), *gone]

    def _sorted(self, rows: list[Row], sort: str) -> list[Row]:
        """Sort by built-in words and field names; a `-` before one turns its order round."""
        for key in reversed([each.strip() for each in sort.split(",") if each.strip()]):
            name = key.removeprefix("-")
            function = "" if name.casefold() in _WORDS else "fieldname"
            kind, read = _RecordOperands(self._dam).find(function, name)
            rows = sorted(rows, key=partial(_sort_key, kind=kind, read=read), reverse=key.startswith("-"))
        return rows


def _sort_key(row: Row, *, kind: str, read: Reader) -> tuple[bool, float, str]:
    value = next(iter(read(row)), None)
    if kind == NUMBER and value is not None:
        return True, float(str(value)), ""
    return value is not None, 0.0, "" if value is None else str(value).removesuffix("Z").casefold()


class _RecordOperands:
    """Built-in words, classifications, and fields by name or id."""

    def __init__(self, dam: Dam) -> None:
        self._known = dam.classifications()

    def find(self, function: str, name: str) -> tuple[str, Reader]:
        if function:
            return _field_operand(function, name)
        word = name.casefold()
        if word in _WORDS:
            kind, key = _WORDS[word]
            return kind, _column(key)
        if word in ("classification", "classification.id"):
            return TEXT, lambda row: row["classifications"]
        if word == "classification.namepath":
            return TEXT, lambda row: [self._known[each]["namePath"] for each in row["classifications"]]
        raise Refusal(400, f"'{name}' cannot be searched.")


class _ClassificationOperands:
    """What a classification can be found by."""

    def find(self, function: str, name: str) -> tuple[str, Reader]:
        for known, (kind, key) in _CLASSIFICATION_WORDS.items():
            if not function and name.casefold() == known.casefold():
                return kind, _column(key)
        raise Refusal(400, f"'{name}' cannot be searched.")


def _column(key: str) -> Callable[[Row], Sequence[object]]:
    return lambda row: [] if row[key] is None else [row[key]]


def _field_operand(function: str, name: str) -> tuple[str, Reader]:
    is_by_name = function == "fieldname"
    definition = dam_seeds.FIELD_OF_NAME.get(name.casefold()) if is_by_name else dam_seeds.FIELDS.get(name)
    if definition is None:
        raise Refusal(400, f"There is no field '{name}'.")
    return _TYPES.get(definition.type, TEXT), partial(_field_values, definition=definition)


def _field_values(row: Row, definition: dam_seeds.Field) -> list[object]:
    """List what a field can be found by; an option by its id and by its name."""
    found: list[object] = []
    for stored in row["fields"].get(definition.id, {}).values():
        value = stored["value"]
        if definition.type == dam_seeds.LINK:
            found += [each["recordId"] for each in (*value["parents"], *value["links"])]
        elif isinstance(value, list):
            found += value
            found += [definition.option_ids[each] for each in value if each in definition.option_ids]
        else:
            found.append(value)
    return found
