"""Flow 6's own words, and parts that its plans are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.flows.shared import follow_ups
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.writing import Draft, expected_state, finish
from pipeline.keys import kind_of
from pipeline.plan import FollowUp, Plan, TaskRead
from pipeline.words import JsonValue, Side

CLEAR, RELEASE, VERIFY = "signoff.clear", "signoff.release", "signoff.verify"
"""On a package's line, one after the other: check all guards, release the records, look at what came out of it."""
SUBMITTED, IN_APPROVAL, APPROVED = "submitted", "in_approval", "approved"
PACKAGE = "package"
"""Agreed: what is approved and not released yet, as `Package.as_json`; None once it is over."""
FORMER = "former"
"""Agreed: what the package released before, as `packages.as_list`: how each record stood before its first release."""
NOTHING: Mapping[str, JsonValue] = {"submitted": False, PACKAGE: None}
"""Agreed once a package is neither in approval nor on its way out."""
_FINAL = "final_approval"


def on_package(case: Case, draft: Draft) -> Plan:
    """The plan of a draft; a package that began in OpenText may have no object in Aprimo that could show anything."""
    return finish(case, draft if has_item(case) else replace(draft, shown={}, state="", expects={}))


def has_item(case: Case) -> bool:
    """Whether the package has an object in Aprimo."""
    return bool(kind_of(case.link.item_key))


def expected(case: Case) -> dict[str, JsonValue]:
    """That the package's state is still what was read, where it has one."""
    return expected_state(case) if has_item(case) else {}


def next_fact(case: Case, kind: str) -> FollowUp:
    """The next step of the release, on the package's own line."""
    return follow_ups.to_self(case, kind, side=Side.APRIMO)


def revision_now(case: Case) -> int | None:
    """The revision of a package that began in OpenText, once it is known."""
    return case.live.revision if case.live and case.live.revision != case.link.revision else None


def is_final_open(tasks: Sequence[TaskRead]) -> bool:
    """Whether the process waits for the last approval."""
    return any(task.definition_key == _FINAL and task.ended_at is None for task in tasks)
