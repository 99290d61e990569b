"""Applying a replay plan: exactly what was shown, letter by letter, at a pace, until it is done or stopped.

Each letter is read once more just before it is replayed. One whose world moved since it was shown is refused; the
worker that plans it again refuses as well (`pins`). Any number of people may apply one plan: the row of the plan says
whose turn it is, and a letter is closed once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pipeline import failpoints, replay
from pipeline.events import Pin
from pipeline.failpoints import Point
from pipeline.ports import AuditEntry, Hint, Letter, Ports, ReplayItem, ReplayPlan, Tx
from pipeline.replay_items import Words
from pipeline.replay_plans import NOT_OPEN, foresee
from pipeline.words import ReplayState

LOOK_EVERY_S = 1.0
"""Longest sleep before one looks whether the plan was stopped."""


def apply(
    plan_hash: str, *, by: str, words: Words, ports: Ports, pause: Callable[[float], None]
) -> ReplayPlan | None:
    """Do what a plan says, from where it stands; returns it as it is then, None where there is no such plan.

    pause: sleeps so many seconds.
    """
    plan = ports.store.run(partial(_begin, plan_hash, by))
    if plan is None:
        return None
    _Run(plan=plan, by=by, words=words, ports=ports, pause=pause).whole()
    return ports.store.run(lambda tx: tx.replays.find(plan_hash))


def stop(plan_hash: str, *, by: str, ports: Ports) -> bool:
    """Let no further letter of a plan be replayed; False where it is not being applied."""

    def work(tx: Tx) -> bool:
        is_stopped = tx.replays.stop(plan_hash)
        if is_stopped:
            tx.ledger.audit([AuditEntry(actor=by, act="replay_plan.stopped", object=plan_hash)])
        return is_stopped

    return ports.store.run(work)


def _begin(plan_hash: str, by: str, tx: Tx) -> ReplayPlan | None:
    plan = tx.replays.find(plan_hash)
    if plan is None or not plan.items:
        return plan
    tx.replays.begin(plan_hash)
    plan = tx.replays.find(plan_hash)
    if plan is not None and plan.state is ReplayState.APPLYING:
        tx.ledger.audit([AuditEntry(actor=by, act="replay_plan.applied", object=plan_hash)])
    return plan


@dataclass(kw_only=True)
class _Run:
    """One person's go at a plan. seen: letters as they are now, by their place in the plan."""

    plan: ReplayPlan
    by: str
    words: Words
    ports: Ports
    pause: Callable[[float], None]
    seen: dict[int, ReplayItem] = field(default_factory=dict)

    def whole(self) -> None:
        """Deal with item after item while the plan is being applied."""
        while self.plan.items:
            now = self.ports.store.run(lambda tx: tx.replays.progress(self.plan.hash))
            if now.state is not ReplayState.APPLYING:
                return
            if now.wait_s:
                self.pause(min(now.wait_s, LOOK_EVERY_S))
            else:
                self._deal(now.done_to)

    def _deal(self, number: int) -> None:
        if number not in self.seen:
            self._look(number)
        hints = self.ports.store.run(
            partial(self._commit, number, why_not(self.plan.items[number], self.seen[number]))
        )
        failpoints.hit(Point.REPLAY_AFTER_COMMIT)
        self.ports.waker.wake(hints)

    def _look(self, number: int) -> None:
        """Read as many letters at once as may go within a second."""
        limits = self.ports.limits
        many = max(1, min(limits.batch_lines, int(limits.replays_per_s)))
        items = self.plan.items[number : number + many]
        letters = self.ports.store.run(partial(_open, items))
        found = foresee(
            list(letters.values()),
            is_resume=self.plan.is_resume,
            at=self.plan.at,
            words=self.words,
            ports=self.ports,
        )
        now = {item.letter_id: item for item in found}
        self.seen = {
            number + place: now.get(item.letter_id) or ReplayItem(**{**vars(item), "left": NOT_OPEN})
            for place, item in enumerate(items)
        }

    def _commit(self, number: int, why: str, tx: Tx) -> list[Hint]:
        """One letter and its place in the plan in one commit; returns what wakes its line."""
        plan, item = self.plan, self.plan.items[number]
        pace_s = 0.0 if why else 1 / self.ports.limits.replays_per_s
        is_last = number + 1 == len(plan.items)
        if not tx.replays.advance(plan.hash, number, is_last=is_last, pace_s=pace_s):
            return []
        hints = None if why else self._bring_back(item, tx)
        if hints is None:
            tx.replays.refuse(plan.hash, number, why or NOT_OPEN)
        return hints or []

    def _bring_back(self, item: ReplayItem, tx: Tx) -> list[Hint] | None:
        return replay.bring_back(
            tx,
            item.letter_id,
            is_resume=self.plan.is_resume,
            by=self.by,
            note=f"plan {self.plan.hash}",
            pin=Pin(digest=item.digest, at=self.plan.at),
        )


def why_not(shown: ReplayItem, now: ReplayItem) -> str:
    """Why a letter is not replayed as it was shown: nothing ("") where it is as it was."""
    if shown.left or now.left:
        return shown.left or now.left
    changed = sorted(name for name in {*shown.seen, *now.seen} if shown.seen.get(name) != now.seen.get(name))
    if changed:
        return f"Changed since it was shown: {', '.join(changed)}."
    if (shown.resumes, shown.digest) != (now.resumes, now.digest):
        return "Replaying it would come to other calls than were shown."
    return ""


def _open(items: tuple[ReplayItem, ...], tx: Tx) -> dict[str, Letter]:
    """The open letters among these, by id."""
    return {letter.id: letter for letter in tx.letters.find(ids=[item.letter_id for item in items])}
