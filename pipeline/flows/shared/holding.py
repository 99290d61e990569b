"""The spend hold of a campaign: what holds it, and how its commitments tell it that they do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.flows.shared import asking, follow_ups
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import text
from pipeline.flows.shared.writing import ours
from pipeline.keys import aprimo_key
from pipeline.plan import FollowUp, Plan, Verdict
from pipeline.words import BusinessKey, Decision, JsonValue, Side

HOLD = "signoff.hold"
"""On a campaign's line: an exception of one of its commitments began or is over. data: by, is_held."""
CAMPAIGNS, HELD_BY = "campaigns", "held_by"
"""Agreed: the campaigns of a commitment, and what holds a campaign."""
SELF = "self"
"""What holds a campaign whose own spend asks for an exception."""

_CAMPAIGN = "campaign"
_ON_HOLD = "on hold"


@dataclass(frozen=True, kw_only=True)
class Holding:
    """The hold of a campaign: what it shows, and what is agreed. Empty for a commitment, which has none."""

    shown: Mapping[str, JsonValue] = field(default_factory=dict)
    agreed: dict[str, JsonValue] = field(default_factory=dict)


def with_campaigns(made: Plan, case: Case) -> Plan:
    """The plan that also tells a commitment's campaigns whether its exception holds them.

    They are held as long as it is open, whatever ends it, and by as many as the commitment spends for now.
    """
    if not asking.is_commitment(case.words) or made.verdict is Verdict.REFUSE:
        return made
    known = _known_campaigns(case)
    spent_for = known if case.item is None else _campaigns(case)
    held = spent_for if _is_open_after(made, case) else ()
    if held == known:
        return made
    told = (
        *_tell(case, [key for key in held if key not in known], is_held=True),
        *_tell(case, [key for key in known if key not in held], is_held=False),
    )
    changes = replace(made.changes, agreed={**made.changes.agreed, **ours(case, {CAMPAIGNS: list(held)})})
    return replace(made, changes=changes, follow_ups=(*told, *made.follow_ups))


def _campaigns(case: Case) -> tuple[BusinessKey, ...]:
    """The campaigns that a commitment, as read, spends for."""
    named = case.item.values.get("activities") if case.item and asking.is_commitment(case.words) else None
    ids = named if isinstance(named, list) else []
    return tuple(aprimo_key(case.words.also[_CAMPAIGN].kind, text(each)) for each in ids)


def _is_open_after(made: Plan, case: Case) -> bool:
    rows = {row.revision: row for row in (*case.link.processes, *made.changes.processes)}
    return any(row.is_live for row in rows.values())


def _known_campaigns(case: Case) -> tuple[BusinessKey, ...]:
    """The campaigns that know of the exception."""
    known = case.link.agreed_value(CAMPAIGNS)
    return tuple(BusinessKey(text(each)) for each in known) if isinstance(known, list) else ()


def _tell(case: Case, keys: Iterable[BusinessKey], *, is_held: bool) -> tuple[FollowUp, ...]:
    """Facts for the campaigns' own lines: only they write the flag."""
    data: dict[str, JsonValue] = {"by": case.link.business_key, "is_held": is_held}
    flow = case.words.flow
    return tuple(follow_ups.to_item(flow, key, HOLD, side=Side.APRIMO, data=data) for key in keys)


def held_by(case: Case, *, add: str = "", drop: str = "") -> tuple[str, ...]:
    """What holds the campaign, with one more and one less."""
    known = case.link.agreed_value(HELD_BY)
    names = {text(each) for each in known} if isinstance(known, list) else set()
    return tuple(sorted((names | {add}) - {drop, ""}))


def by_own_spend(case: Case, names: Iterable[str], *, is_refused: bool = False) -> Holding:
    """The hold of a campaign with no exception of its own open: refused is refused as long as it is asked for.

    names: what is asked for, beside that which was just refused.
    """
    last = {row.item_version: row.outcome for row in case.link.processes}
    is_held = is_refused or any(last.get(name) == Decision.REJECTED for name in names)
    return holding(case, held_by(case, add=SELF) if is_held else held_by(case, drop=SELF))


def holding(case: Case, names: Sequence[str]) -> Holding:
    """The flag and what is agreed of it, where the item is a campaign."""
    if asking.is_commitment(case.words):
        return Holding()
    return Holding(shown={"hold": _ON_HOLD if names else ""}, agreed={HELD_BY: list(names)})
