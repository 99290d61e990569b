"""What the objects of Productivity Management have in common: list, search, create, read, update, delete (§6).

Activities and projects are older and say the same on their own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo import pm_fields, pm_search, pm_times
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.pm_fields import Kind
from sandbox.aprimo.pm_lists import PickLists
from sandbox.aprimo.pm_pages import page
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import Row, State
from sandbox.aprimo.webhooks import Moment, Webhooks
from sandbox.kit.history import History
from sandbox.kit.lists import Lists


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """What every kind of object writes to."""

    state: State
    history: History
    webhooks: Webhooks
    lists: PickLists
    needs_collections: bool


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How one kind of object looks. `subject` names it in the history, `resource` in paths and webhooks."""

    table: str
    subject: str
    resource: str
    id_key: str
    page_key: str
    kind: Kind
    searchable: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    modified_by: str = "modifiedUser"
    created_by: str | None = None


class Objects:
    """One kind of object with the six usual routes."""

    def __init__(self, tenant: Tenant, shape: Shape) -> None:
        self.tenant = tenant
        self.shape = shape
        self._lists: Lists[Row] = Lists()

    def routes(self) -> list[Route]:
        """List the routes; a kind with fewer or more says so itself."""
        path = f"/api/{self.shape.resource}"
        return [
            Route(path, self.read_all, methods=["GET"]),
            Route(path, self.create, methods=["POST"]),
            Route(f"{path}/search", self.search, methods=["POST"]),
            Route(f"{path}/{{id:int}}", self.read, methods=["GET"]),
            Route(f"{path}/{{id:int}}", self.update, methods=["PUT"]),
            Route(f"{path}/{{id:int}}", self.delete, methods=["DELETE"]),
        ]

    async def read_all(self, request: Request) -> Response:
        """Answer one page of all objects."""
        return page(request, self.rows(), key=self.shape.page_key)

    async def search(self, request: Request) -> Response:
        """Answer one page of those a tree matches."""
        tree = await read_object(request)

        def find() -> list[Row]:
            test = pm_search.compile_tree(tree, self.shape.searchable, has_attributes=True)
            return [row for row in self.rows() if test(row)]

        found = self._lists.get(json.dumps(tree), self.tenant.state.version, find)
        return page(request, found, key=self.shape.page_key)

    async def read(self, request: Request) -> Response:
        """Answer one object."""
        return JSONResponse(self.demand(request.path_params["id"]))

    async def create(self, request: Request) -> Response:
        """Make an object and tell the subscribers."""
        body = self.read_body(await read_object(request))
        user_id: int = request.scope["user_id"]
        made = pm_fields.create({**self.shape.defaults, **self.defaults_for(user_id)}, body, self.shape.kind)
        self.check(None, made)
        object_id = self.tenant.state.next_id(self.shape.table)
        now = pm_times.stamp()
        by = {self.shape.created_by: user_id} if self.shape.created_by else {}
        made = {**made, self.shape.id_key: object_id, "createdDate": now, **by}
        after = self.finished(self.stamped(made, user_id))
        self.keep(None, after, Moment.CREATED, user_id=user_id, identity=pm_fields.case_of(after))
        return JSONResponse(after, status_code=201)

    async def update(self, request: Request) -> Response:
        """Change what the body names and tell the subscribers."""
        body = self.read_body(await read_object(request))
        before = self.demand(request.path_params["id"])
        changed = pm_fields.apply(before, body, self.shape.kind)
        self.check(before, changed)
        user_id: int = request.scope["user_id"]
        after = self.finished(self.stamped(changed, user_id))
        self.keep(before, after, Moment.UPDATED, user_id=user_id)
        return JSONResponse(after)

    async def delete(self, request: Request) -> Response:
        """Remove an object and tell the subscribers."""
        before = self.demand(request.path_params["id"])
        self.keep(before, None, Moment.DELETED, user_id=request.scope["user_id"])
        return Response(status_code=204)

    def rows(self) -> list[Row]:
        """List all objects of the kind."""
        return self.tenant.state.rows(self.shape.table)

    def demand(self, object_id: int) -> Row:
        """Give an object; refuses with 404 when there is none of that id."""
        row = self.tenant.state.get(self.shape.table, object_id)
        if row is None:
            raise Refusal(404, f"There is no {self.shape.subject} {object_id}.")
        return row

    def defaults_for(self, user_id: int) -> Row:  # noqa: ARG002 -- For kinds that have an owner.
        """Give what a new object of a user says without being told."""
        return {}

    def check(self, before: Row | None, after: Row) -> None:  # noqa: ARG002 -- For kinds with a life cycle.
        """Refuse a write that makes no sense; before is None for a create."""
        self.tenant.lists.demand_known(after)

    def finished(self, row: Row) -> Row:
        """Give a row with what follows from its fields."""
        return row

    def stamped(self, row: Row, user_id: int) -> Row:
        """Give a row as changed by somebody now."""
        return {**row, "modifiedDate": pm_times.stamp(), self.shape.modified_by: user_id}

    def keep(
        self,
        before: Row | None,
        after: Row | None,
        *moments: Moment,
        user_id: int,
        identity: str | None = None,
        body: Row | None = None,
    ) -> None:
        """Keep a row, record the change and tell the subscribers, all or nothing."""
        row = after or before or {}
        object_id: int = row[self.shape.id_key]
        is_changed = self._facts(before) != self._facts(after)
        with self.tenant.state.command():
            self.tenant.state.put(self.shape.table, object_id, after)
            name = f"{self.shape.subject}:{object_id}"
            self.tenant.history.add(name, before=before, after=after, identity=identity, is_changed=is_changed)
            for moment in moments:
                self.tenant.webhooks.tell(moment, self.shape.resource, object_id, user_id=user_id, body=body)

    def read_body(self, body: Row) -> Row:
        """Read a body; an unmarked kind fails without both attribute collections."""
        if self.tenant.needs_collections and not self.shape.kind.is_marked:
            pm_fields.demand_collections(body)
        return body

    def _facts(self, row: Row | None) -> Row | None:
        stamps = ("modifiedDate", self.shape.modified_by)
        return row and {name: value for name, value in row.items() if name not in stamps}
