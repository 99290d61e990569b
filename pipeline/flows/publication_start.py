"""Flow 6: how an approval begins: by us, when a package is ready, or by a person who starts it in OpenText."""

from __future__ import annotations

from dataclasses import replace

from pipeline.commands import Command
from pipeline.flows.publication_parts import IN_APPROVAL, PACKAGE
from pipeline.flows.shared import (
    endings,
    escalation,
    messages,
    midway,
    notes,
    packages,
    reviews,
    showing,
    starting,
    submission,
    writing,
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.packages import Part
from pipeline.flows.shared.writing import Draft, expected_state, finish, ours
from pipeline.plan import LinkChanges, Plan, ProcessRow, ReviewRow, Snapshot, ignore, refuse
from pipeline.words import JsonValue


def start(case: Case, revision: int) -> Plan:
    """A new revision: its approvers are shown the versions that are latest now."""
    item, words = case.item, case.words
    if item is None:
        return ignore("not_read")
    parts = packages.named(packages.list_in(item.values.get("records")))
    refused = _refusal(case, item, parts)
    if refused is not None:
        return refused
    command = starting.start(
        case.event,
        case.link,
        words,
        item,
        revision=revision,
        now=case.now,
        variables={"records": packages.shown_to_approvers(parts, case.snapshots, words)},
    )
    row = starting.begun(command, item_version=submission.submitted_as(words, item.values))
    rows = reviews.opening(words, submission.lists(words, item.values), revision=revision, now=case.now)
    return _begun(case, command, row=row, rows=rows)


def taken_on(case: Case, live: ProcessRow) -> Plan:
    """A person started the process: the package is in approval as well, and says what the process is about.

    One that is over already was about what its approvers saw.
    """
    item, words = case.item, case.words
    if item is None:
        return ignore("not_read")
    parts = packages.named(packages.list_in(item.values.get("records")))
    refused = _refusal(case, item, parts)
    if refused is not None:
        return refused
    told: dict[str, JsonValue] = {
        **submission.variables(submission.carried(words), item.values, words),
        "records": packages.shown_to_approvers(parts, case.snapshots, words),
    }
    row = replace(live, item_version=submission.submitted_as(words, item.values))
    return _begun(case, *midway.set_values(case, told), row=row, rows=case.rows)


def _refusal(case: Case, item: Snapshot, parts: tuple[Part, ...]) -> Plan | None:
    refused = starting.refusal(case.words, item.values)
    if refused is not None:
        return refused
    absent = packages.not_there(parts, case.snapshots, case.words)
    return refuse("value_malformed", f"No records that Aprimo shows us: {', '.join(absent)}.") if absent else None


def _begun(case: Case, *first: Command, row: ProcessRow, rows: tuple[ReviewRow, ...]) -> Plan:
    """The package is in approval: what it shows of that, and what is agreed."""
    words, revision = case.words, row.revision
    remarks, remarked = notes.remarked(case)
    changes = LinkChanges(
        state=IN_APPROVAL,
        revision=revision,
        agreed={
            **writing.agreed_fields(case, submission.carried(words)),
            **ours(case, {"submitted": True, "submitted_as": row.item_version}),
            **ours(case, {PACKAGE: None, **writing.submitted_wire(case)}),
            **remarked,
        },
        processes=(row,),
        reviews=rows,
        wake=escalation.wake(rows),
    )
    shown = {
        **showing.shown(case, rows, revision=revision, phase="in approval"),
        "case": case.link.business_key,
        "decision": "",
        "decided_on": "",
        "guard": "",
        "public_links": "",
        "message": messages.in_approval(revision),
    }
    draft = Draft(
        first=first,
        shown=shown,
        state=IN_APPROVAL,
        expects=expected_state(case),
        changes=changes,
        follow_ups=(*remarks, *endings.look_at_process(case)),
    )
    return finish(case, draft)
