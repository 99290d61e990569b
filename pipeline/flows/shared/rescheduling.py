"""Edits of an item while work in steps goes on: what of them travels into the process, and which due dates move.

A list that steps are repeated over travels until the first of those steps begins. Dates are reckoned anew when the
wanted date or such a list has changed, in Aprimo or against Aprimo's word in the process; a date that somebody moved
in OpenText stays until then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline.calendar import Calendar
from pipeline.commands import Command
from pipeline.flows.shared import midway, reviews, schedule, submission, told, work, writing
from pipeline.flows.shared.case import Case, is_started
from pipeline.flows.shared.values import same
from pipeline.flows.tenant import FieldType, FieldWord, FlowWords
from pipeline.plan import Agreed, Notice, ReviewRow
from pipeline.words import JsonValue

WANTED = "wanted"
"""Our field that holds the date on which all is wanted."""


@dataclass(frozen=True, kw_only=True)
class Edited:
    """What an edit leads to: commands, rows and due times as they are after it, what is agreed, who is told."""

    rows: tuple[ReviewRow, ...]
    dues: Mapping[str, datetime]
    commands: tuple[Command, ...] = ()
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


def is_scheduling(word: FieldWord, words: FlowWords) -> bool:
    """Whether a field decides when steps are due: the wanted date, or a list that steps are repeated over."""
    return word.name == WANTED or any(each.each == word.name for each in words.stakeholders)


def is_another(case: Case) -> bool:
    """Whether something else is wanted now: a material field changed that cannot travel into what is under way."""
    return any(word.is_material and not _can_travel(case, word) for word in midway.edits(case))


def edited(case: Case, calendar: Calendar) -> Edited:
    """What of the item's edits is carried into the live process; nothing where it is over, or not known to exist."""
    dues = schedule.known(case)
    known = writing.ours(case, schedule.agreed(dues)) if case.process is not None else {}
    if not is_started(case.live) or case.is_process_over:
        return Edited(rows=case.rows, dues=dues, agreed=known)
    lists = submission.lists(case.words, _values(case))
    anew = schedule.backwards(case.value(WANTED), case.words, lists, calendar)
    fields = [word for word in midway.edits(case) if word.name != WANTED or anew is not None]
    variables = submission.variables(fields, case.item.values if case.item else {}, case.words)
    plain = Edited(
        rows=case.rows,
        dues=dues,
        commands=midway.set_values(case, variables),
        agreed={**known, **writing.agreed_fields(case, fields), **_submitted(case, fields)},
        notices=() if anew is not None else (told.date_unusable(case, WANTED),),
    )
    if anew is None or case.process is None or not _is_to_schedule(case, fields):
        return plain
    return _rescheduled(case, plain, anew, lists, variables)


def requested(case: Case) -> dict[str, JsonValue]:
    """What both systems agree was submitted, by the names of `agreed`."""
    values = case.item.values if case.item else {}
    return {"submitted_as": submission.submitted_as(case.words, values), **writing.submitted_wire(case)}


def _rescheduled(
    case: Case,
    plain: Edited,
    dues: Mapping[str, datetime],
    lists: Mapping[str, JsonValue],
    variables: Mapping[str, JsonValue],
) -> Edited:
    """Every due time anew: variables for the steps to come, the tasks themselves for those that are open."""
    words = case.words
    revision = case.live.revision if case.live else case.link.revision
    expected = reviews.opening(words, lists, revision=revision, now=case.now)
    moves, rows = schedule.moves(schedule.with_dues(work.with_parts(case.rows, expected), dues), dues)
    scheduling = [word for word in words.fields.values() if is_scheduling(word, words)]
    moved = {**submission.variables(scheduling, _values(case), words), **schedule.variables(words, dues)}
    return replace(
        plain,
        rows=rows,
        dues=dues,
        commands=(*midway.set_values(case, {**variables, **moved}), *moves),
        agreed={**plain.agreed, **writing.ours(case, schedule.agreed(dues))},
    )


def _is_to_schedule(case: Case, fields: Sequence[FieldWord]) -> bool:
    """Whether a field that decides on dates has changed, or the process holds another wanted date than Aprimo."""
    word, process = case.words.fields[WANTED], case.process
    held = process.variables.get(word.variable) if process and word.variable else case.value(WANTED)
    is_other = not same(held, case.value(WANTED), FieldType.DATE)
    return is_other or any(is_scheduling(each, case.words) for each in fields)


def _values(case: Case) -> dict[str, JsonValue]:
    return {name: case.value(name) for name in case.words.fields}


def _can_travel(case: Case, word: FieldWord) -> bool:
    is_list = any(each.each == word.name for each in case.words.stakeholders)
    return is_list and not case.is_process_over and not work.has_begun(case.rows, word.name, case.words)


def _submitted(case: Case, fields: Sequence[FieldWord]) -> dict[str, Agreed]:
    return writing.ours(case, requested(case)) if any(word.is_material for word in fields) else {}
