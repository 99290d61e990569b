"""Flow 4: what a market's process names as its localized version, and whether that may be published as the market's.

It must be what was reviewed, and nobody else's.
"""

from __future__ import annotations

from pipeline.flows import localization_parts
from pipeline.flows.localization_parts import TRANSLATION, master_id
from pipeline.flows.localization_terms import terms_of
from pipeline.flows.shared import looking, reviews, versions, writing
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import text
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.plan import Agreed, ProcessRead, ReviewRow, Snapshot
from pipeline.words import JsonValue, ReviewState

REVIEWED = "reviewed_file"
"""Agreed: the named record, its file version, and the translation after which the reviewers saw it."""


def named(process: ProcessRead, words: FlowWords) -> tuple[str, str]:
    """What a process names as its localized version: a record's id, and an address; "" for none."""
    terms = terms_of(words)
    record_id = text(process.variables.get(terms.record_variable)).strip()
    return record_id.replace("-", "").lower(), text(process.variables.get(terms.file_variable)).strip()


def reviewed(case: Case, rows: tuple[ReviewRow, ...]) -> dict[str, Agreed]:
    """Which version of a named record the reviewers see, remembered once for every translation."""
    translation = reviews.latest(rows).get(TRANSLATION)
    record = record_in(case, named(case.process, case.words)[0]) if case.process else None
    if record is None or translation is None or translation.state is not ReviewState.DECIDED:
        return {}
    known = case.link.agreed_value(REVIEWED)
    seen: dict[str, JsonValue] = {
        "record": record.want.object_id,
        "file": versions.latest_id(record),
        "task": translation.task_id,
    }
    is_known = isinstance(known, dict) and all(known.get(name) == seen[name] for name in ("record", "task"))
    return {} if is_known else writing.ours(case, {REVIEWED: seen})


def record_in(case: Case, record_id: str) -> Snapshot | None:
    """A localized record as it was read, if it was."""
    return case.snapshots.get(localization_parts.want_record(case.words.flow, record_id))


def trouble(case: Case, words: FlowWords, record: Snapshot | None, record_id: str) -> str:
    """Why a named record cannot be published as this market's; "" where it can."""
    if record is None or not looking.is_id(RECORD, record_id):
        return f"Named as the localized version, but no record's id: {record_id!r}."
    if record.is_absent:
        return f"Named as the localized version, but Aprimo shows no record {record_id}."
    if record.values.get("type_id") not in words.type_ids:
        return f"Record {record_id} is a {text(record.values.get('type_id'))}, not a localized version."
    theirs = {"reference": _references(case), "master": {master_id(case.link.business_key)}}
    others = [text(value) for name, own in theirs.items() if (value := record.values.get(name)) and value not in own]
    if others:
        return f"Record {record_id} is another's already: {', '.join(others)}."
    seen = case.link.agreed_value(REVIEWED)
    is_same = not isinstance(seen, dict) or seen.get("record") != record_id
    if not is_same and isinstance(seen, dict) and seen.get("file") != versions.latest_id(record):
        return f"The file of record {record_id} was changed after the reviewers had begun to see it."
    return ""


def _references(case: Case) -> set[str]:
    return {case.link.business_key, text(case.link.agreed_value("reference"))}
