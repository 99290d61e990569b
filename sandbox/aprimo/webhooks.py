"""Delivers callouts in the background: never inside an API request, in order unless told otherwise.

Failures in a row invalidate the subscription (assumption: 5 failed attempts without a success between);
then nothing is sent until somebody validates it, as an administrator of Aprimo would.
"""

import asyncio
import dataclasses
import random
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from sandbox.aprimo import callouts
from sandbox.aprimo.callouts import DELIVERED, FAILED, RETRIES_MAX, STOPPED, UNSENT, WAITING, Moment
from sandbox.aprimo.courier import Courier
from sandbox.aprimo.options import Options
from sandbox.aprimo.state import CALLOUT, SUBSCRIPTION, Row, State

ANSWER_WITHIN_S = 30.0
FAILURES_MAX = 5
REORDER_S = 1.0

__all__ = ["Moment", "Subscription", "SubscriptionError", "Webhooks"]


class SubscriptionError(ValueError):
    """A subscription that cannot be set; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """Where callouts go. `is_valid` and `failures` are Aprimo's, the rest is an administrator's."""

    url: str = ""
    secret: str = ""
    enabled: bool = True
    duplicate_share: float = 0.0
    reorder_share: float = 0.0
    delay_s: float = 0.0
    valid: bool = True
    failures: int = 0

    @property
    def is_open(self) -> bool:
        """Whether anything is sent."""
        return bool(self.url) and self.enabled and self.valid


class Webhooks:
    """The one subscription of the tenant and its deliveries. Used from the event loop only."""

    def __init__(self, state: State, options: Options) -> None:
        self._state = state
        self._options = options
        self._chance = random.Random(options.seed)  # noqa: S311 -- Chance for tests, not for secrets.
        self._courier = Courier("callout")
        self.subscription = self._at_start()

    def tell(self, moment: Moment, resource: str, object_id: int, *, user_id: int, body: Row | None = None) -> None:
        """Raise an event; it is sent when the caller has long been answered."""
        if not self.subscription.url:
            return
        state = WAITING if self.subscription.is_open else UNSENT
        callout = callouts.new_callout(moment, resource, object_id, user_id=user_id, state=state, body=body)
        self._keep(callout)
        if state == UNSENT:
            return
        wait_s = self.subscription.delay_s
        if self._hits(self.subscription.reorder_share):
            wait_s += self._chance.uniform(REORDER_S / 2, REORDER_S)
        self._deliver_later(callout, wait_s)
        if self._hits(self.subscription.duplicate_share):
            self._courier.run(self._send_once(callout, wait_s))

    def resume(self) -> None:
        """Go on with what a restart interrupted; to be called inside the event loop."""
        for callout in self._state.rows(CALLOUT):
            if callout["state"] == WAITING:
                self._deliver_later(callout, self.subscription.delay_s)

    def configure(self, wanted: dict[str, Any]) -> None:
        """Change what an administrator may; raises SubscriptionError for anything else."""
        known = {each.name for each in dataclasses.fields(Subscription)} - {"valid", "failures"}
        unknown = sorted(set(wanted) - known)
        if unknown:
            raise SubscriptionError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        self._set(**wanted)

    def validate(self) -> None:
        """Make the subscription valid again. What failed or was missed meanwhile is not sent."""
        self._set(valid=True, failures=0)

    def reset(self) -> None:
        """Go back to the options; deliveries under way are given up."""
        self._courier.give_up()
        self.subscription = self._at_start()

    def as_json(self) -> dict[str, Any]:
        """Show the subscription (without its secret) and every callout."""
        shown = {name: value for name, value in asdict(self.subscription).items() if name != "secret"}
        return {**shown, "deliveries": self._state.rows(CALLOUT)}

    def _at_start(self) -> Subscription:
        kept = Subscription(**(self._state.get(SUBSCRIPTION, 1) or {}))
        url = self._options.webhook_url or kept.url
        return dataclasses.replace(kept, url=url, secret=kept.secret or self._options.webhook_secret)

    def _set(self, **changes: Any) -> None:  # noqa: ANN401 -- Fields of Subscription.
        self.subscription = dataclasses.replace(self.subscription, **changes)
        self._state.put(SUBSCRIPTION, 1, asdict(self.subscription))

    def _keep(self, callout: Row) -> None:
        self._state.put(CALLOUT, callout["eventId"], callout)

    def _hits(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share

    def _deliver_later(self, callout: Row, wait_s: float) -> None:
        self._courier.run(self._deliver(callout, wait_s))

    async def _deliver(self, callout: Row, wait_s: float) -> None:
        """Send until it is answered 2xx, given up, or the subscription is no longer open."""
        while callout["state"] == WAITING:
            await asyncio.sleep(wait_s)
            if not self.subscription.is_open:
                callout = {**callout, "state": STOPPED}
                self._keep(callout)
                return
            status = await self._send(callout)
            callout = self._after_attempt(callout, status)
            wait_s = callouts.interval_s(len(callout["statuses"])) * self._options.webhook_retry_scale

    async def _send_once(self, callout: Row, wait_s: float) -> None:
        """Send a duplicate, whose answer is of no interest."""
        await asyncio.sleep(wait_s)
        await self._send(callout)

    async def _send(self, callout: Row) -> int:
        body = callouts.payload(callout, retry=len(callout["statuses"]))
        headers = {"x-sh1": callouts.signature(self.subscription.secret, body)}
        return await self._courier.post(self.subscription.url, body, headers, timeout_s=ANSWER_WITHIN_S)

    def _after_attempt(self, callout: Row, status: int) -> Row:
        is_delivered = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        state = DELIVERED if is_delivered else WAITING
        if not is_delivered and len(callout["statuses"]) >= RETRIES_MAX:
            state = FAILED
        after = callouts.with_attempt(callout, status, state=state)
        with self._state.command():
            self._keep(after)
            self._count(is_delivered=is_delivered)
        return after

    def _count(self, *, is_delivered: bool) -> None:
        if is_delivered and self.subscription.failures:
            self._set(failures=0)
        if not is_delivered:
            failures = self.subscription.failures + 1
            self._set(failures=failures, valid=self.subscription.valid and failures < FAILURES_MAX)
