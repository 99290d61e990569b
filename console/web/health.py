"""Whether the intake can do its work: what a load balancer or a supervisor asks."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse

from console.web.committer import Committer
from pipeline.errors import StoreAwayError
from pipeline.store.pages import SqlPages


def health(pages: SqlPages, committer: Committer) -> Callable[[Request], JSONResponse]:
    """An endpoint that answers 200 while readings are taken and SQL answers, else 503.

    A broker that is away is no reason: what comes in is stored, and the sweeper publishes it later.
    """

    def endpoint(_: Request) -> JSONResponse:
        database = _answers(pages)
        is_well = database and committer.is_alive
        body = {"status": "ok" if is_well else "failing", "database": database, "intake": committer.is_alive}
        return JSONResponse(body, status_code=200 if is_well else 503, headers={"Cache-Control": "no-store"})

    return endpoint


def _answers(pages: SqlPages) -> bool:
    try:
        pages.event_list(limit=1)
    except StoreAwayError:
        return False
    return True
