"""campaignBrief.bpmn uses the agreed words."""

from collections.abc import Mapping

import pytest

from sandbox.opentext.bpmn import Element
from sandbox.opentext.models import compile_model
from tests.support.campaign_brief import FILE, brief_variables
from tests.support.model_docs import start_variables

REVIEWS = ("brand", "legal", "finance", "regional")
OUTCOMES = "Approve:approved,Reject:rejected,Request changes:changes_requested"


@pytest.fixture(scope="module")
def elements() -> Mapping[str, Element]:
    return compile_model(FILE.read_bytes(), "campaignBrief:1:test").document.elements


def test_it_is_started_with_the_variables_of_its_page() -> None:
    assert set(brief_variables()) == set(start_variables("campaignBrief"))


@pytest.mark.parametrize("review", REVIEWS)
def test_a_review_says_who_decides_what_until_when(elements: Mapping[str, Element], review: str) -> None:
    attributes = elements[review].attributes

    assert attributes["outcomevariable"] == f"{review}Outcome"
    assert attributes["possibleoutcomes"] == OUTCOMES
    assert attributes["dueDate"] == f"${{{review}Due}}"
    assert elements[f"{review}_lead"].attributes["candidateGroups"] == f"${{{review}Leads}}"


def test_regions_loop_over_the_variable_regions(elements: Mapping[str, Element]) -> None:
    assert (elements["regional"].collection, elements["regional"].element_variable) == ("regions", "region")
    assert elements["regional_lead"].attributes["category"] == "${escalatedRegion}"
