"""Flow 4, a market's line: its process is begun, ended and followed, and what it approves is published.

Whatever told it, the line reads the master, and what is read decides: whether the market is still listed, and which
version is there. It never writes the master.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.commands import Command, SetVariables, UpdateTask
from pipeline.events import Event
from pipeline.flows import facts, localization_parts
from pipeline.flows import localization_publishing as publishing
from pipeline.flows.localization_parts import (
    ADDED,
    EDITED,
    GONE,
    REMOVED,
    REPLACED,
    TOLD,
    TRANSLATION,
    has_record,
    market_of,
    master_id,
    reviewing,
    tell,
    tell_changed,
    terms_of,
    waiting_for,
    want_master,
)
from pipeline.flows.shared import (
    endings,
    escalation,
    feedback,
    follow_ups,
    looking,
    messages,
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
from pipeline.flows.shared.writing import Draft, Filing, finish, ours
from pipeline.flows.tenant import FlowWords
from pipeline.plan import (
    Agreed,
    FollowUp,
    LinkChanges,
    Notice,
    Plan,
    ProcessRead,
    ProcessRow,
    ReviewRow,
    Snapshot,
    Verdict,
    ignore,
    refuse,
)
from pipeline.words import BusinessKey, Decision, EndedBy, JsonValue, ProcessState, ReviewState, Side, Urgency

_LOOKS_AT_MASTER = frozenset({ADDED, REMOVED, REPLACED, EDITED, facts.RESTART})
_ROUND = "translation_round"
"""Agreed: the translation task whose round has its due times."""

_Rows = tuple[ReviewRow, ...]


def looks_at_master(event: Event) -> bool:
    """Whether an event of a market's line is about its master."""
    is_again = event.type == facts.LOOK_AGAIN and event.side is Side.APRIMO
    return event.type in _LOOKS_AT_MASTER or is_again


def is_of_record(event: Event) -> bool:
    """Whether Aprimo told of the market's own record."""
    return event.side is Side.APRIMO and not event.type.startswith("signoff.")


def plan(case: Case, words: FlowWords) -> Plan:
    """What was read of the market, its master or its record says which situation this is. words: of its master."""
    if case.older is not None or (case.why_not_process == looking.GONE and case.live is not None):
        return _without_process(case)
    master = case.snapshots.get(want_master(case.event, words))
    if master is not None:
        return _by_master(case, master, words)
    if is_of_record(case.event):
        return _by_record(case)
    return ignore(case.why_not_process) if case.process is None else _goes_on(case, Draft())


# ---- situations --------------------------------------------------------------------------------------------------


def _without_process(case: Case) -> Plan:
    """The process that was read is not the one that lives: what was said in it until we ended it is still shown."""
    made = endings.without_reading(replace(case, item=None, why_not_item="not_read"))
    if made is None:
        return ignore(case.why_not_process)
    known = {(row.stakeholder, row.task_id): row for row in (*case.link.reviews, *made.changes.reviews)}
    rows = tuple(row for row in known.values() if row.revision == case.link.revision)
    standing = case.link.agreed_value(TOLD)
    if case.live is not None or not made.changes.reviews or not isinstance(standing, dict):
        return made
    facts_, agreed = tell(case, text(standing.get("state")), rows, revision=case.link.revision)
    changes = replace(made.changes, agreed={**made.changes.agreed, **agreed})
    return replace(made, changes=changes, follow_ups=(*made.follow_ups, *facts_))


def _by_master(case: Case, master: Snapshot, words: FlowWords) -> Plan:
    """The master was read, with the process where one lives: what ended comes first, then whether it goes on."""
    if case.is_own_end:
        return endings.own_end(case)
    if case.is_process_over:
        made = _decided(case)
        return replace(made, follow_ups=_each_once(*made.follow_ups, _look_at_master(case)))
    why = _why_not_here(case, master, words)
    if not why:
        return _distributed(case, master, words)
    if master.is_absent and case.event.type != REMOVED and case.live is not None:
        return refuse("item_hidden_or_deleted", f"Aprimo shows no master of {case.link.business_key} any more.")
    return _removed(case, why)


