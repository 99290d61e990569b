"""Who owns each mapped field, and which line writes it: one table, held in code.

For every field one system is the owner. What Aprimo owns is carried to OpenText and never written back; what OpenText
owns is shown in Aprimo, by the main line only. Of the state field the value decides: being submitted, withdrawn or a
draft is Aprimo's, the decision and what follows is OpenText's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.commands import (
    AddAnnotation,
    AddCheck,
    AddComment,
    AddToCollection,
    AddVersion,
    Command,
    CommitmentVerb,
    CreateObject,
    CreateRecord,
    CreateTask,
    OrderLinks,
    ProjectVerb,
    RemoveFromCollection,
    SetFields,
    SetRecord,
    SetVariables,
    StartProcess,
    Upload,
)
from pipeline.errors import PermanentError
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.words import Side


class Writer(StrEnum):
    """Which line of an item writes."""

    MAIN = "main"
    NOTES = "notes"


@dataclass(frozen=True, kw_only=True)
class Owned:
    """Whose a field is, and which line carries it to the other side."""

    owner: Side
    writer: Writer = Writer.MAIN


_APRIMOS = Owned(owner=Side.APRIMO)
_OPENTEXTS = Owned(owner=Side.OPENTEXT)
_REMARKS = Owned(owner=Side.APRIMO, writer=Writer.NOTES)

FIELDS: Mapping[str, Mapping[str, Owned]] = {
    "budget_exception": {
        "name": _APRIMOS,
        "amount": _APRIMOS,
        "currency": _APRIMOS,
        "owner": _APRIMOS,
        "budget": _APRIMOS,
        "planned": _APRIMOS,
        "account": _APRIMOS,
        "request": _APRIMOS,
        "reason": _APRIMOS,
        "remark": _REMARKS,
        "editor": _REMARKS,
        "case": _OPENTEXTS,
        "matrix": _OPENTEXTS,
        "decision": _OPENTEXTS,
        "decided_on": _OPENTEXTS,
        "message": _OPENTEXTS,
        "comments": _OPENTEXTS,
        "justification": _OPENTEXTS,
        "approved_amount": _OPENTEXTS,
        "approvers": _OPENTEXTS,
        "hold": _OPENTEXTS,
    },
    "campaign_brief": {
        "name": _APRIMOS,
        "description": _APRIMOS,
        "budget": _APRIMOS,
        "currency": _APRIMOS,
        "audience": _APRIMOS,
        "channels": _APRIMOS,
        "regions": _APRIMOS,
        "begin": _APRIMOS,
        "end": _APRIMOS,
        "owner": _APRIMOS,
        "project": _APRIMOS,
        "remark": _REMARKS,
        "editor": _REMARKS,
        "case": _OPENTEXTS,
        "matrix": _OPENTEXTS,
        "decision": _OPENTEXTS,
        "decided_on": _OPENTEXTS,
        "message": _OPENTEXTS,
        "comments": _OPENTEXTS,
    },
    "content_production": {
        "name": _APRIMOS,
        "brief": _APRIMOS,
        "wanted": _APRIMOS,
        "languages": _APRIMOS,
        "owner": _APRIMOS,
        "remark": _REMARKS,
        "editor": _REMARKS,
        "case": _OPENTEXTS,
        "matrix": _OPENTEXTS,
        "percent": _OPENTEXTS,
        "step": _OPENTEXTS,
        "step_owner": _OPENTEXTS,
        "next_due": _OPENTEXTS,
        "late": _OPENTEXTS,
        "assets": _OPENTEXTS,
        "produced_on": _OPENTEXTS,
        "message": _OPENTEXTS,
        "comments": _OPENTEXTS,
    },
    "asset_review": {
        "name": _APRIMOS,
        "campaign": _APRIMOS,
        "product": _APRIMOS,
        "claims": _APRIMOS,
        "owner": _APRIMOS,
        "remark": _REMARKS,
        "editor": _REMARKS,
        "case": _OPENTEXTS,
        "matrix": _OPENTEXTS,
        "open_tasks": _OPENTEXTS,
        "due": _OPENTEXTS,
        "approval": _OPENTEXTS,
        "approved_version": _OPENTEXTS,
        "approved_number": _OPENTEXTS,
        "approved_on": _OPENTEXTS,
        "approvers": _OPENTEXTS,
        "message": _OPENTEXTS,
        "comments": _OPENTEXTS,
    },
    "performance_insight": {
        "name": _APRIMOS,
        "begin": _APRIMOS,
        "end": _APRIMOS,
        "assets": _APRIMOS,
        "owner": _APRIMOS,
        "title": _APRIMOS,
        "case": _OPENTEXTS,
        "message": _OPENTEXTS,
        "summary": _OPENTEXTS,
        "period": _OPENTEXTS,
        "score": _OPENTEXTS,
        "verdict": _OPENTEXTS,
        "findings": _OPENTEXTS,
        "insight_period": _OPENTEXTS,
        "insight_on": _OPENTEXTS,
        "needs_revision": _OPENTEXTS,
        "retire_proposal": _OPENTEXTS,
        "record_status": _OPENTEXTS,
        "classifications": _OPENTEXTS,
    },
    "operational_case": {
        "name": _APRIMOS,
        "kind": _APRIMOS,
        "description": _APRIMOS,
        "about": _APRIMOS,
        "requester": _APRIMOS,
        "remark": _REMARKS,
        "editor": _REMARKS,
        "case": _OPENTEXTS,
        "priority": _OPENTEXTS,
        "owner": _OPENTEXTS,
        "matrix": _OPENTEXTS,
        "open_tasks": _OPENTEXTS,
        "resolution": _OPENTEXTS,
        "decided_on": _OPENTEXTS,
        "message": _OPENTEXTS,
        "comments": _OPENTEXTS,
    },
    "publication": {
        "name": _APRIMOS,
        "description": _APRIMOS,
        "records": _APRIMOS,
        "channels": _APRIMOS,
        "release_on": _APRIMOS,
        "owner": _APRIMOS,
        "title": _APRIMOS,
        "review": _APRIMOS,
        "approval": _APRIMOS,
        "approved_version": _APRIMOS,
        "remark": _REMARKS,
        "editor": _REMARKS,
        "case": _OPENTEXTS,
        "matrix": _OPENTEXTS,
        "decision": _OPENTEXTS,
        "decided_on": _OPENTEXTS,
        "guard": _OPENTEXTS,
        "public_links": _OPENTEXTS,
        "message": _OPENTEXTS,
        "comments": _OPENTEXTS,
        "release_state": _OPENTEXTS,
        "record_status": _OPENTEXTS,
        "classifications": _OPENTEXTS,
    },
    "localization": {
        "name": _APRIMOS,
        "markets": _APRIMOS,
        "owner": _APRIMOS,
        "remark": _REMARKS,
        "editor": _REMARKS,
        "matrix": _OPENTEXTS,
        "message": _OPENTEXTS,
        "comments": _OPENTEXTS,
        "master": _OPENTEXTS,
        "master_version": _OPENTEXTS,
        "master_number": _OPENTEXTS,
        "market": _OPENTEXTS,
        "language": _OPENTEXTS,
        "reference": _OPENTEXTS,
        "approval": _OPENTEXTS,
        "approvers": _OPENTEXTS,
        "approved_on": _OPENTEXTS,
        "older_master": _OPENTEXTS,
        "record_status": _OPENTEXTS,
        "classifications": _OPENTEXTS,
    },
}
"""Flow -> our field -> owner and writer.

