"""A deadline for the whole of a call: connecting, sending, and every byte of the answer.

The timeouts of requests hold per read, so that a server which sends one byte at a time could hold a call for hours.
Here a timer cuts the connection when the time is up, whatever the call is waiting for. A name server that does not
answer is the one wait it cannot cut; that one ends with the resolver's own timeout.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from pipeline import failpoints


class _Cut:
    """The sockets one call used, and whether its time is up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.is_cut = False

    def watch(self, sock: socket.socket | None) -> None:
        if sock is None:
            return
        with self._lock:
            self._sockets.append(sock)
            if self.is_cut:
                _shut(sock)

    def cut(self) -> None:
        with self._lock:
            self.is_cut = True
            for sock in self._sockets:
                _shut(sock)


_calls = threading.local()
"""The call each thread is making."""


class CallDeadline:
    """What a call may ask of its deadline."""

    def __init__(self, cut: _Cut) -> None:
        self._cut = cut

    @property
    def is_over(self) -> bool:
        """Whether the time is up and the connection was cut."""
        return self._cut.is_cut


@contextlib.contextmanager
def call_deadline(seconds: float) -> Iterator[CallDeadline]:
    """Cut the connection of this thread's call after so many seconds, unless the block ends before."""
    cut = _Cut()
    _calls.cut = cut
    timer = threading.Timer(seconds, cut.cut)
    timer.daemon = True
    timer.start()
    try:
        yield CallDeadline(cut)
    finally:
        timer.cancel()
        _calls.cut = None


class GuardedAdapter(HTTPAdapter):
    """requests' adapter with connections that a call's deadline can cut. It repeats nothing by itself."""

    def __init__(self) -> None:
        super().__init__(pool_connections=4, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own signature.
        """Make the pools, with our connections in them."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": WatchedPool, "https": WatchedTlsPool}


def _shut(sock: socket.socket) -> None:
    # The plain method also for TLS: it wakes the reader without touching the TLS object that it is using.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _watch(sock: Any) -> None:  # noqa: ANN401 - urllib3 types it as a union with optional parts.
    cut: _Cut | None = getattr(_calls, "cut", None)
    if cut is not None:
        cut.watch(sock)


class _Connection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - urllib3's own signature.
        _watch(self.sock)  # A kept connection.
        super().request(*args, **kwargs)
        failpoints.bytes_left(may_change=args[0] != "GET")

    def connect(self) -> None:
        super().connect()
        _watch(self.sock)


class _TlsConnection(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - urllib3's own signature.
        _watch(self.sock)
        super().request(*args, **kwargs)
        failpoints.bytes_left(may_change=args[0] != "GET")

    def connect(self) -> None:
        super().connect()
        _watch(self.sock)


class WatchedPool(HTTPConnectionPool):
    """A pool whose connections a call's deadline can cut."""

    ConnectionCls = _Connection


class WatchedTlsPool(HTTPSConnectionPool):
    """A pool whose TLS connections a call's deadline can cut."""

    ConnectionCls = _TlsConnection
