"""The demo's stories: every outcome in turn, and reviewers who do what each story needs."""

from collections import Counter
from pathlib import Path

import pytest

from console.demo_play import steps_of
from console.demo_scenario import Story, briefs, people
from console.demo_settings import overrides, shortened
from sandbox.opentext.scenario import Case, Scenario


def test_twenty_four_briefs_play_every_story_four_times() -> None:
    assert Counter(brief.story for brief in briefs(24)) == dict.fromkeys(Story, 4)


def test_six_briefs_play_every_story_and_one_refusal() -> None:
    played = briefs(6)

    assert {brief.story for brief in played} == set(Story)
    assert [brief.has_refusal for brief in played] == [True, False, False, False, False, False]


def test_no_brief_is_named_within_another_ones_name() -> None:
    names = [brief.name for brief in briefs(120)]

    assert [(one, other) for one in names for other in names if one != other and one in other] == []


def test_the_sandbox_reads_the_scenario_and_lets_the_single_rule_win() -> None:
    played = briefs(24)
    scenario = Scenario.read(people(played))
    rejected = next(brief for brief in played if brief.story is Story.REJECTED)

    def act(revision: int, task: str, category: str = "") -> tuple[str, str | None]:
        case = Case(
            process="campaignBrief",
            business_key="aprimo:activity:1",
            task=task,
            category=category,
            groups=[],
            name=f"Review: {rejected.name}",
            variables={"signoffRevision": revision},
        )
        number = scenario.rule_for(case)
        assert number is not None
        found = scenario.rules[number].act(1)
        return found.who, found.outcome

    assert act(1, "legal") == ("legal.one@example.test", "rejected")
    assert act(2, "legal") == ("legal.one@example.test", "approved")
    assert act(1, "regional", "DACH") == ("{category}.one@example.test", "approved")
    assert act(1, "legal_lead") == ("", None)


@pytest.mark.parametrize(
    ("story", "steps"),
    [
        (Story.REJECTED, 0),
        (Story.RESUBMITTED, 1),
        (Story.WITHDRAWN, 1),
        (Story.EDITED, 2),
        (Story.ESCALATED, 1),
    ],
)
def test_each_story_has_its_steps(story: Story, steps: int) -> None:
    brief = next(brief for brief in briefs(24) if brief.story is story)

    assert len(steps_of(brief)) == steps


def test_a_remark_adds_its_two_steps_to_an_approved_brief() -> None:
    remarked = [brief for brief in briefs(24) if brief.remark]

    assert [brief.story for brief in remarked] == [Story.APPROVED, Story.APPROVED]
    assert [len(steps_of(brief)) for brief in remarked] == [2, 2]


def test_terms_are_shortened_by_the_pace_and_nothing_else_is_touched() -> None:
    document = 'until = "P3D"\nafter_end = "P14D"\ndue_in = "P2D"\n  due_in = "PT30M"  # half an hour\n'
    shorter = 'until = "P3D"\nafter_end = "PT84S"\ndue_in = "PT12S"\n  due_in = "PT1S"  # half an hour\n'

    assert shortened(document, pace=14_400) == shorter


@pytest.mark.parametrize("what", ["OVERDUE", "HISTORY", "REVIEWS_DUE"])
def test_what_becomes_due_in_a_story_is_looked_for_every_second(tmp_path: Path, what: str) -> None:
    """A usual installation looks every few minutes of the clock, which is longer than a demo lasts."""
    assert overrides(tmp_path)[f"SIGNOFF_POLL_{what}_EVERY_S"] == "1"
