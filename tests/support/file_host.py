"""A host that offers files over plain HTTP on this machine, as the sandboxes' installations do."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class FileHost(http.server.ThreadingHTTPServer):
    """Files by path; asked: the paths of every request, in order."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def offer(self, path: str, content: bytes) -> str:
        """The address of a file that is offered from now on."""
        self.files[path] = content
        return f"http://{self.host}{path}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: FileHost

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def file_host() -> Iterator[FileHost]:
    """A running host for the length of the block."""
    host = FileHost()
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield host
    finally:
        host.shutdown()
        thread.join()
        host.server_close()
