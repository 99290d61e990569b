"""Flow 1 on the stage: campaign briefs, as `demo_scenario` tells their stories."""

from __future__ import annotations

from collections import Counter
from typing import Any

from console import demo_verdict
from console.casts.play import Company, carried
from console.demo_play import Role, Stage
from console.demo_reading import Reader
from console.demo_scenario import briefs, people
from console.demo_verdict import disagreements

FLOW = "campaign_brief"


class BriefPlay:
    """Briefs with every outcome in turn."""

    flow = FLOW

    def __init__(self, company: Company, count: int) -> None:
        self._briefs = briefs(count)
        reader = Reader(company.marketers.any, company.opentext)
        self.stage = Stage(company.marketers, company.reviewers, reader, company.tell)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The briefs as they were seen last."""
        return self.stage.roles

    @property
    def refused(self) -> int:
        """The activity that Aprimo refuses to be written to, until somebody mends that."""
        return next(role.id for role in self.roles if role.brief.has_refusal)

    def write(self) -> None:
        """Writes all briefs; none is handed in yet."""
        self.stage.write_drafts(self._briefs)

    def rules(self) -> list[dict[str, Any]]:
        """The reviewers of briefs."""
        rules: list[dict[str, Any]] = people(self._briefs)["rules"]
        return rules

    def turn(self) -> None:
        """Hands in a few, and lets everybody act."""
        self.stage.turn()

    @property
    def is_over(self) -> bool:
        """Whether every story has ended as it must."""
        return self.stage.is_over

    def look_again(self) -> None:
        """Every turn looks at all briefs."""
        self.stage.turn()

    def complaints(self) -> list[str]:
        """What does not fit."""
        return [f"{role.brief.name}: {each}" for role in self.roles for each in _wrong(role)]

    def figures(self) -> dict[str, Any]:
        """The flow in the summary."""
        return figures(self.roles)


def figures(roles: tuple[Role, ...]) -> dict[str, Any]:
    """What these briefs came to; a brief that was never read agrees with nothing."""
    each = [demo_verdict.as_json(role.brief, role.seen) for role in roles if role.seen]
    return {
        "items": len(roles),
        "agree": sum(brief["agree"] for brief in each),
        "outcomes": dict(Counter(role.brief.story.value for role in roles)),
        **carried((role.seen.processes, role.seen.item.comments) for role in roles if role.seen),
        "each": each,
    }


def _wrong(role: Role) -> tuple[str, ...]:
    return disagreements(role.brief, role.seen) if role.seen else ("it was never read",)
