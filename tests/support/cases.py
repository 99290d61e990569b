"""A case as people see it in both systems: the marketer's side, and that of those who work on it."""

from __future__ import annotations

from typing import Any

from pipeline.store.pages import SqlPages
from tests.support.acceptance import Desk

PROCESS = "operationalCase"
KIND = "generic-object-alpha"
OPEN, IN_PROGRESS, RESOLVED, REOPENED, CLOSED, CANCELLED, ON_HOLD = range(1, 8)
MISSING_ASSET, LATE_APPROVAL, BLOCKER, CHANGE = "3571", "3572", "3573", "3574"
LOW, NORMAL, HIGH, URGENT = "3581", "3582", "3583", "3584"
NAMES = {
    "owner": "extrAttr350",
    "resolution": "extrAttr351",
    "about": "extrAttr352",
    "requester": "extrAttr353",
    "kind": "extrAttr357",
    "priority": "extrAttr358",
    "case": "extrAttr380",
    "matrix": "extrAttr381",
    "open_tasks": "extrAttr382",
    "message": "extrAttr383",
    "comments": "extrAttr384",
    "remark": "extrAttr385",
    "decided_on": "extrAttr386",
}
"""Our fields as the shipped file names them."""
CASE = {"kind": CHANGE, "priority": NORMAL, "about": "aprimo:activity:5012", "requester": "88"}
STARTED = {
    "signoffEffect": "",
    "signoffItem": "",
    "signoffRevision": 1,
    "signoffCallback": "",
    "signoffToken": "",
    "aprimoLink": "",
    "caseTitle": "The printer is on strike",
    "caseKind": "Campaign change",
    "caseDescription": "Nothing is printed this week.",
    "subjectItem": "aprimo:activity:5012",
    "priority": 75,
    "requester": "buyer.one@example.test",
    "responsible": "",
    "resolutionNote": "",
    **{f"{role}Group": role.capitalize() for role in ("marketing", "procurement", "legal", "agency")},
    **{f"{role}Group": f"Case {role}" for role in ("triage", "resolution", "confirm")},
    **{
        f"{role}{what}": value
        for role in ("marketing", "procurement", "legal", "agency", "triage", "resolution", "confirm")
        for what, value in (("Leads", "Case leads"), ("Due", "2030-01-07T12:00:00Z"))
    },
}
"""What somebody fills in to start a case in OpenText."""


