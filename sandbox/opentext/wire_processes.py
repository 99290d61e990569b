"""Routes of process instances and their executions: `/workflow/v1/process-instances`."""

import base64
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.kit.lists import Lists
from sandbox.opentext import filters, hal, wire
from sandbox.opentext.errors import not_found
from sandbox.opentext.filters import Seen
from sandbox.opentext.rows import InstanceRow, StateRow
from sandbox.opentext.values import variable_json
from sandbox.opentext.wire import Service
from sandbox.opentext.wire_json import Wanted

_ROOT = "/workflow/v1/process-instances"
_SORT = {
    "id": lambda seen: seen.instance.id,
    "startTime": lambda seen: seen.instance.started_at,
    "processDefinitionId": lambda seen: seen.instance.definition_id,
    "processDefinitionKey": lambda seen: seen.instance.key,
    "businessKey": lambda seen: seen.instance.business_key,
}
_DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def routes(service: Service) -> list[Route]:
    """The routes, those with a fixed word before those with an id."""
    it = _Processes(service)
    return [
        Route(_ROOT, it.start, methods=["POST"]),
        Route(_ROOT, it.list_all, methods=["GET"]),
        Route(f"{_ROOT}/executions", it.executions, methods=["GET"]),
        Route(f"{_ROOT}/executions/{{execution}}", it.act, methods=["PUT"]),
        Route(f"{_ROOT}/{{id}}", it.read, methods=["GET"]),
        Route(f"{_ROOT}/{{id}}", it.suspend, methods=["PUT"]),
        Route(f"{_ROOT}/{{id}}", it.delete, methods=["DELETE"]),
        Route(f"{_ROOT}/{{id}}/diagram", it.diagram, methods=["GET"]),
        Route(f"{_ROOT}/{{id}}/variables", it.variables, methods=["GET"]),
        Route(f"{_ROOT}/{{id}}/variables", it.add_variables, methods=["POST"]),
        Route(f"{_ROOT}/{{id}}/variables/{{name}}", it.variable, methods=["GET"]),
        Route(f"{_ROOT}/{{id}}/variables/{{name}}", it.put_variable, methods=["PUT"]),
        Route(f"{_ROOT}/{{id}}/comments", it.comments, methods=["GET"]),
        Route(f"{_ROOT}/{{id}}/comments", it.add_comment, methods=["POST"]),
        Route(f"{_ROOT}/{{id}}/comments/{{comment}}", it.delete_comment, methods=["DELETE"]),
    ]


