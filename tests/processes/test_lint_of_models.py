"""The checks of the models find what they are for: each gets a sound model with one fault put in."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import model_lint
from tests.support.model_walk import FOLDER
from tests.support.process_model import ModelFile

MODEL = "budgetException"


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str, str], ModelFile]:
    def change(old: str, new: str) -> ModelFile:
        text = (FOLDER / f"{MODEL}.bpmn").read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "broken.bpmn"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return ModelFile(path)

    return change


def test_a_choice_without_a_default_is_found(broken: Callable[[str, str], ModelFile]) -> None:
    model = broken(' default="ask_cfo"', "")

    assert model_lint.incomplete_choices(model) == ["tiers has no default", "ask_cfo lacks a condition"]


def test_two_ways_that_are_open_together_are_found(broken: Callable[[str, str], ModelFile]) -> None:
    model = broken('${tier == "director"}', '${tier != "cfo"}')

    assert model_lint.overlapping_conditions(model) == ["ask_manager and ask_director"]


def test_a_condition_that_never_comes_true_is_found(broken: Callable[[str, str], ModelFile]) -> None:
    model = broken('${tier == "director"}', '${tier == "director" &amp;&amp; tier == "manager"}')

    assert model_lint.never_open(model) == ["ask_director"]


def test_a_path_that_leads_to_no_end_is_found(broken: Callable[[str, str], ModelFile]) -> None:
    model = broken(
        'sourceRef="second_lead" targetRef="second_lead_done"', 'sourceRef="second_lead" targetRef="second_lead"'
    )

    assert model_lint.dead_ends(model) == ["escalate_second", "second_lead"]


def test_what_nothing_leads_to_is_found(broken: Callable[[str, str], ModelFile]) -> None:
    model = broken(
        'sourceRef="four_eyes" targetRef="second_review"', 'sourceRef="four_eyes" targetRef="cfo_approved"'
    )

    assert model_lint.unreachable(model) == ["second_approved", "second_outcome", "second_refused", "second_review"]


def test_a_line_through_an_element_is_found(broken: Callable[[str, str], ModelFile]) -> None:
    model = broken('y="330"/>', 'y="410"/>')

    assert model_lint.lines_through_elements(model) == [
        "already_justified runs through justification_work",
        "already_justified runs through withdrawn",
    ]


def test_the_variables_of_all_expressions_are_found(broken: Callable[[str, str], ModelFile]) -> None:
    names = model_lint.named_variables(
        broken('${tier == "director"}', '${tier == "director" &amp;&amp; amounts.size() &gt; 0}')
    )

    assert {"tier", "amounts", "exceptionTitle", "signoffCallback"} <= names
    assert not {"director", "size", "gt", "amp", "execution"} & names
