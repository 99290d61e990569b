"""What the demo plays: its briefs, what happens to each, who reviews them, and how each must end.

Durations are those of a real office, in hours; the demo's pace shortens them. Everything here is data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

HOUR_S = 3600
PACE = 6 * HOUR_S
"""One second of the demo stands for six hours of an office."""

FIXED = {"brand": "brand.one", "legal": "legal.one", "finance": "finance.one"}
_USUAL_S = [4 * HOUR_S, 10 * HOUR_S]
_SOON_S = 2 * HOUR_S
_PROCESS = "campaignBrief"


class Story(StrEnum):
    """What happens to a brief."""

    APPROVED = "approved"
    REJECTED = "rejected"
    RESUBMITTED = "changes_requested_and_resubmitted"
    WITHDRAWN = "withdrawn"
    EDITED = "edited_while_in_approval"
    ESCALATED = "overdue_and_escalated"


@dataclass(frozen=True, kw_only=True)
class End:
    """How a story ends: Aprimo's state, the decision there, and how many revisions went through OpenText."""

    state: str
    decision: str
    revisions: int = 1


ENDS: Mapping[Story, End] = {
    Story.APPROVED: End(state="In production", decision="approved"),
    Story.REJECTED: End(state="Rejected", decision="rejected"),
    Story.RESUBMITTED: End(state="In production", decision="approved", revisions=2),
    Story.WITHDRAWN: End(state="Withdrawn", decision=""),
    Story.EDITED: End(state="In production", decision="approved", revisions=2),
    Story.ESCALATED: End(state="In production", decision="approved"),
}


@dataclass(frozen=True, kw_only=True)
class Brief:
    """One brief. slow: the review nobody decides by itself; against: the review that does not approve.

    has_refusal: Aprimo refuses what is written to it until somebody mends that.
    """

    name: str
    story: Story
    marketer: str
    budget: str
    regions: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    remark: str = ""
    slow: str = ""
    against: str = ""
    has_project: bool = False
    has_refusal: bool = False

    @property
    def end(self) -> End:
        """How it must end."""
        return ENDS[self.story]


_TITLES = ("Winter launch", "City marathon", "Loyalty card", "Summer fair", "Trade days", "Anniversary")
_REGIONS: tuple[tuple[str, ...], ...] = (("DACH",), (), ("DACH", "Nordics"), ("UK", "Iberia", "DACH"), ("Nordics",))
_CHANNELS = (("Web", "E-mail"), ("Out of home",), ("Social", "Web", "TV"))
_AGAINST = ("legal", "finance", "brand", "legal")
_SLOW = ("finance", "brand")
_REMARK = "The claim on page 2 was checked with the product team on Monday."


def briefs(count: int) -> tuple[Brief, ...]:
    """That many briefs, every story in turn."""
    stories = tuple(Story)
    return tuple(_brief(number, stories[number % len(stories)], number // len(stories)) for number in range(count))


def _brief(number: int, story: Story, turn: int) -> Brief:
    has_held_review = story in {Story.ESCALATED, Story.WITHDRAWN, Story.EDITED}
    says_something = story is Story.APPROVED and turn % 2 == 1
    return Brief(
        name=f"B{number + 1:02} {_TITLES[number % len(_TITLES)]}",
        story=story,
        marketer="marketer-88" if number % 2 == 0 else "marketer-89",
        budget=f"{8000 + 1250 * number}.00",
        regions=_REGIONS[number % len(_REGIONS)],
        channels=_CHANNELS[number % len(_CHANNELS)],
        remark=_REMARK if says_something else "",
        slow=_SLOW[turn % len(_SLOW)] if has_held_review or says_something else "",
        against=_AGAINST[turn % len(_AGAINST)] if story in {Story.REJECTED, Story.RESUBMITTED} else "",
        has_project=story in {Story.APPROVED, Story.RESUBMITTED} and turn % 2 == 0,
        has_refusal=number == 0,
    )


def people(played: Sequence[Brief]) -> dict[str, Any]:
    """The reviewers as the OpenText sandbox's scenario: rules for single briefs first, then everybody's habits."""
    single = [rule for brief in played for rule in _of_brief(brief)]
    habits = [
        {"when": {"process": _PROCESS, "task": "*_lead"}, "never": True},
        *(
            {
                "when": {"process": _PROCESS, "task": task},
                "who": f"{name}@example.test",
                "after_s": _USUAL_S,
                "outcome": "approved",
            }
            for task, name in FIXED.items()
        ),
        {
            "when": {"process": _PROCESS, "task": "regional"},
            "who": "{category}.one@example.test",
            "after_s": _USUAL_S,
            "outcome": "approved",
            "comment": "Fits the region.",
        },
    ]
    return {"rules": [*single, *habits]}


def reviewer(task: str) -> str:
    """Who decides one of the fixed reviews."""
    return f"{FIXED[task]}@example.test"


def _of_brief(brief: Brief) -> list[dict[str, Any]]:
    when = {"name_contains": brief.name, "revision": 1}
    rules: list[dict[str, Any]] = []
    if brief.against:
        is_rejected = brief.story is Story.REJECTED
        rules.append(
            {
                "when": {**when, "task": brief.against},
                "who": reviewer(brief.against),
                "after_s": _SOON_S,
                "outcome": "rejected" if is_rejected else "changes_requested",
                "comment": "Not this year." if is_rejected else "Please say who the audience is.",
            }
        )
    if brief.slow:
        rules.append({"when": {**when, "task": brief.slow}, "never": True})
    return rules
