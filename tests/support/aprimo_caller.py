"""Speaks to the Aprimo sandbox as a client of its public API would, with nothing of the pipeline."""

from typing import Any

import requests

TIMEOUT_S = 10


class AprimoCaller:
    """A session with a token of its own. `sandbox` calls the admin routes, `api` the vendor's."""

    def __init__(self, base: str, *, client_id: str = "signoff") -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False  # Nothing is between us: looking for proxies costs more than most calls.
        self.session.trust_env = False
        self.sign_in(client_id)

    def token(self, **form: str) -> requests.Response:
        """Answer of the token endpoint to a form."""
        return self.session.post(f"{self.base}/login/connect/token", data=form, timeout=TIMEOUT_S)

    def sign_in(self, client_id: str = "signoff") -> None:
        """Fetch a token and use it from now on."""
        answer = self.token(
            grant_type="client_credentials", client_id=client_id, client_secret="sandbox-secret", scope="api"
        )
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def api(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:  # noqa: ANN401 -- JSON.
        """Answer of `/api/<path>`."""
        url = f"{self.base}/api/{path}"
        return self.session.request(method, url, json=body, **{"timeout": TIMEOUT_S, **options})

    def sandbox(self, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401 -- JSON.
        """JSON answer of `/sandbox/<path>`, None where it has no body; the call must succeed."""
        answer = self.session.request(method, f"{self.base}/sandbox/{path}", json=body, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def make_activity(self, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
        """Create an activity, by default a draft campaign, and give it as answered."""
        answer = self.api("POST", "activities", {"name": "Spring launch", "activityTypeId": 17, **fields})
        assert answer.status_code == 201, answer.text
        activity: dict[str, Any] = answer.json()
        return activity

    def close(self) -> None:
        """Close the connections."""
        self.session.close()
