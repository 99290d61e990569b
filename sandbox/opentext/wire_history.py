"""Routes of the history service: `/workflow-history/v1`. Audit lines may come late and in no order."""

import hashlib
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.opentext import filters, hal, wire
from sandbox.opentext.errors import bad_request, not_found
from sandbox.opentext.filters import Seen
from sandbox.opentext.rows import AuditRow, InstanceRow, moment
from sandbox.opentext.wire import Service

_ROOT = "/workflow-history/v1"
_SORT_INSTANCES = {
    "processInstanceId": lambda seen: seen.instance.id,
    "startTime": lambda seen: seen.instance.started_at,
    "endTime": lambda seen: seen.instance.ended_at,
    "businessKey": lambda seen: seen.instance.business_key,
    "processDefinitionId": lambda seen: seen.instance.definition_id,
}
_SORT_TASKS = {
    "taskInstanceId": lambda seen: seen.one.id,
    "startTime": lambda seen: seen.one.created_at,
    "endTime": lambda seen: seen.one.ended_at,
    "name": lambda seen: seen.one.name,
    "dueDate": lambda seen: seen.one.due_at,
    "priority": lambda seen: seen.one.priority,
}
AuditTest = Callable[[AuditRow, InstanceRow, str], bool]
_ANY_LINE: dict[str, AuditTest] = {
    "eventType": lambda row, _, value: row.event_type == value,
    "processInstanceId": lambda row, _, value: row.instance_id == value,
    "processDefinitionId": lambda _, instance, value: instance.definition_id == value,
    "userId": lambda row, _, value: row.user == value,
    "After": lambda row, _, value: row.time > filters.query_time(value),
    "Before": lambda row, _, value: row.time < filters.query_time(value),
}
_LINES: dict[str, dict[str, AuditTest]] = {
    "process": _ANY_LINE,
    "task": {
        **_ANY_LINE,
        "taskId": lambda row, _, value: row.object_id == value,
        "taskDefinitionKey": lambda row, _, value: row.facts["taskDefinitionKey"] == value,
        "taskName": lambda row, _, value: row.facts["name"] == value,
        "taskAssignee": lambda row, _, value: row.facts["assignee"] == value,
    },
    "activity": {
        **_ANY_LINE,
        "activityId": lambda row, _, value: row.facts["activityId"] == value,
        "activityType": lambda row, _, value: row.facts["activityType"] == value,
        "executionId": lambda row, _, value: row.facts["executionId"] == value,
    },
}
_AUDIT_PAGING = frozenset({"filterByCurrentSubscription", "offset", "count"})


def routes(service: Service) -> list[Route]:
    """The routes."""
    it = _History(service)
    return [
        Route(f"{_ROOT}/historic-process-instances", it.instances, methods=["GET"]),
        Route(f"{_ROOT}/historic-process-instances/{{id}}", it.instance, methods=["GET"]),
        Route(f"{_ROOT}/historic-task-instances", it.tasks, methods=["GET"]),
        Route(f"{_ROOT}/process-instances/audit-logs", it.process_log, methods=["GET"]),
        Route(f"{_ROOT}/task-instances/audit-logs", it.task_log, methods=["GET"]),
        Route(f"{_ROOT}/activity-instances/audit-logs", it.activity_log, methods=["GET"]),
    ]


class _History:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._store = service.store
        self._shapes = service.shapes

    async def instances(self, request: Request) -> Response:
        query = request.query_params
        rows = self._store.instances(business_key=query.get("businessKey"))
        found = filters.matching(query, (Seen(instance=row) for row in rows), filters.HISTORIC_INSTANCES)
        parts = wire.wanted(query)
        return hal.page(
            request,
            "historic-process-instances",
            hal.ordered(query, found, _SORT_INSTANCES),
            lambda seen: self._shapes.historic_instance(seen.instance, self._store.comments(seen.instance.id), parts),
            base=wire.base(request),
        )

    async def instance(self, request: Request) -> Response:
        row = self._instance(request.path_params["id"])
        parts = wire.wanted(request.query_params)
        return JSONResponse(self._shapes.historic_instance(row, self._store.comments(row.id), parts))

    async def tasks(self, request: Request) -> Response:
        query = request.query_params
        rows = self._store.tasks(instance_id=query.get("processInstanceId"))
        seen = (Seen(instance=self._instance(row.instance_id), task=row) for row in rows)
        found = filters.matching(query, seen, filters.HISTORIC_TASKS)
        parts = wire.wanted(query)
        return hal.page(
            request,
            "historic-task-instances",
            hal.ordered(query, found, _SORT_TASKS),
            lambda each: self._shapes.historic_task(
                each.one, each.instance, self._store.comments(each.instance.id), parts
            ),
            base=wire.base(request),
        )

    async def process_log(self, request: Request) -> Response:
        return self._log(request, "process")

    async def task_log(self, request: Request) -> Response:
        return self._log(request, "task")

    async def activity_log(self, request: Request) -> Response:
        return self._log(request, "activity")

    def _log(self, request: Request, stream: str) -> Response:
        query = request.query_params
        tests = _LINES[stream]
        for name in query:
            if name not in tests and name not in _AUDIT_PAGING:
                raise bad_request(f"The sandbox does not support the filter '{name}' here")
        asked = [(tests[name], value) for name, value in query.items() if name in tests]
        after = filters.query_time(query["After"]) if "After" in query else ""
        rows = self._store.audit(stream, instance_id=query.get("processInstanceId"), after=after)
        found = [
            row
            for row in rows
            if self._is_visible(row)
            and all(test(row, self._instance(row.instance_id), value) for test, value in asked)
        ]
        if self._service.engine.options.audit_shuffle:
            # An order that has nothing to do with time, but stays the same from page to page.
            found.sort(key=lambda row: hashlib.sha256(row.id.encode()).digest())
        return hal.page(
            request,
            "audit-logs",
            found,
            lambda row: self._shapes.audit(row, self._instance(row.instance_id)),
            base=wire.base(request),
        )

    def _is_visible(self, row: AuditRow) -> bool:
        delay_s = self._service.engine.options.audit_delay_s
        if delay_s == 0:
            return True
        share = int.from_bytes(hashlib.sha256(row.id.encode()).digest()[:4]) / 2**32
        age_s = (self._service.engine.now() - moment(row.time)).total_seconds()
        return age_s >= delay_s * share

    def _instance(self, instance_id: str) -> InstanceRow:
        row = self._store.find(InstanceRow, instance_id)
        if row is None:
            raise not_found("process instance", instance_id)
        return row
