"""OpenText's wire, pure: requests are built and answers read here, and nothing is sent.

Source: the published collections of the Workflow and Workflow History REST APIs, read 2026. What they leave open
follows the engine they show (Flowable) and stands in `options`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from pipeline.opentext.options import DeployEncoding, OpenTextOptions
from pipeline.transport.messages import Answer, Fault, Request, UnreadableAnswerError
from pipeline.words import JsonValue

MAY_BE_ABSENT = frozenset({404})
MAY_BE_TAKEN = frozenset({404, 409})
LONG_FROM = 2**31
"""From here on an integer is a `long` for the engine."""

ENGINE_MESSAGES = ("Internal server error", "Bad request", "Not found", "Conflict", "Forbidden")
"""The engine's own titles: with an `exception` beside it a 500 is its refusal, and its transaction was taken back."""

_THROTTLE = "policies.ratelimit."
_COLLISION = "updated by another transaction concurrently"
"""How the engine says that two commands met on one instance; one of them was taken back. Source: Flowable,
`DbSqlSession`."""

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a HAL list. total: how many rows the whole list has, None where the service does not say."""

    rows: tuple[dict[str, Any], ...]
    has_next: bool
    total: int | None


class Wire:
    """Builds the requests of one tenant."""

    def __init__(self, options: OpenTextOptions) -> None:
        base = options.url.rstrip("/")
        self._workflow = f"{base}/workflow/v1"
        self._history = f"{base}/workflow-history/v1"
        self._options = options
        self._user_ids = ("includeUserIds", _flag(is_set=options.uses_user_ids))

    # ---- lists ---------------------------------------------------------------------------------------------------

    def page(self, request: Request, offset: int) -> Request:
        """The same list from a row on."""
        paging = (("offset", str(offset)), ("count", str(self._options.page_size)))
        return Request(
            method=request.method,
            url=request.url,
            route=request.route,
            has_effect=False,
            params=(*request.params, *paging),
            answers=request.answers,
        )

    def instances(self, **filters: str) -> Request:
        """Running instances with variables and comments."""
        parts = (("includeProcessVariables", "true"), ("includeProcessComments", "true"), self._user_ids)
        return self._get("process-instances", self._workflow, "process-instances", (*filters.items(), *parts))

    def historic_instances(self, **filters: str) -> Request:
        """Instances, running and ended, as history shows them, with variables and comments."""
        parts = (("includeProcessVariables", "true"), ("includeProcessComments", "true"), self._user_ids)
        return self._get("history", self._history, "historic-process-instances", (*filters.items(), *parts))

    def historic_tasks(self, **filters: str) -> Request:
        """Tasks, open and ended, as history shows them, with their own variables and comments."""
        parts = (("includeTaskLocalVariables", "true"), ("includeTaskComments", "true"), self._user_ids)
        return self._get("history", self._history, "historic-task-instances", (*filters.items(), *parts))

    def tasks(self, **filters: str) -> Request:
        """Open tasks with comments."""
        parts = (("includeTaskComments", "true"), self._user_ids)
        return self._get("tasks", self._workflow, "tasks", (*filters.items(), *parts))

    def audit(self, stream: str, **filters: str) -> Request:
        """Audit rows of a stream: process, task or activity."""
        return self._get("audit", self._history, f"{stream}-instances/audit-logs", tuple(filters.items()))

    def executions(self, instance_id: str) -> Request:
        """The places where an instance waits."""
        params = (("processInstanceId", instance_id),)
        return self._get("executions", self._workflow, "process-instances/executions", params, MAY_BE_ABSENT)

    def variables(self, instance_id: str) -> Request:
        """The variables of a running instance."""
        path = f"process-instances/{quote(instance_id, safe='')}/variables"
        return self._get("variables", self._workflow, path, (), MAY_BE_ABSENT)

    def comments(self, instance_id: str) -> Request:
        """The comments on a running instance."""
        path = f"process-instances/{quote(instance_id, safe='')}/comments"
        return self._get("comments", self._workflow, path, (), MAY_BE_ABSENT)

    def models(self, key: str) -> Request:
        """The latest deployed version of a model."""
        return self._get("models", self._workflow, "runtime/models", (("key", key), ("latestVersion", "true")))

    def instances_by_id(self, process_key: str) -> Request:
        """The running instances of a model in the order of their ids."""
        return self.instances(processDefinitionKey=process_key, sort="id", order="asc")

    def tasks_by_instance(self, process_key: str) -> Request:
        """The open tasks of a model, those of an instance together, in the order of the instances' ids."""
        by = {"sort": self._options.task_sort, "order": "asc"} if self._options.task_sort else {}
        return self.tasks(processDefinitionKey=process_key, **by)

    # ---- single reads --------------------------------------------------------------------------------------------

    def instance(self, instance_id: str) -> Request:
        """A running instance; a 404 is an answer: it ended, or is unknown to us."""
        path = f"process-instances/{quote(instance_id, safe='')}"
        params = (("includeProcessVariables", "true"), self._user_ids)
        return self._get("process-instances", self._workflow, path, params, MAY_BE_ABSENT)

    def task(self, task_id: str) -> Request:
        """An open task; a 404 is an answer: it ended, or is unknown to us."""
        return self._get("tasks", self._workflow, _task_path(task_id), (self._user_ids,), MAY_BE_ABSENT)

    def assignments(self, task_id: str) -> Request:
        """Who has which role on an open task."""
        path = f"{_task_path(task_id)}/assignments"
        return self._get("tasks", self._workflow, path, (self._user_ids,), MAY_BE_ABSENT)

    def model(self, model_id: str) -> Request:
        """A deployed model with its content, where the service offers it."""
        path = f"runtime/models/{quote(model_id, safe='')}"
        return self._get("models", self._workflow, path, (("modelType", "xml"),), frozenset({400, 404, 405}))

    # ---- writes --------------------------------------------------------------------------------------------------

    def start(self, body: Mapping[str, Any], secrets: tuple[str, ...]) -> Request:
        """Start an instance."""
        return self._write("POST", "process-instances", "process-instances", body, secrets=secrets)

    def end(self, instance_id: str, reason: str) -> Request:
        """End a running instance; a 404 is an answer."""
        params: Params = (("deleteReason", reason),) if self._options.sends_delete_reason else ()
        return Request(
            method="DELETE",
            url=f"{self._workflow}/process-instances/{quote(instance_id, safe='')}",
            route="process-instances",
            has_effect=True,
            params=params,
            answers=MAY_BE_ABSENT,
        )

    def put_variable(self, instance_id: str, variable: Mapping[str, Any]) -> Request:
        """Set a variable that is there."""
        path = f"process-instances/{quote(instance_id, safe='')}/variables/{quote(str(variable['name']), safe='')}"
        return self._write("PUT", "variables", path, variable, answers=MAY_BE_ABSENT)

    def post_variables(self, instance_id: str, variables: list[dict[str, Any]]) -> Request:
        """Add variables that are not there."""
        path = f"process-instances/{quote(instance_id, safe='')}/variables"
        return self._write("POST", "variables", path, variables, answers=MAY_BE_ABSENT)

    def message(self, execution_id: str, message: str, variables: list[dict[str, Any]]) -> Request:
        """Deliver a message to the execution that waits for it; a 404 is an answer: it waits no more."""
        body = {"action": self._options.message_action, "messageName": message, "variables": variables}
        path = f"process-instances/executions/{quote(execution_id, safe='')}"
        return self._write("PUT", "executions", path, body, answers=MAY_BE_ABSENT)

    def comment(self, instance_id: str, text: str) -> Request:
        """Put a comment on a running instance; a 404 is an answer."""
        body = {"message": text, "type": "comment", "includeUserIds": self._options.uses_user_ids}
        path = f"process-instances/{quote(instance_id, safe='')}/comments"
        return self._write("POST", "comments", path, body, answers=MAY_BE_ABSENT)

    def update_task(self, task_id: str, fields: Mapping[str, JsonValue]) -> Request:
        """Change fields of an open task; each has a twin that says it is meant, also where it is cleared."""
        twins = {_twin(name): True for name in fields}
        body = {**fields, **twins, "includeUserIds": self._options.uses_user_ids}
        return self._write("PUT", "tasks", _task_path(task_id), body, answers=MAY_BE_ABSENT)

    def claim(self, task_id: str, user: str) -> Request:
        """Give a task that nobody has to somebody; a 409 is an answer: another was quicker."""
        body = {"action": "claim", "assignee": user}
        return self._write("POST", "tasks", _task_path(task_id), body, answers=MAY_BE_TAKEN)

    def add_assignment(self, task_id: str, assignment: Mapping[str, str]) -> Request:
        """Give a user or a group a role on an open task."""
        path = f"{_task_path(task_id)}/assignments"
        return self._write("POST", "tasks", path, assignment, answers=MAY_BE_ABSENT)

    def complete(self, task_id: str, outcome: str, variables: list[dict[str, Any]]) -> Request:
        """Complete an open task; outcome "" is none."""
        said = {"outcome": outcome} if outcome else {}
        body = {"action": "complete", **said, "variables": variables}
        return self._write("POST", "tasks", _task_path(task_id), body, answers=MAY_BE_ABSENT)

    def deploy(self, model_id: str, xml: bytes) -> Request:
        """Deploy a model; an equal key becomes a higher version."""
        content = encode_model(xml, self._options.deploy_encoding)
        body = {"modelId": model_id, "modelType": "xml", "modelContent": content}
        return self._write("POST", "models", "runtime/models", body)

    def _get(
        self, route: str, base: str, path: str, params: Params, answers: frozenset[int] = frozenset()
    ) -> Request:
        url = f"{base}/{path}"
        return Request(method="GET", url=url, route=route, has_effect=False, params=params, answers=answers)

    def _write(
        self,
        method: str,
        route: str,
        path: str,
        body: Mapping[str, Any] | list[dict[str, Any]],
        *,
        answers: frozenset[int] = frozenset(),
        secrets: tuple[str, ...] = (),
    ) -> Request:
        return Request(
            method=method,
            url=f"{self._workflow}/{path}",
            route=route,
            has_effect=True,
            body=body,
            answers=answers,
            secrets=secrets,
        )


