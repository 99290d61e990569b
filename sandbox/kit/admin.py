"""The `/sandbox/...` routes both vendors have: faults, history, counts, health, reset.

They ask for no token, are not counted and do not count against a rate.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.kit.faults import FaultError, Faults
from sandbox.kit.history import History
from sandbox.kit.requests import RequestCounts

PREFIX = "/sandbox/"


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What one sandbox needs of the kit."""

    faults: Faults
    history: History
    requests: RequestCounts

    def clear(self) -> None:
        """Forget rules, history and counts."""
        self.faults.clear()
        self.history.clear()
        self.requests.clear()


def routes(kit: Kit, *, reset: Callable[[], None]) -> list[Route]:
    """List the shared admin routes; reset brings the vendor's own state back to its seeds."""
    admin = _Admin(kit, reset)
    return [
        Route("/sandbox/health", admin.health, methods=["GET"]),
        Route("/sandbox/reset", admin.reset, methods=["POST"]),
        Route("/sandbox/requests", admin.requests, methods=["GET"]),
        Route("/sandbox/history", admin.history, methods=["GET"]),
        Route("/sandbox/faults", admin.add_fault, methods=["POST"]),
        Route("/sandbox/faults", admin.list_faults, methods=["GET"]),
        Route("/sandbox/faults", admin.clear_faults, methods=["DELETE"]),
        Route("/sandbox/faults/{fault_id:int}", admin.remove_fault, methods=["DELETE"]),
    ]


class _Admin:
    def __init__(self, kit: Kit, reset: Callable[[], None]) -> None:
        self._kit = kit
        self._reset = reset

    async def health(self, _: Request) -> Response:
        return JSONResponse({"ok": True})

    async def reset(self, _: Request) -> Response:
        self._kit.clear()
        self._reset()
        return Response(status_code=204)

    async def requests(self, request: Request) -> Response:
        return JSONResponse(self._kit.requests.as_json(request.query_params.get("agent")))

    async def history(self, request: Request) -> Response:
        try:
            since = int(request.query_params.get("since", "0"))
        except ValueError:
            return JSONResponse({"error": "since is the number of a change"}, status_code=400)
        changes = self._kit.history.since(since, subject=request.query_params.get("object"))
        return JSONResponse([asdict(change) for change in changes])

    async def add_fault(self, request: Request) -> Response:
        wanted: Any = await request.json()
        try:
            rule = self._kit.faults.add(wanted)
        except FaultError as err:
            return JSONResponse({"error": str(err)}, status_code=400)
        return JSONResponse({"id": rule.id}, status_code=201)

    async def list_faults(self, _: Request) -> Response:
        return JSONResponse(self._kit.faults.as_json())

    async def clear_faults(self, _: Request) -> Response:
        self._kit.faults.clear()
        return Response(status_code=204)

    async def remove_fault(self, request: Request) -> Response:
        is_removed = self._kit.faults.remove(request.path_params["fault_id"])
        return Response(status_code=204 if is_removed else 404)
