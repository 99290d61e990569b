"""Edits while a process lives: what was carried and differs now from what both systems last agreed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.commands import Command, SetVariables
from pipeline.flows.shared import submission
from pipeline.flows.shared.case import Case, is_started
from pipeline.flows.tenant import FieldWord
from pipeline.words import JsonValue


def material(case: Case) -> tuple[FieldWord, ...]:
    """Edits that the reviewers must see before anything is approved."""
    return tuple(word for word in edits(case) if word.is_material)


def immaterial(case: Case) -> tuple[FieldWord, ...]:
    """Edits that just travel into the running process."""
    return tuple(word for word in edits(case) if not word.is_material) if is_started(case.live) else ()


def set_variables(case: Case, fields: Sequence[FieldWord]) -> tuple[Command, ...]:
    """What carries fields into the live process; nothing where it is over or not known to exist."""
    return set_values(case, submission.variables(fields, case.item.values if case.item else {}, case.words))


def set_values(case: Case, variables: Mapping[str, JsonValue]) -> tuple[Command, ...]:
    """What sets variables of the live process, under the same conditions."""
    live = case.live
    if not variables or live is None or live.instance_id is None or case.is_process_over:
        return ()
    return (SetVariables(instance_id=live.instance_id, variables=variables),)


def edits(case: Case) -> tuple[FieldWord, ...]:
    """All of them, as far as the item was read."""
    return submission.changes(case.words, case.item.values, case.link) if case.item else ()
