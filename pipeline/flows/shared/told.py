"""Notices: what a person must be told besides what the item itself shows."""

from __future__ import annotations

from pipeline.flows.shared import reviews
from pipeline.flows.shared.assets import Named
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import text
from pipeline.people import label
from pipeline.plan import Notice
from pipeline.words import Decision

_CODES = {
    Decision.CANCELLED: "cancelled_in_opentext",
    Decision.CHANGES_REQUESTED: "changes_requested",
    Decision.UNKNOWN: "decision_unknown",
}


def edited(case: Case, message: str) -> Notice:
    """To the requester: the approval ended because of an edit."""
    return Notice(code="edited_in_approval", text=message, person=requester(case))


def decided(case: Case, decision: Decision, message: str) -> tuple[Notice, ...]:
    """To the requester what needs a new step of theirs; to the operators what nobody understands."""
    code = _CODES.get(decision)
    if code is None:
        return ()
    return (Notice(code=code, text=message, person="" if decision is Decision.UNKNOWN else requester(case)),)


def date_unusable(case: Case, name: str) -> Notice:
    """To the requester: a date was changed into what is none, so nothing moved."""
    what = f"The field {name.replace('_', ' ')} is no date that can be reckoned with: {text(case.value(name))!r}."
    return Notice(code=f"date_unusable:{name}", text=f"{what} Due dates stay as they are.", person=requester(case))


def of_older(case: Case, message: str) -> tuple[Notice, ...]:
    """To the requester: the approval is of an older version."""
    return (Notice(code="approved_older_version", text=message, person=requester(case)),)


def state_unknown(case: Case) -> Notice:
    """To the operators: the item stands where the tenant's words have no name for."""
    values = case.item.values if case.item else {}
    named = f"{text(values.get('state_id'))} ({text(values.get('state_name'))})"
    return Notice(code="unknown_state", text=f"The item is in state {named}, which the flow's file does not name.")


def outcomes_unknown(case: Case) -> tuple[Notice, ...]:
    """To the operators: a reviewer answered a word that the tenant's words do not map, just now."""
    known = set(case.link.reviews)
    return tuple(
        Notice(
            code=f"unknown_outcome:{row.stakeholder}",
            text=f"{reviews.title_of(row.stakeholder, case.words)} answered {row.outcome_raw!r}, "
            "which the flow's file does not name.",
        )
        for row in case.rows
        if row.decision is Decision.UNKNOWN and row not in known
    )


def assets_unclear(case: Case, named: Named) -> tuple[Notice, ...]:
    """To the requester: nobody named what was produced, or what was named is neither a record nor a link."""
    if named.unclear:
        what = f"Named as produced, but neither a record's id nor a link: {', '.join(named.unclear)}."
        return (Notice(code="assets_unclear", text=what, person=requester(case)),)
    missing = Notice(code="assets_missing", text="Nobody named what was produced.", person=requester(case))
    return () if named.links else (missing,)


def requester(case: Case) -> str:
    """Who asked for it, as people know them; "" for nobody. The owner, where a flow has no requester beside it."""
    return label(case.value("requester" if "requester" in case.words.fields else "owner"))
