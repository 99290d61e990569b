"""All that an error of a call carries: its words, its status, the wait and why."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import NewConnectionError

from pipeline.errors import (
    MisconfiguredError,
    PermanentError,
    PipelineError,
    TransientError,
    UnknownOutcomeError,
)
from pipeline.transport.messages import Answer, Fault, Request
from pipeline.transport.verdicts import (
    Case,
    is_breaker_failure,
    judge,
    judge_exception,
    never_connected,
    retry_after_s,
)
from pipeline.words import WaitReason

NOW = datetime(2026, 1, 12, 10, 0, 0, tzinfo=UTC)
READ = Request(method="GET", url="https://vendor.test/api/activities/5012", route="activities", has_effect=False)
WRITE = Request(method="PUT", url="https://vendor.test/api/activities/5012", route="activities", has_effect=True)
PAGE = {"content-type": "text/html"}
WAIT = {"retry-after": "45"}
POOL = HTTPConnectionPool("vendor.test")
REFUSED = NewConnectionError(POOL, "refused")  # type: ignore[arg-type]  # A pool says the same as a connection.


def judged(
    status: int, request: Request = READ, *, fault: Fault | None = None, headers: dict[str, str] | None = None
) -> PipelineError:
    case = Case(
        vendor="Aprimo",
        request=request,
        answer=Answer(status=status, headers=headers or {}),
        fault=fault or Fault(),
        hint="",
        now=lambda: NOW,
    )
    error = judge(case)
    assert error is not None
    return error


def carried(error: PipelineError) -> dict[str, Any]:
    """What an error carries besides its words."""
    return {"error": type(error), **vars(error)}


def transient(
    status: int | None,
    *,
    wait_s: float | None = None,
    is_outage: bool = False,
    reason: WaitReason = WaitReason.BACKOFF,
) -> dict[str, Any]:
    return {
        "error": TransientError,
        "status": status,
        "wait_s": wait_s,
        "is_outage": is_outage,
        "reason": reason,
    }


def unknown(status: int | None) -> dict[str, Any]:
    return {"error": UnknownOutcomeError, "status": status}


def for_a_person(kind: type[PipelineError], code: str, status: int, phrase: str) -> dict[str, Any]:
    return {"error": kind, "code": code, "hint": f"Aprimo answered {phrase} to GET on activities", "status": status}


@pytest.mark.parametrize(
    ("status", "request_", "expected"),
    [
        (429, READ, transient(429, wait_s=45.0, is_outage=True, reason=WaitReason.VENDOR_WAIT)),
        (503, READ, transient(503, wait_s=45.0, is_outage=True, reason=WaitReason.VENDOR_WAIT)),
        (503, WRITE, unknown(503)),
        (423, READ, transient(423, wait_s=45.0)),
        (500, READ, transient(500)),
        (500, WRITE, unknown(500)),
    ],
)
def test_an_answer_that_passes_says_how_long_and_why(
    status: int, request_: Request, expected: dict[str, Any]
) -> None:
    assert carried(judged(status, request_, headers=WAIT)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (423, transient(423)),
        (429, transient(429, is_outage=True, reason=WaitReason.VENDOR_WAIT)),
        (503, transient(503, is_outage=True)),
    ],
)
def test_where_the_vendor_says_nothing_the_wait_is_our_own(status: int, expected: dict[str, Any]) -> None:
    assert carried(judged(status)) == expected


@pytest.mark.parametrize(
    ("status", "kind", "code", "phrase"),
    [
        (302, MisconfiguredError, "not_the_vendor", "302 Found"),
        (400, PermanentError, "refused_by_vendor", "400 Bad Request"),
        (401, MisconfiguredError, "not_authenticated", "401 Unauthorized"),
        (402, MisconfiguredError, "not_the_vendor", "402 Payment Required"),
        (403, PermanentError, "not_allowed", "403 Forbidden"),
        (470, PermanentError, "refused_by_vendor", "470"),
        (501, PermanentError, "refused_by_vendor", "501 Not Implemented"),
    ],
)
def test_an_answer_for_a_person_says_what_was_answered(
    status: int, kind: type[PipelineError], code: str, phrase: str
) -> None:
    assert carried(judged(status)) == for_a_person(kind, code, status, phrase)


@pytest.mark.parametrize(
    ("status", "request_", "expected"),
    [
        (200, READ, transient(200)),
        (200, WRITE, unknown(200)),
        (404, WRITE, transient(404)),
        (423, WRITE, transient(423)),
        (429, WRITE, transient(429, wait_s=45.0, is_outage=True, reason=WaitReason.VENDOR_WAIT)),
        (500, READ, transient(500)),
        (500, WRITE, unknown(500)),
        (503, READ, transient(503, is_outage=True)),
        (503, WRITE, unknown(503)),
        (302, READ, for_a_person(MisconfiguredError, "not_the_vendor", 302, "302 Found")),
        (401, READ, for_a_person(MisconfiguredError, "not_authenticated", 401, "401 Unauthorized")),
        (403, READ, for_a_person(MisconfiguredError, "not_the_vendor", 403, "403 Forbidden")),
    ],
)
def test_a_page_for_people_is_no_answer_whatever_its_status(
    status: int, request_: Request, expected: dict[str, Any]
) -> None:
    assert carried(judged(status, request_, headers={**PAGE, **WAIT})) == expected


def test_what_was_taken_back_for_a_reason_that_passes_waits_as_long_as_the_vendor_asked() -> None:
    fault = Fault(is_rolled_back=True, is_passing=True)

    assert carried(judged(409, WRITE, fault=fault, headers=WAIT)) == transient(409, wait_s=45.0)
    assert carried(judged(500, WRITE, fault=fault, headers=WAIT)) == transient(500, wait_s=45.0)


def test_a_call_without_an_answer_is_told_by_what_happened() -> None:
    read = judge_exception(READ, requests.ReadTimeout("15 s"), "Aprimo")
    write = judge_exception(WRITE, requests.ReadTimeout("15 s"), "Aprimo")

    assert str(read) == "Aprimo gave no whole answer to GET on activities (ReadTimeout)"
    assert carried(read) == transient(None, is_outage=True)
    assert str(write) == "Aprimo gave no whole answer to PUT on activities (ReadTimeout)"
    assert carried(write) == unknown(None)


@pytest.mark.parametrize("kind", [requests.exceptions.InvalidURL, requests.exceptions.MissingSchema])
def test_a_base_address_that_is_none_is_told_without_repeating_it(kind: type[requests.RequestException]) -> None:
    error = judge_exception(WRITE, kind("https://user:secret@"), "Aprimo")

    assert carried(error) == {
        "error": MisconfiguredError,
        "code": "address_malformed",
        "hint": "Aprimo's base address cannot be used",
        "status": None,
    }


def test_a_case_is_judged_by_the_clock_unless_another_is_given() -> None:
    case = Case(vendor="Aprimo", request=READ, answer=Answer(status=200), fault=Fault(), hint="")

    assert datetime.now(UTC) <= case.now() <= datetime.now(UTC)


@pytest.mark.parametrize(("status", "counts"), [(403, True), (400, False), (423, False), (503, True)])
def test_missing_rights_count_against_the_breaker(status: int, *, counts: bool) -> None:
    assert is_breaker_failure(Answer(status=status), Fault()) is counts


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("Mon, 12 Jan 2026 12:00:00 GMT", 3600.0),
        ("3599", 3599.0),
        ("3601", 3600.0),
        ("\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT TWO}", None),
    ],
)
def test_a_wait_that_is_asked_for_is_an_hour_at_most(given: str, seconds: float | None) -> None:
    assert retry_after_s(Answer(status=429, headers={"retry-after": given}), NOW) == seconds


def test_an_answer_that_names_no_wait_asks_for_none() -> None:
    assert retry_after_s(Answer(status=429), NOW) is None


def test_a_connection_that_never_stood_is_found_behind_the_error_it_led_to() -> None:
    error = requests.ConnectionError("no proxy")
    error.__cause__ = REFUSED

    assert never_connected(error) is True


def test_errors_that_are_each_others_cause_are_looked_at_once() -> None:
    error, other = requests.ConnectionError("one"), requests.ConnectionError("other")
    error.__cause__, other.__cause__ = other, error

    assert never_connected(error) is False


def test_the_certificate_is_named_wherever_it_stands_among_the_causes() -> None:
    cause = ssl.SSLCertVerificationError(1, "expired")
    cause.verify_message = "certificate has expired"
    error = requests.exceptions.SSLError(ValueError("first"), cause)

    assert carried(judge_exception(READ, error, "Aprimo"))["hint"] == (
        "Aprimo's certificate is not trusted: certificate has expired"
    )
