"""What all routes share: the service behind them, and the reading of requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from sandbox.kit import origin
from sandbox.opentext.engine import Engine
from sandbox.opentext.errors import Refusal, bad_request
from sandbox.opentext.processes import Processes
from sandbox.opentext.store import Store
from sandbox.opentext.tasks import Tasks
from sandbox.opentext.wire_json import Shapes, Wanted

NO_CONTENT = 204


@dataclass(frozen=True, kw_only=True)
class Service:
    """The commands, the rows and their shapes."""

    engine: Engine
    processes: Processes
    tasks: Tasks
    shapes: Shapes

    @property
    def store(self) -> Store:
        """The committed rows."""
        return self.engine.store


async def json_body(request: Request) -> Any:  # noqa: ANN401 -- A body holds any JSON value.
    """The JSON of a request. Raises Refusal: 415 for another content type, 400 for what is no JSON."""
    kind = request.headers.get("content-type", "")
    if kind and not kind.startswith("application/json"):
        raise Refusal(415, "Content is not supported", f"Content-Type '{kind}' is not supported")
    try:
        return await request.json()
    except ValueError as err:
        raise bad_request(f"JSON parse error: {err}") from err


async def object_body(request: Request) -> Mapping[str, Any]:
    """The JSON object of a request."""
    body = await json_body(request)
    if not isinstance(body, dict):
        raise bad_request("JSON parse error: an object is expected")
    return body


def user(_: Request) -> str:
    """Who asks, as the gateway told."""
    return origin.current().actor


def base(request: Request) -> str:
    """Scheme and host under which the caller knows this service."""
    return f"{request.url.scheme}://{request.url.netloc}"


def asked(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What a list is asked for, whichever page of it."""
    return tuple(sorted((name, value) for name, value in query.items() if name not in {"offset", "count"}))


def wanted(query: Mapping[str, str]) -> Wanted:
    """The optional parts a query asks for."""

    def asks(name: str) -> bool:
        return query.get(name) == "true"

    return Wanted(
        has_process_variables=asks("includeProcessVariables"),
        has_local_variables=asks("includeTaskLocalVariables"),
        has_comments=asks("includeProcessComments") or asks("includeTaskComments"),
        has_assignments=asks("includeTaskAssignments"),
    )
