"""Flow 3 on the stage: content requests whose work is sent back, or whose wanted date moves midway."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from console.casts.drama import (
    Act,
    Drama,
    Sight,
    Story,
    answering,
    answers,
    has_comment,
    is_told,
    written_over,
    wrong_comments,
    wrong_fields,
    wrong_matrix,
    wrong_revisions,
)
from console.casts.objects import Objects
from console.casts.play import Company

_NAMES = {
    "wanted": 320,
    "percent": 321,
    "step": 322,
    "next_due": 324,
    "late": 325,
    "languages": 326,
    "assets": 327,
    "owner": 328,
    "produced_on": 329,
    "matrix": 381,
    "message": 383,
    "comments": 384,
    "remark": 385,
}
_SUBMITTED, _PRODUCED = 2, 3
_OWNER = "88"
_USUAL_DAYS, _LATER_DAYS = 60, 90
_LINK = "https://files.example.test/page"
_PLAIN, _SENT_BACK, _MOVED = "produced", "sent_back_to_design", "wanted_date_moved"
_REMARK = "Please keep it short."
_REMARKED, _BACK, _LATER = "C1 Spring page", "C2 Price list", "C3 Mailing"


class Productions:
    """Three requests."""

    flow = "content_production"
    process_key = "contentProduction"

    def __init__(self, company: Company) -> None:
        self._objects = Objects(company.marketers.any, "generic-object-charlie", _NAMES)
        self._reviewers = company.reviewers
        self.stories: tuple[Story, ...] = (
            Story(name=_REMARKED, outcome=_PLAIN, acts=(self._remark(), self._write_copy())),
            Story(name=_BACK, outcome=_SENT_BACK),
            Story(name=_LATER, outcome=_MOVED, acts=(self._move(), self._design())),
        )

    def write(self, story: Story) -> str:
        """A request, submitted at once; one of them in two languages."""
        languages = "de; fr" if story.name == _LATER else ""
        return self._objects.make(
            name=story.name,
            status=_SUBMITTED,
            description="A page for the offer.",
            wanted=_in_days(_USUAL_DAYS),
            languages=languages,
            owner=_OWNER,
        )

    def key(self, item: str) -> str:
        """The request's business key."""
        return f"aprimo:generic_object_charlie:{item}"

    def look(self, item: str) -> dict[str, str]:
        """What the request shows."""
        return self._objects.shown(item)

    def rules(self) -> list[dict[str, Any]]:
        """Everybody does their step; the final check sends one request back once."""
        qa = {"who": "qa.one@example.test", "outcome": "approved", "variables": {"producedAssets": [_LINK]}}
        back = {"outcome": "to_design", "variables": {}, "comment": "The logo is the old one."}
        once = {**qa, **back, "then": [{**qa, "comment": "Now it fits."}]}
        return [
            {"when": {"task": "copywriting", "name_contains": _REMARKED}, "never": True},
            {"when": {"task": "design", "name_contains": _LATER}, "never": True},
            {"when": {"task": "qa", "name_contains": _BACK}, **once},
            {"when": {"task": "qa"}, **qa},
            *answers("done", "copywriting", "design", "translation", "localization"),
        ]

    def wrong(self, story: Story, sight: Sight) -> Iterator[str]:
        """Produced, all of it, in one process; a moved date is the process's too."""
        yield from wrong_fields(
            sight, status=str(_PRODUCED), percent="100", step="", late="no", next_due="", assets=_LINK
        )
        yield from wrong_revisions(sight, 1)
        yield from wrong_matrix(sight)
        yield from wrong_comments(sight, _REMARK if story.name == _REMARKED else "")
        if _day(_wanted(sight)) != _day(sight.shown["wanted"]):
            yield f"OpenText wants it by {_wanted(sight)}, Aprimo by {sight.shown['wanted']}"
        designs = sum(task.key == "design" for task in sight.last.tasks) if sight.last else 0
        if designs != (2 if story.name == _BACK else 1):
            yield f"the design was done {designs} times"

    def _remark(self) -> Act:
        return Act(
            when=is_told("copywriting"),
            does=lambda item, _: self._objects.put(item, remark=_REMARK),
            says="a remark for those who work on it",
            is_lost=written_over("remark", _REMARK, arrived=has_comment(_REMARK)),
        )

    def _write_copy(self) -> Act:
        return answering(
            self._reviewers,
            "copywriting",
            "done",
            when=has_comment(_REMARK),
            comment="Short it is.",
            says="the remark was read, the copy is written",
        )

    def _design(self) -> Act:
        return answering(
            self._reviewers,
            "design",
            "done",
            when=_has_moved,
            comment="More time made it better.",
            says="the date has moved, the design is done",
        )

    def _move(self) -> Act:
        return Act(
            when=is_told("design"),
            does=lambda item, _: self._objects.put(item, wanted=_in_days(_LATER_DAYS)),
            says="wanted a month later",
            is_lost=written_over("wanted", _in_days(_LATER_DAYS), arrived=_has_moved),
        )


def play(company: Company) -> Drama:
    """The flow's play."""
    return Drama(Productions(company), company)


def _has_moved(sight: Sight) -> bool:
    return sight.live is not None and _day(_wanted(sight)) == _day(_in_days(_LATER_DAYS))


def _wanted(sight: Sight) -> str:
    """By when OpenText wants it, "" without a process."""
    return str(sight.last.variables.get("wantedDate") or "") if sight.last else ""


def _day(moment: str) -> str:
    return moment[:10]


def _in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT00:00:00Z")
