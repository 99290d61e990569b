"""Flow 2 on the stage: assets whose reviewers approve, ask for changes, or meet a newer version midway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from console.casts.dam import OWNER, Dam
from console.casts.drama import (
    Act,
    Drama,
    Sight,
    Story,
    answering,
    answers,
    has_comment,
    is_open,
    wrong_comments,
    wrong_fields,
    wrong_matrix,
    wrong_revisions,
)
from console.casts.play import Company

_FIELDS = {
    "state": "ReviewState",
    "approval": "ApprovalState",
    "version": "ApprovedVersion",
    "approved_on": "ApprovedOn",
    "matrix": "ReviewMatrix",
    "open_tasks": "OpenTasks",
    "case": "Case",
}
_REMARK = "The claim was checked with the product team."
_APPROVED, _REVISED, _RENEWED = "approved", "changes_requested_and_new_version", "new_version_while_in_review"
_REVISIONS = {_APPROVED: 1, _REVISED: 2, _RENEWED: 2}
_REMARKED, _CHANGED, _MOVED = "A1 Hero banner", "A2 Product shot", "A3 Store poster"


class AssetReviews:
    """Three assets."""

    flow = "asset_review"
    process_key = "assetReview"

    def __init__(self, company: Company) -> None:
        self._dam = Dam(company.marketers.any)
        self._reviewers = company.reviewers
        self.stories: tuple[Story, ...] = (
            Story(name=_REMARKED, outcome=_APPROVED, acts=(self._remark(), self._answer())),
            Story(name=_CHANGED, outcome=_REVISED, acts=(self._renew("creative_revision", "revised as asked"),)),
            Story(name=_MOVED, outcome=_RENEWED, acts=(self._renew("product", "a new version midway"),)),
        )

    def write(self, story: Story) -> str:
        """A record with its file, put up for review at once."""
        told: dict[str, Any] = {"Title": story.name, "CampaignCode": "SPRING-26", "Product": "Oat drink"}
        told |= {"Claims": "Half the sugar", "ContentOwner": [OWNER], "ReviewState": ["For review"]}
        return self._dam.make(story.name.encode(), **told)

    def key(self, item: str) -> str:
        """The record's business key."""
        return f"aprimo:record:{item}"

    def look(self, item: str) -> dict[str, str]:
        """What the record shows; comments are what the checks of its latest version say."""
        values = self._dam.values(item, *_FIELDS.values())
        shown = {name: values[wire] for name, wire in _FIELDS.items()}
        latest = self._dam.latest_version(item)
        return {**shown, "latest": latest, "comments": self._dam.checks(latest)}

    def rules(self) -> list[dict[str, Any]]:
        """Reviewers approve, but for what single assets meet in their first round."""
        asks = {"outcome": "changes_requested", "comment": "Too loud."}
        single: list[tuple[str, str, dict[str, object]]] = [
            ("product", _REMARKED, {"never": True}),
            ("product", _MOVED, {"never": True}),
            ("legal", _CHANGED, {"who": "legal.one@example.test", **asks}),
            ("consolidate", _CHANGED, {"who": "consolidate.one@example.test", "outcome": "changes_requested"}),
            ("creative_revision", _CHANGED, {"never": True}),
        ]
        return [
            *({"when": {"task": task, "name_contains": name, "revision": 1}, **does} for task, name, does in single),
            *answers("approved", "compliance", "legal", "product"),
        ]

    def wrong(self, story: Story, sight: Sight) -> Iterator[str]:
        """Approved is the version that is the latest, and that the last process was about."""
        yield from wrong_fields(sight, state="Approved", approval="Approved", open_tasks="")
        yield from wrong_revisions(sight, _REVISIONS[story.outcome])
        yield from wrong_matrix(sight)
        reviewed = str(sight.last.variables.get("fileVersionId")) if sight.last else ""
        yield from wrong_fields(sight, version=reviewed, latest=reviewed)
        if not sight.shown["approved_on"]:
            yield "no day of the approval is shown"
        yield from wrong_comments(_last_round(sight), _REMARK if story.name == _REMARKED else "")

    def _remark(self) -> Act:
        return Act(
            when=is_open("product"),
            does=lambda item, _: self._dam.write(item, Remark=_REMARK),
            says="a remark for the reviewers",
        )

    def _answer(self) -> Act:
        return answering(
            self._reviewers,
            "product",
            "approved",
            when=has_comment(_REMARK),
            comment="Thank you, that answers it.",
            says="the remark was read, the last review decided",
        )

    def _renew(self, task: str, says: str) -> Act:
        return Act(
            when=is_open(task),
            does=lambda item, _: self._dam.add_version(item, b"second"),
            says=says,
        )


def play(company: Company) -> Drama:
    """The flow's play."""
    return Drama(AssetReviews(company), company)


def _last_round(sight: Sight) -> Sight:
    """The sight without older rounds: their comments stand with their own versions."""
    return Sight(shown=sight.shown, processes=sight.processes[-1:])
