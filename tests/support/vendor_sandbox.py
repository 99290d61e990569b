"""The admin routes of a running sandbox, for tests of the vendors' adapters."""

from __future__ import annotations

from typing import Any

import requests


class Sandbox:
    """The admin routes of a running sandbox."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._http = requests.Session()
        self._http.trust_env = False  # Nothing is between us: looking for proxies costs more than most calls.

    def admin(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 -- JSON.
        answer = self._http.request(method, f"{self.base}/sandbox/{path}", json=body, timeout=10)
        assert answer.ok, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def fault(self, method: str, path: str, kind: str, **more: object) -> None:
        """The next request of that route meets this fault."""
        self.admin("POST", "faults", {"method": method, "path": path, "kind": kind, "times": 1, **more})

    def changes(self, what: str) -> list[dict[str, Any]]:
        """State changes of an object that changed something, oldest first."""
        history = self.admin("GET", "history")
        entries = history["entries"] if isinstance(history, dict) else history
        return [entry for entry in entries if entry["changed"] and what in str(entry["object"])]

    def close(self) -> None:
        self._http.close()
