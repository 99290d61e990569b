"""Who sees the operators' pages, and what a browser may do with them."""

from __future__ import annotations

import base64
import binascii
import hmac

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.groups import Web

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Guard:
    """Asks for the login of the settings, and puts the page headers onto every answer behind it.

    Without a password nobody gets in: pages on a loopback address are reachable for every program on the machine.
    """

    def __init__(self, app: ASGIApp, web: Web) -> None:
        self._app = app
        self._password = web.password.reveal() if web.password else ""
        self._right = f"{web.user}:{self._password}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 or 403, or let the request through."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(PAGE_HEADERS)
            await send(message)

        app = self._app if self._knows(scope) else self._refusal()
        await app(scope, receive, send_with_headers)

    def _knows(self, scope: Scope) -> bool:
        kind, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        if kind.lower() != "basic" or not self._password:
            return False
        try:
            return hmac.compare_digest(base64.b64decode(given.strip(), validate=True), self._right)
        except (binascii.Error, ValueError):
            return False

    def _refusal(self) -> PlainTextResponse:
        if not self._password:
            return PlainTextResponse("Set SIGNOFF_WEB_PASSWORD to see the pages.\n", status_code=403)
        realm = {"WWW-Authenticate": 'Basic realm="Signoff", charset="UTF-8"'}
        return PlainTextResponse("Log in to see the pages.\n", status_code=401, headers=realm)
