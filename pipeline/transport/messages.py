"""What the vendors' pure `wire` modules build and read: a request, its answer, the fault an answer tells of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

JsonBody: TypeAlias = "Mapping[str, Any] | list[Any]"


class UnreadableAnswerError(ValueError):
    """An answer's body is not the JSON it should be: half, empty, HTML."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call to a vendor, before it has a token.

    route: the group the breaker counts it in. has_effect: whether the vendor's state may change by it.
    answers: statuses besides 2xx that the caller understands; they come back as answers, not as errors.
    secrets: values in the body that no message may repeat. content: a body that is no JSON, whose type stands in the
    headers.
    """

    method: str
    url: str
    route: str
    has_effect: bool
    params: tuple[tuple[str, str], ...] = ()
    body: JsonBody | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answers: frozenset[int] = frozenset()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    content: bytes | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    @property
    def is_html(self) -> bool:
        """Whether something between us and the vendor answered with a page for people."""
        start = self.body[:200].lstrip().lower()
        return start.startswith((b"<!doctype html", b"<html")) or "text/html" in self.headers.get("content-type", "")

    def json(self) -> Any:  # noqa: ANN401 - `Any` dies in the vendors' schemas.
        """The body as JSON; fractions are Decimal. Raises UnreadableAnswerError."""
        try:
            return json.loads(self.body, parse_float=Decimal)
        except (ValueError, RecursionError) as err:
            raise UnreadableAnswerError(f"status {self.status}, {len(self.body)} bytes that are no JSON") from err

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises UnreadableAnswerError for anything else, `null` too."""
        value = self.json()
        if not isinstance(value, dict):
            raise UnreadableAnswerError(f"status {self.status}, JSON that is no object")
        return value


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What an answer's body says of a failure, in the vendor's words.

    is_gateway: something before the vendor's service says so: its 404 tells of an address, never of an object.
    is_throttle: the gateway refused for the rate, whatever the status. is_rolled_back: the vendor's engine itself
    refused and took everything back, so that a 5xx had certainly no effect and would come again.
    is_passing: it was taken back for a reason that passes, so that it may be tried again.
    """

    message: str = ""
    code: str = ""
    is_gateway: bool = False
    is_throttle: bool = False
    is_rolled_back: bool = False
    is_passing: bool = False


def plain(value: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out.
    """The same JSON with fractions as text, so that rows, keys and messages hold it exactly."""
    match value:
        case Decimal():
            return str(value)
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case list():
            return [plain(each) for each in value]
        case _:
            return value
