"""The calls to Aprimo's DAM that Signoff makes, one method each; what they mean is decided elsewhere."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.aprimo import dam_schemas
from pipeline.aprimo.dam_names import Names
from pipeline.aprimo.dam_schemas import CheckResult, FileVersion, Named, PublicLink, RecordRow
from pipeline.aprimo.dam_wire import LISTED_PARTS, DamWire, Page, part, read_page, rows_of
from pipeline.aprimo.made import made_id
from pipeline.errors import TransientError
from pipeline.ports import Bounds
from pipeline.transport.memory import Memory
from pipeline.transport.messages import Answer
from pipeline.transport.reading import reading
from pipeline.transport.session import Sender
from pipeline.words import WaitReason

NOT_FOUND = 404
AVAILABLE = "available"
PROCESSING_WAIT_S = 10.0
"""The vendor's own connector looks at a file that is being processed for half an hour."""


class DamClient:
    """Aprimo's DAM. Thread-safe."""

    def __init__(
        self, sender: Sender, base: str, *, page_size: int, cache_s: float, monotonic: Callable[[], float]
    ) -> None:
        self.names = Names(self._definitions, life_s=cache_s, monotonic=monotonic)
        self._sender = sender
        self._wire = DamWire(base)
        self._page_size = page_size
        self._people: Memory[str, str] = Memory(cache_s, monotonic)

    def reading(self, sender: Sender) -> DamClient:
        """This client over another sender; what it remembers is the same."""
        made = copy.copy(self)
        made._sender = sender  # noqa: SLF001 - a copy of our own
        return made

    # ---- records ---------------------------------------------------------------------------------------------------

    def record(self, record_id: str, bounds: Bounds, *, field_names: Sequence[str] = ()) -> RecordRow | None:
        """A record with fields (these, or all), classifications and latest version; None: unknown or hidden."""
        answer = self._sender.send(self._wire.get_record(record_id, field_names), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"Aprimo's record {record_id}"):
            return dam_schemas.load_record(answer.json_object())

    def versions(self, record_id: str, bounds: Bounds) -> list[FileVersion] | None:
        """All versions of all files of a record; None when it is unknown or hidden."""
        answer = self._sender.send(self._wire.get_files(record_id), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"The files of Aprimo's record {record_id}"):
            files = rows_of(part(answer.json_object(), "files") or [])
            rows = [row for each in files for row in rows_of(part(each, "versions") or [])]
            return [dam_schemas.load_file_version(row) for row in rows]

    def search(
        self, expression: str, parameters: Mapping[str, str], bounds: Bounds
    ) -> Iterator[tuple[RecordRow, ...]]:
        """Records that an expression finds, page by page; the index lags, so what it lacks may be there."""
        page = 1
        has_more = True
        while has_more:
            request = self._wire.search_records(expression, parameters, page=page, size=self._page_size)
            found = self._page("Aprimo's search of records", self._sender.send(request, bounds))
            with reading("A record of a search"):
                yield tuple(dam_schemas.load_record(row) for row in found.rows)
            has_more = found.has_next
            page += 1

    def changed(self, since: str, until: str, *, page: int, bounds: Bounds) -> Page:
        """A page of the records that were changed in [since, until), the first ones first, with their versions."""
        request = self._wire.search_records(
            "ModifiedOn >= @from AND ModifiedOn < @to",
            {"from": since, "to": until},
            page=page,
            size=self._page_size,
            parts="masterfilelatestversion",
            sort="ModifiedOn",
        )
        return self._page("Aprimo's search for changed records", self._sender.send(request, bounds))

    def listed(
        self, condition: str, since: str, *, sort: str, page: int, field_names: Sequence[str], bounds: Bounds
    ) -> Page:
        """A page of the records for which a condition on `@from` holds, sorted, with all that rows can carry."""
        request = self._wire.search_records(
            condition,
            {"from": since},
            page=page,
            size=self._page_size,
            parts=LISTED_PARTS,
            field_names=field_names,
            sort=sort,
        )
        return self._page("Aprimo's list of records", self._sender.send(request, bounds))

    def put_record(self, record_id: str, body: Mapping[str, Any], bounds: Bounds) -> bool:
        """Change what the body names; False when the record is unknown or hidden."""
        return self._sender.send(self._wire.put_record(record_id, body), bounds).status != NOT_FOUND

    def create_record(self, body: Mapping[str, Any], bounds: Bounds) -> str:
        """Make a record; its id. Raises UnknownOutcomeError when the answer names none."""
        return made_id(self._sender.send(self._wire.post_record(body), bounds), "id")

    # ---- file versions ---------------------------------------------------------------------------------------------

    def file_version(self, version_id: str, bounds: Bounds) -> FileVersion | None:
        """A file version with its public links and annotations; None when it is unknown or hidden."""
        answer = self._sender.send(self._wire.get_file_version(version_id), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"Aprimo's file version {version_id}"):
            return dam_schemas.load_file_version(answer.json_object())

    def latest_version(self, record_id: str, bounds: Bounds) -> FileVersion | None:
        """A record's latest master version, as `file_version`; None: no file, or the record is unknown or hidden."""
        answer = self._sender.send(self._wire.get_latest_version(record_id), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"The latest version of Aprimo's record {record_id}"):
            version = part(answer.json_object(), "masterfilelatestversion")
            return dam_schemas.load_file_version(version) if version else None

    def available_version(self, version_id: str, bounds: Bounds) -> FileVersion | None:
        """A file version whose renditions are ready. Raises TransientError (`processing`) until they are."""
        version = self.file_version(version_id, bounds)
        if version is not None and version.state.casefold() != AVAILABLE:
            raise TransientError(
                f"File version {version_id} is {version.state or 'without a state'}.",
                wait_s=PROCESSING_WAIT_S,
                is_outage=True,  # It is no failure: a film may take half an hour.
                reason=WaitReason.PROCESSING,
            )
        return version

    def check_results(self, version_id: str, bounds: Bounds) -> list[CheckResult] | None:
        """What checks said of a file version; None when it is unknown or hidden."""
        answer = self._sender.send(self._wire.get_check_results(version_id), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"The check results of Aprimo's file version {version_id}"):
            return [dam_schemas.load_check_result(row) for row in rows_of(answer.json())]

    def add_check_result(self, version_id: str, body: Mapping[str, Any], bounds: Bounds) -> str | None:
        """Add a check result; its id, or None when the file version is unknown or hidden."""
        answer = self._sender.send(self._wire.post_check_result(version_id, body), bounds)
        return None if answer.status == NOT_FOUND else made_id(answer, "id")

    # ---- collections, public links, orders -------------------------------------------------------------------------

    def change_collection(self, collection_id: str, body: Mapping[str, Any], bounds: Bounds) -> bool:
        """Put records in or take them out; False when the collection is unknown or hidden."""
        return self._sender.send(self._wire.put_collection(collection_id, body), bounds).status != NOT_FOUND

    def publish(self, body: Mapping[str, Any], bounds: Bounds) -> str:
        """Make a public link; its id. Raises UnknownOutcomeError when the answer names none."""
        return made_id(self._sender.send(self._wire.post_public_link(body), bounds), "id")

    def public_link(self, link_id: str, bounds: Bounds) -> PublicLink | None:
        """A public link; None when it is gone or hidden."""
        answer = self._sender.send(self._wire.get_public_link(link_id), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"Aprimo's public link {link_id}"):
            return dam_schemas.load_public_link(answer.json_object())

    def drop_public_link(self, link_id: str, bounds: Bounds) -> bool:
        """Take a public link back; False when it is gone already."""
        return self._sender.send(self._wire.delete_public_link(link_id), bounds).status != NOT_FOUND

    def order(self, body: Mapping[str, Any], bounds: Bounds) -> str:
        """Order files; the order's id, from `Location` where the body has none."""
        answer = self._sender.send(self._wire.post_order(body), bounds)
        return answer.headers.get("location", "").rstrip("/").rpartition("/")[2] or made_id(answer, "id")

    def order_status(self, order_id: str, bounds: Bounds) -> str | None:
        """An order's status in the vendor's word; None when it is unknown or hidden."""
        answer = self._sender.send(self._wire.get_order(order_id), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"Aprimo's order {order_id}"):
            return str(answer.json_object().get("status") or "")

    # ---- people ----------------------------------------------------------------------------------------------------

    def user_name(self, user_id: str, bounds: Bounds) -> str:
        """What people call a user, remembered for a while; the id itself of one who is unknown or hidden."""
        return self._people.get(user_id, lambda each: self._read_user(each, bounds)) if user_id else ""

    def _read_user(self, user_id: str, bounds: Bounds) -> str:
        answer = self._sender.send(self._wire.get_user(user_id), bounds)
        if answer.status == NOT_FOUND:
            return user_id
        with reading(f"Aprimo's user {user_id}"):
            return dam_schemas.load_user_name(answer.json_object()) or user_id

    # ---- definitions -----------------------------------------------------------------------------------------------

    def _definitions(self, plural: str, bounds: Bounds) -> list[Named]:
        found: list[Named] = []
        page = 1
        has_more = True
        while has_more:
            read = self._page(f"Aprimo's {plural}", self._sender.send(self._wire.get_list(plural, page=page), bounds))
            with reading(f"A row of Aprimo's {plural}"):
                found += [dam_schemas.load_named(row) for row in read.rows]
            has_more = read.has_next
            page += 1
        return found

    @staticmethod
    def _page(what: str, answer: Answer) -> Page:
        with reading(what):
            return read_page(answer)