A field that a tenant adds is Aprimo's; a stakeholder's state field is OpenText's.
"""

STATES: Mapping[str, Mapping[str, Side]] = {
    "budget_exception": {
        "draft": Side.APRIMO,
        "submitted": Side.APRIMO,
        "approved": Side.OPENTEXT,
        "rejected": Side.OPENTEXT,
        "cancelled": Side.APRIMO,
    },
    "campaign_brief": {
        "draft": Side.APRIMO,
        "submitted": Side.APRIMO,
        "withdrawn": Side.APRIMO,
        "in_production": Side.OPENTEXT,
        "rejected": Side.OPENTEXT,
        "changes_requested": Side.OPENTEXT,
        "cancelled": Side.OPENTEXT,
    },
    "content_production": {
        "draft": Side.APRIMO,
        "submitted": Side.APRIMO,
        "withdrawn": Side.APRIMO,
        "produced": Side.OPENTEXT,
        "cancelled": Side.OPENTEXT,
    },
    "asset_review": {
        "draft": Side.APRIMO,
        "submitted": Side.APRIMO,
        "withdrawn": Side.APRIMO,
        "approved": Side.OPENTEXT,
        "approved_older": Side.OPENTEXT,
        "changes_requested": Side.OPENTEXT,
        "rejected": Side.OPENTEXT,
        "cancelled": Side.OPENTEXT,
    },
    "performance_insight": {},
    "operational_case": {
        "open": Side.APRIMO,
        "on_hold": Side.APRIMO,
        "in_progress": Side.OPENTEXT,
        "resolved": Side.OPENTEXT,
        "reopened": Side.OPENTEXT,
        "closed": Side.OPENTEXT,
        "cancelled": Side.OPENTEXT,
    },
    "publication": {
        "draft": Side.APRIMO,
        "submitted": Side.APRIMO,
        "in_approval": Side.OPENTEXT,
        "approved": Side.OPENTEXT,
        "released": Side.OPENTEXT,
        "rejected": Side.OPENTEXT,
        "changes_requested": Side.OPENTEXT,
        "withheld": Side.OPENTEXT,
        "taken_back": Side.OPENTEXT,
        "withdrawn": Side.APRIMO,
        "cancelled": Side.OPENTEXT,
    },
    "localization": {},
}
"""Flow -> our state word -> whose value it is."""

ACTS: Mapping[str, frozenset[str]] = {
    "budget_exception": frozenset({CommitmentVerb.KIND}),
    "campaign_brief": frozenset({ProjectVerb.KIND}),
    "content_production": frozenset(),
    "asset_review": frozenset({AddCheck.KIND}),
    "performance_insight": frozenset({CreateTask.KIND}),
    "operational_case": frozenset({CreateObject.KIND}),
    "publication": frozenset({AddToCollection.KIND, RemoveFromCollection.KIND, OrderLinks.KIND}),
    "localization": frozenset({Upload.KIND, CreateRecord.KIND, AddVersion.KIND}),
}
"""Flow -> the kinds of commands that it may plan in Aprimo beside setting its own fields."""

STATUS, CLASSIFICATIONS = "record_status", "classifications"
"""What a record has beside its fields: a flow that sets one names it among its fields, as OpenText's."""

