"""Files from hosts that the installation allows, fetched to disk over connections that go where was checked.

Whoever can set a process variable names the address, so it is believed in nothing: not its host, not what that host
resolves to a second time, not where it redirects to, not the length it tells.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, TypeAlias

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.response import BaseHTTPResponse

from pipeline.errors import LeaseLostError, PermanentError, PipelineError, TransientError
from pipeline.ports import Bounds
from pipeline.transport import addresses
from pipeline.transport.addresses import Place, Resolve
from pipeline.transport.deadline import CallDeadline, WatchedPool, WatchedTlsPool, call_deadline

CHUNK_BYTES = 1_000_000
HOPS_MAX = 3
"""Redirects that are followed; each of them is checked like the first address."""
_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """Where files may come from and what they may cost.

    hosts: as `addresses.checked` takes them; none allows nothing. folder: where a file lies while it is carried.
    deadline_s: for the whole of a fetch. lease_margin_s: what must be left of the lease beyond it.
    """

    hosts: frozenset[str]
    folder: Path
    bytes_max: int
    deadline_s: float = 25.0
    connect_timeout_s: float = 3.0
    read_timeout_s: float = 15.0
    lease_margin_s: float = 5.0
    ca_bundle: str = DEFAULT_CA_BUNDLE_PATH


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A file on disk that is gone when it is closed, even by a kill; sha256 is of its content, in hex."""

    file: IO[bytes]
    size_bytes: int
    sha256: str


_Found: TypeAlias = "Fetched | str"
"""The file, or the address that a redirect gives for it."""


class Sources:
    """Fetches files. Thread-safe; each fetch has a connection of its own."""

    def __init__(
        self,
        options: SourceOptions,
        *,
        resolve: Resolve = addresses.resolve,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._resolve = resolve
        self._monotonic = monotonic

    @contextmanager
    def fetch(self, url: str, bounds: Bounds) -> Iterator[Fetched]:
        """Fetch a file for the time of the block.

        Raises PermanentError (`source_not_allowed`, `source_unusable`), TransientError or LeaseLostError.
        """
        self._check_time(bounds)
        self._options.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._options.folder) as file:
            with call_deadline(self._options.deadline_s) as deadline:
                fetched = self._follow(url, file, deadline)
            yield fetched

    def _check_time(self, bounds: Bounds) -> None:
        if bounds.no_call_after - self._monotonic() <= 0:
            raise TransientError("This step's time is used up; the next one goes on.", wait_s=0.0, is_outage=True)
        needed_s = self._options.deadline_s + self._options.lease_margin_s
        if bounds.lease_until - self._monotonic() < needed_s:
            raise LeaseLostError(f"Less than {needed_s:g} s of the lease are left; the file was not fetched.")

    def _follow(self, url: str, file: IO[bytes], deadline: CallDeadline) -> Fetched:
        for _ in range(HOPS_MAX + 1):
            place = addresses.checked(url, self._options.hosts, self._resolve)
            found = self._visit(place, file, deadline)
            if isinstance(found, Fetched):
                return found
            url = addresses.joined(place, found)
        raise _unusable(f"The file's address redirects more than {HOPS_MAX} times.")

    def _visit(self, place: Place, file: IO[bytes], deadline: CallDeadline) -> _Found:
        """The file, or where it is to be found instead. Addresses are tried in turn until one can be connected to."""
        failure: Exception | None = None
        for address in place.addresses:
            try:
                with closing(self._pool(place, address)) as pool, closing(self._ask(pool, place)) as response:
                    return self._read(response, file, place, deadline)
            except (NewConnectionError, ConnectTimeoutError) as err:
                failure = err
            except (HTTPError, OSError) as err:
                raise TransientError(f"{place.authority} gave no whole file ({type(err).__name__}).") from err
        raise TransientError(f"{place.authority} cannot be connected to.") from failure

    def _read(self, response: BaseHTTPResponse, file: IO[bytes], place: Place, deadline: CallDeadline) -> _Found:
        location = response.headers.get("Location", "")
        if response.status // 100 == 3 and location:  # noqa: PLR2004 - HTTP's own.
            return location
        if response.status != HTTPStatus.OK:
            raise _refusal(place, response.status)
        return self._keep(response, file, place, deadline)

    def _ask(self, pool: HTTPConnectionPool, place: Place) -> BaseHTTPResponse:
        return pool.urlopen(
            "GET",
            place.path,
            headers={"Host": place.authority, "Accept-Encoding": "identity", "User-Agent": "signoff"},
            timeout=Timeout(connect=self._options.connect_timeout_s, read=self._options.read_timeout_s),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )

    def _pool(self, place: Place, address: str) -> HTTPConnectionPool:
        """Connections to an address that was checked; the certificate must still be the host's."""
        if place.scheme == "http":
            return WatchedPool(address, place.port)
        return WatchedTlsPool(
            address,
            place.port,
            server_hostname=place.host,
            assert_hostname=place.host,
            ca_certs=self._options.ca_bundle,
        )

    def _keep(self, response: BaseHTTPResponse, file: IO[bytes], place: Place, deadline: CallDeadline) -> Fetched:
        told = response.headers.get("Content-Length", "")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise _unusable(f"{place.authority} sends the file packed, which was not asked for.")
        if told.isdigit() and int(told) > self._options.bytes_max:
            raise self._too_large(place)
        digest = hashlib.sha256()
        size = 0
        file.seek(0)
        file.truncate()
        while chunk := response.read(CHUNK_BYTES):
            size += len(chunk)
            if size > self._options.bytes_max:
                raise self._too_large(place)
            digest.update(chunk)
            file.write(chunk)
        if deadline.is_over or (told.isdigit() and size != int(told)):
            raise TransientError(f"{place.authority} gave no whole file: {size} of {told or 'unknown'} bytes.")
        return Fetched(file=file, size_bytes=size, sha256=digest.hexdigest())

    def _too_large(self, place: Place) -> PermanentError:
        return _unusable(f"The file on {place.authority} has more than {self._options.bytes_max} bytes.")


def _refusal(place: Place, status: int) -> PipelineError:
    text = f"{place.authority} answered {status}"
    if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TransientError(f"{text}.", status=status)
    return _unusable(f"{text} where a file was expected.", status=status)


def _unusable(hint: str, *, status: int | None = None) -> PermanentError:
    return PermanentError("source_unusable", hint, status=status)
