"""Flow 4: a round of a market. Its process begins about one version of the master, and is followed until it ends."""

from __future__ import annotations

from dataclasses import replace

from pipeline.commands import Command, SetVariables, UpdateTask
from pipeline.flows import facts, localization_named
from pipeline.flows import localization_records as records
from pipeline.flows.localization_parts import TRANSLATION, market_of, master_id, reviewing
from pipeline.flows.localization_standing import tell, waiting_for
from pipeline.flows.localization_terms import terms_of
from pipeline.flows.shared import (
    endings,
    escalation,
    feedback,
    midway,
    notes,
    progress,
    reviews,
    starting,
    submission,
    told,
    versions,
    writing,
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import instant, text
from pipeline.flows.shared.versions import Version
from pipeline.flows.shared.writing import Draft, finish, ours
from pipeline.flows.tenant import FlowWords
from pipeline.plan import LinkChanges, Notice, Plan, ReviewRow, Snapshot, ignore
from pipeline.words import JsonValue, ReviewState

_ROUND = "translation_round"
"""Agreed: the translation task whose round has its due times."""


def start(case: Case, master: Snapshot, words: FlowWords, revision: int) -> Plan:
    """A new revision: a process begins for this market, about exactly the master's latest version."""
    version, of_master = versions.latest(master), replace(case, item=master, words=words)
    refused = starting.refusal(words, master.values, also=() if version else ("master file",))
    if refused is not None or version is None:
        return refused or ignore("not_read")
    command = starting.start(
        case.event,
        replace(case.link, item=""),
        words,
        master,
        revision=revision,
        now=case.now,
        variables=_variables(case, master, version),
    )
    rows = reviews.opening(case.words, {}, revision=revision, now=case.now)
    remarks, remarked = notes.remarked(of_master)
    news, told_now = tell(case, waiting_for(case, rows), rows, revision=revision, number=version.number)
    remembered: dict[str, JsonValue] = {
        "submitted": True,
        "submitted_as": version.id,
        versions.NUMBER: version.number,
    }
    changes = LinkChanges(
        state="in_localization",
        revision=revision,
        agreed={
            **writing.agreed_fields(of_master, submission.carried(words)),
            **ours(case, remembered),
            **remarked,
            **told_now,
        },
        processes=(starting.begun(command, item_version=version.id),),
        reviews=rows,
        wake=escalation.wake(rows),
    )
    draft = Draft(
        first=(command,),
        shown=records.marked(case, version),
        changes=changes,
        follow_ups=(*news, *remarks, *endings.look_at_process(case)),
    )
    return finish(case, draft)


def goes_on(case: Case, edited: Draft) -> Plan:
    """Nothing ends and nothing begins: steps come in, remarks and edits travel."""
    if case.live is None:
        return ignore("no_live_process")
    again = _again(case)
    escalated = escalation.Escalated(commands=(), rows=again.changes.reviews)
    if case.process is not None:
        escalated = escalation.escalate(case.process, escalated.rows, case.words, now=case.now)
    rows = escalated.rows
    news, told_now = tell(case, waiting_for(case, rows), rows, revision=case.live.revision)
    changes, kept = progress.going_on(case, rows, state="in_localization"), records.file_kept(case)
    draft = Draft(
        first=(*edited.first, *again.first, *escalated.commands),
        changes=replace(
            changes,
            agreed={
                **edited.changes.agreed,
                **again.changes.agreed,
                **localization_named.reviewed(case, rows),
                **kept.changes.agreed,
                **told_now,
            },
            notices=(*told.outcomes_unknown(case), *_unnamed(case, rows), *kept.changes.notices),
        ),
        shown=kept.shown,
        follow_ups=(*news, *edited.follow_ups),
        quiet="not_yet" if case.event.type == facts.DUE else "unchanged",
    )
    return finish(case, draft)


def edited(of_master: Case) -> Draft:
    """What changed of the master's words travels into the process, and what was remarked reaches the reviewers."""
    carried = midway.immaterial(of_master)
    remarks, remarked = notes.remarked(of_master)
    agreed = {**writing.agreed_fields(of_master, carried), **remarked}
    return Draft(
        first=midway.set_variables(of_master, carried), changes=LinkChanges(agreed=agreed), follow_ups=remarks
    )


def _variables(case: Case, master: Snapshot, version: Version) -> dict[str, JsonValue]:
    terms, market = terms_of(case.words), market_of(case.link.business_key)
    return {
        "market": market,
        "language": terms.markets[market],
        "masterRecordId": master_id(case.link.business_key),
        "masterVersionId": version.id,
        "masterVersionNumber": version.number,
        "previewLink": text(master.values.get("preview_link")),
        terms.record_variable: "",
        terms.file_variable: "",
    }


def _again(case: Case) -> Draft:
    """A translation that was sent back: its round has due times of its own, and its task says what is wanted.

    The changes hold the rows as they are then.
    """
    rows, process = case.rows, case.process
    row = reviews.latest(rows).get(TRANSLATION)
    earlier = [each for each in rows if each.stakeholder == TRANSLATION and each.state is ReviewState.DECIDED]
    is_open = row is not None and row.state is ReviewState.OPEN and bool(earlier)
    if row is None or process is None or not is_open or case.link.agreed_value(_ROUND) == row.task_id:
        return Draft(changes=LinkChanges(reviews=rows))
    task = next((each for each in process.tasks if each.task_id == row.task_id), None)
    dues = {each.due_variable: instant(case.now + each.due_in) for each in case.words.stakeholders}
    variables: dict[str, JsonValue] = {name: due for name, due in dues.items() if name}
    word = reviews.word_of(TRANSLATION, case.words)
    due = case.now + word.due_in if word else None
    wanted = feedback.collected(reviewing(rows), case.words)
    description = "\n".join(each for each in (task.description if task else "", wanted) if each)
    fields: dict[str, JsonValue] = {"description": description, **({"dueDate": instant(due)} if due else {})}
    expects: dict[str, JsonValue] = {"description": task.description if task else ""}
    commands: tuple[Command, ...] = (
        SetVariables(instance_id=process.instance_id, variables=variables),
        UpdateTask(task_id=row.task_id, fields=fields, expects=expects),
    )
    moved = tuple(replace(each, due_at=due) if each is row else each for each in rows)
    return Draft(first=commands, changes=LinkChanges(agreed=ours(case, {_ROUND: row.task_id}), reviews=moved))


def _unnamed(case: Case, rows: tuple[ReviewRow, ...]) -> tuple[Notice, ...]:
    """To the requester: the translation is done, and nobody has named what was made."""
    row = reviews.latest(rows).get(TRANSLATION)
    is_done = row is not None and row.state is ReviewState.DECIDED
    if case.process is None or not is_done or any(localization_named.named(case.process, case.words)):
        return ()
    terms = terms_of(case.words)
    what = f"The translation for {market_of(case.link.business_key)} is done, and nobody has named its record or file"
    hint = f"set {terms.record_variable} or {terms.file_variable} in the process before the last approval."
    return (Notice(code="localized_unnamed", text=f"{what}: {hint}", person=told.requester(case)),)
