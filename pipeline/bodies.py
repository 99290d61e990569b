"""What both vendors' hooks do with a body before they believe it: check its signature, read its JSON strictly.

Strangers choose these bytes until the signature was checked, and a vendor's template may be wrong after it: whatever
they are, the answer is a value or `UnusableBodyError`, never a crash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

FUTURE_MAX = timedelta(minutes=10)
"""How far a source's clock may be ahead of ours."""


class UnusableBodyError(Exception):
    """A body we cannot use; code is the reason its receipt is kept with."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def signature(body: bytes, secret: str) -> str:
    """Base64 of the HMAC-SHA256 over the raw bytes."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def is_one_of(given: str, right: Sequence[str]) -> bool:
    """Whether the given text equals one of these, each compared in constant time."""
    shown = given.strip().encode("utf-8", "replace")
    return any(hmac.compare_digest(shown, each.encode()) for each in right)


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body: UTF-8, no name twice in one object, no NaN, nesting as deep as Python reads.

    Raises UnusableBodyError with `not_utf8`, `not_json`, `duplicate_name`, `too_deep` or `not_an_object`.
    """
    try:
        value = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as err:
        raise UnusableBodyError("not_utf8") from err
    except RecursionError as err:
        raise UnusableBodyError("too_deep") from err
    except ValueError as err:  # JSONDecodeError, and integers of thousands of digits.
        raise UnusableBodyError("not_json") from err
    if not isinstance(value, dict):
        raise UnusableBodyError("not_an_object")
    return value


def checked_time(time: datetime | None, received_at: datetime) -> datetime:
    """The source's time in UTC, ours where it gives none. Raises UnusableBodyError (`future_dated`, `bad_time`)."""
    if time is None:
        return received_at
    try:
        aware = time.astimezone(UTC)
    except OverflowError as err:  # The first or last hours of the calendar.
        raise UnusableBodyError("bad_time") from err
    if aware > received_at + FUTURE_MAX:
        raise UnusableBodyError("future_dated")
    return aware


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnusableBodyError("duplicate_name")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
