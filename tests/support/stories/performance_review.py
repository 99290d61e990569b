"""Performance reviews: sent back once and signed off, signed off at once, refused."""

from tests.support.model_docs import listening
from tests.support.model_walk import Story

STORIES = (
    Story(answers={"sign_off": ["changes_requested", "approved"]}, is_late=True),
    Story(start=listening()),
    Story(answers={"sign_off": ["rejected"]}),
)
