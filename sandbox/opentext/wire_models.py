"""Routes of process models: `/workflow/v1/runtime/models`."""

import base64
import binascii

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.opentext import filters, hal, wire
from sandbox.opentext.errors import bad_request, not_found
from sandbox.opentext.rows import ModelRow
from sandbox.opentext.wire import Service

_ROOT = "/workflow/v1/runtime/models"


def routes(service: Service) -> list[Route]:
    """The routes."""
    it = _Models(service)
    return [
        Route(_ROOT, it.deploy, methods=["POST"]),
        Route(_ROOT, it.list_all, methods=["GET"]),
        Route(f"{_ROOT}/{{id}}", it.read, methods=["GET"]),
    ]


class _Models:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._store = service.store

    async def deploy(self, request: Request) -> Response:
        body = await wire.object_body(request)
        if body.get("modelType", "xml") != "xml":
            raise bad_request("The sandbox takes models of type xml only")
        try:
            xml = base64.b64decode(str(body.get("modelContent")), validate=True)
        except binascii.Error as err:
            raise bad_request("modelContent is not base64") from err
        row = self._service.engine.deploy(xml, model_id=str(body.get("modelId") or ""))
        return JSONResponse(self._service.shapes.model(row), status_code=201)

    async def list_all(self, request: Request) -> Response:
        query = request.query_params
        rows = list(self._store.all(ModelRow))
        if filters.flag(query.get("latestVersion", "false")):
            rows = [row for row in rows if self._store.models(row.key)[-1].id == row.id]
        if "key" in query:
            rows = [row for row in rows if row.key == query["key"]]
        if "processDefinitionId" in query:
            rows = [row for row in rows if row.id == query["processDefinitionId"]]
        return hal.page(request, "models", rows, self._service.shapes.model, base=wire.base(request))

    async def read(self, request: Request) -> Response:
        wished = request.path_params["id"]
        rows = [row for row in self._store.all(ModelRow) if wished in {row.id, row.model_id}]
        if not rows:
            raise not_found("model", wished)
        shown = self._service.shapes.model(rows[-1])
        if request.query_params.get("modelType", "xml") == "json":
            return JSONResponse({**shown, "modelType": "json", "modelContent": self._shapes(rows[-1])})
        return JSONResponse({**shown, "modelContent": rows[-1].xml})

    def _shapes(self, row: ModelRow) -> dict[str, object]:
        """The user tasks in the modeler's form: what clients read the possible outcomes from."""
        elements = self._service.engine.executable(row.id).document.elements.values()
        return {
            "childShapes": [
                {
                    "resourceId": element.id,
                    "stencil": {"id": "UserTask"},
                    "properties": {"overrideid": element.id, "name": element.name, **element.attributes},
                }
                for element in elements
                if element.kind == "userTask"
            ]
        }
