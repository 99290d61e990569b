"""OAuth tokens by client credentials: renewed before they end, one renewal at a time, never stored anywhere.

A token that a vendor refuses is dropped only if it is still the one in use, so that a fresh one survives the
complaints about its predecessor.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pipeline.errors import MisconfiguredError, TransientError
from pipeline.transport.messages import Answer, UnreadableAnswerError
from pipeline.transport.redaction import safe_text

LEAST_PART_USED = 0.5
"""However early a short-lived token should be renewed, half of its life is used."""


FAILURE_SHARED_S = 5.0
"""How long a renewal that failed speaks for those who come after it."""


class TokenStyle(StrEnum):
    """How the client shows who it is."""

    FORM = "form"
    FORM_BASIC = "form_basic"
    JSON = "json"


@dataclass(frozen=True, kw_only=True)
class TokenOptions:
    """Where and how to ask, and when again.

    A token is renewed after renew_ratio of its life or early_s before its end, whichever comes first.
    fallback_ttl_s: its life where neither answer nor token tells it.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    style: TokenStyle = TokenStyle.FORM
    scope: str = ""
    renew_ratio: float = 0.9
    early_s: float = 0.0
    fallback_ttl_s: float = 540.0


@dataclass(frozen=True, kw_only=True)
class TokenCall:
    """The call that asks for a token: exactly one of form and json."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class _Held:
    value: str
    renew_at: float
    ends_at: float


class Tokens:
    """The token of one vendor in this process. Thread-safe; while one thread renews, the others wait for it."""

    def __init__(
        self,
        options: TokenOptions,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._options = options
        self._monotonic = monotonic
        self._clock = clock
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._failed: tuple[float, TransientError] | None = None

    def current(self, ask: Callable[[TokenCall], Answer]) -> str:
        """A token that is good now, asked for if need be.

        Raises MisconfiguredError when the vendor refuses the client, TransientError when it cannot be asked. Those
        who waited for another's renewal share its failure for some seconds: a token service that hangs must not hold
        each of them in turn.
        """
        with self._lock:
            held = self._held
            if held is not None and self._monotonic() < held.renew_at:
                return held.value
            try:
                self._raise_shared()
                self._held = self._renewed(ask)
            except TransientError as error:
                self._failed = self._failed or (self._monotonic() + FAILURE_SHARED_S, error)
                if held is not None and self._monotonic() < held.ends_at:
                    return held.value  # Early renewal is caution; the old token is still good.
                raise
            return self._held.value

    def _raise_shared(self) -> None:
        if self._failed is not None and self._monotonic() < self._failed[0]:
            error = self._failed[1]
            raise TransientError(str(error), wait_s=FAILURE_SHARED_S, is_outage=True, status=error.status)
        self._failed = None

    def invalidate(self, refused: str) -> None:
        """The vendor refused this token; another that was renewed meanwhile stays."""
        with self._lock:
            if self._held is not None and self._held.value == refused:
                self._held = None

    def secrets(self) -> tuple[str, ...]:
        """What no message may show."""
        held = self._held
        return (self._options.client_secret, *((held.value,) if held else ()))

    def _renewed(self, ask: Callable[[TokenCall], Answer]) -> _Held:
        asked_at = self._monotonic()
        answer = ask(token_call(self._options))
        value, ttl_s = self._read(answer)
        usable_s = min(ttl_s * self._options.renew_ratio, ttl_s - self._options.early_s)
        return _Held(
            value=value,
            renew_at=asked_at + max(usable_s, ttl_s * LEAST_PART_USED),
            ends_at=asked_at + ttl_s,
        )

    def _read(self, answer: Answer) -> tuple[str, float]:
        try:
            body = answer.json_object()
        except UnreadableAnswerError as err:
            raise TransientError(f"The token service's answer cannot be read: {err}", is_outage=True) from err
        value = body.get("access_token")
        if not isinstance(value, str) or not value:
            raise MisconfiguredError("token_missing", "The token service answered without a token.")
        return value, _life_s(body, value, self._clock()) or self._options.fallback_ttl_s


def token_call(options: TokenOptions) -> TokenCall:
    """The call in the configured style; an empty scope is not sent."""
    words = {"grant_type": "client_credentials"} | ({"scope": options.scope} if options.scope else {})
    client = {"client_id": options.client_id, "client_secret": options.client_secret}
    match options.style:
        case TokenStyle.FORM:
            return TokenCall(url=options.url, headers={}, form=words | client)
        case TokenStyle.JSON:
            return TokenCall(url=options.url, headers={}, json=words | client)
        case TokenStyle.FORM_BASIC:
            pair = base64.b64encode(f"{options.client_id}:{options.client_secret}".encode()).decode()
            return TokenCall(url=options.url, headers={"Authorization": f"Basic {pair}"}, form=words)


def refusal(answer: Answer, secrets: tuple[str, ...]) -> MisconfiguredError:
    """The error for a token service that refuses the client; OAuth's own words, or the gateway's."""
    said = safe_text(answer.body.decode("utf-8", "replace"), secrets)
    hint = f"The token service refused our client ({answer.status}): {said}"
    return MisconfiguredError("client_refused", hint, status=answer.status)


def _life_s(body: Mapping[str, Any], token: str, now: float) -> float | None:
    """`expires_in`, else the `exp` of a JWT, else None."""
    try:
        life_s = float(body["expires_in"])
    except (KeyError, TypeError, ValueError):
        ends = _jwt_end(token)
        life_s = ends - now if ends is not None else 0.0
    return life_s if life_s > 0 else None


def _jwt_end(token: str) -> float | None:
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - A JWT has a header, a payload and a signature.
        return None
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = json.loads(base64.urlsafe_b64decode(padded))
        return float(claims["exp"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None
