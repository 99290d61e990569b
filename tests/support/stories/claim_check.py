"""Claim checks, the guide's example: approved too late, rejected, nobody listens."""

from tests.support.model_docs import listening
from tests.support.model_walk import Story

STORIES = (
    Story(is_late=True),
    Story(start=listening(), answers={"legal": ["rejected"]}),
)
