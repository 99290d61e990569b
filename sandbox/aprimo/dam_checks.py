"""Checks and their results on file versions, with findings (aprimo.md §4.3)."""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.aprimo import dam_ids, dam_pages, dam_render, dam_seeds, dam_times
from sandbox.aprimo.dam_render import CORE, Node
from sandbox.aprimo.dam_store import Dam, dam_user
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import CHECK, CHECK_RESULT, FILE_VERSION, Row

OUTCOMES = ("pass", "fail", "warning", "info")
_MARKER = re.compile(r"\[sg-[^\]]+\]")
_RESULT_KEYS = frozenset({"checkId", "outcome", "description"})
_FINDING_KEYS = frozenset({"finding", "outcome", "explanation", "recommendation", "occurrence", "additionalData"})


class Checks:
    """Check definitions, results and findings. Any number of results of one check may stand on a version."""

    def __init__(self, dam: Dam) -> None:
        self._dam = dam

    def routes(self) -> list[Route]:
        """List the routes of checks."""
        results, one = f"{CORE}/fileversion/{{id}}/checkresults", f"{CORE}/fileversion/{{id}}/checkresult/{{rid}}"
        return [
            Route(f"{CORE}/checks", self.read_checks, methods=["GET"]),
            Route(f"{CORE}/checks", self.add_check, methods=["POST"]),
            Route(f"{CORE}/checks/{{id}}", self.read_check, methods=["GET"]),
            Route(f"{CORE}/checks/{{id}}", self.change_check, methods=["PUT"]),
            Route(f"{CORE}/checkcategories", self.read_categories, methods=["GET"]),
            Route(f"{CORE}/checkcategories/{{id}}", self.read_category, methods=["GET"]),
            Route(results, self.read_results, methods=["GET"]),
            Route(results, self.add_result, methods=["POST"]),
            Route(one, self.read_result, methods=["GET"]),
            Route(one, self.change_result, methods=["PUT"]),
            Route(one, self.drop_result, methods=["DELETE"]),
            Route(f"{one}/findings", self.read_findings, methods=["GET"]),
            Route(f"{one}/findings", self.add_finding, methods=["POST"]),
            Route(f"{one}/findings/{{occurrence:int}}", self.read_finding, methods=["GET"]),
            Route(f"{one}/findings/{{occurrence:int}}", self.change_finding, methods=["PUT"]),
            Route(f"{one}/findings/{{occurrence:int}}", self.drop_finding, methods=["DELETE"]),
        ]

    async def read_checks(self, request: Request) -> Response:
        """Answer one page of all checks."""
        return dam_pages.listing(request, list(self._checks().values()), _check_node)

    async def read_check(self, request: Request) -> Response:
        """Answer one check."""
        return dam_render.answer(request, _check_node(self._check(request)))

    async def add_check(self, request: Request) -> Response:
        """Define a check."""
        body = await read_object(request)
        if not body.get("name") or body.get("checkCategoryId") != _category()["id"]:
            raise Refusal(400, "A check needs a 'name' and a known 'checkCategoryId'.")
        now = dam_times.stamp()
        check_id = dam_ids.new()
        row = {
            "id": check_id,
            "name": body["name"],
            "checkCategoryId": body["checkCategoryId"],
            "createdOn": now,
            "modifiedOn": now,
        }
        self._keep(CHECK, check_id, None, row)
        return dam_render.made(request, check_id)

    async def change_check(self, request: Request) -> Response:
        """Rename a check."""
        before = self._check(request)
        name = (await read_object(request)).get("name", before["name"])
        self._keep(CHECK, before["id"], before, {**before, "name": name, "modifiedOn": dam_times.stamp()})
        return Response(status_code=204)

    async def read_categories(self, request: Request) -> Response:
        """Answer the categories of checks."""
        return dam_pages.listing(request, [_category()], _category_node)

    async def read_category(self, request: Request) -> Response:
        """Answer one category."""
        is_known = request.path_params["id"] == _category()["id"]
        return dam_render.answer(request, _category_node(_category()) if is_known else None)

    async def read_results(self, request: Request) -> Response:
        """Answer the check results of a version."""
        version = self._dam.demand(FILE_VERSION, request.path_params["id"])
        rows = [row for row in self._dam.state.rows(CHECK_RESULT) if row["fileVersionId"] == version["id"]]
        return dam_pages.listing(request, rows, _result_node)

    async def read_result(self, request: Request) -> Response:
        """Answer one check result."""
        return dam_render.answer(request, _result_node(self._result(request)))

    async def add_result(self, request: Request) -> Response:
        """Say how a check went for a version."""
        version = self._dam.demand(FILE_VERSION, request.path_params["id"])
        body = await read_object(request)
        if body.get("checkId") not in self._checks():
            raise Refusal(400, f"There is no check '{body.get('checkId')}'.")
        empty: Row = {"outcome": "info", "description": None}
        said = _read({**empty, **body}, _RESULT_KEYS)
        result_id = dam_ids.new()
        row = {
            "id": result_id,
            "fileVersionId": version["id"],
            **said,
            "createdBy": dam_user(request.scope["user_id"]),
            "createdOn": dam_times.stamp(),
            "findings": [],
        }
        marker = _MARKER.search(row["description"] or "")
        identity = f"checkresult:{version['id']}:{marker[0]}" if marker else None
        self._keep(CHECK_RESULT, result_id, None, row, identity=identity)
        return dam_render.made(request, result_id)

    async def change_result(self, request: Request) -> Response:
        """Correct a check result."""
        before = self._result(request)
        changes = _read(await read_object(request), _RESULT_KEYS - {"checkId"})
        self._keep(CHECK_RESULT, before["id"], before, {**before, **changes})
        return Response(status_code=204)

    async def drop_result(self, request: Request) -> Response:
        """Take a check result back."""
        before = self._result(request)
        self._keep(CHECK_RESULT, before["id"], before, None)
        return Response(status_code=204)

    async def read_findings(self, request: Request) -> Response:
        """Answer the findings of a result."""
        return dam_render.respond(request, {"items": self._result(request)["findings"]})

    async def read_finding(self, request: Request) -> Response:
        """Answer one finding."""
        return dam_render.respond(request, self._finding(request))

    async def add_finding(self, request: Request) -> Response:
        """Add a finding; its occurrence is the next number."""
        before = self._result(request)
        said = _read(await read_object(request), _FINDING_KEYS)
        if not said.get("finding"):
            raise Refusal(400, "A finding needs its 'finding'.")
        occurrence = max([0, *(each["occurrence"] for each in before["findings"])]) + 1
        finding = {"outcome": "info", **said, "occurrence": occurrence, "id": dam_ids.new()}
        self._keep_findings(before, [*before["findings"], finding])
        return dam_render.respond(request, finding, status=201)

    async def change_finding(self, request: Request) -> Response:
        """Correct a finding."""
        before, found = self._result(request), self._finding(request)
        said = _read(await read_object(request), _FINDING_KEYS - {"occurrence"})
        self._keep_findings(before, [{**each, **said} if each == found else each for each in before["findings"]])
        return Response(status_code=204)

    async def drop_finding(self, request: Request) -> Response:
        """Take a finding back."""
        before, found = self._result(request), self._finding(request)
        self._keep_findings(before, [each for each in before["findings"] if each != found])
        return Response(status_code=204)

    def _checks(self) -> dict[str, Row]:
        rows = {row["id"]: row for row in dam_seeds.checks()}
        return rows | {row["id"]: row for row in self._dam.state.rows(CHECK)}

    def _check(self, request: Request) -> Row:
        row = self._checks().get(dam_ids.demand_form(request.path_params["id"]))
        if row is None:
            raise Refusal(404, "There is no such check.")
        return row

    def _result(self, request: Request) -> Row:
        row = self._dam.demand(CHECK_RESULT, request.path_params["rid"])
        if row["fileVersionId"] != request.path_params["id"]:
            raise Refusal(404, "There is no such result on this version.")
        return row

    def _finding(self, request: Request) -> Row:
        occurrence = request.path_params["occurrence"]
        finding: Row | None = next(
            (each for each in self._result(request)["findings"] if each["occurrence"] == occurrence), None
        )
        if finding is None:
            raise Refusal(404, "There is no such finding.")
        return finding

    def _keep_findings(self, before: Row, findings: list[Row]) -> None:
        self._keep(CHECK_RESULT, before["id"], before, {**before, "findings": findings})

    def _keep(
        self, table: str, key: str, before: Row | None, after: Row | None, *, identity: str | None = None
    ) -> None:
        with self._dam.state.command():
            self._dam.state.put(table, key, after)
            self._dam.history.add(f"{table}:{key}", before=before, after=after, identity=identity)


def _read(body: Row, keys: frozenset[str]) -> Row:
    """Give what a body says, where every key and the outcome are known."""
    unknown = sorted(set(body) - keys)
    if unknown:
        raise Refusal(400, f"'{unknown[0]}' is not understood here.")
    if body.get("outcome", "info") not in OUTCOMES:
        raise Refusal(400, f"'outcome' is one of {', '.join(OUTCOMES)}.")
    return body


def _check_node(row: Row) -> Node:
    return Node(kind="check", href=f"{CORE}/checks/{row['id']}", scalars=row)


def _result_node(row: Row) -> Node:
    scalars = {name: value for name, value in row.items() if name != "findings"}
    href = f"{CORE}/fileversion/{row['fileVersionId']}/checkresult/{row['id']}"
    return Node(kind="checkresult", href=href, scalars=scalars, optional={"findings": {"items": row["findings"]}})


def _category() -> Row:
    name = dam_seeds.CHECK_CATEGORY
    return {"id": dam_ids.fixed("checkcategory", name), "name": name}


def _category_node(row: Row) -> Node:
    return Node(kind="checkcategory", href=f"{CORE}/checkcategories/{row['id']}", scalars=row)