class OperationalCase:
    """One case: an object in Aprimo and its process."""

    def __init__(self, desk: Desk, object_id: int, key: str = "") -> None:
        self.desk = desk
        self.path = f"{KIND}/{object_id}"
        self.key = key or f"aprimo:generic_object_alpha:{object_id}"

    # ---- the marketer ----------------------------------------------------------------------------------------------

    def put(self, *, status: int | None = None, name: str | None = None, **fields: str) -> None:
        """The marketer edits it; attributes that are not named stay. Then everything comes to rest."""
        now = {f"extrAttr{each['eaId']}": each["eaValue"] for each in self._read()["extendedAttributes"]}
        plain = {"status": status, "name": name}
        body: dict[str, Any] = {key: value for key, value in plain.items() if value is not None}
        body |= _attributes(now | {NAMES[key]: value for key, value in fields.items()})
        answer = self.desk.aprimo.api("PUT", self.path, body)
        assert answer.status_code in {200, 204}, answer.text
        self.desk.rest()

    def delete(self) -> None:
        """The marketer deletes it."""
        assert self.desk.aprimo.api("DELETE", self.path).status_code == 204
        self.desk.rest()

    def shown(self, *names: str) -> dict[str, Any]:
        """What Aprimo shows in our fields and in `status` and `name`; all of it, or what is named."""
        body = self._read()
        attributes = {f"extrAttr{each['eaId']}": each["eaValue"] for each in body["extendedAttributes"]}
        whole = {key: attributes.get(wire) or "" for key, wire in NAMES.items()}
        whole |= {"status": body["status"], "name": body["name"]}
        return {key: whole[key] for key in names} if names else whole

    # ---- those who work on it --------------------------------------------------------------------------------------

    def instance(self) -> str:
        """The running process."""
        if self.key.startswith("opentext:process:"):
            return self.key.removeprefix("opentext:process:")
        return self.desk.instance(PROCESS, self.key)

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Open tasks by step."""
        return self.desk.opentext.tasks(self.instance())

    def variable(self, name: str) -> Any:  # noqa: ANN401 - What the process holds.
        """A variable of the running process."""
        answer = self.desk.opentext.workflow("GET", f"process-instances/{self.instance()}/variables/{name}")
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def do(self, *steps: str, outcome: str = "done", who: str = "", **more: object) -> None:
        """Somebody does steps one after the other; then Aprimo shows it."""
        for step in steps:
            self.desk.decide(self.tasks()[step], who or f"{step}.one@example.test", outcome, **more)
        self.desk.poll()

    def change(self, step: str, **fields: object) -> None:
        """Somebody changes an open task in OpenText; then Aprimo shows it."""
        answer = self.desk.opentext.workflow("PUT", f"tasks/{self.tasks()[step]['id']}", fields)
        assert answer.status_code == 200, answer.text
        self.desk.poll()

    def ended(self) -> dict[str, Any]:
        """Its newest process, which has ended, as history shows it."""
        where = {"processInstanceId": self.key.removeprefix("opentext:process:")}
        if not self.key.startswith("opentext:process:"):
            where = {"businessKey": self.key}
        answer = self.desk.opentext.history("historic-process-instances", finished="true", count=100, **where)
        rows: list[dict[str, Any]] = next(iter(answer.json().get("_embedded", {}).values()), [])
        assert rows, answer.text
        return max(rows, key=lambda row: str(row["startTime"]))

    def _read(self) -> dict[str, Any]:
        body: dict[str, Any] = self.desk.aprimo.api("GET", self.path).json()
        return body


def opened(desk: Desk, *, status: int = OPEN, name: str = "Hero image", **fields: str) -> OperationalCase:
    """A case that a marketer made in Aprimo, and everything at rest."""
    given = {NAMES[key]: value for key, value in (CASE | fields).items() if value}
    body = {"name": name, "description": "It is not there.", "status": status} | _attributes(given)
    answer = desk.aprimo.api("POST", KIND, body)
    assert answer.status_code == 201, answer.text
    desk.rest()
    return OperationalCase(desk, answer.json()["id"])


def started(desk: Desk, **variables: object) -> OperationalCase:
    """A case that somebody started in OpenText, and what Aprimo has of it once a poll has told us."""
    body = {"user": "buyer.one@example.test", "process": PROCESS, "variables": STARTED | variables}
    instance = str(desk.opentext_sandbox.admin("POST", "people/start", body)["id"])
    desk.poll()
    return OperationalCase(desk, only_object(desk), f"opentext:process:{instance}")


def objects(desk: Desk) -> list[dict[str, Any]]:
    """All cases that Aprimo has."""
    rows: list[dict[str, Any]] = next(iter(desk.aprimo.api("GET", KIND).json()["_embedded"].values()))
    return rows


def only_object(desk: Desk) -> int:
    """The id of the one case that Aprimo has."""
    (row,) = objects(desk)
    return int(row["id"])


def notices(desk: Desk) -> dict[str, str]:
    """What people are told: code to person."""
    pages = SqlPages(desk.made.settings.database_url)
    try:
        return {each.code: each.person for each in pages.notice_list()}
    finally:
        pages.dispose()


def _attributes(values: dict[str, str]) -> dict[str, Any]:
    listed = [{"eaId": int(wire.removeprefix("extrAttr")), "eaValue": value} for wire, value in values.items()]
    return {"extendedAttributes": listed, "multipleValueExtendedAttributes": []}
