"""An ASGI app behind real HTTP: one uvicorn in a thread, on a port of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

START_WITHIN_S = 10.0


class Stage:
    """An app that can be put in place of another while the server runs; it has no lifespan of its own."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on to the app of the moment."""
        assert self.app is not None
        await self.app(scope, receive, send)


@contextmanager
def served(app: ASGIApp, *, has_lifespan: bool = False, listener: socket.socket | None = None) -> Iterator[str]:
    """The base address of a running server; on a free port, or on a socket that is bound already."""
    lifespan: Literal["on", "off"] = "on" if has_lifespan else "off"
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan=lifespan)
    server = uvicorn.Server(config)
    sockets = None if listener is None else [listener]
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets}, daemon=True)
    thread.start()
    _await_start(server, thread)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(START_WITHIN_S)


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    until = time.monotonic() + START_WITHIN_S
    while not server.started and time.monotonic() < until and thread.is_alive():
        time.sleep(0.005)
    assert server.started
