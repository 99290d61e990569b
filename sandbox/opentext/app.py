"""Puts the sandbox together: rows, engine, people, routes, the gateway and the kit's admin routes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.kit import admin
from sandbox.kit.admin import Kit
from sandbox.kit.faults import Faults
from sandbox.kit.front import Front
from sandbox.kit.history import History
from sandbox.kit.journal import Journal
from sandbox.kit.requests import RequestCounts
from sandbox.opentext import (
    admin_people,
    wire_history,
    wire_models,
    wire_processes,
    wire_tasks,
)
from sandbox.opentext.acts import Acts
from sandbox.opentext.auth import Tokens
from sandbox.opentext.engine import Engine
from sandbox.opentext.errors import Refusal
from sandbox.opentext.gateway import Gateway, SpikeArrest
from sandbox.opentext.options import Options
from sandbox.opentext.people import People
from sandbox.opentext.processes import Processes
from sandbox.opentext.store import Store
from sandbox.opentext.tasks import Tasks
from sandbox.opentext.wire import Service
from sandbox.opentext.wire_json import Shapes

_JOURNAL = "opentext.jsonl"


def build(options: Options, *, now: Callable[[], datetime] | None = None) -> ASGIApp:
    """The ASGI app of one sandbox, with what its journal remembers."""
    journal, records = Journal.opened(options.data_dir, _JOURNAL)
    history = History(journal)
    store = Store(journal, history)
    store.restore(records)
    engine = Engine(store, options, now=now)
    processes, tasks = Processes(engine), Tasks(engine)
    acts = Acts(tasks, processes)
    people = People(engine, acts)
    people.restore()
    tokens = Tokens(options)
    service = Service(engine=engine, processes=processes, tasks=tasks, shapes=Shapes(options))
    kit = Kit(faults=Faults(seed=options.seed), history=history, requests=RequestCounts())

    def reset() -> None:
        store.clear()
        engine.forget()
        people.forget()

    routes = [
        Route("/tenants/{tenant}/oauth2/token", tokens.give, methods=["POST"]),
        *wire_processes.routes(service),
        *wire_models.routes(service),
        *wire_tasks.routes(service),
        *wire_history.routes(service),
        *admin_people.routes(people, acts, tokens, engine),
        *admin.routes(kit, reset=reset),
    ]
    rate = SpikeArrest(options.rate_per_s, options.rate_slot_s)
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Gateway, tokens=tokens, rate=rate)],
        exception_handlers={Refusal: _refused, HTTPException: _unknown},
        lifespan=_lifespan(engine, people),
    )
    return Front(app, kit=kit, routes=routes)


def _lifespan(engine: Engine, people: People) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        engine.spawn(engine.run_timers())
        engine.spawn(people.run())
        yield

    return life


async def _refused(_: Request, err: Exception) -> Response:
    if not isinstance(err, Refusal):
        raise err
    return JSONResponse({"message": err.message, "exception": err.exception}, status_code=err.status)


async def _unknown(request: Request, err: Exception) -> Response:
    status = err.status_code if isinstance(err, HTTPException) else 500
    what = f"No endpoint {request.method} {request.url.path}."
    return JSONResponse({"message": "Not found", "exception": what}, status_code=status)
