"""Plays the stories: everybody acts when what they wait for is to be seen in one of the two systems."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from console.demo_marketers import Marketers, Reviewers
from console.demo_reading import Item, Reader, Seen
from console.demo_scenario import Brief, Story, reviewer
from console.demo_verdict import APPROVED, disagreements

Tell = Callable[[str], None]
_SUBMITTED_A_TURN = 2


@dataclass(frozen=True, kw_only=True)
class Step:
    """One act of a story: what must be to be seen first, what is done then, and how it is told."""

    when: Callable[[Brief, Seen], bool]
    act: Callable[[Stage, Brief, Seen], None]
    says: str


@dataclass(frozen=True, kw_only=True)
class Role:
    """A brief on the stage: its id, how many steps it has taken, and how it was last seen."""

    brief: Brief
    id: int
    taken: int = 0
    seen: Seen | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is still to be done."""
        return steps_of(self.brief)[self.taken :]

    @property
    def is_over(self) -> bool:
        """Whether all was done, and both systems agree on how it ended."""
        return not self.steps and self.seen is not None and not disagreements(self.brief, self.seen)


class Stage:
    """Who plays, and how it looks to them."""

    def __init__(self, marketers: Marketers, reviewers: Reviewers, reader: Reader, tell: Tell) -> None:
        self.marketers = marketers
        self.reviewers = reviewers
        self._reader = reader
        self._tell = tell
        self.roles: tuple[Role, ...] = ()
        self._unsubmitted: deque[tuple[Brief, int]] = deque()

    def write_drafts(self, briefs: Sequence[Brief]) -> None:
        """Writes these briefs and hands in none yet; those with the longest stories will be handed in first."""
        written: list[Role] = []
        for brief in briefs:
            written.append(Role(brief=brief, id=self.marketers.draft(brief)))
            self.roles = (*self.roles, written[-1])

        longest_first = sorted(written, key=lambda role: _length(role.brief), reverse=True)
        self._unsubmitted.extend((role.brief, role.id) for role in longest_first)

    def turn(self) -> None:
        """Hands in a few briefs, looks at both systems once, and lets everybody act who sees what they waited for."""
        for _ in range(min(_SUBMITTED_A_TURN, len(self._unsubmitted))):
            brief, activity_id = self._unsubmitted.popleft()
            self.marketers.submit(brief, activity_id)
            self._tell(f"{brief.name}: submitted")
        seen = self._reader.read(role.id for role in self.roles)
        self.roles = tuple(self._played(role, seen[role.id]) for role in self.roles)

    @property
    def is_over(self) -> bool:
        """Whether every story has ended as it must."""
        return all(role.is_over for role in self.roles)

    def _played(self, role: Role, seen: Seen) -> Role:
        looked = replace(role, seen=replace(seen, item=self._with_project(role, seen.item)))
        if looked.is_over and not role.is_over:
            self._tell(f"{role.brief.name}: {role.brief.story.value.replace('_', ' ')}, both systems agree")
        if not role.steps or not role.steps[0].when(role.brief, seen):
            return looked
        step = role.steps[0]
        step.act(self, role.brief, seen)
        self._tell(f"{role.brief.name}: {step.says}")
        return replace(looked, taken=role.taken + 1)

    def _with_project(self, role: Role, item: Item) -> Item:
        """A project's status is asked for from when its brief was approved until it was started."""
        if role.is_over and role.seen:
            return replace(item, project_status=role.seen.item.project_status)
        if not role.brief.has_project or item.decision != APPROVED:
            return item
        return replace(item, project_status=self._reader.project_status(item.project))


def steps_of(brief: Brief) -> tuple[Step, ...]:
    """What is done with a brief after it was handed in for the first time."""
    remarked = _REMARKED if brief.remark else ()
    return (*remarked, *_STEPS.get(brief.story, ()))


def _length(brief: Brief) -> tuple[bool, bool, int]:
    """How long a story takes, compared with others: a person mends, a term passes, then by the number of acts."""
    return brief.has_refusal, brief.story is Story.ESCALATED, len(steps_of(brief))


def _is_in_approval(_brief: Brief, seen: Seen) -> bool:
    return seen.live is not None and bool(seen.item.matrix)


def _has_an_approval(_brief: Brief, seen: Seen) -> bool:
    return any("@" in line and APPROVED in line for line in seen.item.matrix.splitlines())


def _has_the_remark(brief: Brief, seen: Seen) -> bool:
    return seen.live is not None and any(brief.remark in comment.text for comment in seen.live.comments)


def _is_led(brief: Brief, seen: Seen) -> bool:
    return seen.live is not None and seen.live.open_task(f"{brief.slow}_lead") is not None


def _approve_slow(comment: str) -> Callable[[Stage, Brief, Seen], None]:
    def act(stage: Stage, brief: Brief, seen: Seen) -> None:
        task = seen.live.open_task(brief.slow) if seen.live else None
        if task is not None:
            stage.reviewers.approve(task, reviewer(brief.slow), comment)

    return act


_REMARKED = (
    Step(
        when=_is_in_approval,
        act=lambda stage, brief, seen: stage.marketers.remark(brief, seen.item.id),
        says="a remark for the reviewers",
    ),
    Step(
        when=_has_the_remark,
        act=_approve_slow("Thank you, that answers it."),
        says="the remark was read, the last review decided",
    ),
)

_STEPS: Mapping[Story, tuple[Step, ...]] = {
    Story.RESUBMITTED: (
        Step(
            when=lambda _, seen: seen.item.state == "Changes requested",
            act=lambda stage, brief, seen: stage.marketers.mend_and_submit(brief, seen.item.id),
            says="changed as asked, and submitted again",
        ),
    ),
    Story.WITHDRAWN: (
        Step(
            when=_has_an_approval,
            act=lambda stage, brief, seen: stage.marketers.withdraw(brief, seen.item.id),
            says="withdrawn by the marketer",
        ),
    ),
    Story.EDITED: (
        Step(
            when=_is_in_approval,
            act=lambda stage, brief, seen: stage.marketers.raise_budget(brief, seen.item.id),
            says="the budget is changed while in approval",
        ),
        Step(
            when=lambda _, seen: seen.item.state == "Draft",
            act=lambda stage, brief, seen: stage.marketers.submit(brief, seen.item.id),
            says="submitted again with the new budget",
        ),
    ),
    Story.ESCALATED: (
        Step(
            when=_is_led,
            act=_approve_slow("Sorry for the wait."),
            says="the lead was told, the overdue review is decided",
        ),
    ),
}
