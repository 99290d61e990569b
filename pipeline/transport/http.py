"""One HTTP call, whole within its deadline: connect, send, and the answer to its last byte."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from pipeline.transport.deadline import CallDeadline, call_deadline
from pipeline.transport.messages import Answer

CHUNK_BYTES = 65_536


@dataclass(frozen=True, kw_only=True)
class TransportOptions:
    """The figures of a call. vendor: its name for people, e.g. `Aprimo`.

    lease_margin_s: what must be left of the lease beyond the longest call.
    body_bytes_max: a longer answer is refused.
    """

    vendor: str
    connect_timeout_s: float = 3.0
    read_timeout_s: float = 15.0
    call_deadline_s: float = 25.0
    lease_margin_s: float = 5.0
    budget_wait_max_s: float = 1.0
    body_bytes_max: int = 32_000_000
    user_agent: str = "signoff"


class Http:
    """Makes calls. Thread-safe: each thread has its own session and pooled connections."""

    def __init__(self, options: TransportOptions, new_adapter: Callable[[], BaseAdapter]) -> None:
        self._options = options
        self._new_adapter = new_adapter
        self._threads = threading.local()

    def exchange(self, request: requests.Request) -> Answer:
        """Send and read. Raises the errors of requests; what our own deadline cut is a ReadTimeout."""
        http = self._session()
        options = self._options
        with call_deadline(options.call_deadline_s) as deadline:
            try:
                response = http.send(
                    http.prepare_request(request),
                    timeout=(options.connect_timeout_s, min(options.read_timeout_s, options.call_deadline_s)),
                    stream=True,
                    allow_redirects=False,
                )
                with response:
                    return self._answer(response, deadline)
            except requests.RequestException as err:
                raise _named(err, deadline) from err

    def _answer(self, response: requests.Response, deadline: CallDeadline) -> Answer:
        body = self._body(response)
        if deadline.is_over:  # An answer without a length ends with its connection: a cut one looks whole.
            raise requests.ReadTimeout("the body was cut at the call's deadline")
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
        )

    def _body(self, response: requests.Response) -> bytes:
        chunks: list[bytes] = []
        size = 0
        try:
            while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
                chunks.append(chunk)
                size += len(chunk)
                if size > self._options.body_bytes_max:
                    raise requests.exceptions.ContentDecodingError(f"more than {self._options.body_bytes_max} bytes")
        except (HTTPError, OSError) as err:
            raise requests.exceptions.ChunkedEncodingError(str(err)) from err
        _check_length(response, size)
        return b"".join(chunks)

    def _session(self) -> requests.Session:
        """This thread's own session: no proxy, no .netrc, no repeats, no redirects."""
        http: requests.Session | None = getattr(self._threads, "http", None)
        if http is None:
            http = requests.Session()
            http.trust_env = False
            http.headers = CaseInsensitiveDict(
                {"Accept": "application/json", "User-Agent": self._options.user_agent, "Accept-Encoding": "gzip"}
            )
            http.mount("https://", self._new_adapter())
            http.mount("http://", self._new_adapter())
            self._threads.http = http
        return http


def _check_length(response: requests.Response, size: int) -> None:
    """Half a body is no answer; a compressed one has no length of its own to compare."""
    told = response.headers.get("Content-Length", "")
    if "Content-Encoding" not in response.headers and told.isdigit() and size < int(told):
        raise requests.exceptions.ChunkedEncodingError(f"{size} of {told} bytes")


def _named(error: requests.RequestException, deadline: CallDeadline) -> requests.RequestException:
    if deadline.is_over and not isinstance(error, requests.ConnectTimeout):
        return requests.ReadTimeout("the connection was cut at the call's deadline")
    return error
