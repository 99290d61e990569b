"""A worker's consumer that survives the loss of its broker connection."""

from __future__ import annotations

from celery.worker.consumer import Consumer


class KeepBrokenConnection(Consumer):
    """Leaves a broken connection unclosed, because closing it ends the worker.

    Celery 5.7.0 newly closes the connection when it breaks; closing gives unacknowledged messages back over a
    transport whose client is gone, which raises AttributeError and ends the worker (exit code 1) whenever a
    late-acknowledged task is in flight. tests/integration/worker/ restarts a broker under a running task and fails
    when this class is no longer needed or no longer enough.
    """

    def on_connection_error_after_connected(self, exc: BaseException) -> None:
        """Reconnect, without closing what is broken already."""
        if self.connection is not None:
            self.connection.close = _leave_open
        super().on_connection_error_after_connected(exc)


def _leave_open(*_: object, **__: object) -> None:
    """Stand in for the close of a connection that is broken."""