def variable(name: str, value: JsonValue, *, is_secret: bool = False) -> dict[str, Any]:
    """A variable as the service takes it, with the type that its value has."""
    made: dict[str, Any] = {"name": name, "type": type_of(value), "value": value}
    return {**made, "encryption": True} if is_secret else made


def type_of(value: JsonValue) -> str:
    """The engine's name for the type of a JSON value."""
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer" if -LONG_FROM <= value < LONG_FROM else "long"
        case list() | dict():
            return "json"
        case _:
            return "string"


def read_page(answer: Answer) -> Page:
    """A page of a HAL list: the first list under `_embedded`, whatever its name; none there means empty.

    Raises UnreadableAnswerError.
    """
    body = answer.json_object()
    embedded = body.get("_embedded") or {}
    lists = [value for value in embedded.values() if isinstance(value, list)] if isinstance(embedded, dict) else []
    rows = lists[0] if lists else []
    if not all(isinstance(row, dict) for row in rows):
        raise UnreadableAnswerError("a page whose rows are no objects")
    links, page = body.get("_links"), body.get("page")
    total = page.get("totalElements") if isinstance(page, dict) else None
    return Page(
        rows=tuple(rows),
        has_next=isinstance(links, dict) and bool(links.get("next")),
        total=total if isinstance(total, int) else None,
    )


