"""The calls to Aprimo that Signoff makes, one method each; what they mean is decided elsewhere."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.aprimo import funding, pm_objects, schemas, wire
from pipeline.aprimo.dam_client import DamClient
from pipeline.aprimo.funding import Funding
from pipeline.aprimo.made import made_id
from pipeline.aprimo.options import AprimoOptions
from pipeline.aprimo.schemas import ObjectRow, Person, ProjectRow
from pipeline.aprimo.uploads import Fetch, Uploads
from pipeline.aprimo.wire import OBJECT_KINDS, USERS, ObjectKind, Page, Wire
from pipeline.ports import Bounds, Progress
from pipeline.transport.memory import AGAIN_S, Memory
from pipeline.transport.once import Once
from pipeline.transport.reading import reading
from pipeline.transport.session import Sender
from pipeline.words import JsonValue

NOT_FOUND = 404
CONFLICT = 409


class Client:
    """Aprimo: Productivity Management, and the DAM beside it over the same session. Thread-safe."""

    def __init__(
        self,
        sender: Sender,
        options: AprimoOptions,
        *,
        progress: Progress,
        fetch: Fetch,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """progress: what effects of several calls remember. fetch: how a file comes here before it is uploaded."""
        self.options = options
        self.progress = progress
        self.uploads = Uploads(sender, options.upload_options(), progress=progress, fetch=fetch)
        self.dam = DamClient(
            sender, options.dam_base(), page_size=options.page_size, cache_s=options.cache_s, monotonic=monotonic
        )
        self._sender = sender
        self._wire = Wire(options.pm_url)
        self._people: Memory[int, Person] = Memory(options.cache_s, monotonic)
        self._status_names: Memory[str, Mapping[int, str]] = Memory(options.cache_s, monotonic)

    def reading(self) -> Client:
        """This client for one read of many objects: what is asked for again was answered before."""
        once = Once(self._sender)
        made = copy.copy(self)
        made._sender = once  # noqa: SLF001 - a copy of our own
        made.dam = self.dam.reading(once)
        return made

    def activity(self, activity_id: int, bounds: Bounds) -> ObjectRow | None:
        """An activity; None when it is unknown to us or hidden from us."""
        body = self.object_body(OBJECT_KINDS["activity"], activity_id, bounds)
        return None if body is None else self._activity_row(body)

    def activities(self, ids: Sequence[int], bounds: Bounds) -> dict[int, ObjectRow]:
        """Those of the activities that a search returns; one that it does not may exist all the same."""
        kind = OBJECT_KINDS["activity"]
        found: dict[int, ObjectRow] = {}
        size = self.options.page_size
        for start in range(0, len(ids), size):
            chunk = ids[start : start + size]
            page = self.search(kind, wire.any_of(kind.id_key, chunk), limit=size, offset=0, bounds=bounds)
            found |= {row.object_id: row for row in map(self._activity_row, page.rows)}
        return found

    def objects(self, kind: ObjectKind, ids: Sequence[int], bounds: Bounds) -> dict[int, pm_objects.Row]:
        """Those of the objects that a search returns; one that it does not may exist all the same."""
        found: dict[int, pm_objects.Row] = {}
        size = self.options.page_size
        for start in range(0, len(ids), size):
            tree = wire.any_of(kind.id_key, ids[start : start + size])
            page = self.search(kind, tree, limit=size, offset=0, bounds=bounds)
            found |= {row.object_id: row for row in (self._object_row(kind, body) for body in page.rows)}
        return found

    def object(self, kind: ObjectKind, object_id: int, bounds: Bounds) -> pm_objects.Row | None:
        """A task, commitment or generic object; None when it is unknown or hidden."""
        body = self.object_body(kind, object_id, bounds)
        return None if body is None else self._object_row(kind, body)

    def object_body(self, kind: ObjectKind, object_id: int, bounds: Bounds) -> Mapping[str, Any] | None:
        """An object's fields as they came; None when it is unknown or hidden."""
        answer = self._sender.send(self._wire.get_object(kind, object_id), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"Aprimo's {kind.resource} {object_id}"):
            return answer.json_object()

    def put_object(self, kind: ObjectKind, object_id: int, body: Mapping[str, Any], bounds: Bounds) -> None:
        """Change an object."""
        self._sender.send(self._wire.put_object(kind, object_id, body), bounds)

    def put_task_part(self, task_id: int, name: str, value: JsonValue, bounds: Bounds) -> None:
        """Change one of a task's dates or its duration, and nothing else of it."""
        self._sender.send(self._wire.put_task_part(task_id, name, value), bounds)

    def search(self, kind: ObjectKind, tree: Mapping[str, Any], *, limit: int, offset: int, bounds: Bounds) -> Page:
        """One page of a search."""
        answer = self._sender.send(self._wire.search(kind, tree, limit=limit, offset=offset), bounds)
        with reading(f"Aprimo's search of {kind.resource}"):
            return wire.read_page(answer)

    def list_objects(self, kind: ObjectKind, *, limit: int, offset: int, bounds: Bounds) -> Page:
        """One page of all objects of a kind."""
        answer = self._sender.send(self._wire.list_objects(kind, limit=limit, offset=offset), bounds)
        with reading(f"Aprimo's list of {kind.resource}"):
            return wire.read_page(answer)

    def search_all(self, kind: ObjectKind, tree: Mapping[str, Any], bounds: Bounds) -> Iterator[Mapping[str, Any]]:
        """Every row a search finds, page by page as far as the caller reads."""
        offset = 0
        has_more = True
        while has_more:
            page = self.search(kind, tree, limit=self.options.page_size, offset=offset, bounds=bounds)
            yield from page.rows
            offset += len(page.rows)
            has_more = bool(page.rows) and (page.has_next or (page.total is not None and offset < page.total))

    def project(self, project_id: int, bounds: Bounds) -> ProjectRow | None:
        """A project; None when it is unknown or hidden."""
        answer = self._sender.send(self._wire.get_object(OBJECT_KINDS["project"], project_id), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"Aprimo's project {project_id}"):
            return schemas.load_project(answer)

    def project_verb(self, project_id: int, verb: str, bounds: Bounds) -> bool:
        """Carry out a verb; False when the project's status does not allow it."""
        return self._sender.send(self._wire.project_verb(project_id, verb), bounds).status != CONFLICT

    def object_verb(
        self, kind: ObjectKind, object_id: int, verb: str, body: Mapping[str, Any], bounds: Bounds
    ) -> bool:
        """Carry out a verb of a task or commitment; False when its status does not allow it."""
        return self._sender.send(self._wire.object_verb(kind, object_id, verb, body), bounds).status != CONFLICT

    def create_task(self, body: Mapping[str, Any], bounds: Bounds) -> str:
        """Make a simple task; its id. Raises UnknownOutcomeError when the answer names none."""
        return made_id(self._sender.send(self._wire.post_simple_task(body), bounds), "taskId", "id")

    def create_object(self, kind: ObjectKind, body: Mapping[str, Any], bounds: Bounds) -> str:
        """Make an object; its id. Raises UnknownOutcomeError when the answer names none."""
        return made_id(self._sender.send(self._wire.post_object(kind, body), bounds), kind.id_key)

    def funding(self, account_id: int, bounds: Bounds) -> Funding | None:
        """How a funding account stands, with its currency; None when it is unknown or hidden."""
        account = self._sender.send(self._wire.get_funding_account(account_id), bounds)
        summary = self._sender.send(self._wire.get_funding_summary(account_id), bounds)
        if NOT_FOUND in {account.status, summary.status}:
            return None
        with reading(f"Aprimo's funding account {account_id}"):
            return funding.load_funding(account_id, account, summary)

    def annotations(self, asset_id: int, version: int, bounds: Bounds) -> list[dict[str, Any]] | None:
        """The annotations of an asset version; None when it is unknown or hidden."""
        answer = self._sender.send(self._wire.get_annotations(asset_id, version), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"The annotations of Aprimo's asset {asset_id}"):
            return wire.read_annotations(answer)

    def annotate(self, asset_id: int, version: int, body: Mapping[str, Any], bounds: Bounds) -> bool:
        """Annotate an asset version; False when it is unknown or hidden."""
        return self._sender.send(self._wire.post_annotation(asset_id, version, body), bounds).status != NOT_FOUND

    def status_names(self, bounds: Bounds) -> Mapping[int, str]:
        """The tenant's names of task and project statuses by number, remembered for a while."""
        return self._status_names.get("names", lambda _: self._read_status_names(bounds))

    def system_type_names(self, bounds: Bounds) -> list[str]:
        """The names of the tenant's system types."""
        answer = self._sender.send(self._wire.get_system_types(), bounds)
        with reading("Aprimo's system types"):
            rows = answer.json_object().get("systemtypes") or []
            return [str(row["type"]["systemTypeName"]) for row in rows if isinstance(row.get("type"), dict)]

    def system_type_items(self, name: str, bounds: Bounds) -> tuple[dict[str, Any], ...]:
        """The items of a system type."""
        answer = self._sender.send(self._wire.get_system_types(name), bounds)
        with reading(f"Aprimo's system type {name}"):
            return wire.read_page(answer).rows

    def metadata(self, kind: str, bounds: Bounds) -> Mapping[str, Any] | None:
        """What the tenant says of a kind's fields; None when it does not."""
        answer = self._sender.send(self._wire.get_metadata(kind), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"Aprimo's metadata of {kind}"):
            return answer.json_object()

    def pick_list(self, ea_id: int, bounds: Bounds) -> Mapping[str, Any] | None:
        """What an extended attribute with a list offers; None when it has none, or is hidden."""
        answer = self._sender.send(self._wire.get_pick_list(ea_id), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"The list of Aprimo's extended attribute {ea_id}"):
            return answer.json_object()

    def status_name(self, number: int, bounds: Bounds) -> str:
        """The tenant's name of a status, in lower case; "" for one that even another look does not name."""
        for names in (self.status_names, self._status_names_again):
            if name := names(bounds).get(number, ""):
                return name.casefold()
        return ""

    def people(self, ids: Iterable[int], bounds: Bounds) -> dict[int, Person]:
        """Users by id, remembered for a while."""
        return {each: self._people.get(each, lambda user_id: self._read_user(user_id, bounds)) for each in ids}

    def meet(self, ids: Iterable[int], bounds: Bounds) -> None:
        """Remember several users by few searches; whom those do not return is left to `people`."""
        size = self.options.page_size
        unknown = sorted(self._people.unknown(ids))
        for start in range(0, len(unknown), size) if len(unknown) > 1 else ():
            tree = wire.any_of(USERS.id_key, unknown[start : start + size])
            page = self.search(USERS, tree, limit=size, offset=0, bounds=bounds)
            with reading("A row of Aprimo's users"):
                for person in map(schemas.load_person, page.rows):
                    self._people.keep(person.user_id, person)

    def me(self, bounds: Bounds) -> Person:
        """The user whom our registration acts as: what we write shows this one as its author."""
        answer = self._sender.send(self._wire.get_me(), bounds)
        with reading("Aprimo's own user"):
            return schemas.load_user(answer)

    def _activity_row(self, body: Mapping[str, Any]) -> ObjectRow:
        with reading("An activity of Aprimo's"):
            return schemas.load_activity(body, ea_value_key=self.options.ea_value_key)

    def _object_row(self, kind: ObjectKind, body: Mapping[str, Any]) -> pm_objects.Row:
        with reading(f"A row of Aprimo's {kind.resource}"):
            return pm_objects.load_row(body, kind, ea_value_key=self.options.ea_value_key)

    def _read_user(self, user_id: int, bounds: Bounds) -> Person:
        answer = self._sender.send(self._wire.get_user(user_id), bounds)
        if answer.status == NOT_FOUND:
            return Person(user_id=user_id, email="", name="")
        with reading(f"Aprimo's user {user_id}"):
            return schemas.load_user(answer)

    def _status_names_again(self, bounds: Bounds) -> Mapping[int, str]:
        """The tenant may have made a status a moment ago."""
        return self._status_names.get("names", lambda _: self._read_status_names(bounds), within_s=AGAIN_S)

    def _read_status_names(self, bounds: Bounds) -> Mapping[int, str]:
        answer = self._sender.send(self._wire.get_status_names(), bounds)
        with reading(f"Aprimo's lookup {wire.STATUS_LOOKUP}"):
            return schemas.load_status_names(answer)
