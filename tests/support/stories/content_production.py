"""Content production: QA sends back to the design, to the copy, says something odd; no languages at all."""

from tests.support.model_docs import listening
from tests.support.model_walk import Story

STORIES = (
    Story(
        start={"escalatedLanguage": "de"},
        answers={"qa": ["to_design", "to_copy", "good", "approved"]},
        writes={"qa": {"producedAssets": ["8f2c"]}},
        is_late=True,
    ),
    Story(start={"languages": []}),
    Story(start=listening()),
)
