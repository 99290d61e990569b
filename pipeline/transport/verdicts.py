"""From what became of a call to the class of error that says what to do: one table, used by both vendors.

Certain to have had no effect: a connection that never stood, 401, 429, 4xx. Everything else after the first byte
of a write is unknown, and only a look-up opens the way on (docs/architecture.md, "Waiting").
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

import requests
from urllib3.exceptions import NewConnectionError

from pipeline.errors import (
    MisconfiguredError,
    PermanentError,
    PipelineError,
    TransientError,
    UnknownOutcomeError,
)
from pipeline.transport.messages import Answer, Fault, Request
from pipeline.words import WaitReason

RETRY_AFTER_MAX_S = 3600.0
"""A vendor that asks for more is asked again after this."""


NOT_AUTHENTICATED = 401


class Meaning(StrEnum):
    """What an HTTP status means for a call."""

    FINE = "fine"
    THROTTLED = "throttled"
    AWAY = "away"
    """The vendor, or something before it, cannot answer now."""
    FAILED = "failed"
    """This call failed inside the vendor."""
    BUSY = "busy"
    """Refused for now, certainly without effect."""
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    """A right is missing: for this object, as far as one answer tells."""
    CONFIGURATION = "configuration"


_SINGLE: Mapping[int, Meaning] = {
    401: Meaning.CONFIGURATION,  # The second one: the session has renewed the token and repeated the call already.
    402: Meaning.CONFIGURATION,
    403: Meaning.FORBIDDEN,
    407: Meaning.CONFIGURATION,
    408: Meaning.BUSY,
    423: Meaning.BUSY,
    425: Meaning.BUSY,
    429: Meaning.THROTTLED,
    501: Meaning.REFUSED,
    502: Meaning.AWAY,
    503: Meaning.AWAY,
    504: Meaning.AWAY,
    505: Meaning.REFUSED,
    511: Meaning.CONFIGURATION,
    529: Meaning.AWAY,
    530: Meaning.AWAY,
    598: Meaning.AWAY,
    599: Meaning.AWAY,
}
_EDGE = range(520, 528)
"""What content delivery networks answer in place of an origin that is away."""


def meaning_of(status: int) -> Meaning:
    """The meaning of a status, whatever its body says."""
    if status in _SINGLE:
        return _SINGLE[status]
    if status in _EDGE:
        return Meaning.AWAY
    match status // 100:
        case 2:
            return Meaning.FINE
        case 3:
            return Meaning.CONFIGURATION  # No redirect is followed: the base is not the vendor's.
        case 4:
            return Meaning.REFUSED
        case _:
            return Meaning.FAILED


@dataclass(frozen=True, kw_only=True)
class Case:
    """A call that was answered. vendor: its name for people. hint: the vendor's message, safe to store."""

    vendor: str
    request: Request
    answer: Answer
    fault: Fault
    hint: str
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def text(self) -> str:
        """One sentence for hints and timelines."""
        status = self.answer.status
        phrase = _phrase(status)
        said = f": {self.hint}" if self.hint else ""
        return f"{self.vendor} answered {status}{phrase} to {self.request.method} on {self.request.route}{said}"


def judge(case: Case) -> PipelineError | None:
    """The error an answer stands for; None when it is the caller's to read."""
    meaning = Meaning.THROTTLED if case.fault.is_throttle else meaning_of(case.answer.status)
    if case.answer.is_html:
        return _page_for_people(case, meaning)
    if meaning is Meaning.FINE:
        return None
    if case.answer.status in case.request.answers:
        return _misconfigured(case) if case.fault.is_gateway else None
    return _ERRORS[meaning](case)


def is_breaker_failure(answer: Answer, fault: Fault) -> bool:
    """Whether an answer counts against the breaker: 5xx, pages for people and missing rights.

    What was rightly refused never counts. One object that is forbidden is that object's letter; several in a row mean
    that our user lost its rights, and the breaker holds the others before they die too.
    """
    if fault.is_throttle or fault.is_rolled_back:
        return False
    return answer.is_html or meaning_of(answer.status) in {Meaning.AWAY, Meaning.FAILED, Meaning.FORBIDDEN}