FILED: Mapping[str, frozenset[str]] = {
    "performance_insight": frozenset({CLASSIFICATIONS}),
    "localization": frozenset({CLASSIFICATIONS, STATUS}),
}
"""Flow -> what of them is agreed on with what its records show, so that a hand edit of it has a policy."""

GIVEN_BACK = frozenset({"draft", "submitted", "open"})
"""Aprimo's values that we write all the same: what was edited goes back to draft, a hand edit back to submitted."""

BY_VERB = frozenset({"commitment"})
"""Kinds of objects whose state only verbs change: it is never put back by a write."""


class OwnershipError(PermanentError):
    """A plan would write what the other side, or another line, owns: an error in our code, never sent."""

    def __init__(self, hint: str) -> None:
        super().__init__("owned_by_other", hint)


def owned(words: FlowWords, name: str) -> Owned:
    """Owner and writer of a field of a flow."""
    if any(each.state_field == name for each in words.stakeholders):
        return _OPENTEXTS
    return FIELDS[words.flow].get(name, _APRIMOS)


def names_of(words: FlowWords, owner: Side) -> tuple[str, ...]:
    """The tenant's fields that a side owns, in the order of its file."""
    return tuple(name for name in words.fields if owned(words, name).owner is owner)


def state_owner(words: FlowWords, state: str) -> Side | None:
    """Whose value a state word is; None for a word the flow does not know."""
    return STATES[words.flow].get(state)


