"""Runs a sandbox as a process: options, port, the ready line, and a connection that can be cut off.

It prints `listening on http://HOST:PORT` when it can be asked, and ends at once on SIGTERM or Ctrl-C:
what must survive is already in its journal.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

KEEP_ALIVE_S = 75
Options = TypeVar("Options")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Arguments:
    """What the command line said; options is the JSON object of the options file."""

    host: str
    port: int
    options: dict[str, Any]


def arguments(argv: list[str], *, vendor: str) -> Arguments:
    """Read the command line; ends the process with a sentence where it is wrong."""
    parser = argparse.ArgumentParser(prog=f"python -m sandbox {vendor}")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--options", type=Path, help="a JSON file; its keys are in the README")
    found = parser.parse_args(argv)
    options = json.loads(found.options.read_text()) if found.options else {}
    return Arguments(host=found.host, port=found.port, options=options)


def read_options(kind: type[Options], given: dict[str, Any]) -> Options:
    """Fill the vendor's options dataclass from the options file; ends the process on an unknown key."""
    known = {each.name for each in dataclasses.fields(cast("Any", kind))}
    unknown = sorted(set(given) - known)
    if unknown:
        sys.exit(f"unknown options: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    return kind(**given)


def run(app: ASGIApp, *, host: str, port: int) -> None:
    """Serve until told to end. The app's lifespan is run, so background tasks can start there."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=_AbortableProtocol,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        backlog=2048,
    )
    _Server(config).run(sockets=[_listen(host, port)])


def _listen(host: str, port: int) -> socket.socket:
    """Bind the port. asyncio switches Nagle's delay (40 ms an answer) off only where the protocol is named."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as err:
        sys.exit(f"{host}:{port} cannot be listened on: {err.strerror}")
    return listener


class _Server(uvicorn.Server):
    """Says when it is ready, and does not linger at the end."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or []:
            host, port = each.getsockname()[:2]
            sys.stdout.write(f"listening on http://{host}:{port}\n")
            sys.stdout.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 -- The server's own signature.
        os._exit(0)


class _AbortableProtocol(H11Protocol):
    """Offers `scope["state"]["abort"]`: closes the socket at once, whatever is still unsent."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As its base.
        self.app_state = {**self.app_state, "abort": transport.abort}
        super().connection_made(transport)
