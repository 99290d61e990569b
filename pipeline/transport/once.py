"""A sender for one read of many objects: whatever is asked for again was answered before.

So that everybody who wants an object in the same step sees the same of it, and the vendor is asked once.
"""

from __future__ import annotations

from typing import TypeAlias

from pipeline.errors import PipelineError
from pipeline.ports import Bounds
from pipeline.transport.messages import Answer, Request
from pipeline.transport.session import Sender

_Key: TypeAlias = "tuple[str, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]"


class Once:
    """Sends each GET once; its answer, or its failure, goes to whoever asks again. For one thread and one read."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._known: dict[_Key, Answer | PipelineError] = {}

    def send(self, request: Request, bounds: Bounds) -> Answer:
        """As the sender's own."""
        if request.method != "GET":
            return self._sender.send(request, bounds)
        key = (request.url, request.params, tuple(sorted(request.headers.items())))
        if key not in self._known:
            self._known[key] = self._asked(request, bounds)
        known = self._known[key]
        if isinstance(known, PipelineError):
            raise known
        return known

    def _asked(self, request: Request, bounds: Bounds) -> Answer | PipelineError:
        try:
            return self._sender.send(request, bounds)
        except PipelineError as error:
            return error
