"""Content packages: approved, refused at each of the three steps, and without channels."""

from tests.support.model_docs import listening
from tests.support.model_walk import Story

STORIES = (
    Story(start={"escalatedChannel": "web"}, is_late=True),
    Story(start=listening()),
    Story(start={"channels": []}),
    *(Story(answers={task: ["rejected"]}) for task in ("content", "channel_owner", "final_approval")),
)
