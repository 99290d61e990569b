"""Routes of the history service: `/workflow-history/v1`. Audit lines may come late and in no order."""

import hashlib
from collections.abc import Mapping

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
_AUDIT_FACTS = {
    "task": {
        "taskId": "taskId",
        "taskDefinitionKey": "taskDefinitionKey",
        "taskName": "name",
        "taskAssignee": "assignee",
    },
    "activity": {"activityId": "activityId", "activityType": "activityType", "executionId": "executionId"},
    "process": {},
}
_AUDIT_COMMON = frozenset(
    {
        "eventType",
        "processInstanceId",
        "processDefinitionId",
        "userId",
        "filterByCurrentSubscription",
        "offset",
        "count",
        "Before",
        "After",
    }
)


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
        facts = _AUDIT_FACTS[stream]
        for name in query:
            if name not in _AUDIT_COMMON and name not in facts:
                raise bad_request(f"The sandbox does not support the filter '{name}' here")
        rows = self._store.audit(stream, instance_id=query.get("processInstanceId"))
        found = [row for row in rows if self._is_asked(row, query) and self._is_visible(row)]
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

    def _is_asked(self, row: AuditRow, query: Mapping[str, str]) -> bool:
        if "After" in query and row.time <= filters.query_time(query["After"]):
            return False
        if "Before" in query and row.time >= filters.query_time(query["Before"]):
            return False
        if "eventType" in query and row.event_type != query["eventType"]:
            return False
        if "userId" in query and row.user != query["userId"]:
            return False
        if "processDefinitionId" in query:
            wished = query["processDefinitionId"]
            if self._instance(row.instance_id).definition_id != wished:
                return False
        facts = _AUDIT_FACTS[row.stream]
        return all(row.facts[fact] == query[name] for name, fact in facts.items() if name in query)

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