class _Processes:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._store = service.store
        self._commands = service.processes
        self._lists: Lists[Seen] = Lists()

    async def start(self, request: Request) -> Response:
        body = await wire.object_body(request)
        row = await self._commands.start(body, wire.user(request))
        parts = Wanted(has_process_variables=body.get("returnVariables") is True)
        return self._shown(request, row, parts, status=201)

    async def list_all(self, request: Request) -> Response:
        query = request.query_params
        found = self._lists.get(wire.asked(query), self._store.version, lambda: self._found(query))
        parts, base = wire.wanted(query), wire.base(request)
        return hal.page(
            request,
            "process-instances",
            found,
            lambda seen: self._service.shapes.instance(
                seen.instance, self._store.comments(seen.instance.id), parts, base=base
            ),
            base=base,
        )

    def _found(self, query: Mapping[str, str]) -> list[Seen]:
        rows = self._store.instances(business_key=query.get("businessKey"), is_open=True)
        found = filters.matching(query, (Seen(instance=row) for row in rows), filters.RUNTIME_INSTANCES)
        return hal.ordered(query, found, _SORT)

    async def read(self, request: Request) -> Response:
        return self._shown(request, self._running(request), wire.wanted(request.query_params))

    async def suspend(self, request: Request) -> Response:
        body = await wire.object_body(request)
        row = await self._commands.set_suspended(request.path_params["id"], wire.user(request), body)
        return self._shown(request, row, Wanted())

    async def delete(self, request: Request) -> Response:
        reason = request.query_params.get("deleteReason")
        await self._commands.delete(request.path_params["id"], wire.user(request), reason)
        return Response(status_code=wire.NO_CONTENT)

    async def diagram(self, request: Request) -> Response:
        self._running(request)
        return Response(_DOT, media_type="image/png")

    async def variables(self, request: Request) -> Response:
        row = self._running(request)
        variables = [row.variables[name] for name in sorted(row.variables)]
        return hal.page(
            request,
            "variables",
            variables,
            lambda each: variable_json(each, scope="local"),
            base=wire.base(request),
        )

    async def variable(self, request: Request) -> Response:
        row, name = self._running(request), request.path_params["name"]
        if name not in row.variables:
            raise not_found("variable", name)
        return JSONResponse(variable_json(row.variables[name], scope="local"))

    async def add_variables(self, request: Request) -> Response:
        given = await wire.json_body(request)
        added = await self._commands.add_variables(request.path_params["id"], wire.user(request), given)
        return JSONResponse([variable_json(each, scope="local") for each in added.values()], status_code=201)

    async def put_variable(self, request: Request) -> Response:
        given = await wire.object_body(request)
        instance_id, name = request.path_params["id"], request.path_params["name"]
        variable = await self._commands.put_variable(instance_id, wire.user(request), name, given)
        return JSONResponse(variable_json(variable, scope="local"))

    async def comments(self, request: Request) -> Response:
        comments = self._store.comments(self._running(request).id)
        return hal.page(request, "comments", comments, self._service.shapes.comment, base=wire.base(request))

    async def add_comment(self, request: Request) -> Response:
        body = await wire.object_body(request)
        row = await self._commands.add_comment(request.path_params["id"], wire.user(request), body)
        return JSONResponse(self._service.shapes.comment(row), status_code=201)

    async def delete_comment(self, request: Request) -> Response:
        instance_id, comment_id = request.path_params["id"], request.path_params["comment"]
        await self._commands.delete_comment(instance_id, wire.user(request), comment_id)
        return Response(status_code=wire.NO_CONTENT)

    async def executions(self, request: Request) -> Response:
        query = request.query_params
        instance_id = query.get("processInstanceId")
        rows = self._store.instances(is_open=True)
        if instance_id is not None:
            row = self._store.find(InstanceRow, instance_id)
            rows = iter([] if row is None or row.ended_at else [row])
        found = []
        for row in rows:
            state = self._store.find(StateRow, row.root_id)
            found += [(each, row) for each in (state.executions if state else ()) if each.instance_id == row.id]
        if "activityId" in query:
            found = [(each, row) for each, row in found if each.activity_id == query["activityId"]]
        return hal.page(
            request,
            "executions",
            found,
            lambda pair: self._service.shapes.execution(pair[0], is_suspended=pair[1].is_suspended),
            base=wire.base(request),
        )

    async def act(self, request: Request) -> Response:
        execution = self._store.execution(request.path_params["execution"])
        if execution is None:
            raise not_found("execution", request.path_params["execution"])
        left = await self._commands.act(execution, wire.user(request), await wire.object_body(request))
        if left is None:
            return Response(status_code=wire.NO_CONTENT)
        return JSONResponse(self._service.shapes.execution(left, is_suspended=False))

    def _running(self, request: Request) -> InstanceRow:
        row = self._store.find(InstanceRow, request.path_params["id"])
        if row is None or row.ended_at is not None:
            raise not_found("process instance", request.path_params["id"])
        return row

    def _shown(self, request: Request, row: InstanceRow, parts: Wanted, *, status: int = 200) -> Response:
        comments = self._store.comments(row.id)
        shown = self._service.shapes.instance(row, comments, parts, base=wire.base(request))
        return JSONResponse(shown, status_code=status)
