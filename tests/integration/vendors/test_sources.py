"""Fetching a file: what is kept, what is refused, and that no connection goes where it must not."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.errors import LeaseLostError, PermanentError, TransientError
from pipeline.transport.sources import SourceOptions, Sources
from tests.support.vendor_parts import bounds

CONTENT = bytes(range(256)) * 10


@dataclass(kw_only=True)
class Said:
    """What the server answers to a path."""

    status: int = 200
    body: bytes = CONTENT
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    wait_s: float = 0.0


class Server(http.server.ThreadingHTTPServer):
    """A host that offers files."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.paths: dict[str, Said] = {"/hero.psd": Said()}
        self.asked: list[tuple[str, str]] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def url(self, path: str = "/hero.psd") -> str:
        return f"http://{self.host}{path}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Host"]))
        said = self.server.paths[self.path]
        self.send_response(said.status)
        length = len(said.body) if said.length is None else said.length
        if length >= 0:
            self.send_header("Content-Length", str(length))
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.end_headers()
        half = len(said.body) // 2
        self.wfile.write(said.body[:half])
        self.wfile.flush()
        time.sleep(said.wait_s)
        self.wfile.write(said.body[half:])

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):  # The other side had heard enough.
            super().handle()


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as served:
        yield served


@pytest.fixture
def sources(server: Server, tmp_path: Path) -> Callable[..., Sources]:
    def make(**more: object) -> Sources:
        options = {"hosts": frozenset({server.host}), "folder": tmp_path / "uploads", "bytes_max": 10_000, **more}
        return Sources(SourceOptions(**options))  # type: ignore[arg-type] # As told.

    return make


def fetch(sources: Sources, url: str) -> tuple[bytes, int, str]:
    with sources.fetch(url, bounds()) as fetched:
        fetched.file.seek(0)
        return fetched.file.read(), fetched.size_bytes, fetched.sha256


def test_a_file_is_kept_with_its_length_and_hash(server: Server, sources: Callable[..., Sources]) -> None:
    assert fetch(sources(), server.url()) == (CONTENT, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def test_a_file_lies_on_disk_under_no_name(server: Server, sources: Callable[..., Sources], tmp_path: Path) -> None:
    with sources().fetch(server.url(), bounds()) as fetched:
        assert list((tmp_path / "uploads").iterdir()) == []
        assert fetched.file.fileno() > 0


def test_a_host_that_nobody_allowed_is_not_connected_to(server: Server, sources: Callable[..., Sources]) -> None:
    with pytest.raises(PermanentError, match="source_not_allowed"):
        fetch(sources(hosts=frozenset()), server.url())

    assert server.asked == []


def test_a_redirect_is_followed_to_an_allowed_host_and_not_to_another(
    server: Server, sources: Callable[..., Sources]
) -> None:
    with serving(Server()) as trap:
        server.paths["/moved"] = Said(status=302, headers={"Location": "/hero.psd"})
        server.paths["/away"] = Said(status=302, headers={"Location": trap.url()})

        assert fetch(sources(), server.url("/moved"))[0] == CONTENT
        with pytest.raises(PermanentError, match="source_not_allowed"):
            fetch(sources(), server.url("/away"))

        assert trap.asked == []


def test_redirects_that_lead_in_a_circle_end(server: Server, sources: Callable[..., Sources]) -> None:
    server.paths["/circle"] = Said(status=307, headers={"Location": "/circle"})

    with pytest.raises(PermanentError, match="redirects more than 3 times"):
        fetch(sources(), server.url("/circle"))

    assert len(server.asked) == 4


def test_the_connection_goes_to_the_address_that_was_checked_whatever_the_name_says_later(
    server: Server, sources: Callable[..., Sources], tmp_path: Path
) -> None:
    """A name that is rebound between check and connection: only one answer of the resolver is ever used."""
    answers = iter([("127.0.0.1",)])
    host = f"localhost:{server.server_port}"
    options = SourceOptions(hosts=frozenset({host}), folder=tmp_path, bytes_max=10_000)
    rebound = Sources(options, resolve=lambda *_: next(answers))

    assert fetch(rebound, f"http://{host}/hero.psd")[0] == CONTENT
    assert server.asked == [("/hero.psd", host)]


def test_a_name_that_leads_to_a_private_address_is_never_connected_to(tmp_path: Path) -> None:
    with serving(Server()) as trap:
        host = f"files.agency.example:{trap.server_port}"
        options = SourceOptions(hosts=frozenset({host}), folder=tmp_path, bytes_max=10_000)

        for address in ("127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254"):
            with pytest.raises(PermanentError, match="source_not_allowed"):
                fetch(Sources(options, resolve=lambda *_, a=address: (a,)), f"https://{host}/hero.psd")

        assert trap.asked == []


def test_the_next_address_is_tried_where_one_cannot_be_connected_to(
    server: Server, sources: Callable[..., Sources], tmp_path: Path
) -> None:
    host = f"localhost:{server.server_port}"
    options = SourceOptions(hosts=frozenset({host}), folder=tmp_path, bytes_max=10_000)

    assert (
        fetch(Sources(options, resolve=lambda *_: ("127.0.0.77", "127.0.0.1")), f"http://{host}/hero.psd")[0]
        == CONTENT
    )


@pytest.mark.parametrize("length", [None, -1])
def test_a_file_that_is_too_long_is_refused_whether_it_says_so_or_not(
    server: Server, sources: Callable[..., Sources], length: int | None
) -> None:
    server.paths["/hero.psd"] = Said(length=length)

    with pytest.raises(PermanentError, match="has more than 2559 bytes"):
        fetch(sources(bytes_max=len(CONTENT) - 1), server.url())
    server.paths["/hero.psd"] = Said(length=length)
    assert fetch(sources(bytes_max=len(CONTENT)), server.url())[1] == len(CONTENT)


def test_a_file_that_is_sent_packed_is_refused(server: Server, sources: Callable[..., Sources]) -> None:
    server.paths["/hero.psd"] = Said(headers={"Content-Encoding": "gzip"})

    with pytest.raises(PermanentError, match="packed"):
        fetch(sources(), server.url())


def test_half_a_file_is_none(server: Server, sources: Callable[..., Sources]) -> None:
    server.paths["/hero.psd"] = Said(length=len(CONTENT) + 5)

    with pytest.raises(TransientError, match="gave no whole file"):
        fetch(sources(), server.url())


def test_a_file_without_a_length_that_our_deadline_cut_is_none(
    server: Server, sources: Callable[..., Sources]
) -> None:
    server.paths["/hero.psd"] = Said(length=-1, wait_s=2.0)
    began = time.monotonic()

    with pytest.raises(TransientError, match="gave no whole file"):
        fetch(sources(deadline_s=0.2), server.url())

    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410])
