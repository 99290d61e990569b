"""What is read of Aprimo when a plan is to be made: one snapshot per want, each with its own outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from pipeline.aprimo import dam_translate, pm_objects, translate
from pipeline.aprimo.client import Client
from pipeline.aprimo.dam_schemas import RecordRow
from pipeline.aprimo.dam_wire import normal_id
from pipeline.aprimo.part_reads import PARTS
from pipeline.aprimo.schemas import ObjectRow
from pipeline.aprimo.wire import OBJECT_KINDS
from pipeline.errors import PermanentError, PipelineError
from pipeline.flows.tenant import FlowWords
from pipeline.plan import Snapshot, Want
from pipeline.ports import Bounds
from pipeline.words import JsonValue

AnyRow: TypeAlias = ObjectRow | pm_objects.Row


_NUMBERED = {"task": pm_objects.TASK_STATUS, "project": "projectStatus"}
"""Kinds whose status is one of lookup 2974, and where it stands."""


class Reads:
    """One read of what is wanted of a tenant. Several flows may want the same object: it is asked for once."""

    def __init__(
        self,
        client: Client,
        words: Mapping[str, FlowWords],
        now: Callable[[], datetime],
        wants: Sequence[Want] = (),
    ) -> None:
        """wants: what is read, by a client that answers from memory what was asked before."""
        self._wants = wants
        self._client = client
        self._words = words
        self._now = now

    def read(self, bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        """Read by one search where several of a kind are wanted and it can be searched, else one by one."""
        outcomes: dict[Want, Snapshot | PipelineError] = {}
        for kind in dict.fromkeys(want.kind for want in self._wants):
            of_kind = [want for want in self._wants if want.kind == kind]
            known = OBJECT_KINDS.get(kind)
            if known is not None and known.can_search:
                outcomes |= self._searched(kind, of_kind, bounds)
            else:
                outcomes |= {want: self._one(want, self._by_itself, bounds) for want in of_kind}
        return outcomes

    # ---- what can be searched --------------------------------------------------------------------------------------

    def _searched(self, kind: str, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        ids = sorted({int(want.object_id) for want in wants if want.object_id.isdecimal()})
        found: Mapping[int, AnyRow] = {}
        read_at = self._now()
        if len(ids) > 1:
            try:
                found = self._rows(kind, ids, bounds.of_flow(_flow_of(wants)))
            except PermanentError:
                found = {}  # One bad row must not fail its neighbours: each is read by itself.
            except PipelineError as err:
                return dict.fromkeys(wants, err)

        def outcome(want: Want, bounds: Bounds) -> Snapshot:
            # What a search does not return, or not whole, may be hidden from it only.
            row = found.get(_number(want))
            if row is None or not translate.has_attributes(row.raw, self.words_for(want)):
                row = self._row(kind, _number(want), bounds)
            return self.of_row(want, row, read_at, bounds)

        return {want: self._one(want, outcome, bounds) for want in wants}

    def _rows(self, kind: str, ids: Sequence[int], bounds: Bounds) -> Mapping[int, AnyRow]:
        if kind == "activity":
            return self._client.activities(ids, bounds)
        return self._client.objects(OBJECT_KINDS[kind], ids, bounds)

    def _row(self, kind: str, object_id: int, bounds: Bounds) -> AnyRow | None:
        if kind == "activity":
            return self._client.activity(object_id, bounds)
        return self._client.object(OBJECT_KINDS[kind], object_id, bounds)

    def of_row(self, want: Want, row: AnyRow | None, read_at: datetime, bounds: Bounds) -> Snapshot:
        """An object of PM as it was read, by itself or in a list; None: absent."""
        if row is None:
            return Snapshot(want=want, read_at=read_at, is_absent=True)
        words = self.words_for(want)
        if isinstance(row, ObjectRow):
            people = self._client.people(translate.people_of(row, words), bounds)
            return translate.activity_snapshot(want, row, words, people, read_at)
        people = self._client.people(pm_objects.people_in(row, want, words), bounds)
        return pm_objects.snapshot(want, row, words, people, read_at, status=self._status(want, row, bounds))

    def _status(self, want: Want, row: pm_objects.Row, bounds: Bounds) -> str:
        """The tenant's own name of a status, in lower case; "" where none is known."""
        if want.kind in _NUMBERED:
            number = translate.integer(row.values.get(_NUMBERED[want.kind]))
            return "" if number is None else self._client.status_name(number, bounds)
        if want.kind == "commitment":
            number = translate.integer(row.values.get("commitmentStatus"))
            return "" if number is None else self._client.options.commitment_statuses.get(number, "")
        return ""

    def words_for(self, want: Want) -> FlowWords:
        """The flow's words as the wanted object has them."""
        words = self._words[want.flow]
        return words.as_role(want.role) if want.role else words.as_kind(want.kind)

    def _one(self, want: Want, read: Callable[[Want, Bounds], Snapshot], bounds: Bounds) -> Snapshot | PipelineError:
        try:
            return read(want, bounds.of_flow(_flow_of(self._alike(want))))
        except PipelineError as err:
            return err

    def _alike(self, want: Want) -> list[Want]:
        """Everything that is wanted of the same object, by whichever flow."""
        return [each for each in self._wants if (each.kind, each.object_id) == (want.kind, want.object_id)]

    # ---- one by one ------------------------------------------------------------------------------------------------

    def _by_itself(self, want: Want, bounds: Bounds) -> Snapshot:
        if want.kind == "project":
            return self._project(want, bounds)
        if want.kind == "record":
            return self._record(want, bounds)
        read = PARTS.get(want.kind)
        if read is None:
            raise PermanentError("kind_unknown", f"A {want.kind} of Aprimo cannot be read.")
        return read(self._client, want, self._words[want.flow], self._now(), bounds)

    def _record(self, want: Want, bounds: Bounds) -> Snapshot:
        """One GET per record: a page of a search shows no classifications and comes from an index that lags."""
        read_at = self._now()
        try:
            record_id = normal_id(want.object_id)
        except ValueError as err:
            raise PermanentError("id_malformed", f"{want.object_id!r} is no id of a record in Aprimo.") from err
        row = self._record_row(record_id, want, bounds)
        if row is None:
            return Snapshot(want=want, read_at=read_at, is_absent=True)
        return self.of_record(want, row, read_at, bounds)

    def of_record(self, want: Want, row: RecordRow, read_at: datetime, bounds: Bounds) -> Snapshot:
        """A record as it was read, by itself or in a search."""
        words = self.words_for(want)
        values = dam_translate.named_values(row, self._client.dam.names, bounds)
        users = dam_translate.people_in(want, row, values, words)
        people = {each: self._client.dam.user_name(each, bounds) for each in users}
        return dam_translate.record_snapshot(want, row, values, words, read_at, people=people)

    def _record_row(self, record_id: str, want: Want, bounds: Bounds) -> RecordRow | None:
        """The record with the fields of all who want it; with one's own alone where somebody's fail it."""
        each = [dam_translate.field_names(alike, self.words_for(alike)) for alike in self._alike(want)]
        of_all = tuple(dict.fromkeys(name for names in each for name in names)) if all(each) else ()
        own = dam_translate.field_names(want, self.words_for(want))
        try:
            return self._client.dam.record(record_id, bounds, field_names=of_all)
        except PermanentError:
            if own == of_all:
                raise
            return self._client.dam.record(record_id, bounds, field_names=own)

    def _project(self, want: Want, bounds: Bounds) -> Snapshot:
        """As other objects; besides `title` and `status_id`, whatever the flow calls its fields."""
        read_at = self._now()
        row = self._client.object(OBJECT_KINDS["project"], _number(want), bounds)
        read = self.of_row(want, row, read_at, bounds)
        if row is None:
            return read
        known: dict[str, JsonValue] = {
            "title": str(row.values.get("title") or ""),
            "status_id": translate.integer(row.values.get(_NUMBERED["project"])),
        }
        return replace(read, values={**read.values, **known})


def _flow_of(wants: Sequence[Want]) -> str:
    """The flow that a list or an object is read for; "" where it is read for several."""
    flows = {want.flow for want in wants}
    return flows.pop() if len(flows) == 1 else ""


def _number(want: Want) -> int:
    if not want.object_id.isdecimal():
        raise PermanentError("id_malformed", f"{want.object_id!r} is no id of a {want.kind} in Aprimo.")
    return int(want.object_id)
