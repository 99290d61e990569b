"""A content request as people see it in both systems: the marketer's side, and that of those who work on it."""

from __future__ import annotations

from typing import Any

from pipeline.store.pages import SqlPages
from tests.support.acceptance import Desk

PROCESS = "contentProduction"
KIND = "generic-object-charlie"
WANTED = "2027-03-12T00:00:00Z"
"""A Friday. Two languages: the copy is due on Tuesday 2 March, the design on the 5th, then the 9th and the 11th."""
DRAFT, REQUESTED, PRODUCED, WITHDRAWN, CANCELLED = 1, 2, 3, 4, 5
NAMES = {
    "wanted": "extrAttr320",
    "percent": "extrAttr321",
    "step": "extrAttr322",
    "step_owner": "extrAttr323",
    "next_due": "extrAttr324",
    "late": "extrAttr325",
    "languages": "extrAttr326",
    "assets": "extrAttr327",
    "owner": "extrAttr328",
    "produced_on": "extrAttr329",
    "matrix": "extrAttr381",
    "message": "extrAttr383",
    "comments": "extrAttr384",
    "remark": "extrAttr385",
}
"""Our fields as the shipped file names them."""
REQUEST = {"wanted": WANTED, "languages": "de; fr", "owner": "88"}


class ContentRequest:
    """One request, a generic object, and its process."""

    def __init__(self, desk: Desk, *, status: int = REQUESTED, name: str = "Spring page", **fields: str) -> None:
        self.desk = desk
        body = {"name": name, "description": "A page for the offer.", "status": status}
        answer = desk.aprimo.api("POST", KIND, body | _attributes({NAMES[key]: fields[key] for key in fields}))
        assert answer.status_code == 201, answer.text
        self.path = f"{KIND}/{answer.json()['id']}"
        self.key = f"aprimo:generic_object_charlie:{answer.json()['id']}"

    # ---- the marketer ----------------------------------------------------------------------------------------------

    def put(self, *, status: int | None = None, description: str | None = None, **fields: str) -> None:
        """The marketer edits it; attributes that are not named stay."""
        now = {f"extrAttr{each['eaId']}": each["eaValue"] for each in self._read()["extendedAttributes"]}
        plain = {"status": status, "description": description}
        body = {key: value for key, value in plain.items() if value is not None}
        body |= _attributes(now | {NAMES[key]: value for key, value in fields.items()})
        answer = self.desk.aprimo.api("PUT", self.path, body)
        assert answer.status_code in {200, 204}, answer.text

    def delete(self) -> None:
        """The marketer deletes it."""
        assert self.desk.aprimo.api("DELETE", self.path).status_code == 204

    def shown(self, *names: str) -> dict[str, Any]:
        """What Aprimo shows in our fields and in `status`; all of it, or what is named."""
        body = self._read()
        attributes = {f"extrAttr{each['eaId']}": each["eaValue"] for each in body["extendedAttributes"]}
        whole = {key: attributes.get(wire) or "" for key, wire in NAMES.items()} | {"status": body["status"]}
        return {key: whole[key] for key in names} if names else whole

    # ---- those who work on it --------------------------------------------------------------------------------------

    def instance(self) -> str:
        """The running process."""
        return self.desk.instance(PROCESS, self.key)

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Open tasks by step, of a repeated one with its language."""
        return self.desk.opentext.tasks(self.instance())

    def do(self, *steps: str, outcome: str = "done", who: str = "", **more: object) -> None:
        """Somebody does steps one after the other; then everything comes to rest."""
        for step in steps:
            task = self.tasks()[step]
            self.desk.decide(task, who or f"{step.split()[0]}.one@example.test", outcome, **more)
        self.desk.rest()

    def move(self, step: str, due: str) -> None:
        """Somebody moves the due date of an open task in OpenText."""
        answer = self.desk.opentext.workflow("PUT", f"tasks/{self.tasks()[step]['id']}", {"dueDate": due})
        assert answer.status_code == 200, answer.text

    def ended(self) -> list[dict[str, Any]]:
        """Processes that have ended, as history shows them."""
        answer = self.desk.opentext.history(
            "historic-process-instances", businessKey=self.key, finished="true", count=100
        )
        rows: list[dict[str, Any]] = next(iter(answer.json().get("_embedded", {}).values()), [])
        return rows

    def notices(self) -> dict[str, str]:
        """What people are told: code to person."""
        pages = SqlPages(self.desk.made.settings.database_url)
        try:
            return {each.code: each.person for each in pages.notice_list()}
        finally:
            pages.dispose()

    def _read(self) -> dict[str, Any]:
        body: dict[str, Any] = self.desk.aprimo.api("GET", self.path).json()
        return body


def requested(desk: Desk, **fields: Any) -> ContentRequest:  # noqa: ANN401 - Status, name and texts.
    """A request that was submitted, and everything at rest."""
    request = ContentRequest(desk, **(REQUEST | fields))
    desk.rest()
    return request


def _attributes(values: dict[str, str]) -> dict[str, Any]:
    listed = [{"eaId": int(wire.removeprefix("extrAttr")), "eaValue": value} for wire, value in values.items()]
    return {"extendedAttributes": listed, "multipleValueExtendedAttributes": []}