def _distributed(case: Case, master: Snapshot, words: FlowWords) -> Plan:
    """The master is distributed here: a process begins or begins again, goes on, or has been over for long."""
    live, version, of_master = case.live, versions.latest(master), replace(case, item=master, words=words)
    if live is None:
        revision = starting.next_revision(case.link)
        return _start(case, master, words, revision) if _is_new(case) else _over(case, version)
    is_same = (version is None or version.id == live.item_version) and not midway.material(of_master)
    if live.state is ProcessState.STARTING and is_same:
        return _start(case, master, words, live.revision)
    if not is_same or facts.is_restart_asked(case.event):
        return _superseded(case)
    return _goes_on(case, _edited(of_master))


def _why_not_here(case: Case, master: Snapshot, words: FlowWords) -> str:
    market = market_of(case.link.business_key)
    if master.is_absent:
        return "The master was deleted in Aprimo"
    if words.type_ids and master.values.get("type_id") not in words.type_ids:
        return "The record is no master any more"
    is_listed = market in localization_parts.listed(master, words) and market in terms_of(words).markets
    return "" if is_listed else f"Not distributed to {market} any more"


def _is_new(case: Case) -> bool:
    """Whether the market was not distributed to when both systems last agreed, or somebody wants it again."""
    return case.event.type == facts.RESTART or case.link.agreed_value("submitted") is not True


def _start(case: Case, master: Snapshot, words: FlowWords, revision: int) -> Plan:
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
        shown=_marked(case, version),
        changes=changes,
        follow_ups=(*news, *remarks, *endings.look_at_process(case)),
    )
    return finish(case, draft)


def _goes_on(case: Case, edited: Draft) -> Plan:
    """Nothing ends and nothing begins: steps come in, remarks and edits travel, hand edits are put right."""
    if case.is_own_end:
        return endings.own_end(case)
    if case.is_process_over:
        return _decided(case)
    if case.live is None:
        return finish(case, Draft())
    again = _again(case)
    escalated = escalation.Escalated(commands=(), rows=again.changes.reviews)
    if case.process is not None:
        escalated = escalation.escalate(case.process, escalated.rows, case.words, now=case.now)
    rows = escalated.rows
    news, told_now = tell(case, waiting_for(case, rows), rows, revision=case.live.revision)
    changes = progress.going_on(case, rows, state="in_localization")
    draft = Draft(
        first=(*edited.first, *again.first, *escalated.commands),
        changes=replace(
            changes,
            agreed={
                **edited.changes.agreed,
                **again.changes.agreed,
                **publishing.reviewed(case, rows),
                **told_now,
            },
            notices=(*told.outcomes_unknown(case), *_unnamed(case, rows)),
        ),
        follow_ups=(*news, *edited.follow_ups),
        quiet="not_yet" if case.event.type == facts.DUE else "unchanged",
    )
    return finish(case, draft)


def _decided(case: Case) -> Plan:
    """The process has ended by itself or by others: an approval is published, anything else publishes nothing."""
    process, live = case.process, case.live
    if process is None or live is None or process.ended_at is None:
        return ignore("no_live_process")
    required = reviews.required_keys(case.rows, process, case.words) - {TRANSLATION}
    decision = Decision.CANCELLED if process.delete_reason else reviews.decide(reviewing(case.rows), required)
    # Asking for changes ends no process of this model: whoever decided after that is not in the history yet.
    is_late = decision is Decision.CHANGES_REQUESTED and endings.is_just_over(case)
    if is_late or endings.is_history_late(case, required | {TRANSLATION}):
        return ignore("not_yet", changes=LinkChanges(wake=endings.soon(case)))
    rows = reviews.closed(case.rows, ReviewState.NOT_NEEDED)
    if decision is Decision.APPROVED:
        return _approved(case, live, process, rows)
    is_unclear = decision is Decision.CHANGES_REQUESTED
    return _refused(case, live, process, rows, Decision.UNKNOWN if is_unclear else decision)


def _approved(case: Case, live: ProcessRow, process: ProcessRead, rows: _Rows) -> Plan:
    """Approved: published as the market's record, or told why that cannot be."""
    made = publishing.publish(case, live, process, rows)
    approved = messages.decided(Decision.APPROVED, live.revision, rows, case.words, why="")
    message = f"{approved}. {made.trouble}" if made.trouble else approved
    more: dict[str, JsonValue] = {"message": message}
    if made.item is not None:
        more["record"] = master_id(made.item)
    state = "approved, not published" if made.trouble else "approved"
    news, told_now = tell(case, state, rows, revision=live.revision, by=_last_word(rows), at=process.ended_at, **more)
    changes = replace(
        progress.over(case, rows, by=EndedBy.THEM, outcome=Decision.APPROVED, state="approved"),
        agreed={**made.agreed, **told_now},
        item=made.item,
        made=made.made,
        notices=(*_not_published(case, made.trouble), *told.outcomes_unknown(case)),
    )
    # The id of what is made is known only once it is there: the next look tells it to the master's line.
    follow_ups_ = (*news, *([_look_at_master(case)] if made.made else []))
    if not made.commands:
        return ignore("not_published", changes=changes, follow_ups=follow_ups_)
    return Plan(
        verdict=Verdict.DELIVER,
        commands=made.commands,
        changes=changes,
        follow_ups=follow_ups_,
        urgency=Urgency.EXPRESS,
    )


