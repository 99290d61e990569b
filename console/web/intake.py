"""The intake's answers. Nothing here calls out, publishes or decides: a body is proved, read, stored, answered.

GET, HEAD                         200   subscriptions may be probed
POST, signed, empty               200   the same
POST, signed                      202   stored; also a duplicate, and one we cannot use (kept as refused):
                                        five failures make Aprimo switch the subscription off
POST, signature bad or missing    401   nothing is kept
POST, body too long               413   counted while it is read, whatever its length was said to be
POST, not JSON                    415
POST, SQL cannot take it          503   come again
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.web.committer import Committer, NotStoredError
from console.web.doors import Door
from console.web.strangers import Strangers
from pipeline.events import Raw
from pipeline.words import ReceiptVerdict

KEPT_HEADERS = ("content-type", "content-length", "user-agent", "referenceid")
"""What a receipt keeps of the headers: never a signature, a token or a cookie."""

HEADER_MAX_CHARS = 200
BODY_WITHIN_S = 10.0

_HEADERS = {408: {"Connection": "close"}, 413: {"Connection": "close"}, 503: {"Retry-After": "5"}}


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What every door needs."""

    committer: Committer
    strangers: Strangers
    body_max_bytes: int
    now: Callable[[], datetime]
    body_within_s: float = BODY_WITHIN_S


class TurnedAwayError(Exception):
    """A call that goes no further: the status it is answered with, and the word for it."""

    def __init__(self, status: int, word: str) -> None:
        super().__init__(word)
        self.status = status
        self.word = word


def intake_routes(doors: Mapping[str, Door], intake: Intake) -> list[Route]:
    """One route a door; other methods than GET, HEAD and POST get 405 from the router."""
    return [Route(path, _endpoint(door, intake), methods=["GET", "POST"]) for path, door in doors.items()]


async def read_body(request: Request, limit: int) -> bytes:
    """The body, if it is no longer than limit. Raises TurnedAwayError (413) as soon as it is known to be."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > limit:
        raise TurnedAwayError(413, "too_long")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TurnedAwayError(413, "too_long")
    return bytes(body)


def is_json(headers: Mapping[str, str]) -> bool:
    """Whether the headers announce JSON in plain; no Content-Type at all is taken for it."""
    media_type = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    encoding = headers.get("content-encoding", "identity").strip().lower()
    is_json_type = media_type == "application/json" or media_type.endswith("+json")
    return is_json_type and encoding in {"", "identity"}


def _endpoint(door: Door, intake: Intake) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if request.method != "POST":
            return _said(200, "ready")
        try:
            body = await _proved_body(door, intake, request)
            return await _stored(door, intake, request, body) if body else _said(200, "ready")
        except TurnedAwayError as err:
            return _said(err.status, err.word, _HEADERS.get(err.status))

    return endpoint


async def _proved_body(door: Door, intake: Intake, request: Request) -> bytes:
    """The body of a caller who is who they say; empty for a probe."""
    try:
        async with asyncio.timeout(intake.body_within_s):
            body = await read_body(request, intake.body_max_bytes)
    except TimeoutError as err:
        raise TurnedAwayError(408, "too_slow") from err
    except ClientDisconnect as err:
        raise TurnedAwayError(400, "gone") from err
    if not door.is_allowed(body, request.headers, request.path_params.get("key", "")):
        intake.strangers.count(door.source)
        raise TurnedAwayError(401, "unauthorized")
    if body and not is_json(request.headers):
        raise TurnedAwayError(415, "not_json")
    return body


async def _stored(door: Door, intake: Intake, request: Request, body: bytes) -> Response:
    reading = door.read(Raw(source=door.source, headers=_kept(request.headers), body=body, received_at=intake.now()))
    try:
        await intake.committer.store(reading)
    except NotStoredError as err:
        raise TurnedAwayError(503, str(err)) from err
    if reading.verdict is ReceiptVerdict.REFUSED:
        intake.strangers.count_refused(door.source, reading.reason)
    return _said(202, reading.verdict, reason=reading.reason)


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name][:HEADER_MAX_CHARS] for name in KEPT_HEADERS if name in headers}


def _said(status: int, word: str, headers: Mapping[str, str] | None = None, *, reason: str = "") -> Response:
    body = {"status": word, "reason": reason} if reason else {"status": word}
    return JSONResponse(body, status_code=status, headers={"Cache-Control": "no-store", **(headers or {})})
