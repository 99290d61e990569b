"""What was done while its answer got lost, or was done late after that, is found and not done again: every kind."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from pipeline.commands import KINDS
from tests.support.lost_answers.bench import RECIPES, Bench
from tests.support.reports import REPORTS, renew
from tests.support.states import States

CASES, MANY = 100, 1_000
"""Of each database: a tenth in the ordinary suite."""
WITHIN_S, MANY_WITHIN_S = 60.0, 900.0


def test_every_kind_of_command_loses_its_answer_here() -> None:
    assert set(RECIPES) == set(KINDS)


def test_an_effect_whose_answer_is_lost_takes_place_once(lost: Bench, states: States) -> None:
    _judge(lost, states, _play(lost, CASES, within_s=WITHIN_S))


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_thousand_effects_whose_answers_are_lost_take_place_once_each(lost: Bench, states: States) -> None:
    figures = _play(lost, MANY, within_s=MANY_WITHIN_S)
    renew(
        REPORTS / "lost-answers.md",
        title="Effects done, answers lost",
        about=(
            "Commands of every kind, carried by the real step over HTTP. Each took effect in its sandbox while its"
            " answer was dropped, a third of them only after that. What was lost or doubled is counted in the"
            " sandboxes' own histories. Renewed by `./run test --long`."
        ),
        row=states.engine.dialect.name,
        figures=figures,
    )
    _judge(lost, states, figures)


def _play(lost: Bench, count: int, *, within_s: float) -> dict[str, int]:
    lost.prepare(count, random.Random(11))  # noqa: S311 - Chance, not secrets.
    lost.work_off(within_s=within_s)
    met, times = lost.met(), lost.took_effect()
    once = {subject for subject, case in lost.cases.items() if not RECIPES[case.command.KIND].is_repeatable}
    return {
        "cases": count,
        "kinds": len({case.command.KIND for case in lost.cases.values()}),
        "dropped": met["drop"],
        "late": met["late"],
        "lost": sum(1 for found in times.values() if found == 0),
        "doubled": sum(1 for subject, found in times.items() if found > 1 and subject in once),
    }


def _judge(lost: Bench, states: States, figures: dict[str, int]) -> None:
    count = figures["cases"]
    assert figures == {
        "cases": count,
        "kinds": len(KINDS),
        "dropped": count - count // 3,
        "late": count // 3,
        "lost": 0,
        "doubled": 0,
    }
    assert Counter(states.events()) == {"delivered": count}
    assert states.letters() == []
