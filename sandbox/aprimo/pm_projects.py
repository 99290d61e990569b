"""Projects: `/api/projects` and its verbs (aprimo.md §6.2). They have no search route."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo import attributes, pm_fields, pm_times
from sandbox.aprimo.pm_activities import Activities
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.pm_fields import Kind
from sandbox.aprimo.pm_pages import page
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.seeds import (
    CANCELLED,
    CLOSED,
    IN_PROGRESS,
    NOT_STARTED,
    ON_HOLD,
    PROJECT_STATUSES,
)
from sandbox.aprimo.state import PROJECT, Row, State
from sandbox.aprimo.webhooks import Moment, Webhooks
from sandbox.kit.history import History

KEY = "Project"

KIND = Kind(
    readers={
        "activityId": pm_fields.number,
        "title": pm_fields.filled_text,
        "description": pm_fields.text,
        "beginDate": pm_times.normal,
        "endDate": pm_times.normal,
        "workflowId": pm_fields.number,
        "projectManager": pm_fields.user,
        "timeZoneId": pm_fields.number,
        "projectStatus": pm_fields.one_of(PROJECT_STATUSES),
    },
    answered_only=frozenset({"projectId", "modifiedDate", "modifiedUser", "_links"}),
    required=frozenset({"title"}),
    is_marked=False,
    attributes=attributes.of(attributes.PROJECT),
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """Where a verb leads and what subscribers are told."""

    to: int
    moment: Moment


VERBS: dict[str, dict[int, Step]] = {
    "start": {
        NOT_STARTED: Step(to=IN_PROGRESS, moment=Moment.PROJECT_STARTED),
        ON_HOLD: Step(to=IN_PROGRESS, moment=Moment.PROJECT_RESUMED),
    },
    "pause": {IN_PROGRESS: Step(to=ON_HOLD, moment=Moment.PROJECT_PAUSED)},
    "close": {
        IN_PROGRESS: Step(to=CLOSED, moment=Moment.PROJECT_CLOSED),
        ON_HOLD: Step(to=CLOSED, moment=Moment.PROJECT_CLOSED),
    },
    "cancel": {
        NOT_STARTED: Step(to=CANCELLED, moment=Moment.PROJECT_CANCELLED),
        IN_PROGRESS: Step(to=CANCELLED, moment=Moment.PROJECT_CANCELLED),
        ON_HOLD: Step(to=CANCELLED, moment=Moment.PROJECT_CANCELLED),
    },
}


class Projects:
    """Projects, under an activity or on their own."""

    def __init__(
        self,
        state: State,
        history: History,
        webhooks: Webhooks,
        activities: Activities,
        *,
        needs_collections: bool,
    ) -> None:
        self._state = state
        self._history = history
        self._webhooks = webhooks
        self._activities = activities
        self._needs_collections = needs_collections

    def routes(self) -> list[Route]:
        """List the routes of projects."""
        return [
            Route("/api/activities/{id:int}/projects", self.of_activity, methods=["GET"]),
            Route("/api/projects", self.list, methods=["GET"]),
            Route("/api/projects", self.create, methods=["POST"]),
            Route("/api/projects/{id:int}", self.read, methods=["GET"]),
            Route("/api/projects/{id:int}", self.update, methods=["PUT"]),
            *(Route(f"/api/projects/{{id:int}}/{verb}", getattr(self, verb), methods=["POST"]) for verb in VERBS),
        ]

    async def list(self, request: Request) -> Response:
        """Answer one page of all projects."""
        return page(request, self._state.rows(PROJECT), key=KEY)

    async def of_activity(self, request: Request) -> Response:
        """Answer one page of an activity's projects."""
        activity_id = request.path_params["id"]
        self._activities.demand(activity_id)
        rows = [row for row in self._state.rows(PROJECT) if row["activityId"] == activity_id]
        return page(request, rows, key=KEY)

    async def read(self, request: Request) -> Response:
        """Answer one project."""
        return JSONResponse(self._demand(request.path_params["id"]))

    async def create(self, request: Request) -> Response:
        """Make a project that is not started."""
        body = await read_object(request)
        if self._needs_collections:
            pm_fields.demand_collections(body)
        if body.get("activityId") is not None:
            self._activities.demand(pm_fields.number(body["activityId"], "activityId"))
        if body.get("projectStatus", NOT_STARTED) != NOT_STARTED:
            raise Refusal(400, "A new project is not started; use its verbs.")
        made = pm_fields.create({"projectStatus": NOT_STARTED}, body, KIND)
        project_id = self._state.next_id(PROJECT)
        row = _stamped({**made, "projectId": project_id}, request.scope["user_id"])
        self._keep(project_id, None, row)
        return JSONResponse(row, status_code=201)

    async def update(self, request: Request) -> Response:
        """Change what the body names; the status only moves by verbs."""
        body = await read_object(request)
        if self._needs_collections:
            pm_fields.demand_collections(body)
        before = self._demand(request.path_params["id"])
        changed = pm_fields.apply(before, body, KIND)
        if changed["projectStatus"] != before["projectStatus"]:
            raise Refusal(400, "The status of a project is changed by its verbs.")
        after = _stamped(changed, request.scope["user_id"])
        self._keep(before["projectId"], before, after)
        return JSONResponse(after)

    async def start(self, request: Request) -> Response:
        """Begin production, or resume what is on hold."""
        return self._move(request, "start")

    async def pause(self, request: Request) -> Response:
        """Put a running project on hold."""
        return self._move(request, "pause")

    async def close(self, request: Request) -> Response:
        """End a project."""
        return self._move(request, "close")

    async def cancel(self, request: Request) -> Response:
        """Give a project up."""
        return self._move(request, "cancel")

    def _move(self, request: Request, verb: str) -> Response:
        before = self._demand(request.path_params["id"])
        step = VERBS[verb].get(before["projectStatus"])
        if step is None:
            status = PROJECT_STATUSES[before["projectStatus"]]
            raise Refusal(409, f"A project that is '{status}' cannot be told to {verb}.")
        project_id: int = before["projectId"]
        user_id: int = request.scope["user_id"]
        after = _stamped({**before, "projectStatus": step.to}, user_id)
        is_repeatable = step.moment in (Moment.PROJECT_PAUSED, Moment.PROJECT_RESUMED)
        with self._state.command():
            self._keep(project_id, before, after, identity=None if is_repeatable else f"project:{project_id}:{verb}")
            self._webhooks.tell(step.moment, "projects", project_id, user_id=user_id)
        return Response(status_code=204)

    def _keep(self, project_id: int, before: Row | None, after: Row, *, identity: str | None = None) -> None:
        with self._state.command():
            self._state.put(PROJECT, project_id, after)
            self._history.add(f"project:{project_id}", before=before, after=after, identity=identity)

    def _demand(self, project_id: int) -> Row:
        row = self._state.get(PROJECT, project_id)
        if row is None:
            raise Refusal(404, f"There is no project {project_id}.")
        return row


def _stamped(row: Row, user_id: int) -> Row:
    return {**row, "modifiedDate": pm_times.stamp(), "modifiedUser": user_id}
