"""Whom a plan comes across: users whom the flow's fields carry to OpenText, and who has a task there.

No flow asks for it: every plan of every flow is looked through where flows are bound to their words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipeline.flows.shared.values import same
from pipeline.flows.tenant import FieldType, FlowWords
from pipeline.keys import aprimo_key
from pipeline.people import E_MAIL, OVERRIDE, aprimo_user, label, opentext_user, overridden
from pipeline.plan import Link, Met, Plan, ProcessRead, Snapshot, Snapshots, Verdict
from pipeline.words import JsonValue, Side


def with_people(plan: Plan, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """The plan with whom it came across; users of Aprimo only where something is carried: no draft's owner counts."""
    is_carried = plan.verdict is Verdict.DELIVER
    people = tuple(each for each in met(snapshots, link, words) if is_carried or each.side is Side.OPENTEXT)
    return replace(plan, changes=replace(plan.changes, people=people)) if people else plan


def met(snapshots: Snapshots, link: Link, words: FlowWords) -> tuple[Met, ...]:
    """Who is news: a user in another field than before, or with a task that we have not seen with that assignee."""
    found: dict[tuple[Side, str], Met] = {}
    for snapshot in snapshots.values():
        if snapshot.want.side is Side.APRIMO and not snapshot.is_absent:
            people = _in_fields(snapshot, link, words.as_kind(snapshot.want.kind))
        else:
            people = _with_tasks(snapshot.process, link, words) if snapshot.process else iter(())
        found |= {(person.side, person.user): person for person in people}
    return tuple(found.values())


def _in_fields(snapshot: Snapshot, link: Link, words: FlowWords) -> Iterator[Met]:
    items = {key.partition("#")[0] for key in (link.business_key, link.item)}
    is_item = aprimo_key(snapshot.want.kind, snapshot.want.object_id) in items
    for word in words.fields.values():
        value = snapshot.values.get(word.name)
        if word.type is not FieldType.USER or not word.variable or not aprimo_user(value):
            continue
        if not is_item or not same(value, link.agreed_value(word.name), FieldType.USER):
            yield _of_aprimo(value, words)


def _of_aprimo(value: JsonValue, words: FlowWords) -> Met:
    match = opentext_user(value, words.people)
    how = OVERRIDE if overridden(value, words.people) else E_MAIL
    return Met(
        side=Side.APRIMO,
        user=aprimo_user(value),
        name=label(value),
        match=match.casefold(),
        how=how if match else "",
    )


def _with_tasks(process: ProcessRead, link: Link, words: FlowWords) -> Iterator[Met]:
    known = {(row.task_id, row.assignee) for row in link.reviews}
    users = {opentext.casefold(): aprimo for aprimo, opentext in words.people.items()}
    for task in process.tasks:
        if task.assignee and (task.task_id, task.assignee) not in known:
            user = task.assignee.casefold()
            match = users.get(user, "")
            yield Met(side=Side.OPENTEXT, user=user, match=match, how=OVERRIDE if match else "")