def judge_exception(request: Request, error: requests.RequestException, vendor: str) -> PipelineError:
    """The error for a call without a whole answer."""
    what = f"{vendor} gave no whole answer to {request.method} on {request.route} ({type(error).__name__})"
    if _is_certificate(error):
        hint = f"{vendor}'s certificate is not trusted: {_cause_text(error)}"
        return MisconfiguredError("certificate_refused", hint)
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return MisconfiguredError("address_malformed", f"{vendor}'s base address cannot be used")
    if never_connected(error) or not request.has_effect:
        return TransientError(what, is_outage=True)
    return UnknownOutcomeError(what)


def never_connected(error: BaseException) -> bool:
    """Whether no connection stood, so that not one byte left."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    return any(isinstance(cause, NewConnectionError) for cause in _causes(error))


def retry_after_s(answer: Answer, now: datetime) -> float | None:
    """Seconds the vendor asks us to wait: a number or an HTTP date; None when it does not say or mumbles."""
    given = answer.headers.get("retry-after", "").strip()
    if not given:
        return None
    if given.isascii() and given.isdigit():
        return min(float(given[:9]), RETRY_AFTER_MAX_S)
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - now).total_seconds()), RETRY_AFTER_MAX_S)


def _page_for_people(case: Case, meaning: Meaning) -> PipelineError:
    """A page where JSON belongs: maintenance, a proxy, a wrong base. What it stands before was perhaps reached."""
    if meaning is Meaning.THROTTLED:
        return _throttled(case)
    if case.request.has_effect and meaning in {Meaning.FINE, Meaning.AWAY, Meaning.FAILED}:
        return UnknownOutcomeError(case.text(), status=case.answer.status)
    if meaning in {Meaning.CONFIGURATION, Meaning.FORBIDDEN}:
        return _misconfigured(case)
    # A 404 of this kind says nothing about the object: it must never count as "deleted".
    return TransientError(case.text(), status=case.answer.status, is_outage=meaning is Meaning.AWAY)


def _throttled(case: Case) -> PipelineError:
    return TransientError(
        case.text(),
        wait_s=retry_after_s(case.answer, case.now()),
        is_outage=True,
        status=case.answer.status,
        reason=WaitReason.VENDOR_WAIT,
    )


def _away(case: Case) -> PipelineError:
    if case.request.has_effect:
        return UnknownOutcomeError(case.text(), status=case.answer.status)
    wait_s = retry_after_s(case.answer, case.now())
    reason = WaitReason.BACKOFF if wait_s is None else WaitReason.VENDOR_WAIT
    return TransientError(case.text(), wait_s=wait_s, is_outage=True, status=case.answer.status, reason=reason)


def _failed(case: Case) -> PipelineError:
    if case.fault.is_passing:
        return _busy(case)
    if case.request.has_effect and case.fault.is_rolled_back:
        return _refused(case)
    if case.request.has_effect:
        return UnknownOutcomeError(case.text(), status=case.answer.status)
    return TransientError(case.text(), status=case.answer.status)


def _busy(case: Case) -> PipelineError:
    return TransientError(case.text(), wait_s=retry_after_s(case.answer, case.now()), status=case.answer.status)


def _refused(case: Case) -> PipelineError:
    if case.fault.is_passing:
        return _busy(case)
    return PermanentError("refused_by_vendor", case.text(), status=case.answer.status)


def _forbidden(case: Case) -> PipelineError:
    return PermanentError("not_allowed", case.text(), status=case.answer.status)


def _misconfigured(case: Case) -> PipelineError:
    code = "not_authenticated" if case.answer.status == NOT_AUTHENTICATED else "not_the_vendor"
    return MisconfiguredError(code, case.text(), status=case.answer.status)


_ERRORS: Mapping[Meaning, Callable[[Case], PipelineError]] = {
    Meaning.THROTTLED: _throttled,
    Meaning.AWAY: _away,
    Meaning.FAILED: _failed,
    Meaning.BUSY: _busy,
    Meaning.REFUSED: _refused,
    Meaning.FORBIDDEN: _forbidden,
    Meaning.CONFIGURATION: _misconfigured,
}


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _is_certificate(error: BaseException) -> bool:
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))


def _cause_text(error: BaseException) -> str:
    found = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)
    return found.verify_message if found else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception, what it wraps and what it came from, each once."""
    queue: list[object] = [error]
    seen: set[int] = set()
    while queue:
        one = queue.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        queue += [one.__cause__, getattr(one, "reason", None), *one.args]
