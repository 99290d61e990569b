"""Serves the web app."""

from __future__ import annotations

import socket

import uvicorn

from config.settings import Settings
from console.ready import say_ready
from console.web.app import create

GRACE_S = 5


def run(settings: Settings) -> None:
    """Serves until told to stop; requests under way get a few seconds to finish."""
    config = uvicorn.Config(
        create(settings),
        host=settings.web.host,
        port=settings.web.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    _Server(config).run()


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            say_ready("web")
