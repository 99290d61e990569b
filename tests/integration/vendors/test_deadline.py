"""The deadline of a whole call, against a server that is slow in every way a server can be."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from pipeline.transport.deadline import GuardedAdapter
from pipeline.transport.http import Http, TransportOptions

DEADLINE_S = 0.4
LONGEST_S = 2.0
"""What a call may take on a busy machine: far below what the slow server would make of it."""

Talk = Callable[[socket.socket, threading.Event], None]


@contextmanager
def server(talk: Talk) -> Iterator[str]:
    """A server on a free port that talks to each caller in its own way until it is told to stop."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            try:
                connection.recv(65536)
                talk(connection, stop)
            except OSError:
                return  # The caller cut the connection, which is what is tested.

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        stop.set()
        acceptor.join(5)
        for thread in threads:
            thread.join(5)
        listener.close()


def drip(connection: socket.socket, stop: threading.Event, data: bytes) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))
        if stop.wait(0.05):
            return


def says_nothing(_: socket.socket, stop: threading.Event) -> None:
    stop.wait(30)


def drips_headers(connection: socket.socket, stop: threading.Event) -> None:
    drip(connection, stop, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000)


def drips_a_body_with_length(connection: socket.socket, stop: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    drip(connection, stop, b"y" * 1000)


def drips_a_body_without_length(connection: socket.socket, stop: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    drip(connection, stop, b"y" * 1000)


def drips_chunks(connection: socket.socket, stop: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    drip(connection, stop, b"1\r\ny\r\n" * 200)


def new_http(*, deadline_s: float = DEADLINE_S, read_timeout_s: float = 5.0) -> Http:
    options = TransportOptions(vendor="Slow", call_deadline_s=deadline_s, read_timeout_s=read_timeout_s)
    return Http(options, GuardedAdapter)


@pytest.mark.parametrize(
    "talk", [says_nothing, drips_headers, drips_a_body_with_length, drips_a_body_without_length, drips_chunks]
)
def test_a_call_ends_at_its_deadline_whatever_it_waits_for(talk: Talk) -> None:
    with server(talk) as base:
        began = time.monotonic()
        with pytest.raises(requests.ReadTimeout):
            new_http().exchange(requests.Request("GET", base))

        assert DEADLINE_S * 0.9 <= time.monotonic() - began < LONGEST_S


def test_a_read_timeout_comes_before_the_deadline() -> None:
    with server(says_nothing) as base:
        began = time.monotonic()
        with pytest.raises(requests.ReadTimeout):
            new_http(deadline_s=10.0, read_timeout_s=0.2).exchange(requests.Request("GET", base))

        assert time.monotonic() - began < LONGEST_S


def answers_twice(connection: socket.socket, stop: threading.Event) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    connection.sendall(answer)
    if connection.recv(65536):
        connection.sendall(answer)
    stop.wait(5)


def test_a_kept_connection_has_a_deadline_of_its_own_for_each_call() -> None:
    http = new_http(deadline_s=0.5)
    with server(answers_twice) as base:
        for _ in range(2):
            assert http.exchange(requests.Request("GET", base)).body == b"ok"
            time.sleep(0.3)  # Two pauses together outlast one deadline.


def test_a_connection_that_the_server_ends_in_mid_body_is_half_an_answer() -> None:
    def breaks_off(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    with server(breaks_off) as base, pytest.raises(requests.exceptions.ChunkedEncodingError):
        new_http(deadline_s=5.0).exchange(requests.Request("GET", base))
