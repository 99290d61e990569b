"""A receiver of webhooks that keeps what it got and answers what it was told to."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAIT_S = 10


@dataclass(frozen=True, kw_only=True)
class Received:
    """One message: its headers in lower case, and its raw bytes."""

    headers: dict[str, str]
    body: bytes


@dataclass
class WebhookReceiver:
    """What came in, and the statuses still to be answered (then 200)."""

    url: str
    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    answer_after_s: float = 0.0

    def wait_for(self, condition: Callable[[list[Received]], bool]) -> list[Received]:
        """Give what was received as soon as the condition holds; fails after a while."""
        deadline = time.monotonic() + WAIT_S
        while not condition(self.received):
            assert time.monotonic() < deadline, f"waited in vain; {len(self.received)} messages came"
            time.sleep(0.01)
        return list(self.received)


@contextmanager
def receiving() -> Iterator[WebhookReceiver]:
    """Listen on a free port for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            time.sleep(receiver.answer_after_s)
            status = receiver.statuses.pop(0) if receiver.statuses else 200
            receiver.received.append(Received(headers=headers, body=body))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = WebhookReceiver(url=f"http://127.0.0.1:{server.server_port}/hooks")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
