"""Routes of user tasks: `/workflow/v1/tasks`."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.kit.lists import Lists
from sandbox.opentext import filters, hal, values, wire
from sandbox.opentext.errors import bad_request, not_found
from sandbox.opentext.filters import Seen
from sandbox.opentext.rows import InstanceRow, TaskRow
from sandbox.opentext.values import variable_json
from sandbox.opentext.wire import Service
from sandbox.opentext.wire_json import Wanted, link_json, links_json

_ROOT = "/workflow/v1/tasks"
_SORT = {
    "id": lambda seen: seen.one.id,
    "name": lambda seen: seen.one.name,
    "description": lambda seen: seen.one.description,
    "dueDate": lambda seen: seen.one.due_at,
    "createTime": lambda seen: seen.one.created_at,
    "priority": lambda seen: seen.one.priority,
    "executionId": lambda seen: seen.one.execution_id,
    "processInstanceId": lambda seen: seen.one.instance_id,
    "assignee": lambda seen: seen.one.assignee,
    "owner": lambda seen: seen.one.owner,
}


def routes(service: Service) -> list[Route]:
    """The routes."""
    it = _Tasks(service)
    one = f"{_ROOT}/{{id}}"
    return [
        Route(_ROOT, it.list_all, methods=["GET"]),
        Route(one, it.read, methods=["GET"]),
        Route(one, it.update, methods=["PUT"]),
        Route(one, it.act, methods=["POST"]),
        Route(f"{one}/assignments", it.assignments, methods=["GET"]),
        Route(f"{one}/assignments", it.assign, methods=["POST", "PUT"]),
        Route(f"{one}/assignments", it.unassign, methods=["DELETE"]),
        Route(f"{one}/comments", it.comments, methods=["GET"]),
        Route(f"{one}/comments", it.add_comment, methods=["POST"]),
        Route(f"{one}/variables", it.variables, methods=["GET"]),
        Route(f"{one}/variables", it.add_variables, methods=["POST"]),
        Route(f"{one}/variables/{{name}}", it.variable, methods=["GET"]),
        Route(f"{one}/variables/{{name}}", it.put_variable, methods=["PUT"]),
    ]


class _Tasks:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._store = service.store
        self._commands = service.tasks
        self._lists: Lists[Seen] = Lists()

    async def list_all(self, request: Request) -> Response:
        query = request.query_params
        found = self._lists.get(wire.asked(query), self._store.version, lambda: self._found(query))
        parts = wire.wanted(query)
        return hal.page(
            request,
            "tasks",
            found,
            lambda seen: self._shape(seen.one, parts),
            base=wire.base(request),
        )

    def _found(self, query: Mapping[str, str]) -> list[Seen]:
        rows = self._store.tasks(instance_id=query.get("processInstanceId"), is_open=True)
        found = filters.matching(query, (self._seen(row) for row in rows), filters.RUNTIME_TASKS)
        return hal.ordered(query, found, _SORT)

    async def read(self, request: Request) -> Response:
        return JSONResponse(self._shape(self._open(request), wire.wanted(request.query_params)))

    async def update(self, request: Request) -> Response:
        body = await wire.object_body(request)
        row = await self._commands.update(request.path_params["id"], wire.user(request), body)
        return JSONResponse(self._shape(row, Wanted()))

    async def act(self, request: Request) -> Response:
        body = await wire.object_body(request)
        task_id, user, action = request.path_params["id"], wire.user(request), body.get("action")
        match action:
            case "claim":
                row = await self._commands.claim(task_id, user, body.get("assignee"))
            case "unclaim":
                row = await self._commands.claim(task_id, user, None)
            case "delegate":
                row = await self._commands.delegate(task_id, user, body.get("assignee"))
            case "resolve":
                row = await self._commands.resolve(task_id, user)
            case "complete":
                await self._commands.complete(task_id, user, body)
                return Response(status_code=200)
            case _:
                raise bad_request(f"Invalid action: '{action}'.")
        return JSONResponse(self._shape(row, Wanted()))

    async def assignments(self, request: Request) -> Response:
        links = links_json(self._open(request))
        return hal.page(request, "assignments", links, lambda each: each, base=wire.base(request))

    async def assign(self, request: Request) -> Response:
        body = await wire.object_body(request)
        link = await self._commands.add_link(request.path_params["id"], wire.user(request), body)
        return JSONResponse(link_json(link), status_code=201 if request.method == "POST" else 200)

    async def unassign(self, request: Request) -> Response:
        body = await wire.object_body(request) if await request.body() else dict(request.query_params)
        await self._commands.remove_link(request.path_params["id"], wire.user(request), body)
        return Response(status_code=wire.NO_CONTENT)

    async def comments(self, request: Request) -> Response:
        row = self._open(request)
        comments = [each for each in self._store.comments(row.instance_id) if each.task_id == row.id]
        return hal.page(request, "comments", comments, self._service.shapes.comment, base=wire.base(request))

    async def add_comment(self, request: Request) -> Response:
        row, body = self._open(request), await wire.object_body(request)
        user = wire.user(request)
        comment = await self._service.processes.add_task_comment(row.id, row.instance_id, user, body)
        return JSONResponse(self._service.shapes.comment(comment), status_code=201)

    async def variables(self, request: Request) -> Response:
        variables = self._visible_variables(self._open(request))
        return hal.page(request, "variables", variables, lambda each: each, base=wire.base(request))

    async def variable(self, request: Request) -> Response:
        name = request.path_params["name"]
        for shown in self._visible_variables(self._open(request)):
            if shown["name"] == name:
                return JSONResponse(shown)
        raise not_found("variable", name)

    async def add_variables(self, request: Request) -> Response:
        given = values.read_variables(await wire.json_body(request))
        await self._commands.set_variables(request.path_params["id"], wire.user(request), given, must_be=False)
        return JSONResponse([variable_json(each, scope="local") for each in given.values()], status_code=201)

    async def put_variable(self, request: Request) -> Response:
        given = values.read_variable(await wire.object_body(request))
        if given.name != request.path_params["name"]:
            raise bad_request("Variable name in the body should be equal to the name in the URL.")
        await self._commands.set_variables(
            request.path_params["id"], wire.user(request), {given.name: given}, must_be=True
        )
        return JSONResponse(variable_json(given, scope="local"))

    def _visible_variables(self, row: TaskRow) -> list[dict[str, object]]:
        own = values.variables_json(row.variables, scope="local")
        names = {each["name"] for each in own}
        shared = values.variables_json(self._instance(row).variables, scope="global")
        return own + [each for each in shared if each["name"] not in names]

    def _open(self, request: Request) -> TaskRow:
        return self._commands.open_task(request.path_params["id"])

    def _instance(self, row: TaskRow) -> InstanceRow:
        instance = self._store.find(InstanceRow, row.instance_id)
        if instance is None:
            raise not_found("process instance", row.instance_id)
        return instance

    def _seen(self, row: TaskRow) -> Seen:
        return Seen(instance=self._instance(row), task=row)

    def _shape(self, row: TaskRow, parts: Wanted) -> dict[str, object]:
        comments = self._store.comments(row.instance_id) if parts.has_comments else []
        return self._service.shapes.task(row, self._instance(row), comments, parts)