def test_a_host_that_has_no_such_file_is_a_persons_matter(
    server: Server, sources: Callable[..., Sources], status: int
) -> None:
    server.paths["/hero.psd"] = Said(status=status)

    with pytest.raises(PermanentError) as refused:
        fetch(sources(), server.url())

    assert (refused.value.code, refused.value.status) == ("source_unusable", status)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_host_that_cannot_now_is_asked_again(server: Server, sources: Callable[..., Sources], status: int) -> None:
    server.paths["/hero.psd"] = Said(status=status)

    with pytest.raises(TransientError) as failure:
        fetch(sources(), server.url())

    assert (failure.value.status, failure.value.is_outage) == (status, False)


def test_a_host_where_nobody_listens_is_asked_again(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        options = SourceOptions(hosts=frozenset({host}), folder=tmp_path, bytes_max=10_000)

        with pytest.raises(TransientError, match="cannot be connected to"):
            fetch(Sources(options), f"http://{host}/hero.psd")


def test_nothing_is_fetched_without_time_or_lease_for_it(server: Server, sources: Callable[..., Sources]) -> None:
    late, lost = bounds(time_s=-1.0), bounds(lease_s=29.0)

    with pytest.raises(TransientError, match="time is used up"), sources().fetch(server.url(), late):
        pass
    with pytest.raises(LeaseLostError), sources().fetch(server.url(), lost):
        pass

    assert server.asked == []


# ---- TLS -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for `localhost` in one file."""
    folder = tmp_path_factory.mktemp("tls")
    whole, key, signed = folder / "whole.pem", folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(signed)]
    subprocess.run(command, check=True, capture_output=True)
    whole.write_bytes(key.read_bytes() + signed.read_bytes())
    return whole


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[Server]:
    made = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    made.socket = context.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
    with serving(made) as served:
        yield served


def test_the_certificate_must_be_the_hosts_although_the_connection_goes_to_an_address(
    tls_server: Server, certificate: Path, tmp_path: Path
) -> None:
    host = f"localhost:{tls_server.server_port}"
    hosts = frozenset({host, tls_server.host})
    options = SourceOptions(hosts=hosts, folder=tmp_path, bytes_max=10_000, ca_bundle=str(certificate))
    sources = Sources(options, resolve=lambda *_: ("127.0.0.1",))

    assert fetch(sources, f"https://{host}/hero.psd")[0] == CONTENT
    with pytest.raises(TransientError):
        fetch(sources, f"https://{tls_server.host}/hero.psd")


def test_a_certificate_that_nobody_trusts_gives_no_file(tls_server: Server, tmp_path: Path) -> None:
    host = f"localhost:{tls_server.server_port}"
    options = SourceOptions(hosts=frozenset({host}), folder=tmp_path, bytes_max=10_000)

    with pytest.raises(TransientError, match="SSLError"):
        fetch(Sources(options, resolve=lambda *_: ("127.0.0.1",)), f"https://{host}/hero.psd")

    assert tls_server.asked == []
