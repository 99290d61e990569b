"""What the localization for a market does, run from the very file that is deployed."""

import pytest

from tests.support.machine_host import RunningProcess
from tests.support.model_docs import start_variables
from tests.support.model_walk import answer, begin, overdue


def begun() -> RunningProcess:
    return begin("localization", start_variables("localization"))


def at_brand() -> RunningProcess:
    run = begun()
    answer(run, "translation", "done")
    answer(run, "market_legal", "approved")
    return run


def test_translation_legal_and_brand_follow_each_other() -> None:
    run = begun()
    assert run.open_tasks() == ["translation"]
    answer(run, "translation", "done")
    assert run.open_tasks() == ["market_legal"]
    answer(run, "market_legal", "approved")
    assert run.open_tasks() == ["regional_brand"]

    answer(run, "regional_brand", "approved")

    assert run.passed()[-1] == "approved"


def test_legals_rework_goes_back_to_the_translation() -> None:
    run = begun()
    answer(run, "translation", "done")

    answer(run, "market_legal", "changes_requested")

    assert run.open_tasks() == ["translation"]


def test_brands_rework_goes_back_to_the_translation_and_legal_is_asked_again() -> None:
    run = at_brand()

    answer(run, "regional_brand", "changes_requested")

    assert run.open_tasks() == ["translation"]
    answer(run, "translation", "done")
    assert run.open_tasks() == ["market_legal"]


@pytest.mark.parametrize("outcome", ["rejected", "noted", ""])
def test_anything_else_ends_without_approval(outcome: str) -> None:
    legal = begun()
    answer(legal, "translation", "done")
    answer(legal, "market_legal", outcome)
    brand = at_brand()
    answer(brand, "regional_brand", outcome)

    assert (legal.passed()[-1], brand.passed()[-1]) == ("not_cleared", "not_approved")


def test_a_reworked_translation_can_be_late_again() -> None:
    run = begun()
    overdue(run, "translation")
    answer(run, "translation", "done")
    answer(run, "market_legal", "changes_requested")

    overdue(run, "translation")

    assert sorted(run.open_tasks()) == ["translation", "translation_lead"]
