"""How the demo speaks to both sandboxes: as a client of their public APIs, with nothing of the pipeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import requests

TIMEOUT_S = 15.0
_PAGE_ROWS = 100
_TRIES = 6
_BUSY = frozenset({429, 503})
_TOKEN_IS_OVER = 401


class Pace:
    """Lets calls through one after another, never faster than a rate; the rate may change."""

    def __init__(self, per_s: float) -> None:
        self.per_s = per_s
        self._next_at = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Returns when the next call may leave."""
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next_at)
            self._next_at = at + 1 / self.per_s
        time.sleep(at - now)


class Caller:
    """One OAuth client of one sandbox."""

    def __init__(self, base: str, *, token_path: str, client_id: str, pace: Pace) -> None:
        self._base = base
        self._token_path = token_path
        self._client_id = client_id
        self._pace = pace
        self._form: dict[str, str] = {}
        self._session = requests.Session()
        self._session.trust_env = False

    def sign_in(self, **person: str) -> None:
        """Fetches a token and uses it from now on; person is username and password of somebody to act as."""
        grant = {"grant_type": "password", **person} if person else {"grant_type": "client_credentials"}
        self._form = {**grant, "client_id": self._client_id, "client_secret": "sandbox-secret"}
        self._renew()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        **query: str | int,
    ) -> Any:  # noqa: ANN401 - JSON
        """The answer's JSON, None where it has none. Raises requests.HTTPError.

        A busy service is asked again, and so is one that wants a new token.
        """
        return self._answer(method, path, json=body, headers=headers, params=query)

    def upload(self, path: str, name: str, content: bytes) -> Any:  # noqa: ANN401 - JSON
        """The answer's JSON to a file. Raises requests.HTTPError."""
        return self._answer("POST", path, files={"file": (name, content)})

    def rows(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """All rows of a HAL list, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self._answer("GET", path, params={**query, "offset": len(found), "count": _PAGE_ROWS})
            embedded: dict[str, list[dict[str, Any]]] = page.get("_embedded") or {}
            rows = next(iter(embedded.values()), [])
            found += rows
            if not rows or "next" not in page.get("_links", {}):
                return found

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def _answer(self, method: str, path: str, **sent: Any) -> Any:  # noqa: ANN401 - JSON
        for _ in range(_TRIES):
            self._pace.wait()
            answer = self._session.request(method, f"{self._base}{path}", timeout=TIMEOUT_S, **sent)
            if answer.status_code == _TOKEN_IS_OVER and self._form:
                self._renew()
            elif answer.status_code in _BUSY:
                time.sleep(1.0)
            else:
                break
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _renew(self) -> None:
        answer = self._session.post(f"{self._base}{self._token_path}", data=self._form, timeout=TIMEOUT_S)
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def admin(base: str, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
    """The answer of one of a sandbox's own `/sandbox/...` routes, which no vendor has."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(method, f"{base}/sandbox/{path}", json=body, timeout=TIMEOUT_S)
    answer.raise_for_status()
    return answer.json() if answer.content else None
