"""Operational cases: known and unknown groups, reopened and confirmed, and closed from outside."""

from tests.support.model_docs import listening
from tests.support.model_walk import Story

EVERYONE = "marketing procurement legal agency"

STORIES = (
    Story(
        start={"responsible": EVERYONE},
        answers={"confirm": ["reopened", "maybe", "confirmed"]},
        is_late=True,
    ),
    Story(start=listening(), writes={"triage": {"responsible": EVERYONE}}),
    Story(start={"responsible": "legal"}, message=("close_case", "close")),
)