def read_fault(answer: Answer) -> Fault:
    """What an error says: the gateway's fault, then the engine's pair, OAuth's words, RFC 7807, else the raw text."""
    if answer.is_html:
        return Fault(message="a page for people")
    try:
        body = answer.json()
    except UnreadableAnswerError:
        return Fault(message=answer.body[:2000].decode("utf-8", "replace"))
    if not isinstance(body, dict):
        return Fault(message="" if body is None else str(body))
    code, gateway = _gateway(body)
    keys = ("exception", "message", "error_description", "error", "detail", "title")
    said = next((value for key in keys if isinstance(value := body.get(key), str) and value), "")
    exception, title = body.get("exception"), body.get("message")
    is_engine = not code and isinstance(exception, str) and (title is None or title in ENGINE_MESSAGES)
    return Fault(
        message=gateway or said,
        code=code,
        is_gateway=bool(code),
        is_throttle=code.startswith(_THROTTLE),
        is_rolled_back=is_engine,
        is_passing=is_engine and _COLLISION in str(exception),
    )


def encode_model(xml: bytes, encoding: DeployEncoding) -> str:
    """A model's XML as the body of a deployment holds it."""
    match encoding:
        case DeployEncoding.BASE64:
            return base64.b64encode(xml).decode()
        case DeployEncoding.URLENCODED:
            return quote(xml, safe="")
        case DeployEncoding.PLAIN:
            return xml.decode()


def decode_model(content: str, encoding: DeployEncoding) -> bytes | None:
    """A model's XML as the service gives it back; None where it is something else."""
    try:
        match encoding:
            case DeployEncoding.BASE64:
                return base64.b64decode(content, validate=True)
            case DeployEncoding.URLENCODED:
                return unquote_to_bytes(content)
            case DeployEncoding.PLAIN:
                return content.encode()
    except (binascii.Error, ValueError):
        return None


def _gateway(body: Mapping[str, Any]) -> tuple[str, str]:
    """Error code and text of a gateway fault, empty where it is none."""
    fault = body.get("fault")
    if not isinstance(fault, dict):
        return "", ""
    detail = fault.get("detail")
    code = detail.get("errorcode") if isinstance(detail, dict) else ""
    return str(code or "gateway"), str(fault.get("faultstring") or "")


def _task_path(task_id: str) -> str:
    return f"tasks/{quote(task_id, safe='')}"


def _twin(name: str) -> str:
    """The boolean beside a field of a task. Source: "Update a task", where one of them is spelt in its own way."""
    return "duedateSet" if name == "dueDate" else f"{name}Set"


def _flag(*, is_set: bool) -> str:
    return "true" if is_set else "false"


def named(rows: Sequence[Mapping[str, Any]], **wanted: str) -> Mapping[str, Any] | None:
    """The first row whose fields have these values."""
    return next((row for row in rows if all(row.get(key) == value for key, value in wanted.items())), None)
