"""From what Aprimo ought to show to the one write that makes it so, and to the plan that holds it.

News of OpenText's is written. A difference nobody planned is a hand edit on the wrong side: the flow's policy for
that field puts it back, proposes to, or leaves it. How often it is put back, `loops` decides for every flow alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline import ownership
from pipeline.commands import Command, SetFields, SetRecord, SetVariables
from pipeline.flows.policies import STRICTEST, cause_of_edit, policy_of
from pipeline.flows.shared import filing
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.filing import UNFILED, Filing
from pipeline.flows.shared.values import same, text
from pipeline.flows.tenant import RECORD, FieldType, FieldWord, FlowWords, Policy
from pipeline.keys import aprimo_key, split_aprimo_key
from pipeline.people import label
from pipeline.plan import (
    Agreed,
    FollowUp,
    FoundDifference,
    Hold,
    Link,
    LinkChanges,
    Notice,
    Plan,
    Verdict,
    ignore,
)
from pipeline.words import Decision, JsonValue, Side, Urgency

BY_US = "signoff"
STATE = "state"
SUBMITTED = "submitted"
SUBMITTED_WIRE = "submitted_wire"
"""Agreed: the material fields as Aprimo rendered them when they were submitted."""
_NO_APPROVAL = frozenset(Decision) - {Decision.APPROVED}


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a flow wants done, before it is compared with what is there.

    shown: what fields of OpenText's are to hold; state: our word for the state to write, "" to leave it. strays:
    states of Aprimo's that mean nothing here, so that one is a hand edit like one of OpenText's. filing: what changes
    of a record besides. first and last: commands before and after the write. expects: what must still hold when the
    write leaves. quiet: why nothing is done, where it turns out that nothing is.
    """

    first: tuple[Command, ...] = ()
    last: tuple[Command, ...] = ()
    shown: Mapping[str, JsonValue] = field(default_factory=dict)
    state: str = ""
    strays: frozenset[str] = frozenset()
    filing: Filing = UNFILED
    expects: Mapping[str, JsonValue] = field(default_factory=dict)
    changes: LinkChanges = field(default_factory=LinkChanges)
    follow_ups: tuple[FollowUp, ...] = ()
    urgency: Urgency = Urgency.BULK
    quiet: str = "unchanged"


@dataclass(kw_only=True)
class _Write:
    """One write in the making: wire names to values, and what is remembered of it."""

    fields: dict[str, JsonValue] = field(default_factory=dict)
    agreed: dict[str, Agreed] = field(default_factory=dict)
    differences: list[FoundDifference] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    expects: dict[str, JsonValue] = field(default_factory=dict)
    filing: Filing = UNFILED


def finish(case: Case, draft: Draft) -> Plan:
    """The plan: commands in order with at most one write of each side, changes, and why where nothing is sent."""
    write = _write(case, draft)
    commands = _joined((*draft.first, *_set_fields(case, write, draft), *draft.last))
    changes = _merged(case, draft.changes, write)
    if not commands:
        reason = "hand_edit_kept" if write.notices else draft.quiet
        return ignore(reason, changes=changes, follow_ups=draft.follow_ups)
    return Plan(
        verdict=Verdict.DELIVER,
        commands=commands,
        changes=changes,
        follow_ups=draft.follow_ups,
        holds=status_holds(commands),
        urgency=draft.urgency,
    )


def _joined(commands: Sequence[Command]) -> tuple[Command, ...]:
    """The commands with all variables of a process in the first of those that set some."""
    every: dict[str, SetVariables] = {}
    for each in commands:
        if isinstance(each, SetVariables):
            before = every.get(each.target(), each)
            every[each.target()] = replace(
                before,
                variables={**before.variables, **each.variables},
                expects={**before.expects, **each.expects},
            )
    kept = (each if not isinstance(each, SetVariables) else every.pop(each.target(), None) for each in commands)
    return tuple(each for each in kept if each is not None)


def status_holds(commands: Iterable[Command]) -> tuple[Hold, ...]:
    """Nobody else changes the status of these records meanwhile: several flows release, take back and archive."""
    records = [each.record_id for each in commands if isinstance(each, SetRecord) and each.status]
    return tuple(Hold(object=aprimo_key(RECORD, each), field_set="status") for each in records)


def expected_state(case: Case) -> dict[str, JsonValue]:
    """That the item's state is still what was read of it, or else what both systems last agreed on."""
    if case.item is not None:
        return {case.words.state_wire: case.item.values.get("state_id")}
    agreed = str(case.link.agreed_value(STATE) or "submitted")
    return {case.words.state_wire: case.words.states[agreed]}


