"""Admin routes of this sandbox: the people, the tokens, and how call-backs fared."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.opentext.auth import Tokens
from sandbox.opentext.engine import Engine
from sandbox.opentext.people import People
from sandbox.opentext.scenario import Scenario


def routes(people: People, tokens: Tokens, engine: Engine) -> list[Route]:
    """The routes; they ask for no token."""
    it = _Admin(people, tokens, engine)
    return [
        Route("/sandbox/people", it.show_people, methods=["GET"]),
        Route("/sandbox/people", it.replace_people, methods=["PUT"]),
        Route("/sandbox/people/decide", it.decide, methods=["POST"]),
        Route("/sandbox/tokens/revoke", it.revoke, methods=["POST"]),
        Route("/sandbox/callbacks", it.callbacks, methods=["GET"]),
    ]


class _Admin:
    def __init__(self, people: People, tokens: Tokens, engine: Engine) -> None:
        self._people = people
        self._tokens = tokens
        self._engine = engine

    async def show_people(self, _: Request) -> Response:
        return JSONResponse(self._people.as_json())

    async def replace_people(self, request: Request) -> Response:
        body: Any = await request.json()
        self._people.replace(Scenario.read(body), pace=body.get("pace"))
        return JSONResponse(self._people.as_json())

    async def decide(self, request: Request) -> Response:
        body: Any = await request.json()
        await self._people.decide(body["taskId"], body["user"], body.get("outcome"), body.get("comment"))
        return Response(status_code=204)

    async def revoke(self, _: Request) -> Response:
        self._tokens.revoke_all()
        return Response(status_code=204)

    async def callbacks(self, _: Request) -> Response:
        return JSONResponse(dict(self._engine.callbacks.outcomes))
