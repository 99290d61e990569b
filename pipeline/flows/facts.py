"""Names of the facts: events that carry their own meaning, whoever stores them.

A look may have any type; a fact's type says what it means, so it has one name here.
"""

from __future__ import annotations

from pipeline.events import Event

DUE = "signoff.due"
"""The timetable: the link's `wake_at` has come."""
COMMENT = "signoff.comment"
"""On a notes line: remarks from Aprimo are to reach the reviewers. data: remarks (origin_id, author, text)."""
SAID = "signoff.said"
"""On a notes line: what was said in OpenText is to be put onto a file version. data: remarks, file_version."""
RESTART = "signoff.restart"
"""A person, a heal, or a plan that ended the former one (`ours`) asks for a new revision of what is submitted."""
OURS = "ours"
LOOK_AGAIN = "signoff.look"
"""A plan of ours asks for another look at the item, or at its process."""
REVIEW_LATE = "signoff.review_late"
"""On a case's line: a review is open long after its escalation. data: title, item, what."""
REVIEW_DONE = "signoff.review_done"
"""On a case's line: the review that was late is open no more. data: what."""
LAST_WORDS = "signoff.last_words"
"""We ended a process: what was said in it until then is still to be shown. data: instance_id."""

HEAL = "signoff.heal"
"""A person, or reconciliation, wants a difference mended. data: difference, field, cause, agreed, aprimo and opentext
(what each side showed), seen (what is to be written over)."""
UNDO = "signoff.undo"
"""A person wants back what a heal wrote over. data: as of the heal, whatever a look has seen since."""


def is_restart_asked(event: Event) -> bool:
    """Whether somebody wants what lives to end and to begin anew; a plan of ours has seen to the end already."""
    return event.type == RESTART and event.data.get(OURS) is not True


def is_deleted(event: Event) -> bool:
    """Whether the source said that the item is gone, e.g. `aprimo.activity.deleted`."""
    return event.type.endswith(".deleted")
