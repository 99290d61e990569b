"""Speaks to the OpenText sandbox as a client of its public API would, with nothing of the pipeline."""

import base64
import time
from collections.abc import Callable
from typing import Any

import requests

from tests.support.campaign_brief import FILE, ITEM, wire_variables

TIMEOUT_S = 10
WAIT_S = 10
USER = "signoff.integration@example.test"


class OpenTextCaller:
    """A session with a token of its own: `workflow` and `history` call the vendor's routes, `sandbox` the admin's."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False  # Nothing is between us: looking for proxies costs more than most calls.
        self.session.trust_env = False
        self.sign_in()

    def sign_in(self) -> None:
        """Fetch a token and use it from now on."""
        answer = self.session.post(
            f"{self.base}/tenants/sandbox/oauth2/token",
            data={"grant_type": "client_credentials", "client_id": "signoff", "client_secret": "sandbox-secret"},
            timeout=TIMEOUT_S,
        )
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def workflow(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:  # noqa: ANN401 -- JSON.
        """Answer of `/workflow/v1/<path>`."""
        return self._ask(method, f"workflow/v1/{path}", body, query)

    def history(self, path: str, **query: Any) -> requests.Response:  # noqa: ANN401 -- JSON.
        """Answer of `/workflow-history/v1/<path>`."""
        return self._ask("GET", f"workflow-history/v1/{path}", None, query)

    def sandbox(self, method: str, path: str, body: Any = None, **query: Any) -> Any:  # noqa: ANN401 -- JSON.
        """JSON answer of `/sandbox/<path>`, None where it has no body; the call must succeed."""
        answer = self._ask(method, f"sandbox/{path}", body, query)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def deploy(self, xml: bytes = FILE.read_bytes()) -> dict[str, Any]:
        """Deploy a model, by default the campaign brief's."""
        body = {"modelId": "m", "modelType": "xml", "modelContent": base64.b64encode(xml).decode()}
        answer = self.workflow("POST", "runtime/models", body)
        assert answer.status_code == 201, answer.text
        model: dict[str, Any] = answer.json()
        return model

    def begin(self, key: str = "campaignBrief", item: str = ITEM, **changes: Any) -> str:  # noqa: ANN401 -- JSON.
        """Start an instance with the brief's variables and give its id."""
        body = {"processDefinitionKey": key, "businessKey": item, "variables": wire_variables(**changes)}
        answer = self.workflow("POST", "process-instances", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def tasks(self, instance: str, **query: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 -- JSON.
        """Open tasks of an instance by definition key; a loop's by key and category."""
        return {_name(row): row for row in self.rows("tasks", processInstanceId=instance, **query)}

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- JSON.
        """The rows of a runtime list."""
        return embedded(self.workflow("GET", path, **{"count": 100, **query}))

    def historic_tasks(self, instance: str, **query: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 -- JSON.
        """Tasks of an instance in history, named as in `tasks`."""
        answer = self.history("historic-task-instances", processInstanceId=instance, count=100, **query)
        return {_name(row): row for row in embedded(answer)}

    def audit(self, stream: str, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- JSON.
        """The lines of an audit log."""
        return embedded(self.history(f"{stream}-instances/audit-logs", **{"count": 1000, **query}))

    def complete(self, task: dict[str, Any], outcome: str = "approved") -> None:
        """Complete a task; it must succeed."""
        answer = self.workflow("POST", f"tasks/{task['id']}", {"action": "complete", "outcome": outcome})
        assert answer.status_code == 200, answer.text

    def execution(self, instance: str, activity: str) -> str:
        """The execution that waits at an activity."""
        rows = self.rows("process-instances/executions", processInstanceId=instance)
        return next(str(row["id"]) for row in rows if row["activityId"] == activity)

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    def _ask(self, method: str, path: str, body: Any, query: dict[str, Any]) -> requests.Response:  # noqa: ANN401 -- JSON.
        return self.session.request(method, f"{self.base}/{path}", json=body, params=query, timeout=TIMEOUT_S)


def embedded(answer: requests.Response) -> list[dict[str, Any]]:
    """The rows of a HAL list; an empty list has no `_embedded`."""
    assert answer.status_code == 200, answer.text
    lists: dict[str, list[dict[str, Any]]] = answer.json().get("_embedded", {})
    return next(iter(lists.values()), [])


def soon(condition: Callable[[], object]) -> None:
    """Wait until a condition holds; fails after a while."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def _name(row: dict[str, Any]) -> str:
    return f"{row['taskDefinitionKey']} {row['category']}" if row["category"] else str(row["taskDefinitionKey"])
