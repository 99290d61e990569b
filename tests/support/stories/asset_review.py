"""Asset reviews: approved, rejected after the consolidation, and sent to the creative revision."""

from tests.support.model_docs import listening
from tests.support.model_walk import Story

STORIES = (
    Story(),
    Story(start=listening(), answers={"legal": ["rejected"]}),
    Story(answers={"legal": ["changes_requested"], "consolidate": ["changes_requested"]}, is_late=True),
    Story(start=listening(), answers={"product": ["noted"], "consolidate": ["changes_requested"]}),
)
