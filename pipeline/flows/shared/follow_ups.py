"""Facts that a plan leaves for a line: the item's own, its notes, or that of another item, such as a master."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.flows.shared.case import Case
from pipeline.keys import line_key
from pipeline.plan import FollowUp
from pipeline.words import BusinessKey, JsonValue, Side, Urgency

_NOTHING: Mapping[str, JsonValue] = {}


def to_item(
    flow: str,
    key: BusinessKey,
    kind: str,
    *,
    side: Side,
    data: Mapping[str, JsonValue] = _NOTHING,
    urgency: Urgency = Urgency.STANDARD,
) -> FollowUp:
    """A fact for the main line of any item of a flow. One event causes at most one of a kind on a line."""
    return FollowUp(
        line_key=line_key(flow, key), subject=key, flow=flow, type=kind, side=side, data=data, urgency=urgency
    )


def to_self(case: Case, kind: str, *, side: Side, data: Mapping[str, JsonValue] = _NOTHING) -> FollowUp:
    """A fact for the case's own line."""
    return to_item(case.words.flow, case.link.business_key, kind, side=side, data=data)


def to_notes(case: Case, kind: str, *, side: Side, data: Mapping[str, JsonValue]) -> FollowUp:
    """A fact for the line of the item's comments."""
    return FollowUp(
        line_key=line_key(case.words.flow, case.link.business_key, is_notes=True),
        subject=case.link.business_key,
        flow=case.words.flow,
        type=kind,
        side=side,
        data=data,
    )
