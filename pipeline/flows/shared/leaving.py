"""What ends no decision: a submitted item that its requester took back, or that stands where no word of ours is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pipeline.commands import Command
from pipeline.flows.shared import endings, progress, reviews, told, writing
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.writing import STATE, Draft, expected_state, finish, ours
from pipeline.plan import LinkChanges, Notice, Plan, ReviewRow, ignore
from pipeline.words import EndedBy, JsonValue, ReviewState, Urgency

Show = Callable[[tuple[ReviewRow, ...], int], Mapping[str, JsonValue]]
"""What the item shows, of these rows and this revision."""


def left(case: Case, show: Show, *, first: tuple[Command, ...] = ()) -> Plan:
    """The item is a draft, or withdrawn: a live process ends, and nothing is decided.

    first: what is still to be carried of the process before it ends.
    """
    agreed = {} if case.link.agreed_value(STATE) == case.state else writing.agreed_state(case)
    if case.link.agreed_value("submitted") is True or case.live is not None:
        agreed |= ours(case, {"submitted": False})
    if case.live is None:
        quiet = Draft(expects=expected_state(case), changes=LinkChanges(agreed=agreed), quiet="not_submitted")
        return finish(case, quiet)
    revision = case.live.revision
    rows = reviews.closed(case.rows, ReviewState.WITHDRAWN)
    changes = progress.over(case, rows, by=EndedBy.US, outcome="withdrawn", state=case.state)
    draft = Draft(
        first=(*first, *progress.end_commands(case, "Withdrawn in Aprimo")),
        shown=show(rows, revision),
        expects=expected_state(case),
        changes=replace(changes, agreed=agreed, revision=revision if revision != case.link.revision else None),
        follow_ups=endings.hear_last_words(case),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def state_unknown(case: Case, goes_on: Callable[[Case, tuple[Notice, ...]], Plan]) -> Plan:
    """The item stands in a state the tenant's words do not name: shown what can be shown, decided nothing."""
    notice = told.state_unknown(case)
    if case.process is None:
        return ignore("unknown_state", changes=LinkChanges(notices=(notice,)))
    return goes_on(case, (notice,))
