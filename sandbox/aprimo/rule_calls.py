"""Carries out the HTTP actions of the DAM's rules: delayed, signed, retried, with down times (aprimo.md §8.2)."""

import asyncio
import dataclasses
import time
import uuid
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from sandbox.aprimo import callouts, dam_seeds, rules
from sandbox.aprimo.callouts import DELIVERED, FAILED, STOPPED, UNSENT, WAITING
from sandbox.aprimo.courier import Courier
from sandbox.aprimo.dam_store import Saved
from sandbox.aprimo.options import Options
from sandbox.aprimo.rules import Rules
from sandbox.aprimo.state import RULE_CALL, RULES, Row, State
from sandbox.aprimo.webhooks import SubscriptionError

RETRY_S = 1.0
NO_DOWN_TIME = (HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR)
"""Answers that are retried without a down time before."""


class RuleCalls:
    """The rules of the tenant and their calls. Used from the event loop only."""

    def __init__(self, state: State, options: Options) -> None:
        self._state = state
        self._options = options
        self._courier = Courier("rule")
        self._down_until = 0.0
        self.rules = self._at_start()

    def tell(self, saved: Saved) -> None:
        """Call for every rule a save fires; to be called inside the save's command."""
        if not self.rules.url:
            return
        for event in rules.fired(self.rules, saved):
            call_id = str(uuid.uuid4())
            call = {
                "id": call_id,
                "event": event,
                "body": rules.body(self.rules, event, saved).decode(),
                "referenceId": saved.reference_id or str(uuid.uuid4()),
                "state": WAITING if self.rules.is_open else UNSENT,
                "statuses": [],
            }
            self._state.put(RULE_CALL, call_id, call)
            if self.rules.is_open:
                self._courier.run(self._deliver(call))

    def resume(self) -> None:
        """Go on with what a restart interrupted; to be called inside the event loop."""
        for call in self._state.rows(RULE_CALL):
            if call["state"] == WAITING:
                self._courier.run(self._deliver(call))

    def configure(self, wanted: dict[str, Any]) -> None:
        """Change the rules as an administrator would; raises SubscriptionError for what makes no sense."""
        known = {each.name for each in dataclasses.fields(Rules)}
        unknown = sorted(set(wanted) - known)
        if unknown:
            raise SubscriptionError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        events = [each for each in wanted.get("events", []) if each not in rules.EVENTS]
        fields = [each for each in wanted.get("fields", []) if each.casefold() not in dam_seeds.FIELD_OF_NAME]
        if events or fields:
            raise SubscriptionError(f"unknown: {', '.join(events + fields)}")
        if not 0 < wanted.get("timeout_s", 1) <= rules.TIMEOUT_MAX_S:
            raise SubscriptionError(f"timeout_s is at most {rules.TIMEOUT_MAX_S}")
        self.rules = dataclasses.replace(self.rules, **wanted)
        self._state.put(RULES, 1, asdict(self.rules))

    def reset(self) -> None:
        """Go back to the options; calls under way are given up."""
        self._courier.give_up()
        self._down_until = 0.0
        self.rules = self._at_start()

    def as_json(self) -> dict[str, Any]:
        """Show the rules (without their secret) and every call."""
        shown = {name: value for name, value in asdict(self.rules).items() if name != "secret"}
        return {**shown, "calls": self._state.rows(RULE_CALL)}

    def _at_start(self) -> Rules:
        kept = Rules(**(self._state.get(RULES, 1) or {}))
        return dataclasses.replace(
            kept,
            url=self._options.rule_url or kept.url,
            secret=kept.secret or self._options.rule_secret,
            hmac_header=kept.hmac_header or self._options.rule_hmac_header,
        )

    async def _deliver(self, call: Row) -> None:
        """Send until it is answered 2xx or all retries are used."""
        await asyncio.sleep(self.rules.delay_s)
        while call["state"] == WAITING:
            wait_s = self._down_until - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
                continue
            if not self.rules.is_open:
                self._keep({**call, "state": STOPPED})
                return
            call = self._after_attempt(call, await self._send(call))
            await asyncio.sleep(RETRY_S * self._options.webhook_retry_scale if call["state"] == WAITING else 0)

    async def _send(self, call: Row) -> int:
        body = call["body"].encode()
        headers = {
            self.rules.hmac_header: callouts.signature(self.rules.secret, body),
            "referenceId": call["referenceId"],
        }
        return await self._courier.post(self.rules.url, body, headers, timeout_s=self.rules.timeout_s)

    def _after_attempt(self, call: Row, status: int) -> Row:
        is_delivered = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        state = DELIVERED if is_delivered else WAITING
        if not is_delivered and len(call["statuses"]) >= self.rules.retry_count:
            state = FAILED
        if not is_delivered and status not in NO_DOWN_TIME:
            self._down_until = time.monotonic() + self.rules.down_time_s
        return self._keep(callouts.with_attempt(call, status, state=state))

    def _keep(self, call: Row) -> Row:
        self._state.put(RULE_CALL, call["id"], call)
        return call
