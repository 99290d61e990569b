"""Flow 5 on the stage: commitments above their limit that are approved, rejected, or repriced midway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from console.casts.drama import (
    Act,
    Drama,
    Sight,
    Story,
    answering,
    answers,
    has_comment,
    is_told,
    written_over,
    wrong_comments,
    wrong_fields,
    wrong_matrix,
    wrong_revisions,
)
from console.casts.play import Company

_NAMES = {
    "case": 380,
    "matrix": 381,
    "decision": 382,
    "message": 383,
    "comments": 384,
    "remark": 385,
    "decided_on": 386,
    "justification": 340,
    "approved_amount": 341,
    "approvers": 342,
}
_PATH = "/api/commitments"
_CAMPAIGN_TYPE_ID, _IN_PRODUCTION, _EURO_ID, _OWNER_ID = 17, 3, 3, 88
_STATUSES = {"approved": "3", "rejected": "4"}
_WHY = "The venue became dearer."
_REMARK = "The offer is valid until Friday."
_APPROVED, _REJECTED, _REPRICED = "X1 PO-118", "X2 PO-119", "X3 PO-120"
_OUTCOMES = {_APPROVED: "approved", _REJECTED: "rejected", _REPRICED: "approved"}
_PRICE, _NEW_PRICE = 15000, 40000
"""The first is the manager's to approve, the second the director's."""


class Exceptions:
    """Three commitments of one campaign."""

    flow = "budget_exception"
    process_key = "budgetException"

    def __init__(self, company: Company) -> None:
        self._caller = company.marketers.any
        self._reviewers = company.reviewers
        self._campaign_id = 0
        self.stories: tuple[Story, ...] = (
            Story(name=_APPROVED, outcome="approved", acts=(self._remark(), self._finance())),
            Story(name=_REJECTED, outcome="rejected"),
            Story(name=_REPRICED, outcome="repriced_and_approved_anew", acts=(self._reprice(),)),
        )

    def write(self, story: Story) -> str:
        """A commitment, submitted at once."""
        body = {
            "supplierId": 55,
            "purchaseOrderNumber": story.name,
            "currencyCode": _EURO_ID,
            "ownerId": _OWNER_ID,
            "commitmentItems": [self._photo_shoot(_PRICE)],
            **_attributes({}),
        }
        item = str(self._caller.call("POST", _PATH, body)["committedId"])
        self._caller.call("POST", f"{_PATH}/{item}/submit", {})
        return item

    def key(self, item: str) -> str:
        """The commitment's business key."""
        return f"aprimo:commitment:{item}"

    def look(self, item: str) -> dict[str, str]:
        """What the commitment shows."""
        body = self._caller.call("GET", f"{_PATH}/{item}")
        values = _values(body)
        shown = {name: str(values.get(ea_id) or "") for name, ea_id in _NAMES.items()}
        return {**shown, "status": str(body["commitmentStatus"])}

    def rules(self) -> list[dict[str, Any]]:
        """The requester justifies, finance and the tier's approver approve, but for what single commitments meet."""
        finance = {"who": "finance.one@example.test", "outcome": "rejected", "comment": "Not this year."}
        justified = {"who": "justification.one@example.test", "outcome": "justified"}
        return [
            {"when": {"task": "finance", "name_contains": _APPROVED}, "never": True},
            {"when": {"task": "finance", "name_contains": _REJECTED}, **finance},
            {"when": {"task": "finance", "name_contains": _REPRICED, "revision": 1}, "never": True},
            {"when": {"task": "justification"}, **justified, "variables": {"justification": _WHY}},
            *answers("approved", "finance", "manager", "director"),
        ]

    def wrong(self, story: Story, sight: Sight) -> Iterator[str]:
        """Decided as OpenText decided, for the amount that was shown to the approvers."""
        is_repriced, decision = story.name == _REPRICED, _OUTCOMES[story.name]
        yield from wrong_fields(sight, status=_STATUSES[decision], decision=decision, justification=_WHY)
        yield from wrong_revisions(sight, 2 if is_repriced else 1)
        yield from wrong_matrix(sight)
        yield from wrong_comments(sight, _REMARK if story.name == _APPROVED else "")
        if decision == "approved":
            approver = "director" if is_repriced else "manager"
            yield from wrong_fields(
                sight,
                approved_amount=str(_NEW_PRICE if is_repriced else _PRICE),
                approvers=f"finance.one@example.test; {approver}.one@example.test",
            )

    def _remark(self) -> Act:
        def remark(item: str, _sight: Sight) -> None:
            now = _values(self._caller.call("GET", f"{_PATH}/{item}"))
            self._caller.call("PUT", f"{_PATH}/{item}", _attributes({**now, _NAMES["remark"]: _REMARK}))

        return Act(
            when=is_told("finance"),
            does=remark,
            says="a remark for the approvers",
            is_lost=written_over("remark", _REMARK, arrived=has_comment(_REMARK)),
        )

    def _finance(self) -> Act:
        return answering(
            self._reviewers,
            "finance",
            "approved",
            when=has_comment(_REMARK),
            comment="Until Friday, then.",
            says="the remark was read, finance has approved",
        )

    def _reprice(self) -> Act:
        def reprice(item: str, _sight: Sight) -> None:
            now = _values(self._caller.call("GET", f"{_PATH}/{item}"))
            body = {"commitmentItems": [self._photo_shoot(_NEW_PRICE)], **_attributes(now)}
            self._caller.call("PUT", f"{_PATH}/{item}", body)

        return Act(when=is_told("finance"), does=reprice, says="the price goes up while finance looks at it")

    def _photo_shoot(self, price: int) -> dict[str, object]:
        """The one item of each commitment; the campaign that it is for is written with the first one."""
        if not self._campaign_id:
            body = {
                "name": "X Spring launch",
                "activityTypeId": _CAMPAIGN_TYPE_ID,
                "activityStateId": _IN_PRODUCTION,
                "currencyCode": _EURO_ID,
                "ownerId": _OWNER_ID,
                "extrAttr302": "12000.00",
            }
            self._campaign_id = int(self._caller.call("POST", "/api/activities", body)["activityId"])
        return {"activityId": self._campaign_id, "description": "Photo shoot", "quantity": 1, "price": price}


def play(company: Company) -> Drama:
    """The flow's play."""
    return Drama(Exceptions(company), company)


def _values(body: Mapping[str, Any]) -> dict[int, str]:
    return {each["eaId"]: each["eaValue"] for each in body["extendedAttributes"]}


def _attributes(values: Mapping[int, str]) -> dict[str, Any]:
    rows = [{"eaId": ea_id, "eaValue": value} for ea_id, value in values.items()]
    return {"extendedAttributes": rows, "multipleValueExtendedAttributes": []}