def expected_content(case: Case) -> dict[str, JsonValue]:
    """That what was approved is what is there when the write leaves: every material field, as Aprimo renders it.

    As it was read for this plan, else as it was when it was submitted. A write that waits for its turn, or for a
    vendor that is away, is held to it as well: an edit in the meantime makes it stale, and is seen.
    """
    known = case.item.wire if case.item is not None else case.link.agreed_value(SUBMITTED_WIRE)
    wire = known if isinstance(known, Mapping) else {}
    return {
        word.wire: wire[word.wire] for word in case.words.fields.values() if word.is_material and word.wire in wire
    }


def submitted_wire(case: Case) -> dict[str, JsonValue]:
    """The material fields as Aprimo renders them now, to be remembered with what is submitted."""
    return {SUBMITTED_WIRE: expected_content(case)}


def ours(case: Case, values: Mapping[str, JsonValue]) -> dict[str, Agreed]:
    """Agreed values that we write or keep for ourselves."""
    return {
        name: Agreed(value=value, owner=Side.OPENTEXT, written_by=BY_US, at=case.now)
        for name, value in values.items()
        if name not in case.link.agreed or case.link.agreed_value(name) != value
    }


def agreed_fields(case: Case, fields: Sequence[FieldWord]) -> dict[str, Agreed]:
    """Agreed values of Aprimo's, as they were just read."""
    return {word.name: _theirs(case, case.item.values.get(word.name)) for word in fields} if case.item else {}


def agreed_state(case: Case) -> dict[str, Agreed]:
    """The state that Aprimo put the item into."""
    return {STATE: _theirs(case, case.state)}


def agreed_start(case: Case) -> dict[str, Agreed]:
    """The state that a start is made for.

    A start that is finished later may find the item where only OpenText puts it: nobody there has said so, so that
    was a hand, and it is never what both systems agreed on.
    """
    is_by_hand = ownership.state_owner(case.words, case.state) is Side.OPENTEXT
    return {STATE: _theirs(case, SUBMITTED if is_by_hand else case.state)}


def _theirs(case: Case, value: JsonValue) -> Agreed:
    by = label(case.value("editor")) or Side.APRIMO.value
    return Agreed(value=value, owner=Side.APRIMO, written_by=by, at=case.now)


def _write(case: Case, draft: Draft) -> _Write:
    write = _Write()
    for name in ownership.names_of(case.words, Side.OPENTEXT):
        _field(case, draft, name, write)
    _state(case, draft, write)
    _filing(case, draft, write)
    write.agreed |= ours(case, {name: value for name, value in draft.shown.items() if name in case.words.fields})
    return write


def _field(case: Case, draft: Draft, name: str, write: _Write) -> None:
    is_known = name in case.link.agreed
    if name not in draft.shown and not is_known:
        return
    word = case.words.fields[name]
    agreed = case.link.agreed_value(name)
    wanted = draft.shown.get(name, agreed)
    current = case.item.values.get(name) if case.item else agreed
    if same(current, wanted, word.type):
        return
    is_news = not is_known or not same(wanted, agreed, word.type)
    if is_news or _is_put_back(case, name, wanted, current, write):
        write.fields[word.wire] = as_wire(word, wanted, case.words)


def _state(case: Case, draft: Draft, write: _Write) -> None:
    words, agreed = case.words, _agreed_state(case, draft)
    if draft.state:
        write.agreed |= ours(case, {STATE: draft.state})
        if case.state != draft.state:
            write.fields[words.state_wire] = words.states[draft.state]
    elif _is_state_edited(case, draft, agreed) and _is_put_back(case, STATE, agreed, case.state, write):
        write.fields[words.state_wire] = words.states[agreed]
        write.expects |= approved_content(case.link, agreed, words)


def _filing(case: Case, draft: Draft, write: _Write) -> None:
    """The record is filed as both agreed, where the plan brings no news of that. A status is one of a file."""
    for name, kind in filing.KINDS.items():
        agreed = case.link.agreed_value(name)
        current = filing.shown(case.item, name, agreed, case.words)
        is_news = name in draft.changes.agreed or draft.filing.changes(name)
        if current is None or is_news or filing.is_of_another(case.item, name, case.link):
            continue
        if same(current, agreed, kind):
            continue
        if _is_put_back(case, name, agreed, current, write):
            write.filing = write.filing.beside(filing.towards(name, current, agreed))
            write.expects |= filing.expected(case.item, name)


