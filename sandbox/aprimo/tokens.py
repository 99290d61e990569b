"""Who may ask: the token endpoint and the check of every API request (aprimo.md §2)."""

import base64
import binascii
import secrets
import time
from urllib.parse import parse_qs, unquote_plus

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo.seeds import CLIENTS
from sandbox.aprimo.state import TOKEN, State

SCOPE = "api"
FORM = "application/x-www-form-urlencoded"


class Tokens:
    """Issues bearer tokens and knows whose they are."""

    def __init__(self, state: State, *, ttl_s: float) -> None:
        self._state = state
        self._ttl_s = ttl_s

    def routes(self) -> list[Route]:
        """List the routes of the login service; none of them counts against the rate."""
        return [
            Route("/login/connect/token", self.issue, methods=["POST"]),
            Route("/login/.well-known/openid-configuration", self.discover, methods=["GET"]),
        ]

    async def issue(self, request: Request) -> Response:
        """Answer `POST /login/connect/token`; errors are OAuth's, all with status 400."""
        if not request.headers.get("content-type", "").startswith(FORM):
            return _error("invalid_request")
        form = {name: values[-1] for name, values in parse_qs((await request.body()).decode()).items()}
        error = _wrong_form(form)
        if error:
            return _error(error)
        client_id, secret = _credentials(request.headers, form)
        expected, user_id = CLIENTS.get(client_id, ("", 0))
        if not expected or not secrets.compare_digest(secret.encode(), expected.encode()):
            return _error("invalid_client")
        body = {
            "access_token": self._new(user_id),
            "expires_in": int(self._ttl_s),
            "token_type": "Bearer",
            "scope": SCOPE,
        }
        return JSONResponse(body, headers={"cache-control": "no-store"})

    async def discover(self, request: Request) -> Response:
        """Answer the discovery document."""
        base = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "issuer": f"{base}/login",
                "token_endpoint": f"{base}/login/connect/token",
                "scopes_supported": [SCOPE],
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            }
        )

    def user_of(self, headers: Headers) -> int | None:
        """Give the user a request acts as; None when its token is missing, unknown or expired."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        row = self._state.get(TOKEN, token) if kind.lower() == "bearer" else None
        if row is None or row["expires"] <= time.time():
            return None
        user_id: int = row["user_id"]
        return user_id

    def revoke_all(self) -> None:
        """Make every token worthless at once."""
        self._state.clear(TOKEN)

    def _new(self, user_id: int) -> str:
        token = secrets.token_urlsafe(24)
        self._state.put(TOKEN, token, {"user_id": user_id, "expires": time.time() + self._ttl_s})
        return token


def _wrong_form(form: dict[str, str]) -> str | None:
    """Name the OAuth error of a form, None when it is in order."""
    if "grant_type" not in form:
        return "invalid_request"
    if form["grant_type"] != "client_credentials":
        return "unsupported_grant_type"
    if form.get("scope", SCOPE) != SCOPE:
        return "invalid_scope"
    return None


def _credentials(headers: Headers, form: dict[str, str]) -> tuple[str, str]:
    """Read client id and secret from the Basic header, else from the form."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def _error(code: str) -> Response:
    return JSONResponse({"error": code}, status_code=400)
