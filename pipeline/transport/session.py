"""The one way out: every call to a vendor passes here, with its deadlines, its budget, its breaker and its token.

The order before a byte leaves: is there time for a call, is there an OAuth token, does the breaker let it, does the
rate budget, and last, is enough of the lease left. What comes back is an answer the caller
understands, or one of the errors of `errors`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import requests
from requests.adapters import BaseAdapter

from pipeline import failpoints
from pipeline.errors import LeaseLostError, PipelineError, TransientError
from pipeline.ports import Bounds
from pipeline.transport import tokens as oauth
from pipeline.transport.breaker import Admission, Breaker
from pipeline.transport.budget import Budget
from pipeline.transport.deadline import GuardedAdapter
from pipeline.transport.http import Http, TransportOptions
from pipeline.transport.messages import Answer, Fault, Request
from pipeline.transport.redaction import safe_text
from pipeline.transport.tally import Tally
from pipeline.transport.tokens import TokenCall, Tokens
from pipeline.transport.verdicts import (
    Case,
    Meaning,
    is_breaker_failure,
    judge,
    judge_exception,
    meaning_of,
    retry_after_s,
)
from pipeline.words import Urgency, WaitReason

NOT_AUTHENTICATED = 401
TOO_MANY = 429


class Sender(Protocol):
    """What the vendors' clients need of a session."""

    def send(self, request: Request, bounds: Bounds) -> Answer:
        """Make a call; 2xx and the request's own `answers` come back, everything else is raised."""


class Session:
    """Sends requests of one vendor. Thread-safe: each thread has its own pooled connections."""

    def __init__(
        self,
        options: TransportOptions,
        *,
        tokens: Tokens,
        budget: Budget,
        breaker: Breaker,
        tally: Tally,
        read_fault: Callable[[Answer], Fault],
        new_adapter: Callable[[], BaseAdapter] = GuardedAdapter,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._tokens = tokens
        self._budget = budget
        self._breaker = breaker
        self._tally = tally
        self._read_fault = read_fault
        self._http = Http(options, new_adapter)
        self._monotonic = monotonic

    def send(self, request: Request, bounds: Bounds) -> Answer:
        """Make a call; 2xx and the request's own `answers` come back, everything else is raised.

        A 401 renews the token and repeats the call once. Raises the errors of `errors`.
        """
        token = self._token(bounds)
        answer = self._attempt(request, token, bounds)
        if answer.status == NOT_AUTHENTICATED:
            self._tokens.invalidate(token)
            answer = self._attempt(request, self._token(bounds), bounds)
        fault = self._read_fault(answer)
        if answer.status == TOO_MANY or fault.is_throttle:
            self._budget.slow_down(retry_after_s(answer, datetime.now(UTC)))
        error = judge(self._case(request, answer, fault))
        if error is not None:
            raise error
        return answer

    def wait_s(self, route: str, urgency: Urgency) -> float:
        """Seconds until budget and breaker would let a call leave; 0 now. Takes nothing. route "" asks no breaker."""
        stopped_s = self._breaker.peek(route) if route else 0.0
        return max(self._budget.peek(urgency), stopped_s)

    # ---- one attempt -----------------------------------------------------------------------------------------------

    def _attempt(self, request: Request, token: str, bounds: Bounds) -> Answer:
        admission = self._admitted(request, bounds)
        try:
            self._check_lease(bounds)
        except LeaseLostError:
            self._breaker.give_back(admission)
            raise
        try:
            answer = self._http.exchange(_prepared(request, token))
        except requests.RequestException as err:
            error = judge_exception(request, err, self._options.vendor)
            self._breaker.failed(admission, str(error))
            raise error from err
        self._tell_breaker(admission, request, answer)
        return answer

    def _admitted(self, request: Request, bounds: Bounds) -> Admission:
        left_s = self._time_left(bounds)
        admission = self._breaker.admit(request.route)
        if admission.wait_s > 0:
            raise self._not_now(f"the breaker of {request.route} is open", admission.wait_s)
        patience_s = bounds.budget_wait_max_s
        wait_s = self._budget.take(
            bounds.urgency,
            max_wait_s=min(self._options.budget_wait_max_s if patience_s is None else patience_s, left_s),
            count_as=self._tally.field(bounds.errand),
        )
        if wait_s > 0:
            self._breaker.give_back(admission)
            raise self._not_now("the rate budget is used up", wait_s)
        return admission

    def _time_left(self, bounds: Bounds) -> float:
        left_s = bounds.no_call_after - self._monotonic()
        if left_s <= 0:
            raise TransientError("This step's time is used up; the next one goes on.", wait_s=0.0, is_outage=True)
        return left_s

    def _check_lease(self, bounds: Bounds) -> None:
        """The last check before bytes leave: fencing protects our tables, this protects the vendor."""
        needed_s = self._options.call_deadline_s + self._options.lease_margin_s
        if bounds.lease_until - self._monotonic() < needed_s:
            raise LeaseLostError(f"Less than {needed_s:g} s of the lease are left; the call was not made.")

    def _tell_breaker(self, admission: Admission, request: Request, answer: Answer) -> None:
        fault = self._read_fault(answer)
        if is_breaker_failure(answer, fault):
            self._breaker.failed(admission, f"{self._options.vendor} answered {answer.status} on {request.route}")
        else:
            self._breaker.succeeded(admission)

    def _not_now(self, why: str, wait_s: float) -> TransientError:
        return TransientError(
            f"{self._options.vendor} is not called now: {why}.",
            wait_s=wait_s,
            is_outage=True,
            reason=WaitReason.VENDOR_WAIT,
        )

    def _case(self, request: Request, answer: Answer, fault: Fault) -> Case:
        hint = safe_text(fault.message, (*self._tokens.secrets(), *request.secrets))
        return Case(vendor=self._options.vendor, request=request, answer=answer, fault=fault, hint=hint)

    # ---- tokens ----------------------------------------------------------------------------------------------------

    def _token(self, bounds: Bounds) -> str:
        self._time_left(bounds)
        return self._tokens.current(self._ask_token)

    def _ask_token(self, call: TokenCall) -> Answer:
        request = Request(method="POST", url=call.url, route="token", has_effect=False)
        prepared = requests.Request(
            "POST",
            call.url,
            headers=dict(call.headers),
            data=call.form,
            json=call.json,
        )
        self._tally.add_token()
        try:
            with failpoints.aside():
                answer = self._http.exchange(prepared)
        except requests.RequestException as err:
            raise judge_exception(request, err, self._options.vendor) from err
        if answer.is_html or meaning_of(answer.status) not in {Meaning.REFUSED, Meaning.CONFIGURATION, Meaning.FINE}:
            raise self._token_failure(request, answer)
        if meaning_of(answer.status) is not Meaning.FINE:
            raise oauth.refusal(answer, self._tokens.secrets())
        return answer

    def _token_failure(self, request: Request, answer: Answer) -> PipelineError:
        error = judge(self._case(request, answer, self._read_fault(answer)))
        text = f"The token service of {self._options.vendor} cannot be used now ({answer.status})."
        return error or TransientError(text, is_outage=True, status=answer.status)


def _prepared(request: Request, token: str) -> requests.Request:
    headers = {"Authorization": f"Bearer {token}", **request.headers}
    body = request.content
    if request.body is not None:
        body = json.dumps(request.body, ensure_ascii=False, allow_nan=False).encode()
        headers["Content-Type"] = "application/json"
    return requests.Request(request.method, request.url, params=list(request.params), headers=headers, data=body)
