"""A transport adapter for requests that answers from a script and keeps what was sent: no network."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

Body = bytes | str | dict[str, Any] | list[Any] | None


@dataclass(frozen=True, kw_only=True)
class Given:
    """A scripted answer. is_half: the body breaks off before its announced length."""

    status: int = 200
    body: Body = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_half: bool = False


@dataclass(frozen=True, kw_only=True)
class SentCall:
    """A request that left."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 -- JSON.
        return json.loads(self.body)

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


Scripted = Given | Exception | Callable[[SentCall], Given]


class ScriptedVendor:
    """Answers per `METHOD /path`, in order, the last one for ever; tokens `token-1`, `token-2`, … by themselves."""

    def __init__(self, *, token_path: str) -> None:
        self.calls: list[SentCall] = []
        self.token_calls: list[SentCall] = []
        self._token_path = token_path
        self._script: dict[str, list[Scripted]] = {f"POST {token_path}": []}

    def on(self, line: str, *answers: Scripted | Body | int) -> None:
        """Answer `METHOD /path`: a body is a 200 with it, a number an empty answer of that status."""
        self._script[line] = [_scripted(answer) for answer in answers]

    def adapter(self) -> BaseAdapter:
        """What a session mounts."""
        return _Adapter(self)

    def lines(self) -> list[str]:
        """What was sent, without tokens."""
        return [call.line for call in self.calls]

    def answer(self, call: SentCall) -> Given:
        if call.path == self._token_path:
            self.token_calls.append(call)
            token = {"access_token": f"token-{len(self.token_calls)}", "expires_in": 600, "token_type": "Bearer"}
            answers = self._script[call.line] or [Given(body=token)]
        else:
            self.calls.append(call)
            answers = self._script.get(call.line) or [Given(status=418, body=f"not scripted: {call.line}")]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Given) else answer(call)


class _Adapter(BaseAdapter):
    def __init__(self, vendor: ScriptedVendor) -> None:
        super().__init__()
        self._vendor = vendor
        self._builder = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        parts = urlsplit(request.url or "")
        body = request.body or b""
        given = self._vendor.answer(
            SentCall(
                method=request.method or "",
                path=parts.path,
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers=request.headers,
                body=body if isinstance(body, bytes) else body.encode(),
            )
        )
        content, headers = _content(given)
        raw = HTTPResponse(
            body=io.BytesIO(content),
            status=given.status,
            headers=headers,
            preload_content=False,
            decode_content=False,
        )
        return self._builder.build_response(request, raw)

    def close(self) -> None:
        self._builder.close()


def _scripted(answer: Scripted | Body | int) -> Scripted:
    if isinstance(answer, int):
        return Given(status=answer)
    if isinstance(answer, Given | Exception) or callable(answer):
        return answer
    return Given(body=answer)


def _content(given: Given) -> tuple[bytes, dict[str, str]]:
    match given.body:
        case None:
            content, kind = b"", ""
        case bytes():
            content, kind = given.body, "application/octet-stream"
        case str():
            content, kind = given.body.encode(), "text/plain"
        case _:
            content, kind = json.dumps(given.body).encode(), "application/json"
    headers = {"Content-Type": kind, "Content-Length": str(len(content)), **given.headers}
    return (content[: len(content) // 2] if given.is_half else content), headers