def _refused(case: Case, live: ProcessRow, process: ProcessRead, rows: _Rows, decision: Decision) -> Plan:
    """Rejected, cancelled or not clear: nothing is published; what was approved of the same version is taken back."""
    message = messages.decided(decision, live.revision, reviewing(rows), case.words, why=process.delete_reason)
    state = "outcome not clear" if decision is Decision.UNKNOWN else decision.value
    is_taken_back = (
        decision is Decision.REJECTED
        and has_record(case.link)
        and case.link.agreed_value(publishing.PUBLISHED) == live.item_version
    )
    news, told_now = tell(
        case, state, rows, revision=live.revision, by=_last_word(rows), at=process.ended_at, message=message
    )
    draft = Draft(
        shown={
            **publishing.shown(case, rows, revision=live.revision, phase=state),
            "message": message,
            **({"approval": terms_of(case.words).approval["rejected"]} if is_taken_back else {}),
        },
        filing=Filing(status=publishing.TAKEN_BACK) if is_taken_back else Filing(),
        changes=replace(
            progress.over(case, rows, by=EndedBy.THEM, outcome=decision, state=decision),
            agreed={**told_now, **(ours(case, {publishing.PUBLISHED: ""}) if is_taken_back else {})},
            notices=(*told.decided(case, decision, message), *told.outcomes_unknown(case)),
        ),
        follow_ups=news,
        urgency=Urgency.EXPRESS,
        quiet="nothing_published",
    )
    return finish(case, draft)


def _superseded(case: Case) -> Plan:
    """The master has another version, or somebody wants it: the process ends, then a fact of ours begins the next."""
    made = endings.restart(case)
    rows = reviews.closed(case.rows, ReviewState.WITHDRAWN)
    revision = case.live.revision if case.live else case.link.revision
    news, told_now = tell(case, "beginning again", rows, revision=revision)
    return replace(
        made,
        changes=replace(made.changes, agreed={**made.changes.agreed, **told_now}),
        follow_ups=(*made.follow_ups, *endings.hear_last_words(case), *news),
        urgency=Urgency.EXPRESS,
    )


def _removed(case: Case, why: str) -> Plan:
    """The market is not on the master's list: a live process ends; what was published stays, and is told of."""
    is_known = case.link.agreed_value("submitted") is True or case.live is not None
    if not is_known:
        return ignore("not_distributed")
    agreed = ours(case, {"submitted": False})
    if case.live is None:
        news, told_now = tell_changed(case, {"state": "not distributed any more", "message": why})
        return ignore("not_distributed", changes=LinkChanges(agreed={**agreed, **told_now}), follow_ups=news)
    rows = reviews.closed(case.rows, ReviewState.WITHDRAWN)
    message = f"{why}: the localization of revision {case.live.revision} was ended"
    news, told_now = tell(case, "withdrawn", rows, revision=case.live.revision, message=message)
    revision = case.live.revision
    changes = progress.over(case, rows, by=EndedBy.US, outcome="withdrawn", state="withdrawn")
    draft = Draft(
        first=progress.end_commands(case, why),
        changes=replace(
            changes,
            agreed={**agreed, **told_now},
            revision=revision if revision != case.link.revision else None,
        ),
        follow_ups=(*endings.hear_last_words(case), *news),
        urgency=Urgency.EXPRESS,
        quiet="not_distributed",
    )
    return finish(case, draft)


def _over(case: Case, version: Version | None) -> Plan:
    """The market has its answer: once the master has another version, that is marked as of an older one."""
    about = text(case.link.agreed_value("submitted_as"))
    is_older = version is not None and version.id != about
    record = master_id(BusinessKey(case.link.item)) if has_record(case.link) else ""
    news, told_now = tell_changed(case, {"older": is_older, "record": record})
    draft = Draft(
        shown={**_marked(case, version), **_file_kept(case)[0]},
        changes=LinkChanges(agreed={**told_now, **_file_kept(case)[1]}, notices=_file_kept(case)[2]),
        follow_ups=news,
        quiet="decided_already",
    )
    return finish(case, draft)


