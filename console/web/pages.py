"""The operators' pages: they show, and change nothing; acts are the command line's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from console.letters import find, group_table
from console.tables import (
    Link,
    Table,
    cell,
    event_table,
    letter_table,
    notice_table,
    status_tables,
    timeline_tables,
)
from pipeline.errors import StoreAwayError
from pipeline.ports import Store
from pipeline.store.pages import SqlPages
from pipeline.words import EventId

TEMPLATES = Path(__file__).parents[1] / "templates"
LIST_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Pages:
    """What the pages read."""

    pages: SqlPages
    store: Store
    now: Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page: a title and tables, or a sentence."""

    title: str
    tables: tuple[Table, ...] = ()
    sentence: str = ""
    status: int = 200


Show: TypeAlias = Callable[[Pages, Request], Page]

UNKNOWN = Page(title="No such page", sentence="Nothing is here under this address.", status=404)
AWAY = Page(title="No database", sentence="The database cannot be read now. Reload in a moment.", status=503)


def page_routes(made: Pages) -> list[Route]:
    """Every page; the last one is for addresses that are none."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = cell
    environment.tests["link"] = lambda value: isinstance(value, Link)
    template = environment.get_template("page.html")
    shows: dict[str, Show] = {
        "/": _status,
        "/events": _events,
        "/events/{id}": _event,
        "/dead-letters": _dead_letters,
        "/{rest:path}": _unknown,
    }
    return [Route(path, _endpoint(made, template, show)) for path, show in shows.items()]


def _endpoint(made: Pages, template: Template, show: Show) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        try:
            page = show(made, request)
        except StoreAwayError:
            page = AWAY
        html = template.render(page=page, here=request.url.path, read_at=made.now())
        return HTMLResponse(html, status_code=page.status)

    return endpoint


def _status(made: Pages, _: Request) -> Page:
    notices = notice_table(made.pages.notice_list(limit=LIST_MAX))
    return Page(title="Status", tables=(*status_tables(made.pages.status()), notices))


def _events(made: Pages, request: Request) -> Page:
    wanted = {name: request.query_params.get(name, "") for name in ("flow", "state", "subject")}
    return Page(title="Events", tables=(event_table(made.pages.event_list(**wanted, limit=LIST_MAX)),))


def _event(made: Pages, request: Request) -> Page:
    timeline = made.pages.event_timeline(EventId(request.path_params["id"]))
    return Page(title=f"Event {timeline.event.id}", tables=timeline_tables(timeline)) if timeline else UNKNOWN


def _dead_letters(made: Pages, _: Request) -> Page:
    letters = find(made.store, limit=LIST_MAX)
    return Page(title="Dead letters", tables=(letter_table(letters), group_table(made.pages.letter_groups())))


def _unknown(_: Pages, __: Request) -> Page:
    return UNKNOWN
