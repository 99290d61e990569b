"""Records: `/api/core/record(s)` with locks and trail (aprimo.md §4.1, §4.4)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.aprimo import dam_changes, dam_ids, dam_pages, dam_render, dam_times, dam_views
from sandbox.aprimo.dam_files import Files
from sandbox.aprimo.dam_render import CORE
from sandbox.aprimo.dam_store import Dam, Saved, Writer, dam_user
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import LOCK, RECORD, TRAIL, Row

IMMEDIATE = "set-immediatesearchindexupdate"


class Records:
    """Create, read, change and delete records."""

    def __init__(self, dam: Dam, files: Files, *, needs_classification: bool) -> None:
        self._dam = dam
        self._files = files
        self._needs_classification = needs_classification

    def routes(self) -> list[Route]:
        """List the routes of records."""
        one = f"{CORE}/record/{{id}}"
        return [
            Route(f"{CORE}/records", self.read_all, methods=["GET"]),
            Route(f"{CORE}/records", self.create, methods=["POST"]),
            Route(one, self.read, methods=["GET"]),
            Route(one, self.update, methods=["PUT"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(f"{one}/locks", self.list_locks, methods=["GET"]),
            Route(f"{one}/locks", self.lock, methods=["POST"]),
            Route(f"{one}/lock/{{lock_id}}", self.unlock, methods=["DELETE"]),
            Route(f"{one}/trail", self.trail, methods=["GET"]),
            Route(f"{one}/trail/entry/{{number:int}}", self.trail_entry, methods=["GET"]),
            Route(f"{one}/{{related}}", self.read_related, methods=["GET"]),
        ]

    async def read_all(self, request: Request) -> Response:
        """Answer one page of all records."""
        rows = self._dam.state.rows(RECORD)
        return dam_pages.listing(request, rows, lambda row: dam_views.record(self._dam, row))

    async def read(self, request: Request) -> Response:
        """Answer one record."""
        return dam_render.answer(request, dam_views.record(self._dam, self._demand(request)))

    async def read_related(self, request: Request) -> Response:
        """Answer what a link of a record leads to."""
        node = dam_views.record(self._dam, self._demand(request))
        make = node.related.get(request.path_params["related"].casefold())
        view = dam_render.view_of(request)
        return dam_render.answer(request, make(view) if make else None)

    async def create(self, request: Request) -> Response:
        """Make a record."""
        body = await read_object(request)
        writer = writer_of(request)
        record = dam_changes.new_record(dam_ids.new(), writer.user_id)
        with self._dam.state.command():
            planned, master = self._files.take(record, body.get("files"))
            record = dam_changes.apply(record, body, self._dam.exists)
            if self._needs_classification and not record["classifications"]:
                raise Refusal(400, "A record needs at least one classification.")
            record = self._files.attach(record, planned, master, writer.user_id)
            reference = dam_changes.value_of(record, "ExternalReference")
            identity = f"reference:{reference}" if reference else None
            saved = Saved(
                before=None,
                after=record,
                user_id=writer.user_id,
                reference_id=writer.reference_id,
                has_new_file=bool(planned),
            )
            self._dam.save(saved, writer, identity=identity)
        return dam_render.made(request, record["id"], location=f"/record/{record['id']}")

    async def update(self, request: Request) -> Response:
        """Change what the body names."""
        body = await read_object(request)
        writer = writer_of(request)
        before = self._demand(request)
        with self._dam.state.command():
            planned, master = self._files.take(before, body.get("files"))
            after = dam_changes.apply(before, body, self._dam.exists)
            after = self._files.attach(after, planned, master, writer.user_id)
            saved = Saved(
                before=before,
                after=dam_changes.stamped(after, writer.user_id),
                user_id=writer.user_id,
                reference_id=writer.reference_id,
                has_new_file=bool(planned),
            )
            self._dam.save(saved, writer)
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        """Remove a record; reading it is a 404 from now on."""
        writer = writer_of(request)
        saved = Saved(
            before=self._demand(request), after=None, user_id=writer.user_id, reference_id=writer.reference_id
        )
        self._dam.save(saved, writer)
        return Response(status_code=204)

    async def list_locks(self, request: Request) -> Response:
        """Answer the locks of a record as a plain list."""
        row = self._demand(request)
        locks = [lock for lock in self._dam.state.rows(LOCK) if lock["recordId"] == row["id"]]
        return dam_render.respond(request, [dict(dam_views.lock_node(each).scalars) for each in locks])

    async def lock(self, request: Request) -> Response:
        """Lock a record. A lock is a sign: it keeps nobody from writing."""
        row = self._demand(request)
        body = await read_object(request)
        if not dam_ids.is_id(str(body.get("integrationId", "")).replace("-", "").lower()):
            raise Refusal(400, "A lock needs the 'integrationId' of its integration.")
        lock = {
            "lockId": dam_ids.new(),
            "integrationId": body["integrationId"],
            "uri": body.get("uri"),
            "reason": body.get("reason"),
            "lockedOn": dam_times.stamp(),
            "recordId": row["id"],
        }
        with self._dam.state.command():
            self._dam.state.put(LOCK, lock["lockId"], lock)
            identity = f"lock:{row['id']}:{lock['integrationId']}:{lock['uri']}"
            self._dam.history.add(f"lock:{lock['lockId']}", before=None, after=lock, identity=identity)
        return dam_render.respond(request, {"lockId": lock["lockId"]}, status=201)

    async def unlock(self, request: Request) -> Response:
        """Take a lock away."""
        self._demand(request)
        lock = self._dam.demand(LOCK, request.path_params["lock_id"])
        with self._dam.state.command():
            self._dam.state.put(LOCK, lock["lockId"], None)
            self._dam.history.add(f"lock:{lock['lockId']}", before=lock, after=None)
        return Response(status_code=204)

    async def trail(self, request: Request) -> Response:
        """Answer the entries of a record's trail, without what changed in each."""
        wanted = {"change": ("recordCreated", "recordModified"), "download": ("recordDownloaded",)}
        kinds = wanted.get(request.query_params.get("filter", ""), sum(wanted.values(), ()))
        entries = [each for each in self._entries(request) if each["type"] in kinds]
        items = [{name: value for name, value in each.items() if name != "changes"} for each in entries]
        return dam_render.respond(request, {"items": items, "totalCount": len(items)})

    async def trail_entry(self, request: Request) -> Response:
        """Answer one entry with what changed."""
        for entry in self._entries(request):
            if entry["id"] == request.path_params["number"]:
                return dam_render.respond(request, entry)
        raise Refusal(404, "There is no such entry.")

    def _entries(self, request: Request) -> list[Row]:
        row = self._demand(request)
        entries: list[Row] = (self._dam.state.get(TRAIL, row["id"]) or {"entries": []})["entries"]
        return entries

    def _demand(self, request: Request) -> Row:
        return self._dam.demand(RECORD, request.path_params["id"])


def writer_of(request: Request) -> Writer:
    """Read who writes, and how, of a request."""
    return Writer(
        user_id=dam_user(request.scope["user_id"]),
        reference_id=request.headers.get("referenceid", ""),
        is_immediate=request.headers.get(IMMEDIATE, "").lower() == "true",
    )
