from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pipeline.bodies import UnusableBodyError, checked_time, is_one_of, read_object, signature
from tests.support.hook_samples import NOW


def test_a_signature_is_base64_of_an_hmac_sha256() -> None:
    """RFC 4231, test case 2."""
    mac = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")

    assert base64.b64decode(signature(b"what do ya want for nothing?", "Jefe")) == mac


@pytest.mark.parametrize(
    ("given", "is_right"),
    [("b", True), (" b ", True), ("B", False), ("", False), ("bb", False), ("\xff\u2603", False), ("\ud800", False)],
)
def test_a_text_is_right_when_it_equals_any_of_the_right_ones(given: str, *, is_right: bool) -> None:
    assert is_one_of(given, ["a", "b"]) is is_right


def test_nothing_is_right_where_there_is_nothing_right() -> None:
    assert not is_one_of("", [])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a": 1', "not_json"),
        (b"", "not_json"),
        (b"null", "not_an_object"),
        (b"[1]", "not_an_object"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not_json"),
        (b'{"a": 1, "a": 2}', "duplicate_name"),
        (b'{"a": {"b": 1, "b": 1}}', "duplicate_name"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
        ('{"a": "ü"}'.encode("latin-1"), "not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "not_utf8"),
    ],
)
def test_a_body_we_cannot_use_has_a_code(body: bytes, code: str) -> None:
    with pytest.raises(UnusableBodyError) as refusal:
        read_object(body)

    assert refusal.value.code == code


def test_a_byte_order_mark_is_read_over() -> None:
    assert read_object(b'\xef\xbb\xbf{"a": "\xc3\xbc"}') == {"a": "ü"}


def test_a_missing_time_is_ours() -> None:
    assert checked_time(None, NOW) == NOW


def test_a_time_in_another_zone_becomes_utc() -> None:
    given = datetime(2026, 2, 3, 13, 0, tzinfo=timezone(timedelta(hours=1)))

    assert checked_time(given, NOW) == NOW
    assert checked_time(given, NOW).tzinfo is UTC


def test_a_clock_ten_minutes_ahead_is_believed() -> None:
    assert checked_time(NOW + timedelta(minutes=10), NOW) == NOW + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("time", "code"),
    [
        (NOW + timedelta(minutes=10, seconds=1), "future_dated"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "bad_time"),
    ],
)
def test_a_time_that_cannot_be_is_refused(time: datetime, code: str) -> None:
    with pytest.raises(UnusableBodyError) as refusal:
        checked_time(time, NOW)

    assert refusal.value.code == code
