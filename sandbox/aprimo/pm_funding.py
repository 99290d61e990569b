"""Funding accounts and their summary: `/api/funding-accounts` (aprimo.md §6.4). They have no list and no search."""

from decimal import Decimal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo import attributes, pm_fields, pm_money, seeds
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.pm_fields import Kind
from sandbox.aprimo.pm_objects import Objects, Shape, Tenant
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.seeds import COMMITMENT_APPROVED, COMMITMENT_SUBMITTED
from sandbox.aprimo.state import COMMITMENT, FUNDING, FUNDING_BASE, Row

BASES = ("inBound", "outBound", "pending", "committed", "paid", "forecast")

SHAPE = Shape(
    table=FUNDING,
    subject="fundingaccount",
    resource="funding-accounts",
    id_key="fundingAccountId",
    page_key="funding-account",
    kind=Kind(
        readers={
            "title": pm_fields.filled_text,
            "description": pm_fields.text,
            "status": pm_fields.number,
            "administrator": pm_fields.user,
            "fiscalYear": pm_fields.number,
            "budgetedCurrency": pm_fields.one_of(seeds.CURRENCIES),
            "budgets": pm_money.budgets,
        },
        answered_only=frozenset({"fundingAccountId", "createdDate", "modifiedDate", "modifiedUser", "_links"}),
        required=frozenset({"title"}),
        is_marked=False,
        attributes=attributes.of(attributes.FUNDING),
    ),
    defaults={"description": "", "status": 1, "budgets": []},
)


class FundingAccounts(Objects):
    """Where the money comes from."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(tenant, SHAPE)

    def routes(self) -> list[Route]:
        """List the routes of funding accounts."""
        path = "/api/funding-accounts"
        return [
            Route(path, self.create, methods=["POST"]),
            Route(f"{path}/{{id:int}}", self.read, methods=["GET"]),
            Route(f"{path}/{{id:int}}", self.update, methods=["PUT"]),
            Route(f"{path}/{{id:int}}/summary", self.summary, methods=["GET"]),
        ]

    def admin_routes(self) -> list[Route]:
        """List the routes that say what is spent outside this sandbox."""
        return [Route("/sandbox/funding-accounts/{id:int}", self.set_base, methods=["PUT"])]

    async def summary(self, request: Request) -> Response:
        """Answer how an account stands: what was set, and the items of submitted and approved commitments."""
        account = self.demand(request.path_params["id"])
        base = self._base(account["fundingAccountId"])
        budget = pm_money.total(account["budgets"], "enteredAmount")
        adjusted = budget + base["inBound"] - base["outBound"]
        pending = base["pending"] + self._spent(account, COMMITMENT_SUBMITTED)
        committed = base["committed"] + self._spent(account, COMMITMENT_APPROVED)
        amounts = {
            "budget": budget,
            "inBound": base["inBound"],
            "outBound": base["outBound"],
            "adjustedBudget": adjusted,
            "pending": pending,
            "totalCommit": committed,
            "paid": base["paid"],
            "outstanding": committed - base["paid"],
            "availableBudget": adjusted - committed - pending,
            "uncommittedBudget": adjusted - committed,
            "forecastAmount": base["forecast"],
        }
        shown = {name: pm_money.wire(value) for name, value in amounts.items()}
        return JSONResponse({"fundingAccountId": account["fundingAccountId"], **shown})

    async def set_base(self, request: Request) -> Response:
        """Set what was spent elsewhere: any of `BASES`, as numbers."""
        account = self.demand(request.path_params["id"])
        body = await read_object(request)
        unknown = sorted(set(body) - set(BASES))
        if unknown:
            raise Refusal(400, f"unknown: {', '.join(unknown)}; known: {', '.join(BASES)}")
        key = account["fundingAccountId"]
        wanted = {name: str(value) for name, value in {**self._base(key), **body}.items()}
        self.tenant.state.put(FUNDING_BASE, key, wanted)
        return Response(status_code=204)

    def demand(self, object_id: int) -> Row:
        """Give an account, one of the seeds where nobody has changed it."""
        if self.tenant.state.get(FUNDING, object_id) is None and object_id in seeds.FUNDING_ACCOUNTS:
            empty: Row = {**dict.fromkeys(SHAPE.kind.readers), pm_fields.SINGLE: [], pm_fields.MULTIPLE: []}
            return {**empty, **SHAPE.defaults, **seeds.FUNDING_ACCOUNTS[object_id], "fundingAccountId": object_id}
        return super().demand(object_id)

    def _base(self, account_id: int) -> dict[str, Decimal]:
        kept = self.tenant.state.get(FUNDING_BASE, account_id) or seeds.FUNDING_BASES.get(account_id, {})
        return {name: Decimal(kept.get(name, "0")) for name in BASES}

    def _spent(self, account: Row, status: int) -> Decimal:
        """Add up the items of this account in commitments of a status."""
        items = [
            item
            for row in self.tenant.state.rows(COMMITMENT)
            if row["commitmentStatus"] == status
            for item in row["commitmentItems"]
            if item.get("fundingAccountId") == account["fundingAccountId"]
        ]
        return pm_money.total(items, "total")
