"""The pages of Productivity Management: `_total`, `_embedded` under an irregular key, `_links` (aprimo.md §5)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import Row

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


def page(request: Request, rows: list[Row], *, key: str) -> Response:
    """Answer the part of rows that `limit` and `offset` ask for."""
    limit = min(_number(request, "limit", DEFAULT_LIMIT, least=1), MAX_LIMIT)
    offset = _number(request, "offset", 0, least=0)
    links = {"self": _link(request, limit, offset)}
    if offset + limit < len(rows):
        links["next"] = _link(request, limit, offset + limit)
    if offset > 0:
        links["prev"] = _link(request, limit, max(0, offset - limit))
    body: dict[str, Any] = {
        "_total": len(rows),
        "_embedded": {key: rows[offset : offset + limit]},
        "_links": links,
    }
    return JSONResponse(body)


def _link(request: Request, limit: int, offset: int) -> dict[str, str]:
    return {"href": f"{request.url.path}?limit={limit}&offset={offset}"}


def _number(request: Request, name: str, default: int, *, least: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < least:
        raise Refusal(400, f"'{name}' must be a whole number of at least {least}.")
    return int(text)