def _agreed_state(case: Case, draft: Draft) -> str:
    """What both systems agree on once this plan is done: a start begins anew, whatever was decided before it."""
    new = draft.changes.agreed.get(STATE)
    return text(new.value if new else case.link.agreed_value(STATE))


def _is_state_edited(case: Case, draft: Draft, agreed: str) -> bool:
    """Whether somebody put the item by hand into a state that OpenText says, or back to where its process began."""
    is_said_there = ownership.state_owner(case.words, case.state) is Side.OPENTEXT or case.state in draft.strays
    is_begun_again = (
        case.live is not None
        and case.state in ownership.GIVEN_BACK
        and ownership.state_owner(case.words, agreed) is Side.OPENTEXT
    )
    return bool(agreed) and (is_said_there or is_begun_again) and case.state != agreed


def _is_put_back(case: Case, name: str, ours_: JsonValue, theirs: JsonValue, write: _Write) -> bool:
    """Whether a hand edit is overwritten now; where not, what a person is told of it."""
    cause = cause_of_edit(case.value("editor"), case.words.automations)
    policy = policy_of(case.words, name, cause)
    can_write = name != STATE or ownership.may_write_state(case.words, str(ours_))
    what = f"The field {name.replace('_', ' ')} was edited in Aprimo, but OpenText owns it."
    if name == STATE and not _shows_what_was_approved(case, text(ours_)):
        policy = max(policy, Policy.PROPOSE, key=STRICTEST.index)
        what += " What was approved has changed since, so the approval is not put back."
    if policy is Policy.AUTOMATIC and can_write:
        return True
    write.notices.append(Notice(code=f"edited_on_wrong_side:{name}", text=what))
    if policy is not Policy.NEVER:
        write.differences.append(FoundDifference(field=name, ours=ours_, theirs=theirs, cause=cause, policy=policy))
    return False


def approved_content(link: Link, state: str, words: FlowWords) -> dict[str, JsonValue]:
    """The material fields, as Aprimo rendered them when they were submitted, of what an approval put into a state.

    Nothing where the state is no approval's, in whatever word the flow has for one: what else was decided holds for
    any content.
    """
    newest = link.processes[-1] if link.processes else None
    is_approval = newest is not None and newest.outcome not in _NO_APPROVAL
    known = link.agreed_value(SUBMITTED_WIRE)
    if not is_approval or ownership.state_owner(words, state) is not Side.OPENTEXT:
        return {}
    return dict(known) if isinstance(known, Mapping) else {}


def _shows_what_was_approved(case: Case, state: str) -> bool:
    """Whether an approval that is put back meets the content that it was given for."""
    approved = approved_content(case.link, state, case.words)
    return case.item is None or all(case.item.wire.get(name) == value for name, value in approved.items())


def _set_fields(case: Case, write: _Write, draft: Draft) -> Sequence[Command]:
    every = draft.filing.beside(write.filing)
    if not write.fields and every == UNFILED:
        return ()
    kind, object_id, _ = split_aprimo_key(case.link.item_key)
    made = set_fields(kind, object_id, write.fields, {**draft.expects, **write.expects})
    return (filing.of(made, every) if isinstance(made, SetRecord) else made,)


def set_fields(
    kind: str, object_id: str, fields: Mapping[str, JsonValue], expects: Mapping[str, JsonValue]
) -> SetFields | SetRecord:
    """The one write of an object, wherever it lives: by wire names in PM, by the fields' names in the DAM."""
    if kind == RECORD:
        return SetRecord(record_id=object_id, fields=dict(fields), expects=dict(expects))
    return SetFields(object_kind=kind, object_id=int(object_id), fields=dict(fields), expects=dict(expects))


def as_wire(word: FieldWord, value: JsonValue, words: FlowWords) -> JsonValue:
    """A value as it is written: a list stays one in the DAM, and is one text in PM."""
    if isinstance(value, list) and (words.object_kind != RECORD or word.type is not FieldType.LIST):
        return f"{word.separator} ".join(text(item) for item in value)
    return value


def _merged(case: Case, changes: LinkChanges, write: _Write) -> LinkChanges:
    seen = dict(changes.seen)
    if case.item is not None and case.item.version and case.link.seen.get(Side.APRIMO) != case.item.version:
        seen[Side.APRIMO.value] = case.item.version
    return replace(
        changes,
        agreed={**write.agreed, **changes.agreed},
        seen=seen,
        notices=(*changes.notices, *write.notices),
        differences=(*changes.differences, *write.differences),
    )
