"""Starting a process: its command, with every variable the model needs and the effect key it is found by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from pipeline.commands import Cause, StartProcess
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.shared import submission
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import instant, text
from pipeline.flows.tenant import FlowWords, Stakeholder
from pipeline.keys import kind_of, split_aprimo_key
from pipeline.plan import Link, Plan, ProcessRow, Snapshot, refuse
from pipeline.words import JsonValue, ProcessState

TOKEN = "signoffToken"  # noqa: S105 - The variable's name, not a token.
_NAME_MAX = 250


def next_revision(link: Link) -> int:
    """The revision after all that were ever begun, settled or not."""
    return max([link.revision, *(row.revision for row in link.processes)]) + 1


def start(
    event: Event,
    link: Link,
    words: FlowWords,
    item: Snapshot,
    *,
    revision: int,
    now: datetime,
    variables: Mapping[str, JsonValue] | None = None,
) -> StartProcess:
    """The command that starts a revision. variables: the flow's own, beside and before those of the file's words.

    The variable `signoffToken` is left empty: the secret is made where the call leaves, and stands in no table.
    """
    title = text(item.values.get("name")) or link.business_key
    command = StartProcess(
        flow=words.flow,
        process_key=words.process_key,
        business_key=link.business_key,
        revision=revision,
        name=_process_name(title, revision, submission.unmatched(words, item.values)),
        variables={},
        secret_variables=(TOKEN,),
    )
    effect = command.effect_key(Cause(event_id=event.id, plan_number=event.plan_number))
    return replace(
        command,
        variables={
            "signoffEffect": effect,
            "signoffItem": link.business_key,
            "signoffRevision": revision,
            "signoffCallback": words.call_back_url,
            TOKEN: "",
            "aprimoLink": address(link, words),
            **submission.variables(submission.carried(words), item.values, words),
            **_roles(words, now=now),
            **(variables or {}),
        },
    )


def is_new(case: Case) -> bool:
    """Whether what is submitted was not submitted when both systems last agreed, or not as this."""
    if case.event.type == facts.RESTART or case.link.agreed_value("submitted") is not True:
        return True
    values = case.item.values if case.item else {}
    return case.link.agreed_value("submitted_as") != submission.submitted_as(case.words, values)


def refusal(words: FlowWords, values: submission.Values, *, also: tuple[str, ...] = ()) -> Plan | None:
    """Why nothing can start: every required field that is empty, else every one that is not of its type.

    also: what is missing beside fields.
    """
    lacking = (*submission.missing(words, values), *also)
    if lacking:
        return refuse("values_missing", f"Fill in: {submission.names(lacking)}.")
    wrong = submission.malformed(words, values)
    if wrong:
        return refuse("value_malformed", f"Not of its type: {submission.names(wrong)}.")
    return None


def begun(command: StartProcess, *, item_version: str) -> ProcessRow:
    """Our row of a process that is about to start."""
    return ProcessRow(
        revision=command.revision,
        process_key=command.process_key,
        state=ProcessState.STARTING,
        item_version=item_version,
        started_effect=text(command.variables["signoffEffect"]),
    )


def _process_name(title: str, revision: int, unmatched: tuple[str, ...]) -> str:
    """What people see in OpenText: whoever cannot be a user there is named in it."""
    end = "".join(f" · {part}" for part in (f"revision {revision}", *unmatched))[: _NAME_MAX // 2]
    return title[: _NAME_MAX - len(end)] + end


def address(link: Link, words: FlowWords) -> str:
    """Where a person finds the item in Aprimo; "" when the tenant names no address, or there is no item."""
    if not kind_of(link.item_key):
        return ""
    _, object_id, _ = split_aprimo_key(link.item_key)
    return words.link_template.replace("{id}", object_id)


def _roles(words: FlowWords, *, now: datetime) -> Mapping[str, JsonValue]:
    roles: dict[str, JsonValue] = {}
    for each in words.stakeholders:
        roles |= _role(each, now=now)
    return roles


def _role(word: Stakeholder, *, now: datetime) -> dict[str, JsonValue]:
    named = {
        word.group_variable: word.group.replace("{part}", ""),
        word.lead_variable: word.lead,
        word.due_variable: instant(now + word.due_in),
    }
    return {name: value for name, value in named.items() if name}