def _by_record(case: Case) -> Plan:
    """Aprimo told of the market's record: hand edits are put right, another file is not what was approved."""
    if case.why_not_item != looking.GONE:
        if case.item is None:
            return ignore(case.why_not_item)
        shown, agreed, notices = _file_kept(case)
        return finish(case, Draft(shown=shown, changes=LinkChanges(agreed=agreed, notices=notices)))
    if not facts.is_deleted(case.event):
        hidden = Notice(code="record_hidden", text=f"Aprimo does not show us {case.link.item} any more.")
        return ignore(looking.GONE, changes=LinkChanges(notices=(hidden,)))
    message = f"The published record was deleted in Aprimo: {case.link.item}"
    news, told_now = tell_changed(case, {"record": "", "message": message})
    lost = Notice(code="record_deleted", text=message, person=told.requester(case))
    agreed = {**ours(case, {GONE: True, publishing.PUBLISHED: ""}), **told_now}
    return ignore(looking.GONE, changes=LinkChanges(agreed=agreed, notices=(lost,)), follow_ups=news)


# ---- parts of plans ----------------------------------------------------------------------------------------------


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


def _edited(of_master: Case) -> Draft:
    """What changed of the master's words travels into the process, and what was remarked reaches the reviewers."""
    carried = midway.immaterial(of_master)
    remarks, remarked = notes.remarked(of_master)
    agreed = {**writing.agreed_fields(of_master, carried), **remarked}
    return Draft(
        first=midway.set_variables(of_master, carried), changes=LinkChanges(agreed=agreed), follow_ups=remarks
    )


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


def _marked(case: Case, version: Version | None) -> dict[str, JsonValue]:
    """What the market's record shows once it is based on an older master."""
    published = text(case.link.agreed_value(publishing.PUBLISHED))
    if version is None or not has_record(case.link) or published in {"", version.id}:
        return {}
    message = f"Based on an older master: its version {version.number} was not localized"
    return {"older_master": terms_of(case.words).older, "message": message}


def _file_kept(case: Case) -> tuple[dict[str, JsonValue], dict[str, Agreed], tuple[Notice, ...]]:
    """Whether the record's file is the one that was approved: what it shows, what is remembered, who is told."""
    known, latest = text(case.link.agreed_value(publishing.FILE)), versions.latest_id(case.item)
    if not latest or known == latest or not case.link.agreed_value(publishing.PUBLISHED):
        return {}, {}, ()
    if not known:
        return {}, ours(case, {publishing.FILE: latest}), ()
    message = "The file was changed after the approval: what was approved is an older version of it"
    approval = terms_of(case.words).approval["approved_older"]
    return {"approval": approval, "message": message}, {}, told.of_older(case, message)


def _unnamed(case: Case, rows: _Rows) -> tuple[Notice, ...]:
    """To the requester: the translation is done, and nobody has named what was made."""
    row = reviews.latest(rows).get(TRANSLATION)
    is_done = row is not None and row.state is ReviewState.DECIDED
    if case.process is None or not is_done or any(publishing.named(case.process, case.words)):
        return ()
    terms = terms_of(case.words)
    what = f"The translation for {market_of(case.link.business_key)} is done, and nobody has named its record or file"
    hint = f"set {terms.record_variable} or {terms.file_variable} in the process before the last approval."
    return (Notice(code="localized_unnamed", text=f"{what}: {hint}", person=told.requester(case)),)


def _not_published(case: Case, trouble: str) -> tuple[Notice, ...]:
    return (Notice(code="not_published", text=trouble, person=told.requester(case)),) if trouble else ()


def _last_word(rows: _Rows) -> str:
    """Who decided last."""
    decided = [row for row in reviewing(rows) if row.state is ReviewState.DECIDED and row.at]
    return max(decided, key=lambda row: (row.at, row.task_id)).by if decided else ""


def _look_at_master(case: Case) -> FollowUp:
    return follow_ups.to_self(case, facts.LOOK_AGAIN, side=Side.APRIMO)


def _each_once(*facts_: FollowUp) -> tuple[FollowUp, ...]:
    return tuple({(each.line_key, each.type): each for each in facts_}.values())
