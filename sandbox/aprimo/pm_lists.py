"""Pick lists of extended attributes: `/api/extended-attributes/{eaId}/pick-list-options` (aprimo.md §6.6)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo import attributes, pm_fields
from sandbox.aprimo.attributes import PICK
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import PICK_LIST, Row, State
from sandbox.kit.history import History


class PickLists:
    """What the attributes with a list offer."""

    def __init__(self, state: State, history: History) -> None:
        self._state = state
        self._history = history

    def routes(self) -> list[Route]:
        """List the routes of pick lists."""
        path = "/api/extended-attributes/{id:int}/pick-list-options"
        return [Route(path, self.read, methods=["GET"]), Route(path, self.replace, methods=["PUT"])]

    async def read(self, request: Request) -> Response:
        """Answer the items of a list."""
        return JSONResponse({"items": self._items(request.path_params["id"])})

    async def replace(self, request: Request) -> Response:
        """Put other items in the place of those of a list; an item without an id gets a new one."""
        ea_id: int = request.path_params["id"]
        before = self._items(ea_id)
        given = (await read_object(request)).get("items")
        if not isinstance(given, list):
            raise Refusal(400, "A pick list needs its 'items'.")
        items: list[Row] = []
        last = max(int(each["itemId"]) for each in before) if before else ea_id * 10
        for at, each in enumerate(given, start=1):
            item_id = each.get("itemId")
            if item_id is None:
                last += 1
                item_id = last
            items.append(_item(pm_fields.number(item_id, "itemId"), each.get("displayValue"), at, each))
        with self._state.command():
            self._state.put(PICK_LIST, ea_id, {"items": items})
            self._history.add(f"picklist:{ea_id}", before=before, after=items)
        return Response(status_code=204)

    def demand_known(self, row: Row) -> None:
        """Refuse a row that names items no list has."""
        chosen = [(each["extAttributeId"], each["encodedListItemId"]) for each in row[pm_fields.MULTIPLE]]
        singles = [(each["eaId"], each["eaValue"]) for each in row[pm_fields.SINGLE]]
        chosen += [(ea_id, int(value)) for ea_id, value in singles if attributes.ALL[ea_id].type == PICK]
        for ea_id, item_id in chosen:
            if item_id not in {each["itemId"] for each in self._items(ea_id)}:
                raise Refusal(400, f"The list of the extended attribute {ea_id} has no item {item_id}.")

    def _items(self, ea_id: int) -> list[Row]:
        attribute = attributes.ALL.get(ea_id)
        if attribute is None or not attribute.options:
            raise Refusal(404, f"There is no list of an extended attribute {ea_id}.")
        kept = self._state.get(PICK_LIST, ea_id)
        if kept:
            items: list[Row] = kept["items"]
            return items
        return [_item(key, text, at, {}) for at, (key, text) in enumerate(attribute.options.items(), start=1)]


def _item(item_id: int, text: object, sequence: int, given: Row) -> Row:
    if not isinstance(text, str) or not text:
        raise Refusal(400, "An item needs its 'displayValue'.")
    return {
        "itemId": item_id,
        "displayValue": text,
        "sequence": given.get("sequence", sequence),
        "active": given.get("active", True),
    }
