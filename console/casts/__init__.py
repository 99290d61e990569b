"""The flows that the demo plays: by name, what opens each flow's play."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from console.casts import asset_reviews, cases, exceptions, insights, localizations, packages, productions
from console.casts.briefs import BriefPlay
from console.casts.play import Company, Play

Opening = Callable[[Company], Play]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is played. flow: the one flow, "" for all of them; briefs: how many of them where they are played."""

    flow: str = ""
    briefs: int

    def openings(self) -> tuple[Opening, ...]:
        """What opens each play, in the order of the summary."""
        return tuple(opening for name, opening in _openings(self.briefs).items() if self.flow in {"", name})


def flow_names() -> tuple[str, ...]:
    """The flows that can be played."""
    return tuple(_openings(0))


def _openings(briefs: int) -> Mapping[str, Opening]:
    return {
        "campaign_brief": lambda company: BriefPlay(company, briefs),
        "asset_review": asset_reviews.play,
        "content_production": productions.play,
        "localization": localizations.play,
        "budget_exception": exceptions.play,
        "publication": packages.play,
        "operational_case": cases.play,
        "performance_insight": insights.play,
    }
