"""Campaign briefs: everyone approves, one refuses, nobody listens, there are no regions."""

from tests.support.model_docs import listening
from tests.support.model_walk import Story

STORIES = (
    Story(start={"escalatedRegion": "DACH"}, is_late=True),
    Story(start=listening(regions=[])),
    *(
        Story(start=listening(), answers={review: ["rejected"]})
        for review in ("brand", "legal", "finance", "regional")
    ),
    Story(start=listening()),
)
