"""The web app, put together: doors for the vendors, pages for the operators, and the two threads of the intake."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from config.settings import Settings
from console.queues import lengths
from console.web.access import Guard
from console.web.committer import Accept, Committer, Publish
from console.web.doors import doors
from console.web.health import health
from console.web.intake import Intake, intake_routes
from console.web.metrics import metrics
from console.web.pages import Pages, page_routes
from console.web.strangers import Strangers
from pipeline.intake import accept
from pipeline.ports import Store
from pipeline.routes import Routes
from pipeline.store.pages import SqlPages
from pipeline.transport.tally import Counted, counted

STATIC = Path(__file__).parents[1] / "static"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the app is made of besides its settings.

    queues: the length of every queue, and calls: those that were made to the vendors; empty when the broker is away.
    """

    routes: Routes
    accept: Accept
    publish: Publish
    pages: SqlPages
    store: Store
    queues: Callable[[], Mapping[str, int]]
    calls: Callable[[], Sequence[Counted]]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def create(settings: Settings) -> Starlette:
    """The app of an installation. Opens no connection before it is served."""
    from tasks.app import create as create_celery  # noqa: PLC0415 - imports Celery and every adapter
    from tasks.wiring import current  # noqa: PLC0415 - as above

    create_celery(settings)
    made = current()
    ports = made.ports
    return assemble(
        settings,
        Parts(
            routes=made.routes,
            accept=partial(accept, store=ports.store, new_id=ports.new_id, limits=ports.limits),
            publish=ports.waker.wake,
            pages=SqlPages(settings.database_url),
            store=ports.store,
            queues=partial(lengths, made.redis),
            calls=partial(counted, made.redis),
        ),
    )


def assemble(settings: Settings, parts: Parts) -> Starlette:
    """The app made of these parts."""
    committer = Committer(parts.accept, parts.publish)
    strangers = Strangers(time.monotonic)
    intake = Intake(
        committer=committer, strangers=strangers, body_max_bytes=settings.web.body_max_bytes, now=parts.now
    )
    for_operators = [
        Route("/metrics", metrics(parts.pages, parts.queues, parts.calls, strangers)),
        Mount("/static", StaticFiles(directory=STATIC)),
        *page_routes(Pages(pages=parts.pages, store=parts.store, now=parts.now)),
    ]
    return Starlette(
        routes=[
            *intake_routes(doors(settings, parts.routes), intake),
            Route("/health", health(parts.pages, committer)),
            Mount("/", routes=for_operators, middleware=[Middleware(Guard, web=settings.web)]),
        ],
        lifespan=partial(_lifespan, committer),
    )


@asynccontextmanager
async def _lifespan(committer: Committer, _: Starlette) -> AsyncIterator[None]:
    committer.start()
    yield
    await asyncio.to_thread(committer.stop)
