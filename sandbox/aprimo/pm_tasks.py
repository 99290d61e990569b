"""Tasks: `/api/tasks` (aprimo.md §6.3). Only simple ones can be made; the workflow engine is not here."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo import pm_fields, pm_search, pm_times
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.pm_fields import Kind
from sandbox.aprimo.pm_objects import Objects, Shape, Tenant
from sandbox.aprimo.pm_pages import page
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.seeds import CLOSED, DECLINED, IN_PROGRESS, NOT_STARTED, ON_HOLD, PROJECT_STATUSES
from sandbox.aprimo.state import PROJECT, TASK, Row
from sandbox.aprimo.webhooks import Moment

STATUS = "workFlowTaskStatus"
VERBS: dict[str, tuple[tuple[int, ...], int]] = {
    "accept": ((NOT_STARTED,), IN_PROGRESS),
    "decline": ((NOT_STARTED, IN_PROGRESS), DECLINED),
    "close": ((NOT_STARTED, IN_PROGRESS, ON_HOLD), CLOSED),
}
"""A verb's statuses before, and the one after."""

SHAPE = Shape(
    table=TASK,
    subject="task",
    resource="tasks",
    id_key="taskId",
    page_key="Task",
    kind=Kind(
        readers={
            "name": pm_fields.filled_text,
            "description": pm_fields.text,
            "projectId": pm_fields.number,
            "assignedTo": pm_fields.user,
            "ownerId": pm_fields.user,
            "beginDate": pm_times.normal,
            "endDate": pm_times.normal,
            "duration": pm_fields.number,
            STATUS: pm_fields.one_of(PROJECT_STATUSES),
        },
        answered_only=frozenset(
            {"taskId", "autoClose", "assignees", "taskRoles", "createdDate", "modifiedDate", "modifiedUser", "_links"}
        ),
        required=frozenset({"name"}),
        is_marked=True,
        attributes={},
    ),
    searchable={
        "taskId": pm_search.NUMBER,
        "name": pm_search.TEXT,
        "projectId": pm_search.NUMBER,
        "ownerId": pm_search.NUMBER,
        STATUS: pm_search.NUMBER,
        "beginDate": pm_search.TIME,
        "endDate": pm_search.TIME,
        "modifiedDate": pm_search.TIME,
    },
    defaults={STATUS: NOT_STARTED, "description": "", "autoClose": False, "assignees": [], "taskRoles": []},
)


class Tasks(Objects):
    """Work for a person."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(tenant, SHAPE)

    def routes(self) -> list[Route]:
        """List the routes of tasks."""
        path = "/api/tasks"
        dates = {"begin-date": "beginDate", "end-date": "endDate", "duration": "duration"}
        return [
            Route(path, self.read_all, methods=["GET"]),
            Route(f"{path}/mine", self.mine, methods=["GET"]),
            Route(f"{path}/search", self.search, methods=["POST"]),
            Route(f"{path}/simple-tasks", self.create, methods=["POST"]),
            Route(f"{path}/{{id:int}}", self.read, methods=["GET"]),
            Route(f"{path}/{{id:int}}", self.update, methods=["PUT"]),
            Route(f"{path}/{{id:int}}/assignees", self.assignees, methods=["GET"]),
            Route(f"{path}/{{id:int}}/delegate", self.delegate, methods=["POST"]),
            *(Route(f"{path}/{name}/{{id:int}}", self._setter(key), methods=["PUT"]) for name, key in dates.items()),
            *(Route(f"{path}/{{id:int}}/{name}", self._mover(name), methods=["POST"]) for name in VERBS),
        ]

    async def mine(self, request: Request) -> Response:
        """Answer the tasks of the user who asks, of one status where one is named."""
        user_id, status = request.scope["user_id"], request.query_params.get("status")
        rows = [row for row in self.rows() if user_id in {each["userId"] for each in row["assignees"]}]
        return page(request, [row for row in rows if status in (None, str(row[STATUS]))], key=SHAPE.page_key)

    async def assignees(self, request: Request) -> Response:
        """Answer who has a task."""
        return page(request, self.demand(request.path_params["id"])["assignees"], key="assignees")

    async def delegate(self, request: Request) -> Response:
        """Give a task to somebody else: `{"taskAssigneeId", "newUserId"}`."""
        body = await read_object(request)
        before = self.demand(request.path_params["id"])
        new_user = pm_fields.user(body.get("newUserId"), "newUserId")
        assignee_id = body.get("taskAssigneeId")
        if before[STATUS] not in (NOT_STARTED, IN_PROGRESS):
            raise Refusal(409, f"A task that is '{PROJECT_STATUSES[before[STATUS]]}' cannot be delegated.")
        if assignee_id not in {each["assigneeId"] for each in before["assignees"]}:
            raise Refusal(409, f"The task has no assignee {assignee_id}.")
        assignees = [
            {**each, "userId": new_user} if each["assigneeId"] == assignee_id else each
            for each in before["assignees"]
        ]
        self._act(before, {**before, "assignees": assignees}, request.scope["user_id"], "Delegated")
        return Response(status_code=204)

    def read_body(self, body: Row) -> Row:
        """Read `status`, which the SDK writes, as the status key of live use."""
        others = {name: value for name, value in body.items() if name != "status"}
        return {**others, STATUS: body["status"]} if "status" in body else others

    def defaults_for(self, user_id: int) -> Row:
        """Whoever makes a task owns it."""
        return {"ownerId": user_id}

    def check(self, before: Row | None, after: Row) -> None:
        """Refuse a task of a project nobody has."""
        super().check(before, after)
        if after["projectId"] is not None and self.tenant.state.get(PROJECT, after["projectId"]) is None:
            raise Refusal(404, f"There is no project {after['projectId']}.")

    def finished(self, row: Row) -> Row:
        """Give a task with its first assignee."""
        if row["assignees"] or row["assignedTo"] is None:
            return row
        return {**row, "assignees": [{"assigneeId": 1, "userId": row["assignedTo"], "roleId": None}]}

    def _setter(self, key: str) -> Callable[[Request], Awaitable[Response]]:
        """Make the handler that changes one field and wants nothing but it."""

        async def handle(request: Request) -> Response:
            body = await read_object(request)
            if set(body) != {key}:
                raise Refusal(400, f"This takes '{key}' and nothing else.")
            before = self.demand(request.path_params["id"])
            user_id: int = request.scope["user_id"]
            after = self.stamped(pm_fields.apply(before, body, SHAPE.kind), user_id)
            self.keep(before, after, Moment.UPDATED, user_id=user_id)
            return JSONResponse(after)

        return handle

    def _mover(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        allowed, to = VERBS[name]

        async def handle(request: Request) -> Response:
            before = self.demand(request.path_params["id"])
            if before[STATUS] not in allowed:
                raise Refusal(409, f"A task that is '{PROJECT_STATUSES[before[STATUS]]}' cannot be told to {name}.")
            identity = f"task:{before['taskId']}:{name}"
            self._act(before, {**before, STATUS: to}, request.scope["user_id"], PROJECT_STATUSES[to], identity)
            return Response(status_code=204)

        return handle

    def _act(self, before: Row, after: Row, user_id: int, status: str, identity: str | None = None) -> None:
        body = {"ProjectId": before["projectId"], "StepType": "Simple", "Status": status, "IsTest": False}
        after = self.stamped(after, user_id)
        self.keep(before, after, Moment.TASK_ACTION, user_id=user_id, identity=identity, body=body)
