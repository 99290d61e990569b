"""Cases that Aprimo did not begin: one that somebody started in OpenText, and one that a late review opens by itself.

Each gets an object in Aprimo that bears the line's key as its reference, so that it is made once whatever happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline.commands import Cause, CreateObject
from pipeline.flows import case_moves, case_parts, facts
from pipeline.flows.case_terms import Terms
from pipeline.flows.shared import follow_ups, looking, progress, showing
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import is_empty, text
from pipeline.flows.shared.writing import STATE, as_wire, ours
from pipeline.flows.tenant import FieldType, FlowWords
from pipeline.keys import split_aprimo_key
from pipeline.plan import Agreed, LinkChanges, MadeItem, Notice, Plan, ProcessRead, deliver, ignore
from pipeline.words import BusinessKey, JsonValue, Side

REFERENCE = "case"
"""The field that bears the line's key."""
_BEGAN_ELSEWHERE = ("opentext:process:", "signoff:")
_UNNAMED = "Case"


def home(case: Case) -> BusinessKey | None:
    """The line of an object that we made for another line, and whose first notice overtook that; None for its own."""
    reference = BusinessKey(text(case.item.values.get(REFERENCE)).strip() if case.item else "")
    is_made = reference.startswith(_BEGAN_ELSEWHERE) and reference != case.link.business_key
    return reference if is_made and not case.link.processes else None


def goes_home(case: Case, key: BusinessKey) -> Plan:
    """The notice belongs to the line that made the object."""
    look = follow_ups.to_item(case.words.flow, key, facts.LOOK_AGAIN, side=Side.APRIMO)
    return ignore("moved", follow_ups=(look,))


# ---- started in OpenText -------------------------------------------------------------------------------------------


def adopt(case: Case) -> Plan:
    """A case that somebody started in OpenText gets its object in Aprimo, which shows where it stands already."""
    process, live, words = case.process, case.live, case.words
    if process is None or live is None:
        return ignore(case.why_not_process)
    named = _variables(process, words)
    if not _names_item(named["about"]):
        return ignore("names_no_item", changes=LinkChanges(notices=_unclear(named["about"])))
    terms = words.terms_of(Terms)
    kind, level = terms.kind_of(process.variables.get("caseKind")), _level(process, terms)
    state = case_parts.status(case.rows) or case_parts.OPEN
    shown = {
        **named,
        "kind": kind.value if kind else "",
        case_moves.PRIORITY: level,
        case_moves.OWNER: case_moves.held_by(case.rows),
        **showing.shown(case, case.rows, revision=live.revision, phase=state.replace("_", " ")),
        "resolution": text(process.variables.get("resolutionNote")),
        "message": "Opened in OpenText",
    }
    command = _create(case, shown, state)
    number = process.variables.get(case_moves.VARIABLE)
    changes = progress.going_on(case, case.rows, state="open")
    changes = replace(
        changes,
        revision=live.revision,
        agreed={
            **_agreed(case, shown),
            **ours(
                case,
                {
                    STATE: state,
                    "submitted": True,
                    REFERENCE: case.link.business_key,
                    case_parts.URGENCY: number if isinstance(number, int) else terms.levels[terms.usual].number,
                    case_parts.ASKER: text(process.variables.get("requester")),
                },
            ),
        },
        made=_made(case, command),
        notices=case_parts.unknown_kind(case, process.variables.get("caseKind")),
    )
    look = follow_ups.to_self(case, facts.LOOK_AGAIN, side=Side.OPENTEXT)
    return deliver(command, changes=changes, follow_ups=(look,))


def _variables(process: ProcessRead, words: FlowWords) -> dict[str, JsonValue]:
    """The fields that Aprimo owns, as the start form filled them in; a user of Aprimo only where one is known."""
    given: dict[str, JsonValue] = {
        name: process.variables.get(word.variable) for name, word in words.fields.items() if word.variable
    }
    given["name"] = text(given.get("name")).strip() or _UNNAMED
    given["about"] = _about(given.get("about"), process)
    people = {name for name in given if words.fields[name].type is FieldType.USER}
    return {name: _aprimo_id(value, words) if name in people else text(value) for name, value in given.items()}


def _about(value: JsonValue, process: ProcessRead) -> str:
    """What the case concerns: what its form names, else what its business key does."""
    named = text(value).strip()
    return named or (process.business_key if _names_item(process.business_key) else "")


def _aprimo_id(user: JsonValue, words: FlowWords) -> str:
    """The id of an OpenText user in Aprimo, where the override table says it."""
    known = {opentext.casefold(): aprimo for aprimo, opentext in words.people.items() if aprimo.isdecimal()}
    return known.get(text(user).strip().casefold(), "")


def _level(process: ProcessRead, terms: Terms) -> str:
    number = process.variables.get(case_moves.VARIABLE)
    return (terms.level_at(number) if isinstance(number, int) else terms.levels[terms.usual]).value


def _names_item(value: JsonValue) -> bool:
    try:
        kind, object_id, _ = split_aprimo_key(BusinessKey(text(value).strip()))
    except ValueError:
        return False
    return bool(kind) and looking.is_id(kind, object_id)


def _unclear(named: JsonValue) -> tuple[Notice, ...]:
    """To the operators: what a case names is no item. One that names nothing has nothing to do with Aprimo."""
    if is_empty(named):
        return ()
    what = f"A case in OpenText names {text(named)!r}, which is no item of Aprimo."
    return (Notice(code="names_no_item", text=what),)


# ---- opened by a late review ---------------------------------------------------------------------------------------


def open_late(case: Case) -> Plan:
    """A review is open long after its escalation: its case is made in Aprimo, and begins as any case does."""
    if case.link.item:
        return ignore("already_open")
    terms, told = case.words.terms_of(Terms), case.event.data
    shown = {
        "name": f"Late approval: {text(told.get('title'))}, {text(told.get('item'))}",
        "description": text(told.get("what")),
        "about": text(told.get("item")),
        "kind": terms.kinds[terms.late_kind].value,
        case_moves.PRIORITY: terms.levels[terms.late_level].value,
    }
    command = _create(case, shown, case_parts.OPEN)
    changes = LinkChanges(agreed=ours(case, {REFERENCE: case.link.business_key}), made=_made(case, command))
    look = follow_ups.to_self(case, facts.LOOK_AGAIN, side=Side.APRIMO)
    return deliver(command, changes=changes, follow_ups=(look,))


# ---- what is made --------------------------------------------------------------------------------------------------


def _create(case: Case, shown: Mapping[str, JsonValue], state: str) -> CreateObject:
    words = case.words
    fields = {
        words.fields[name].wire: as_wire(words.fields[name], value, words)
        for name, value in shown.items()
        if name in words.fields and name != REFERENCE and not is_empty(value)
    }
    return CreateObject(
        object_kind=words.object_kind,
        reference_field=words.fields[REFERENCE].wire,
        reference=case.link.business_key,
        fields={**fields, words.state_wire: words.states[state]},
    )


def _made(case: Case, command: CreateObject) -> MadeItem:
    cause = Cause(event_id=case.event.id, plan_number=case.event.plan_number)
    return MadeItem(kind=command.object_kind, effect=command.effect_key(cause))


def _agreed(case: Case, shown: Mapping[str, JsonValue]) -> dict[str, Agreed]:
    return ours(case, {name: value for name, value in shown.items() if name in case.words.fields})
