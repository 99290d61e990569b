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


def in_review(revision: int) -> str:
    """While a version is reviewed."""
    return f"In review, revision {revision}"


def of_version(number: str, message: str) -> str:
    """A message with the number of the file version that it is about."""
    return f"Version {number}: {message}"


def too_late(message: str, latest: str) -> str:
    """After a decision about what is not there any more. latest: the number of the version that is, "" for none."""
    what = f"Version {latest}" if latest else "What is there now"
    return f"{message.rstrip('.')}. {what} was not reviewed: a new round begins."


def outdated(approved: str, latest: str) -> str:
    """After a version came that nobody reviewed. latest: its number, "" where the file is gone."""
    now = f"version {latest} was not reviewed" if latest else "there is no file any more"
    return f"Version {approved} was approved, {now}. Put it up for review again."


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
