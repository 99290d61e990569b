"""Stands before a vendor's app: reads the request once, counts it, and applies the fault that hits it.

The faults that close a connection need `sandbox.kit.serve`, which puts `abort` into the scope's state.
"""

import asyncio
import json
from collections.abc import Sequence

from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.kit import origin
from sandbox.kit.admin import PREFIX, Kit
from sandbox.kit.faults import Fault
from sandbox.kit.origin import Origin
from sandbox.kit.requests import NO_ANSWER

UNKNOWN_ROUTE = "(unknown)"
BODY_STEPS = 10
GATEWAY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Front:
    """The ASGI app to serve. routes are the vendor's own, flat, to name what was asked."""

    def __init__(self, app: ASGIApp, *, kit: Kit, routes: Sequence[Route]) -> None:
        self._app = app
        self._kit = kit
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or pass on what is none or is an admin's."""
        if scope["type"] != "http" or scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        self._kit.requests.arrived()
        body = await _read(receive)
        if body is None:
            return
        method, path, agent = scope["method"], scope["path"], _agent(scope)
        fault = self._kit.faults.pick(method, path, agent, body)
        route = self._route_name(scope)
        sender = _Sender(send)
        try:
            with origin.acting(Origin(method=method, route=route)):
                await _Exchange(self._app, scope, body, receive, sender).run(fault)
        finally:
            self._kit.requests.answered(method, route, sender.status, agent)

    def _route_name(self, scope: Scope) -> str:
        for route in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                return route.path_format
        return UNKNOWN_ROUTE


def _agent(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"user-agent"), "")


class _Sender:
    """Sends on, and remembers the status that left."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = NO_ANSWER

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


class _Exchange:
    """One request and what is done with it."""

    def __init__(self, app: ASGIApp, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        self._app = app
        self._scope = scope
        self._body = body
        self._receive = receive
        self._send = send

    async def run(self, fault: Fault | None) -> None:
        match fault:
            case None:
                await self._pass_to(self._send)
            case Fault(kind="delay"):
                await asyncio.sleep(fault.delay_s)
                await self._pass_to(self._send)
            case Fault(kind="drop"):
                await self._pass_to(_ignore)
                await self._abort()
            case Fault(kind="late"):
                await self._abort()
                await asyncio.sleep(fault.delay_s)
                await self._pass_to(_ignore)
            case Fault(kind="cut"):
                start, answer = await self._answer()
                await self._send(start)
                await self._send(_part(answer[: len(answer) // 2], has_more=True))
                await self._abort()
            case Fault(kind="slow_body"):
                await self._slowly(fault.delay_s)
            case _:
                await self._refuse(fault)

    async def _pass_to(self, send: Send) -> None:
        await self._app(self._scope, _replay(self._body, self._receive), send)

    async def _abort(self) -> None:
        """Close the socket now and wait until the server has noticed."""
        self._scope["state"]["abort"]()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _answer(self) -> tuple[Message, bytes]:
        """Do it and hold the answer back."""
        messages: list[Message] = []

        async def hold(message: Message) -> None:
            messages.append(message)

        await self._pass_to(hold)
        return messages[0], b"".join(message.get("body", b"") for message in messages[1:])

    async def _slowly(self, delay_s: float) -> None:
        start, answer = await self._answer()
        await self._send(start)
        step = max(1, -(-len(answer) // BODY_STEPS))
        for at in range(0, len(answer), step):
            await self._send(_part(answer[at : at + step], has_more=True))
            await asyncio.sleep(delay_s / BODY_STEPS)
        await self._send(_part(b"", has_more=False))

    async def _refuse(self, fault: Fault) -> None:
        status, kind, body = _refusal(fault)
        headers = {"content-type": kind, "content-length": str(len(body)), **fault.headers}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        await self._send(_part(body, has_more=False))


def _refusal(fault: Fault) -> tuple[int, str, bytes]:
    """Status, content type and body of an answer given before any effect."""
    if fault.kind == "html":
        return fault.status or 502, "text/html", GATEWAY_PAGE
    if fault.kind == "null":
        return fault.status or 401, "application/json", b"null"
    body = b"" if fault.body is None else json.dumps(fault.body).encode()
    return fault.status or 500, "application/json", body


def _part(body: bytes, *, has_more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": has_more}


def _replay(body: bytes, receive: Receive) -> Receive:
    """Make a receive that gives the body that was already read, then whatever comes."""
    parts = [body]

    async def again() -> Message:
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": False}
        return await receive()

    return again


async def _read(receive: Receive) -> bytes | None:
    """Read the whole body; None when the client went away before its end."""
    parts = []
    has_more = True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        has_more = message.get("more_body", False)
    return b"".join(parts)


async def _ignore(_: Message) -> None:
    """Nobody is listening any more."""
