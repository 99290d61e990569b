"""Lists in the HAL envelope of the service: paged by offset and count, without `_embedded` when empty."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.opentext.errors import bad_request

T = TypeVar("T")
DEFAULT_COUNT = 10
MOST = 1000


def page(
    request: Request, name: str, rows: Sequence[T], shape: Callable[[T], dict[str, Any]], *, base: str
) -> Response:
    """Answer the page of rows that the request asks for."""
    query = request.query_params
    offset = number(query, "offset", 0)
    count = min(number(query, "count", DEFAULT_COUNT), MOST)
    if count == 0:
        raise bad_request("count must be greater than 0")
    total = len(rows)
    shown = [shape(row) for row in rows[offset : offset + count]]
    pages = -(-total // count)

    def link(at: int) -> dict[str, str]:
        asked = {**query, "offset": str(at), "count": str(count)}
        return {"href": f"{base}{request.url.path}?{urlencode(asked)}"}

    links = {"self": link(offset), "first": link(0), "last": link(max(pages - 1, 0) * count)}
    if offset + count < total:
        links["next"] = link(offset + count)
    if offset > 0:
        links["prev"] = link(max(offset - count, 0))
    body: dict[str, Any] = {
        "_links": links,
        "page": {"size": count, "totalElements": total, "totalPages": pages, "number": offset // count},
    }
    if shown:
        body["_embedded"] = {name: shown}
    return JSONResponse(body)


def ordered(query: Mapping[str, str], rows: list[T], keys: Mapping[str, Callable[[T], Any]]) -> list[T]:
    """Rows by the asked sort key; without one they stay as they are. Unknown keys are refused."""
    order = query.get("order", "asc")
    if order not in {"asc", "desc"}:
        raise bad_request(f"Value for param 'order' is not valid : '{order}', must be 'asc' or 'desc'")
    name = query.get("sort")
    if name is None:
        return rows
    if name not in keys:
        raise bad_request(f"Value for param 'sort' is not valid, '{name}' is not a valid property")
    key = keys[name]
    return sorted(rows, key=lambda row: _sortable(key(row)), reverse=order == "desc")


def number(query: Mapping[str, str], name: str, default: int) -> int:
    """A number of the query that is not negative."""
    text = query.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise bad_request(f"Value for param '{name}' is not valid: '{text}'")
    return int(text)


def _sortable(value: object) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else "")
