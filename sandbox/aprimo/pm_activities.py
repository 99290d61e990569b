"""Activities: `/api/activities` (aprimo.md §6.1). Any state may be set by anybody; Aprimo checks none."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo import attributes, pm_fields, pm_search, pm_times, seeds
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.pm_fields import Kind
from sandbox.aprimo.pm_pages import page
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import ACTIVITY, Row, State
from sandbox.aprimo.webhooks import Moment, Webhooks
from sandbox.kit.history import History
from sandbox.kit.lists import Lists

KEY = "Activity"

KIND = Kind(
    readers={
        "name": pm_fields.filled_text,
        "description": pm_fields.text,
        "activityTypeId": pm_fields.one_of(seeds.ACTIVITY_TYPES),
        "activityStateId": pm_fields.one_of(seeds.ACTIVITY_STATES),
        "ownerId": pm_fields.user,
        "administratorId": pm_fields.user,
        "beginDate": pm_times.normal,
        "endDate": pm_times.normal,
        "currencyCode": pm_fields.one_of(seeds.CURRENCIES),
        "timeZoneId": pm_fields.number,
    },
    answered_only=frozenset(
        {"activityId", "activityStateName", "createdDate", "modifiedDate", "modifiedUser", "_links"}
    ),
    required=frozenset({"name", "activityTypeId"}),
    is_marked=True,
    attributes=attributes.of(attributes.ACTIVITY),
)

SEARCHABLE = {
    "activityId": pm_search.NUMBER,
    "name": pm_search.TEXT,
    "description": pm_search.TEXT,
    "activityTypeId": pm_search.NUMBER,
    "activityStateId": pm_search.NUMBER,
    "ownerId": pm_search.NUMBER,
    "administratorId": pm_search.NUMBER,
    "currencyCode": pm_search.NUMBER,
    "modifiedUser": pm_search.NUMBER,
    "beginDate": pm_search.TIME,
    "endDate": pm_search.TIME,
    "createdDate": pm_search.TIME,
    "modifiedDate": pm_search.TIME,
}

_DEFAULTS: Row = {"activityStateId": 1, "description": "", "timeZoneId": 12, "currencyCode": 3}
_STAMPS = ("modifiedDate", "modifiedUser")


class Activities:
    """Campaigns and their like."""

    def __init__(self, state: State, history: History, webhooks: Webhooks) -> None:
        self._state = state
        self._history = history
        self._webhooks = webhooks
        self._lists: Lists[Row] = Lists()

    def routes(self) -> list[Route]:
        """List the routes of activities."""
        return [
            Route("/api/activities", self.list, methods=["GET"]),
            Route("/api/activities", self.create, methods=["POST"]),
            Route("/api/activities/search", self.search, methods=["POST"]),
            Route("/api/activities/{id:int}", self.read, methods=["GET"]),
            Route("/api/activities/{id:int}", self.update, methods=["PUT"]),
            Route("/api/activities/{id:int}", self.delete, methods=["DELETE"]),
        ]

    async def list(self, request: Request) -> Response:
        """Answer one page of all activities."""
        return page(request, self._state.rows(ACTIVITY), key=KEY)

    async def search(self, request: Request) -> Response:
        """Answer one page of those a tree matches, in the order of their ids."""
        tree = await read_object(request)

        def find() -> list[Row]:
            test = pm_search.compile_tree(tree, SEARCHABLE, has_attributes=True)
            return [row for row in self._state.rows(ACTIVITY) if test(row)]

        return page(request, self._lists.get(json.dumps(tree), self._state.version, find), key=KEY)

    async def read(self, request: Request) -> Response:
        """Answer one activity."""
        return JSONResponse(self.demand(request.path_params["id"]))

    async def create(self, request: Request) -> Response:
        """Make an activity and tell the subscribers."""
        body = await read_object(request)
        user_id: int = request.scope["user_id"]
        with self._state.command():
            row = self.add(body, user_id=user_id)
            self._webhooks.tell(Moment.CREATED, "activities", row["activityId"], user_id=user_id)
        return JSONResponse(row, status_code=201)

    async def update(self, request: Request) -> Response:
        """Change what the body names and tell the subscribers, also when the values were the same before."""
        body = await read_object(request)
        activity_id: int = request.path_params["id"]
        user_id: int = request.scope["user_id"]
        before = self.demand(activity_id)
        after = _stamped(pm_fields.apply(before, body, KIND), user_id)
        with self._state.command():
            self._state.put(ACTIVITY, activity_id, after)
            is_changed = _without_stamps(before) != _without_stamps(after)
            self._history.add(_name(activity_id), before=before, after=after, is_changed=is_changed)
            self._webhooks.tell(Moment.UPDATED, "activities", activity_id, user_id=user_id)
        return JSONResponse(after)

    async def delete(self, request: Request) -> Response:
        """Remove an activity and tell the subscribers."""
        activity_id: int = request.path_params["id"]
        before = self.demand(activity_id)
        with self._state.command():
            self._state.put(ACTIVITY, activity_id, None)
            self._history.add(_name(activity_id), before=before, after=None)
            self._webhooks.tell(Moment.DELETED, "activities", activity_id, user_id=request.scope["user_id"])
        return Response(status_code=204)

    def add(self, body: dict[str, Any], *, user_id: int) -> Row:
        """Make an activity without telling anybody."""
        made = pm_fields.create({**_DEFAULTS, "ownerId": user_id, "administratorId": user_id}, body, KIND)
        activity_id = self._state.next_id(ACTIVITY)
        made |= {"activityId": activity_id, "createdDate": pm_times.stamp()}
        row = _stamped(made, user_id)
        with self._state.command():
            self._state.put(ACTIVITY, activity_id, row)
            self._history.add(_name(activity_id), before=None, after=row, identity=pm_fields.case_of(row))
        return row

    def demand(self, activity_id: int) -> Row:
        """Give an activity; refuses with 404 when there is none of that id."""
        row = self._state.get(ACTIVITY, activity_id)
        if row is None:
            raise Refusal(404, f"There is no activity {activity_id}.")
        return row


def _stamped(row: Row, user_id: int) -> Row:
    state_name = seeds.ACTIVITY_STATES.get(row["activityStateId"])
    return {
        **row,
        "activityStateName": state_name,
        "modifiedDate": pm_times.stamp(),
        "modifiedUser": user_id,
    }


def _without_stamps(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _STAMPS}


def _name(activity_id: int) -> str:
    return f"activity:{activity_id}"
