"""Flow 7 on the stage: cases that are triaged, reprioritised midway, reopened and confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    "resolution": 351,
    "about": 352,
    "requester": 353,
    "kind": 357,
    "priority": 358,
    "case": 380,
    "matrix": 381,
    "open_tasks": 382,
    "message": 383,
    "comments": 384,
    "remark": 385,
}
_OPEN, _CLOSED = 1, 5
_BLOCKER, _CHANGE = "3573", "3574"
_NORMAL, _URGENT, _URGENT_NUMBER = "3582", "3584", 100
_REMARK = "It is the printer on the second floor."
_NOTE = "Printed elsewhere."
_REMARKED, _RAISED, _AGAIN = "K1 Printer on strike", "K2 Logo missing", "K3 Fair moved"
_OUTCOMES = {_REMARKED: "confirmed", _RAISED: "priority_raised", _AGAIN: "reopened_once"}


class Cases:
    """Three cases that are made in Aprimo."""

    flow = "operational_case"
    process_key = "operationalCase"

    def __init__(self, company: Company) -> None:
        self._objects = Objects(company.marketers.any, "generic-object-alpha", _NAMES)
        self._reviewers = company.reviewers
        acts = {_REMARKED: (self._remark(), self._agree("the remark was read", has_comment(_REMARK)))}
        acts[_RAISED] = (self._raise(), self._agree("it is urgent now", _is_urgent))
        self.stories: tuple[Story, ...] = tuple(
            Story(name=name, outcome=outcome, acts=acts.get(name, ())) for name, outcome in _OUTCOMES.items()
        )

    def write(self, story: Story) -> str:
        """A case, open at once; one of a kind that the triage gives to somebody."""
        return self._objects.make(
            name=story.name,
            status=_OPEN,
            description="It holds everybody up.",
            kind=_CHANGE if story.name == _AGAIN else _BLOCKER,
            priority=_NORMAL,
            about="aprimo:activity:5012",
            requester="88",
        )

    def key(self, item: str) -> str:
        """The case's business key."""
        return f"aprimo:generic_object_alpha:{item}"

    def look(self, item: str) -> dict[str, str]:
        """What the case shows."""
        return self._objects.shown(item)

    def rules(self) -> list[dict[str, Any]]:
        """Everybody does their part; the requester reopens one case once, then confirms it."""
        confirmed = {"who": "requester.one@example.test", "outcome": "confirmed"}
        reopened = {**confirmed, "outcome": "reopened", "comment": "Not yet."}
        once = {**reopened, "then": [{**confirmed, "comment": "Now."}]}
        resolved = {"who": "resolution.one@example.test", "outcome": "resolved"}
        triaged = {"who": "triage.one@example.test", "outcome": "done", "variables": {"responsible": "legal"}}
        return [
            {"when": {"task": "agency", "name_contains": _REMARKED}, "never": True},
            {"when": {"task": "agency", "name_contains": _RAISED}, "never": True},
            {"when": {"task": "confirm", "name_contains": _AGAIN}, **once},
            {"when": {"task": "confirm"}, **confirmed},
            {"when": {"task": "resolution"}, **resolved, "variables": {"resolutionNote": _NOTE}},
            {"when": {"task": "triage"}, **triaged},
            *answers("done", "procurement", "agency", "legal"),
        ]

    def wrong(self, story: Story, sight: Sight) -> Iterator[str]:
        """Closed on both sides, with the resolution and the priority that OpenText has."""
        priority = _URGENT if story.name == _RAISED else _NORMAL
        yield from wrong_fields(sight, status=str(_CLOSED), resolution=_NOTE, priority=priority, open_tasks="")
        yield from wrong_revisions(sight, 1)
        yield from wrong_matrix(sight)
        yield from wrong_comments(sight, _REMARK if story.name == _REMARKED else "")
        confirmations = (
            sum(task.key == "confirm" and task.is_decided for task in sight.last.tasks) if sight.last else 0
        )
        if confirmations != (2 if story.name == _AGAIN else 1):
            yield f"the requester answered {confirmations} times"
        if story.name == _RAISED and sight.last and sight.last.variables.get("priority") != _URGENT_NUMBER:
            yield f"the priority in OpenText is {sight.last.variables.get('priority')}"

    def _remark(self) -> Act:
        return Act(
            when=is_told("agency"),
            does=lambda item, _: self._objects.put(item, remark=_REMARK),
            says="a remark for those who work on it",
            is_lost=written_over("remark", _REMARK, arrived=has_comment(_REMARK)),
        )

    def _raise(self) -> Act:
        return Act(
            when=is_told("agency"),
            does=lambda item, _: self._objects.put(item, priority=_URGENT),
            says="made urgent",
            is_lost=written_over("priority", _URGENT, arrived=_is_urgent),
        )

    def _agree(self, says: str, when: Callable[[Sight], bool]) -> Act:
        return answering(self._reviewers, "agency", "done", when=when, comment="On our way.", says=says)


def play(company: Company) -> Drama:
    """The flow's play."""
    return Drama(Cases(company), company)


def _is_urgent(sight: Sight) -> bool:
    return sight.live is not None and sight.live.variables.get("priority") == _URGENT_NUMBER
