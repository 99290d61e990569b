"""Stands before every `/api/` and `/uploads` route: the shared rate first, then the token, then the DAM's headers."""

import asyncio

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.aprimo import dam_headers, refusals
from sandbox.aprimo.dam_render import CORE
from sandbox.aprimo.rate import Bucket
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.tokens import Tokens
from sandbox.kit import origin

GUARDED = ("/api/", "/uploads")
NULL = Response(b"null", media_type="application/json", status_code=401)
"""What Productivity Management says to a missing or expired token: a body, but no object."""


class Guard:
    """Delays or refuses what is over the rate, refuses what has no valid token."""

    def __init__(self, app: ASGIApp, *, bucket: Bucket, tokens: Tokens) -> None:
        self._app = app
        self._bucket = bucket
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, with its user in `scope["user_id"]`, or answer it."""
        if scope["type"] != "http" or not scope["path"].startswith(GUARDED):
            await self._app(scope, receive, send)
            return
        wait_s = self._bucket.take()
        if wait_s is None:
            await self._too_many()(scope, receive, send)
            return
        await asyncio.sleep(wait_s)
        headers = Headers(scope=scope)
        is_dam = scope["path"].startswith(CORE)
        user_id = self._tokens.user_of(headers)
        if user_id is None:
            refused = refusals.response(Refusal(401, "The token is missing or no longer valid.")) if is_dam else NULL
            await refused(scope, receive, send)
            return
        if is_dam:
            try:
                dam_headers.check(headers)
            except Refusal as refusal:
                await refusals.response(refusal)(scope, receive, send)
                return
        origin.name_actor(str(user_id))
        scope["user_id"] = user_id
        await self._app(scope, receive, send)

    def _too_many(self) -> Response:
        headers = {"retry-after": "1"} if self._bucket.send_retry_after else {}
        return Response(status_code=429, headers=headers)


class Slashless:
    """Takes a trailing slash off: Aprimo's own SDK sends one on some routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with the path as the routes know it."""
        if scope["type"] == "http" and len(scope["path"]) > 1:
            scope["path"] = scope["path"].rstrip("/")
        await self._app(scope, receive, send)
