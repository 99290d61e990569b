"""What stands before the service in the real world: the API gateway with its rate, its tokens and its faults."""

import time

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.kit import origin
from sandbox.opentext.auth import Fault, Tokens, fault

_TOO_MANY: Fault = (
    429,
    "Spike arrest violation. Allowed rate : {rate}ps",
    "policies.ratelimit.SpikeArrestViolation",
)
_SERVICES = ("/workflow/", "/workflow-history/")


class SpikeArrest:
    """A rate smoothed over short slots: a burst fails even when the second as a whole would not."""

    def __init__(self, rate_per_s: float, slot_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._slot_s = slot_s
        self._most = max(1, int(rate_per_s * slot_s))
        self._slot = 0
        self._used = 0

    def refusal(self) -> Fault | None:
        """Count a request; the fault to answer when it is one too many."""
        slot = int(time.monotonic() / self._slot_s)
        if slot != self._slot:
            self._slot, self._used = slot, 0
        self._used += 1
        if self._used <= self._most:
            return None
        status, text, code = _TOO_MANY
        return status, text.format(rate=round(self._rate_per_s)), code


class Gateway:
    """ASGI middleware: passes on what is within the rate and carries a good token."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens, rate: SpikeArrest) -> None:
        self._app = app
        self._tokens = tokens
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"].startswith("/sandbox/"):
            await self._app(scope, receive, send)
            return
        refusal = self._rate.refusal()
        if refusal is None and scope["path"].startswith(_SERVICES):
            user = self._tokens.user_of(Request(scope).headers.get("authorization", ""))
            if isinstance(user, tuple):
                refusal = user
            else:
                origin.name_actor(user)
        if refusal is not None:
            await fault(refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)
