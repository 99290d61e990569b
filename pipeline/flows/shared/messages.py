"""What an item's message field tells its requester: one sentence or two, with the revision it is about."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.flows.shared import reviews
from pipeline.flows.tenant import FlowWords
from pipeline.plan import ReviewRow
from pipeline.words import Decision

NOTHING_APPROVED = "Nothing was approved."


def in_approval(revision: int) -> str:
    """While reviews are open."""
    return f"In approval, revision {revision}"


def withdrawn(revision: int) -> str:
    """After the requester took it back."""
    return f"Withdrawn, the approval of revision {revision} was ended"


def edited(revision: int, fields: str) -> str:
    """After an edit that the reviewers had not seen."""
    return f"Edited while in approval ({fields}): revision {revision} was ended. Submit again for a new approval."


def decided(decision: Decision, revision: int, rows: Sequence[ReviewRow], words: FlowWords, *, why: str) -> str:
    """After the process ended. why: the reason of a process that somebody cancelled."""
    match decision:
        case Decision.APPROVED:
            return f"Approved, revision {revision}"
        case Decision.CANCELLED:
            reason = f" ({why})" if why else ""
            return f"Cancelled in OpenText{reason}, revision {revision}. {NOTHING_APPROVED}"
        case Decision.UNKNOWN:
            return f"The outcome of revision {revision} is not clear, an operator was told. {NOTHING_APPROVED}"
        case _:
            return _against(decision, revision, rows, words)


def _against(decision: Decision, revision: int, rows: Sequence[ReviewRow], words: FlowWords) -> str:
    what = decision.replace("_", " ").capitalize()
    row = reviews.against(rows)
    if row is None:
        return f"{what}, revision {revision}"
    by = f" ({row.by})" if row.by else ""
    said = f": {' '.join(row.comment.split())}" if row.comment.strip() else ""
    return f"{what} by {reviews.title_of(row.stakeholder, words)}{by}, revision {revision}{said}"
