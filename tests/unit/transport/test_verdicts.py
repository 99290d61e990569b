"""Fault F23: every status and every way to fail has exactly one verdict, for reads and for writes."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import pytest
import requests
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError
from urllib3.exceptions import SSLError as UrllibSslError

from pipeline.errors import MisconfiguredError, PermanentError, PipelineError, TransientError, UnknownOutcomeError
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
HTML = {"content-type": "text/html; charset=utf-8"}

CONFIGURATION = {401, 402, 407, 511}
BUSY = {408, 423, 425}
AWAY = {502, 503, 504, *range(520, 528), 529, 530, 598, 599}
REFUSED_5XX = {501, 505}


def expected(status: int, *, has_effect: bool) -> tuple[type[PipelineError], bool]:
    """The error and whether it is an outage, as docs/data-model.md and the two fact sheets say."""
    if status in CONFIGURATION:
        return MisconfiguredError, False
    if status == 429:
        return TransientError, True
    if status in BUSY:
        return TransientError, False
    if status < 500 or status in REFUSED_5XX:
        return PermanentError, False
    if has_effect:
        return UnknownOutcomeError, False
    return TransientError, status in AWAY


def case(status: int, request: Request = READ, *, fault: Fault | None = None, **answer: object) -> Case:
    return Case(
        vendor="Aprimo",
        request=request,
        answer=Answer(status=status, **answer),  # type: ignore[arg-type]  # Keywords of the value itself.
        fault=fault or Fault(),
        hint=(fault or Fault()).message,
        now=lambda: NOW,
    )


@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
def test_every_status_from_400_to_599_has_its_verdict(request_: Request) -> None:
    errors = {status: judge(case(status, request_)) for status in range(400, 600)}

    assert {status: (type(error), getattr(error, "is_outage", False)) for status, error in errors.items()} == {
        status: expected(status, has_effect=request_.has_effect) for status in range(400, 600)
    }
    assert [getattr(error, "status", None) for error in errors.values()] == list(range(400, 600))


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_two_hundreds_are_the_callers_to_read(status: int) -> None:
    assert judge(case(status)) is None


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308])
def test_a_redirect_means_the_base_is_not_the_vendors(status: int) -> None:
    error = judge(case(status, WRITE))

    assert isinstance(error, MisconfiguredError)
    assert error.code == "not_the_vendor"


def test_a_status_the_caller_understands_comes_back() -> None:
    request = Request(method="GET", url="u", route="activities", has_effect=False, answers=frozenset({404}))

    assert judge(case(404, request)) is None


def test_a_gateways_404_is_a_wrong_address_never_an_absent_object() -> None:
    request = Request(method="GET", url="u", route="activities", has_effect=False, answers=frozenset({404}))

    error = judge(case(404, request, fault=Fault(code="messaging.ApplicationNotFound", is_gateway=True)))

    assert isinstance(error, MisconfiguredError)
    assert error.code == "not_the_vendor"


def test_a_page_for_people_with_404_never_counts_as_absent() -> None:
    """A gateway's error page must not look like a deleted campaign."""
    request = Request(method="GET", url="u", route="activities", has_effect=False, answers=frozenset({404}))

    error = judge(case(404, request, headers=HTML, body=b"<html>not here</html>"))

    assert isinstance(error, TransientError)
    assert error.is_outage is False


@pytest.mark.parametrize(
    ("status", "request_", "kind", "is_outage"),
    [
        (200, READ, TransientError, False),
        (200, WRITE, UnknownOutcomeError, False),
        (502, READ, TransientError, True),
        (502, WRITE, UnknownOutcomeError, False),
        (400, WRITE, TransientError, False),
        (429, WRITE, TransientError, True),
        (403, READ, MisconfiguredError, False),
    ],
)
def test_html_in_place_of_json_is_no_answer_of_the_vendor(
    status: int, request_: Request, kind: type[PipelineError], *, is_outage: bool
) -> None:
    error = judge(case(status, request_, headers=HTML, body=b"<!DOCTYPE html><p>maintenance"))

    assert type(error) is kind
    assert getattr(error, "is_outage", False) is is_outage


def test_a_throttled_call_waits_as_long_as_the_vendor_asked() -> None:
    error = judge(case(429, WRITE, headers={"retry-after": "45"}))

    assert isinstance(error, TransientError)
    assert (error.wait_s, error.is_outage, error.reason) == (45.0, True, WaitReason.VENDOR_WAIT)


def test_a_throttled_call_without_a_hint_waits_by_our_own_backoff() -> None:
    error = judge(case(429))

    assert isinstance(error, TransientError)
    assert (error.wait_s, error.reason) == (None, WaitReason.VENDOR_WAIT)


def test_a_read_during_an_outage_waits_as_long_as_the_vendor_asked() -> None:
    error = judge(case(503, headers={"retry-after": "Mon, 12 Jan 2026 10:02:00 GMT"}))

    assert isinstance(error, TransientError)
    assert (error.wait_s, error.is_outage, error.reason) == (120.0, True, WaitReason.VENDOR_WAIT)


def test_a_gateways_throttle_in_a_500_is_a_throttle() -> None:
    error = judge(case(500, WRITE, fault=Fault(code="policies.ratelimit.QuotaViolation", is_throttle=True)))

    assert isinstance(error, TransientError)
    assert (error.is_outage, error.reason) == (True, WaitReason.VENDOR_WAIT)


