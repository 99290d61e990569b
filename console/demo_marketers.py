"""What people do in the demo: marketers in Aprimo, and the reviewers who wait for something, in OpenText.

All of it through the vendors' public APIs, each person with a token of its own.
"""

from __future__ import annotations

from console.demo_http import Caller, Pace
from console.demo_reading import Task
from console.demo_scenario import Brief

_CAMPAIGN_TYPE_ID = 17
_EURO_ID = 3
_SUBMITTED, _WITHDRAWN = 2, 6
_BUDGET, _AUDIENCE, _CHANNELS, _REGIONS, _REMARK, _PROJECT = (302, 303, 304, 305, 310, 314)
_TOKEN_PATH = "/login/connect/token"  # noqa: S105 - a path
_CLIENTS = ("marketer-88", "marketer-89")
APPROVED = "approved"


class Marketers:
    """The people who write briefs. Calls of all of them keep one pace."""

    def __init__(self, base: str, pace: Pace) -> None:
        self._callers = {name: Caller(base, token_path=_TOKEN_PATH, client_id=name, pace=pace) for name in _CLIENTS}

    def sign_in(self) -> None:
        """Gives everybody a token."""
        for caller in self._callers.values():
            caller.sign_in()

    @property
    def any(self) -> Caller:
        """Somebody, to read as."""
        return self._callers[_CLIENTS[0]]

    def draft(self, brief: Brief) -> int:
        """Writes a brief, and its project where it has one; gives the activity's id."""
        caller = self._callers[brief.marketer]
        body = {
            "name": brief.name,
            "description": f"{brief.name}: what we plan, for whom, and what it may cost.",
            "activityTypeId": _CAMPAIGN_TYPE_ID,
            "currencyCode": _EURO_ID,
            "beginDate": "2027-02-01T00:00:00",
            "endDate": "2027-03-31T00:00:00",
            f"extrAttr{_BUDGET}": brief.budget,
            f"extrAttr{_AUDIENCE}": "Families in towns",
            f"extrAttr{_CHANNELS}": "; ".join(brief.channels),
            f"extrAttr{_REGIONS}": "; ".join(brief.regions),
        }
        activity_id = int(caller.call("POST", "/api/activities", body)["activityId"])
        if brief.has_project:
            project = {
                "activityId": activity_id,
                "title": f"{brief.name}: production",
                "extendedAttributes": [],
                "multipleValueExtendedAttributes": [],
            }
            project_id = caller.call("POST", "/api/projects", project)["projectId"]
            self._put(brief, activity_id, {f"extrAttr{_PROJECT}": str(project_id)})
        return activity_id

    def submit(self, brief: Brief, activity_id: int) -> None:
        """Hands the brief in."""
        self._put(brief, activity_id, {"activityStateId": _SUBMITTED})

    def withdraw(self, brief: Brief, activity_id: int) -> None:
        """Takes the brief back."""
        self._put(brief, activity_id, {"activityStateId": _WITHDRAWN})

    def remark(self, brief: Brief, activity_id: int) -> None:
        """Types the remark for the reviewers."""
        self._put(brief, activity_id, {f"extrAttr{_REMARK}": brief.remark})

    def raise_budget(self, brief: Brief, activity_id: int) -> None:
        """Changes what the reviewers look at."""
        self._put(brief, activity_id, {f"extrAttr{_BUDGET}": "99000.00"})

    def mend_and_submit(self, brief: Brief, activity_id: int) -> None:
        """Does what the reviewers asked for, and hands the brief in again."""
        body = {"activityStateId": _SUBMITTED, f"extrAttr{_AUDIENCE}": "Families with children under ten, in towns"}
        self._put(brief, activity_id, body)

    def close(self) -> None:
        """Closes the connections."""
        for caller in self._callers.values():
            caller.close()

    def _put(self, brief: Brief, activity_id: int, body: dict[str, object]) -> None:
        self._callers[brief.marketer].call("PUT", f"/api/activities/{activity_id}", body)


class Reviewers:
    """Reviewers who waited for something before they decide; the others are the sandbox's own people."""

    def __init__(self, base: str, *, tenant: str, pace: Pace) -> None:
        self._base = base
        self._token_path = f"/tenants/{tenant}/oauth2/token"
        self._pace = pace

    def reader(self) -> Caller:
        """A caller that reads as the service client; not signed in."""
        return Caller(self._base, token_path=self._token_path, client_id="signoff", pace=self._pace)

    def approve(self, task: Task, user: str, comment: str) -> None:
        """Claims a task, comments on it and approves, as that person."""
        self.answer(task, user, APPROVED, comment)

    def answer(self, task: Task, user: str, outcome: str, comment: str) -> None:
        """Claims a task, comments on it and completes it, as that person."""
        caller = self.reader()
        caller.sign_in(username=user, password="sandbox-password")  # noqa: S106 - the sandbox's public one
        path = f"/workflow/v1/tasks/{task.id}"
        caller.call("POST", path, {"action": "claim", "assignee": user})
        caller.call("POST", f"{path}/comments", {"message": comment})
        caller.call("POST", path, {"action": "complete", "outcome": outcome})
        caller.close()
