"""Admin routes of this sandbox: the people, copies, the tokens, and how call-backs fared."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.opentext import copies
from sandbox.opentext.acts import Acts
from sandbox.opentext.auth import Tokens
from sandbox.opentext.engine import Engine
from sandbox.opentext.people import People
from sandbox.opentext.scenario import Scenario, read_answer, read_change, read_start


def routes(people: People, acts: Acts, tokens: Tokens, engine: Engine) -> list[Route]:
    """The routes; they ask for no token."""
    it = _Admin(people, acts, tokens, engine)
    return [
        Route("/sandbox/people", it.show_people, methods=["GET"]),
        Route("/sandbox/people", it.replace_people, methods=["PUT"]),
        Route("/sandbox/people/decide", it.decide, methods=["POST"]),
        Route("/sandbox/people/change", it.change, methods=["POST"]),
        Route("/sandbox/people/start", it.start, methods=["POST"]),
        Route("/sandbox/copies", it.copy, methods=["POST"]),
        Route("/sandbox/tokens/revoke", it.revoke, methods=["POST"]),
        Route("/sandbox/callbacks", it.callbacks, methods=["GET"]),
    ]


class _Admin:
    def __init__(self, people: People, acts: Acts, tokens: Tokens, engine: Engine) -> None:
        self._people = people
        self._acts = acts
        self._tokens = tokens
        self._engine = engine

    async def show_people(self, _: Request) -> Response:
        return JSONResponse(self._people.as_json())

    async def replace_people(self, request: Request) -> Response:
        body: Any = await request.json()
        self._people.replace(Scenario.read(body), pace=body.get("pace"))
        return JSONResponse(self._people.as_json())

    async def decide(self, request: Request) -> Response:
        task_id, user, given = await _of_task(request)
        await self._acts.complete(task_id, user, read_answer(given))
        return Response(status_code=204)

    async def change(self, request: Request) -> Response:
        task_id, user, given = await _of_task(request)
        await self._acts.change(task_id, user, read_change(given))
        return Response(status_code=204)

    async def start(self, request: Request) -> Response:
        body: Any = await request.json()
        row = await self._acts.start(body["user"], read_start(_by_user(body)))
        return JSONResponse({"id": row.id}, status_code=201)

    async def copy(self, request: Request) -> Response:
        body: Any = await request.json()
        made = copies.add(self._engine.store, body["instance"], body["copies"])
        return JSONResponse({"copies": made}, status_code=201)

    async def revoke(self, _: Request) -> Response:
        self._tokens.revoke_all()
        return Response(status_code=204)

    async def callbacks(self, _: Request) -> Response:
        return JSONResponse(self._engine.callbacks.as_json())


async def _of_task(request: Request) -> tuple[str, str, dict[str, Any]]:
    """Which task, who, and what: said as in a scenario."""
    body: Any = await request.json()
    given = {name: value for name, value in _by_user(body).items() if name != "taskId"}
    return body["taskId"], body["user"], given


def _by_user(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "user"} | {"who": body["user"]}