def test_a_write_that_the_engine_took_back_is_refused_for_good() -> None:
    error = judge(case(500, WRITE, fault=Fault(message="Unknown property", is_rolled_back=True)))

    assert isinstance(error, PermanentError)
    assert error.code == "refused_by_vendor"
    assert error.hint == "Aprimo answered 500 Internal Server Error to PUT on activities: Unknown property"


def test_a_read_that_the_engine_failed_is_tried_again() -> None:
    error = judge(case(500, READ, fault=Fault(is_rolled_back=True)))

    assert isinstance(error, TransientError)


@pytest.mark.parametrize("status", [409, 500])
def test_two_commands_that_met_are_tried_again(status: int) -> None:
    error = judge(case(status, WRITE, fault=Fault(is_rolled_back=True, is_passing=True)))

    assert isinstance(error, TransientError)
    assert error.is_outage is False


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("", None),
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("999999999999", 3600.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("Mon, 12 Jan 2026 10:00:30 GMT", 30.0),
        ("Mon, 12 Jan 2026 09:00:00 GMT", 0.0),
        ("Mon, 12 Jan 2026 10:00:30 -0000", 30.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(given: str, seconds: float | None) -> None:
    assert retry_after_s(Answer(status=429, headers={"retry-after": given}), NOW) == seconds


POOL = HTTPConnectionPool("vendor.test")


def wrapped(reason: Exception) -> requests.ConnectionError:
    return requests.ConnectionError(MaxRetryError(POOL, "/", reason))


REFUSED = wrapped(NewConnectionError(POOL, "refused"))  # type: ignore[arg-type]  # A pool says the same as a connection.
NO_NAME = wrapped(NameResolutionError("vendor.test", POOL, OSError("no such name")))  # type: ignore[arg-type]  # As above.
RESET = requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")))
HALF = requests.exceptions.ChunkedEncodingError("5 of 10 bytes")
SLOW = requests.ReadTimeout("15 s")
NEVER = requests.ConnectTimeout("3 s")
TLS_CUT = requests.exceptions.SSLError(MaxRetryError(POOL, "/", UrllibSslError(ssl.SSLEOFError("EOF"))))


@pytest.mark.parametrize("error", [REFUSED, NO_NAME, NEVER], ids=["refused", "no name", "connect timeout"])
def test_a_write_that_never_connected_had_no_effect(error: requests.RequestException) -> None:
    verdict = judge_exception(WRITE, error, "Aprimo")

    assert isinstance(verdict, TransientError)
    assert verdict.is_outage is True


@pytest.mark.parametrize("error", [RESET, HALF, SLOW, TLS_CUT], ids=["reset", "half", "read timeout", "tls cut"])
def test_a_write_without_a_whole_answer_is_unknown(error: requests.RequestException) -> None:
    assert type(judge_exception(WRITE, error, "Aprimo")) is UnknownOutcomeError


@pytest.mark.parametrize("error", [RESET, HALF, SLOW, TLS_CUT, REFUSED, NO_NAME, NEVER])
def test_a_read_without_a_whole_answer_is_tried_again_and_spends_nothing(error: requests.RequestException) -> None:
    verdict = judge_exception(READ, error, "Aprimo")

    assert isinstance(verdict, TransientError)
    assert verdict.is_outage is True


def test_a_certificate_that_is_not_trusted_is_for_a_person() -> None:
    cause = ssl.SSLCertVerificationError(1, "certificate has expired")
    cause.verify_message = "certificate has expired"
    error = requests.exceptions.SSLError(MaxRetryError(POOL, "/", UrllibSslError(cause)))

    verdict = judge_exception(WRITE, error, "Aprimo")

    assert isinstance(verdict, MisconfiguredError)
    assert (verdict.code, verdict.hint) == (
        "certificate_refused",
        "Aprimo's certificate is not trusted: certificate has expired",
    )


def test_an_address_that_is_none_is_for_a_person() -> None:
    verdict = judge_exception(READ, requests.exceptions.MissingSchema("no scheme"), "Aprimo")

    assert isinstance(verdict, MisconfiguredError)
    assert verdict.code == "address_malformed"


def test_an_error_that_came_while_another_was_handled_is_not_taken_for_it() -> None:
    """Only what an exception wraps counts, not what happened to be handled when it was raised."""
    reset = requests.ConnectionError("reset")
    reset.__context__ = NewConnectionError(POOL, "refused")  # type: ignore[arg-type]  # As above.

    assert never_connected(reset) is False


@pytest.mark.parametrize(
    ("status", "fault", "counts"),
    [
        (200, Fault(), False),
        (404, Fault(), False),
        (401, Fault(), False),
        (429, Fault(), False),
        (500, Fault(), True),
        (502, Fault(), True),
        (503, Fault(), True),
        (500, Fault(is_throttle=True), False),
        (500, Fault(is_rolled_back=True), False),
    ],
)
def test_the_breaker_counts_what_the_vendor_failed_never_what_it_refused(
    status: int, fault: Fault, *, counts: bool
) -> None:
    assert is_breaker_failure(Answer(status=status), fault) is counts


def test_the_breaker_counts_a_page_for_people() -> None:
    assert is_breaker_failure(Answer(status=200, headers=HTML), Fault()) is True
