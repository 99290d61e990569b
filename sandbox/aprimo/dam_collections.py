"""Collections of records (aprimo.md §4.6). Shapes of the writes follow the public SDK."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.aprimo import dam_changes, dam_ids, dam_pages, dam_render, dam_seeds, dam_times, dam_views
from sandbox.aprimo.dam_render import CORE, Listing, Node
from sandbox.aprimo.dam_store import Dam, dam_user
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.seeds import INTEGRATION_USER
from sandbox.aprimo.state import COLLECTION, RECORD, Row


class Collections:
    """Static collections: those of the channel teams, and what is made."""

    def __init__(self, dam: Dam) -> None:
        self._dam = dam

    def routes(self) -> list[Route]:
        """List the routes of collections."""
        one = f"{CORE}/collection/{{id}}"
        return [
            Route(f"{CORE}/collections", self.read_all, methods=["GET"]),
            Route(f"{CORE}/collections", self.create, methods=["POST"]),
            Route(one, self.read, methods=["GET"]),
            Route(f"{one}/records", self.read_records, methods=["GET"]),
            Route(f"{one}/records", self.change_records, methods=["PUT"]),
        ]

    async def read_all(self, request: Request) -> Response:
        """Answer one page of all collections."""
        return dam_pages.listing(request, list(self._rows().values()), self._node)

    async def read(self, request: Request) -> Response:
        """Answer one collection."""
        return dam_render.answer(request, self._node(self._demand(request)))

    async def read_records(self, request: Request) -> Response:
        """Answer one page of a collection's records."""
        rows = self._records(self._demand(request))
        return dam_pages.listing(request, rows, lambda row: dam_views.record(self._dam, row))

    async def create(self, request: Request) -> Response:
        """Make an empty collection."""
        body = await read_object(request)
        if not body.get("name") or str(body.get("type", "static")).casefold() != "static":
            raise Refusal(400, "A collection needs a 'name', and its type is static.")
        now = dam_times.stamp()
        collection_id = dam_ids.new()
        row = {
            "id": collection_id,
            "name": body["name"],
            "description": body.get("description", ""),
            "type": "Static",
            "ownerId": dam_user(request.scope["user_id"]),
            "createdOn": now,
            "modifiedOn": now,
            "records": [],
        }
        self._keep(None, row)
        return dam_render.made(request, collection_id)

    async def change_records(self, request: Request) -> Response:
        """Add and remove records: `{"records": {"addOrUpdate": [id], "remove": [id]}}`."""
        before = self._demand(request)
        added, removed = dam_changes.actions((await read_object(request)).get("records"), "records")
        ids, gone = (
            [each.get("id") if isinstance(each, dict) else each for each in side] for side in (added, removed)
        )
        for each in ids:
            if not self._dam.exists("record", str(each)):
                raise Refusal(400, f"There is no record '{each}'.")
        records = [each for each in dict.fromkeys([*before["records"], *ids]) if each not in gone]
        self._keep(before, {**before, "records": records, "modifiedOn": dam_times.stamp()})
        return Response(status_code=204)

    def _rows(self) -> dict[str, Row]:
        seeds = {row["id"]: row for row in dam_seeds.collections(dam_user(INTEGRATION_USER))}
        return seeds | {row["id"]: row for row in self._dam.state.rows(COLLECTION)}

    def _demand(self, request: Request) -> Row:
        row = self._rows().get(dam_ids.demand_form(request.path_params["id"]))
        if row is None:
            raise Refusal(404, "There is no such collection.")
        return row

    def _records(self, row: Row) -> list[Row]:
        found = [self._dam.state.get(RECORD, each) for each in row["records"]]
        return [each for each in found if each is not None]

    def _keep(self, before: Row | None, after: Row) -> None:
        with self._dam.state.command():
            self._dam.state.put(COLLECTION, after["id"], after)
            is_changed = before is None or before["records"] != after["records"]
            self._dam.history.add(f"collection:{after['id']}", before=before, after=after, is_changed=is_changed)

    def _node(self, row: Row) -> Node:
        href = f"{CORE}/collection/{row['id']}"
        return Node(
            kind="collection",
            href=href,
            scalars={name: value for name, value in row.items() if name != "records"},
            related={
                "records": lambda _: Listing(
                    href=f"{href}/records", items=[dam_views.record(self._dam, each) for each in self._records(row)]
                ),
                "ownedby": lambda _: dam_views.user(row["ownerId"]),
            },
        )