def may_write_state(words: FlowWords, state: str) -> bool:
    """Whether we may put the item into this state."""
    return state_owner(words, state) is Side.OPENTEXT or state in GIVEN_BACK


def check(commands: Iterable[Command], words: FlowWords, *, writer: Writer) -> None:
    """Raise OwnershipError when a command of this line writes what is not its own."""
    for command in commands:
        _check_line(command, writer)
        _check_act(command, words)
        match command:
            case SetFields(object_kind=kind, fields=fields):
                _check_fields(fields, views(words, kind))
            case SetRecord(fields=fields):
                _check_fields(fields, views(words, RECORD))
                _check_record(command, words)
            case CreateObject(object_kind=kind, fields=fields):
                _check_first(fields, views(words, kind))
            case CreateRecord(fields=fields):
                _check_first(fields, views(words, RECORD))
            case SetVariables(variables=variables) | StartProcess(variables=variables):
                _check_variables(variables, words)


def views(words: FlowWords, kind: str) -> list[FlowWords]:
    """The words of every object of a kind that the flow works on."""
    every = [words, *(words.as_role(role) for role in words.also)]
    return [view for view in every if view.object_kind == kind]


def _check_line(command: Command, writer: Writer) -> None:
    """Remarks go out on the notes line, everything else on the main one; a check may be either's."""
    is_remark = isinstance(command, AddComment | AddAnnotation)
    is_either = isinstance(command, AddCheck)
    if not is_either and is_remark is not (writer is Writer.NOTES):
        raise OwnershipError(f"{command.KIND} is not written by the {writer} line")


def _check_act(command: Command, words: FlowWords) -> None:
    is_fields = isinstance(command, SetFields | SetRecord)
    if command.SIDE is Side.APRIMO and not is_fields and command.KIND not in ACTS[words.flow]:
        raise OwnershipError(f"{command.KIND} is nothing that {words.flow} does in Aprimo")


def _check_fields(fields: Mapping[str, object], views: Iterable[FlowWords]) -> None:
    by_wire = {word.wire: (view, name) for view in views for name, word in view.fields.items()}
    states = {view.state_wire: view for view in views if view.state_wire}
    for wire, value in fields.items():
        if wire in states:
            if not may_write_state(states[wire], states[wire].state_word(value)):
                raise OwnershipError(f"the state {value} belongs to Aprimo")
        elif wire not in by_wire or owned(*by_wire[wire]).owner is not Side.OPENTEXT:
            raise OwnershipError(f"{by_wire[wire][1] if wire in by_wire else wire} is not ours to write in Aprimo")


def _check_first(fields: Mapping[str, object], views: Iterable[FlowWords]) -> None:
    """What we make has our values in all the fields that the flow knows of it, whoever owns them from then on."""
    known = {wire for view in views for wire in view.wire_names()}
    for wire in fields.keys() - known:
        raise OwnershipError(f"{wire} is no field that the flow knows")


def _check_record(command: SetRecord, words: FlowWords) -> None:
    classified = command.add_classifications or command.remove_classifications
    for name in [*([STATUS] if command.status else []), *([CLASSIFICATIONS] if classified else [])]:
        if FIELDS[words.flow].get(name) != _OPENTEXTS:
            raise OwnershipError(f"{name} is not ours to write in Aprimo")


def _check_variables(variables: Mapping[str, object], words: FlowWords) -> None:
    by_variable = {word.variable: name for name, word in words.fields.items() if word.variable}
    for name in variables.keys() & by_variable.keys():
        if owned(words, by_variable[name]).owner is not Side.APRIMO:
            raise OwnershipError(f"{by_variable[name]} is not Aprimo's, so it is no process variable")
