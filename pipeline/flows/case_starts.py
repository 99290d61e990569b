"""How work on a case begins, for the first time or anew: its process, and what Aprimo shows from then on."""

from __future__ import annotations

from dataclasses import replace

from pipeline.flows import case_moves, case_parts
from pipeline.flows.case_endings import SUBMITTED
from pipeline.flows.case_parts import ON_HOLD, TRIAGE
from pipeline.flows.case_terms import Terms
from pipeline.flows.shared import endings, escalation, notes, starting, submission, writing
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import plain, text
from pipeline.flows.shared.writing import STATE, Draft, expected_state, finish, ours
from pipeline.keys import digest
from pipeline.plan import LinkChanges, Plan, ProcessRow, ReviewRow, ignore
from pipeline.words import JsonValue


def refused(case: Case) -> Plan | None:
    """Why no work can begin on the object as it was read; None where it can."""
    return starting.refusal(case.words, case.item.values) if case.item else ignore("not_read")


def start_again(case: Case, live: ProcessRow) -> Plan:
    """A start that may have taken effect, and is not settled: the same again is looked up, never doubled.

    One of what the case says no longer ends, and another takes its place.
    """
    if live.item_version == _started_as(case):
        return start(case, live.revision)
    return refused(case) or endings.restart(case)


def start(case: Case, revision: int) -> Plan:
    """A new revision: its process is started for the groups that its kind names, else for the triage."""
    item, words, terms = case.item, case.words, case.words.terms_of(Terms)
    if item is None:
        return ignore("not_read")
    lacking = refused(case)
    if lacking is not None:
        return lacking
    level = terms.level_of(item.values.get("priority")) or terms.levels[terms.usual]
    kind = terms.kind_of(item.values.get("kind"))
    asked = case_parts.waiting_groups(kind.groups if kind else (), words)
    variables: dict[str, JsonValue] = {
        "caseKind": kind.title if kind else text(item.values.get("kind")),
        case_moves.VARIABLE: level.number,
        "responsible": " ".join(key for key in asked if key != TRIAGE),
        "resolutionNote": "",
    }
    command = starting.start(case.event, case.link, words, item, revision=revision, now=case.now, variables=variables)
    rows = case_parts.opening(asked, words, revision=revision, now=case.now)
    state = ON_HOLD if case.state == ON_HOLD else case_parts.status(rows)
    remarks, said = case_parts.remarks(case)
    begun = _begun(case, starting.begun(command, item_version=_started_as(case)), rows, state=state)
    agreed = {**begun.agreed, **ours(case, {case_parts.URGENCY: level.number}), **said}
    draft = Draft(
        first=(command,),
        shown={
            **case_parts.shown(case, rows, revision=revision, state=state),
            "case": case.link.business_key,
            "priority": level.value,
            "resolution": "",
            "decided_on": "",
            "message": case_parts.MESSAGES.get(state, ""),
        },
        state=state,
        expects=expected_state(case),
        changes=replace(begun, agreed=agreed),
        follow_ups=(*notes.to_reviewers(case, remarks), *endings.look_at_process(case)),
    )
    return finish(case, draft)


def _begun(case: Case, process: ProcessRow, rows: tuple[ReviewRow, ...], *, state: str) -> LinkChanges:
    """What becomes true of the link: a process lives, what it was told is agreed on, and its tasks are open."""
    return LinkChanges(
        state="open",
        revision=process.revision,
        agreed={
            **writing.agreed_fields(case, submission.carried(case.words)),
            **writing.agreed_state(case),
            **ours(case, {SUBMITTED: True}),
            **(ours(case, {STATE: state}) if state != case.state else {}),
        },
        processes=(process,),
        reviews=rows,
        wake=escalation.wake(() if state == ON_HOLD else rows),
        notices=case_parts.unknown_kind(case, case.value("kind")),
    )


def _started_as(case: Case) -> str:
    """A short name of what a process is started with: equal for two starts that would tell it the same."""
    values, words = (case.item.values if case.item else {}), submission.carried(case.words)
    told = {word.name: plain(values.get(word.name), word.type) for word in words}
    return digest({**told, case_moves.PRIORITY: text(values.get(case_moves.PRIORITY))})
