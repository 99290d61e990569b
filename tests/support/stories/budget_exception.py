"""Budget exceptions: every tier approves and refuses, late or in time; justified late, not at all, withdrawn."""

from tests.support.model_docs import listening
from tests.support.model_walk import Story

LAST = {"manager": "manager", "director": "director", "cfo": "cfo", "four_eyes": "second"}
GIVEN = {"justification": {"justification": "The fair was moved."}}

STORIES = (
    *(Story(start={"tier": tier}, writes=GIVEN, is_late=True) for tier in LAST),
    *(
        Story(start=listening(tier=tier, justification="It pays."), answers={approver: ["rejected"]})
        for tier, approver in LAST.items()
    ),
    Story(start={"tier": "four_eyes"}, writes=GIVEN, answers={"cfo": ["rejected"]}),
    Story(start=listening(), writes=GIVEN, answers={"finance": ["changes_requested", "rejected"]}),
    Story(answers={"justification": ["justified", "withdrawn"]}),
)
