"""Pages of the DAM: `page` and `pageSize`, `_links.next` while there is more (aprimo.md §3.3)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from sandbox.aprimo import dam_render
from sandbox.aprimo.dam_render import Listing, Node
from sandbox.aprimo.refusals import Refusal

DEFAULT_SIZE, MAX_SIZE, MAX_HITS = 50, 1000, 10_000
Item = TypeVar("Item")


def listing(request: Request, items: Sequence[Item], node: Callable[[Item], Node]) -> Response:
    """Answer a page; page and pageSize may stand in the query or in headers."""
    params = {**request.headers, **request.query_params}
    nothing: dict[str, Any] = {}
    return _page(request, items, node, params=params, total=len(items), extra=nothing)


def hits(request: Request, items: Sequence[Item], node: Callable[[Item], Node], *, total: int) -> Response:
    """Answer a page of a search; only the query is read, and total is approximate."""
    extra: dict[str, Any] = {"facets": [], "truncatedFacets": []}
    return _page(request, items, node, params=dict(request.query_params), total=total, extra=extra)


def _page(
    request: Request,
    items: Sequence[Item],
    node: Callable[[Item], Node],
    *,
    params: dict[str, str],
    total: int,
    extra: dict[str, Any],
) -> Response:
    params = {name.casefold(): value for name, value in params.items()}
    number = _number(params, "page", 1)
    size = min(_number(params, "pagesize", DEFAULT_SIZE), MAX_SIZE)
    if number * size > MAX_HITS and number > 1:
        raise Refusal(400, f"Only the first {MAX_HITS} hits can be paged through.")
    start = (number - 1) * size
    part = items[start : start + size]
    links = {"self": _link(request, number, size)}
    if start + size < len(items):
        links["next"] = _link(request, number + 1, size)
    if number > 1:
        links["previous"] = _link(request, number - 1, size)
    head = {"page": number, "pageSize": size, "skip": start, "take": size, "totalCount": total, **extra}
    page = Listing(href=request.url.path, items=[node(each) for each in part], extra=head, links=links)
    view = dam_render.view_of(request).on_collection()
    return dam_render.respond(request, dam_render.show(page, view))


def _link(request: Request, number: int, size: int) -> dict[str, str]:
    return {"href": str(request.url.include_query_params(page=number, pageSize=size))}


def _number(params: dict[str, str], name: str, default: int) -> int:
    text = params.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise Refusal(400, f"'{name}' must be a whole number of at least 1.")
    return int(text)
