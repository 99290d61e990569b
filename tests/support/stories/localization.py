"""Localizations: rework from both reviews, then approval; and a refusal by each."""

from tests.support.model_docs import listening
from tests.support.model_walk import Story

STORIES = (
    Story(
        answers={
            "market_legal": ["changes_requested", "approved"],
            "regional_brand": ["changes_requested", "approved"],
        },
        writes={"translation": {"localizedRecordId": "9a01"}},
        is_late=True,
    ),
    Story(start=listening()),
    Story(answers={"market_legal": ["rejected"]}),
    Story(answers={"regional_brand": ["noted"]}),
)
