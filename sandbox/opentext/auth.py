"""Tokens: the token endpoint in its three styles, and the check before every call."""

import base64
import binascii
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.opentext.options import Options

Fault = tuple[int, str, str]
INVALID_CLIENT: Fault = (401, "Invalid ApiKey", "oauth.v2.InvalidApiKey")
NO_TOKEN: Fault = (401, "Invalid access token", "oauth.v2.InvalidAccessToken")
EXPIRED: Fault = (401, "Access Token expired", "keymanagement.service.access_token_expired")


@dataclass(frozen=True, kw_only=True)
class _Token:
    user: str
    ends_at: float


class Tokens:
    """The tokens this process has given out; none survives a restart."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._tokens: dict[str, _Token] = {}

    async def give(self, request: Request) -> Response:
        """Answer the token endpoint."""
        try:
            asked = _asked(await request.body(), request.headers.get("content-type", ""))
            client_id, secret = _client(asked, request.headers.get("authorization", ""))
        except ValueError:
            return JSONResponse({"error": "invalid_request"}, status_code=400)
        client = self._options.clients.get(client_id)
        tenants = {self._options.tenant, self._options.tenant_id}
        if client is None or client["secret"] != secret or request.path_params["tenant"] not in tenants:
            return fault(INVALID_CLIENT)
        user = client["user"]
        match asked.get("grant_type"):
            case "client_credentials":
                pass
            case "password" if asked.get("password") == self._options.user_password:
                user = str(asked.get("username"))
            case "password":
                return JSONResponse({"error": "invalid_grant"}, status_code=400)
            case _:
                return JSONResponse({"error": "unsupported_grant_type"}, status_code=400)
        token = secrets.token_urlsafe(32)
        ttl_s = self._options.token_ttl_s
        self._tokens[token] = _Token(user=user, ends_at=time.monotonic() + ttl_s)
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": int(ttl_s)})

    def user_of(self, header: str) -> str | Fault:
        """Who a request's Authorization header stands for, or the fault to answer."""
        scheme, _, token = header.partition(" ")
        found = self._tokens.get(token)
        if scheme.lower() != "bearer" or found is None:
            return NO_TOKEN
        return found.user if found.ends_at > time.monotonic() else EXPIRED

    def revoke_all(self) -> None:
        """No token given out so far is good any more."""
        self._tokens.clear()


def fault(what: Fault) -> Response:
    """The gateway's own form of an error."""
    status, text, code = what
    return JSONResponse({"fault": {"faultstring": text, "detail": {"errorcode": code}}}, status_code=status)


def _asked(body: bytes, content_type: str) -> Mapping[str, Any]:
    if content_type.startswith("application/json"):
        asked = json.loads(body)
        if not isinstance(asked, dict):
            raise ValueError("not an object")
        return asked
    return dict(parse_qsl(body.decode()))


def _client(asked: Mapping[str, Any], header: str) -> tuple[str, str]:
    """Client id and secret, from the body or from HTTP Basic. Raises ValueError for an unreadable header."""
    if header.lower().startswith("basic "):
        try:
            text = base64.b64decode(header[len("basic ") :], validate=True).decode()
        except binascii.Error as err:
            raise ValueError("not base64") from err
        client_id, _, secret = text.partition(":")
        return client_id, secret
    return str(asked.get("client_id")), str(asked.get("client_secret"))
