"""Every sequence flow of every model is taken by some story; one that is not is named."""

import pytest

from tests.support import model_coverage
from tests.support.model_docs import listening, start_variables
from tests.support.model_walk import MODELS, Story, begin, walk
from tests.support.process_model import taken_flows


@pytest.mark.parametrize("model", MODELS)
def test_every_sequence_flow_is_taken_by_some_story(model: str) -> None:
    assert model_coverage.untaken(model) == []


def test_a_flow_that_no_token_took_is_not_counted() -> None:
    run = begin("campaignBrief", start_variables("campaignBrief", regions=[]))
    run.complete("brand", brandOutcome="approved")

    taken = taken_flows(run.machine)

    assert ("brand", "brand_decided") in taken
    assert ("brand_decided", "brand_call_back") not in taken
    assert ("legal", "legal_decided") not in taken
    assert ("any_regions", "regional_review") not in taken


def test_a_model_that_no_story_covers_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_coverage, "COUNTED", {})
    monkeypatch.setattr(model_coverage, "stories", lambda _: (Story(start=listening()),))

    missed = model_coverage.untaken("performanceReview")

    assert missed == [
        "assessment_overdue",
        "assessment_lead_told",
        "assessment_untold",
        "sign_off_overdue",
        "sign_off_lead_told",
        "sign_off_untold",
        "sign_off_wants_changes",
        "sign_off_refuses",
    ]
    assert model_coverage.table() == [
        "Model                    Flows Taken  Cover",
        "performanceReview           20    12    60%",
        "TOTAL                       20    12    60%",
    ]


def test_a_story_that_does_not_end_says_where_it_waits() -> None:
    story = Story(answers={"sign_off": ["changes_requested"]})

    with pytest.raises(AssertionError, match="performanceReview does not end; it waits at"):
        walk("performanceReview", start_variables("performanceReview"), story)
