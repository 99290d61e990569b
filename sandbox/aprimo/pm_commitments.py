"""Commitments: `/api/commitments` and their life cycle (aprimo.md §6.4)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.aprimo import attributes, pm_fields, pm_money, pm_search, pm_times, seeds
from sandbox.aprimo.pm_fields import Kind
from sandbox.aprimo.pm_objects import Objects, Shape, Tenant
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.seeds import (
    COMMITMENT_APPROVED,
    COMMITMENT_CANCELLED,
    COMMITMENT_DRAFT,
    COMMITMENT_REJECTED,
    COMMITMENT_SUBMITTED,
)
from sandbox.aprimo.state import COMMITMENT, Row
from sandbox.aprimo.webhooks import Moment

OPEN = (COMMITMENT_DRAFT, COMMITMENT_SUBMITTED)
"""Statuses in which the items may be changed."""

_TOTALS = ("totalAmount", "baseTotalAmount", "totalOutstanding", "totalPendingInvoice", "totalPaidInvoice")

SHAPE = Shape(
    table=COMMITMENT,
    subject="commitment",
    resource="commitments",
    id_key="committedId",
    page_key="commitment",
    kind=Kind(
        readers={
            "supplierId": pm_fields.number,
            "purchaseOrderNumber": pm_fields.text,
            "currencyCode": pm_fields.one_of(seeds.CURRENCIES),
            "ownerId": pm_fields.user,
            "commitmentStatus": pm_fields.one_of(seeds.COMMITMENT_STATUSES),
            "closed": pm_fields.number,
            "proposedTotalAmount": pm_money.amount,
            "commitmentItems": pm_money.items,
        },
        answered_only=frozenset(
            {*_TOTALS, "committedId", "reviewedBy", "reviewedDate"}
            | {"createdDate", "modifiedDate", "modifiedUser", "_links"}
        ),
        required=frozenset({"supplierId", "currencyCode", "ownerId", "commitmentItems"}),
        is_marked=False,
        attributes=attributes.of(attributes.COMMITMENT),
    ),
    searchable={
        "committedId": pm_search.NUMBER,
        "supplierId": pm_search.NUMBER,
        "purchaseOrderNumber": pm_search.TEXT,
        "currencyCode": pm_search.NUMBER,
        "ownerId": pm_search.NUMBER,
        "commitmentStatus": pm_search.NUMBER,
        "totalAmount": pm_search.NUMBER,
        "closed": pm_search.NUMBER,
        "reviewedBy": pm_search.NUMBER,
        "createdDate": pm_search.TIME,
        "modifiedDate": pm_search.TIME,
    },
    defaults={"commitmentStatus": COMMITMENT_DRAFT, "closed": 0, "reviewedBy": None, "reviewedDate": None},
)


@dataclass(frozen=True, kw_only=True)
class Verb:
    """From which statuses a verb leads where, what subscribers are told, and whether it is a review."""

    of: tuple[int, ...]
    to: int
    moment: Moment
    is_review: bool = False


VERBS = {
    "submit": Verb(of=(COMMITMENT_DRAFT,), to=COMMITMENT_SUBMITTED, moment=Moment.UPDATED),
    "retrieve": Verb(of=(COMMITMENT_SUBMITTED,), to=COMMITMENT_DRAFT, moment=Moment.UPDATED),
    "approve": Verb(
        of=(COMMITMENT_SUBMITTED,), to=COMMITMENT_APPROVED, moment=Moment.COMMITMENT_APPROVED, is_review=True
    ),
    "reject": Verb(
        of=(COMMITMENT_SUBMITTED,), to=COMMITMENT_REJECTED, moment=Moment.COMMITMENT_REJECTED, is_review=True
    ),
    "cancel": Verb(
        of=(COMMITMENT_DRAFT, COMMITMENT_SUBMITTED, COMMITMENT_APPROVED),
        to=COMMITMENT_CANCELLED,
        moment=Moment.COMMITMENT_CANCELLED,
    ),
}
_REPEATABLE = ("submit", "retrieve")


class Commitments(Objects):
    """Promises to spend."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(tenant, SHAPE)

    def routes(self) -> list[Route]:
        """List the routes of commitments."""
        path = "/api/commitments/{id:int}"
        return [
            *super().routes(),
            *(Route(f"{path}/{name}", self._handler(name), methods=["POST"]) for name in VERBS),
        ]

    def check(self, before: Row | None, after: Row) -> None:
        """Refuse a status that was set by hand, and other items where the commitment is no longer open."""
        super().check(before, after)
        status = before["commitmentStatus"] if before else COMMITMENT_DRAFT
        if after["commitmentStatus"] != status:
            raise Refusal(400, "The status of a commitment is changed by its verbs.")
        if before and status not in OPEN and after["commitmentItems"] != before["commitmentItems"]:
            raise Refusal(409, f"A commitment that is '{seeds.COMMITMENT_STATUSES[status]}' keeps its items.")

    def finished(self, row: Row) -> Row:
        """Give a commitment with its totals."""
        total = pm_money.wire(pm_money.total(row["commitmentItems"], "total"))
        return {**row, **dict.fromkeys(_TOTALS[:3], total), **dict.fromkeys(_TOTALS[3:], 0.0)}

    def keep(
        self,
        before: Row | None,
        after: Row | None,
        *moments: Moment,
        user_id: int,
        identity: str | None = None,
        body: Row | None = None,
    ) -> None:
        """Keep a commitment; another total also changes the forecast."""
        is_other = before is not None and after is not None and before["totalAmount"] != after["totalAmount"]
        forecast = (Moment.FORECAST_CHANGED,) if is_other else ()
        super().keep(before, after, *moments, *forecast, user_id=user_id, identity=identity, body=body)

    def _handler(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            return self._move(request, name)

        return handle

    def _move(self, request: Request, name: str) -> Response:
        verb = VERBS[name]
        before = self.demand(request.path_params["id"])
        if before["commitmentStatus"] not in verb.of:
            status = seeds.COMMITMENT_STATUSES[before["commitmentStatus"]]
            raise Refusal(409, f"A commitment that is '{status}' cannot be told to {name}.")
        user_id: int = request.scope["user_id"]
        review = {"reviewedBy": user_id, "reviewedDate": pm_times.stamp()} if verb.is_review else {}
        after = self.stamped({**before, "commitmentStatus": verb.to, **review}, user_id)
        identity = None if name in _REPEATABLE else f"commitment:{before['committedId']}:{name}"
        self.keep(before, after, verb.moment, user_id=user_id, identity=identity)
        return Response(status_code=204)
