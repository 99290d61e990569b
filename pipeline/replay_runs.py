"""Applying a replay plan: exactly what was shown, letter by letter, at a pace, until it is done or stopped.

Each letter is read once more just before it is replayed. One whose world moved since it was shown is refused; the
worker that plans it again refuses as well (`pins`). One that cannot be read now is neither: the plan waits there. Any
number of people may apply one plan: the row of the plan says whose turn it is, and a letter is closed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pipeline import failpoints, replay
from pipeline.events import Pin
from pipeline.failpoints import Point
from pipeline.ports import AuditEntry, Hint, Letter, Ports, ReplayItem, ReplayPlan, Tx
from pipeline.replay_items import Words
from pipeline.replay_plans import NOT_OPEN, foresee
from pipeline.replay_waits import Patience
from pipeline.words import ReplayState

LOOK_EVERY_S = 1.0
"""Longest sleep before one looks whether the plan was stopped."""


def apply(plan_hash: str, *, by: str, words: Words, ports: Ports, patience: Patience) -> ReplayPlan | None:
    """Do what a plan says, from where it stands; returns it as it is then, None where there is no such plan.

    Raises the error of a system that stays away: the plan stands where it was, and is applied again from there.
    """
    plan = ports.store.run(partial(_begin, plan_hash, by))
    if plan is None:
        return None
    _Run(plan=plan, by=by, words=words, ports=ports, patience=patience).whole()
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
    """One person's go at a plan. seen: letters as they are now, by their place; wait_s: before one is read again."""

    plan: ReplayPlan
    by: str
    words: Words
    ports: Ports
    patience: Patience
    seen: dict[int, ReplayItem] = field(default_factory=dict)
    wait_s: float = 0.0

    def whole(self) -> None:
        """Deal with item after item while the plan is being applied."""
        while self.plan.items:
            now = self.ports.store.run(lambda tx: tx.replays.progress(self.plan.hash))
            if now.state is not ReplayState.APPLYING:
                return
            wait_s = min(max(now.wait_s, self.wait_s), LOOK_EVERY_S)
            if wait_s:
                self.patience.pause(wait_s)
                self.wait_s = max(0.0, self.wait_s - wait_s)
            else:
                self._deal(now.done_to)

    def _deal(self, number: int) -> None:
        """Replay or refuse the letter at a place; one that cannot be read now is left for the next turn."""
        if number not in self.seen:
            self.seen = self._look(number)
        if number not in self.seen:
            self.wait_s = self.patience.wait_s
            return
        hints = self.ports.store.run(
            partial(self._commit, number, why_not(self.plan.items[number], self.seen[number]))
        )
        failpoints.hit(Point.REPLAY_AFTER_COMMIT)
        self.ports.waker.wake(hints)

    def _look(self, number: int) -> dict[int, ReplayItem]:
        """The next letters as they are now, by place: those that can be read. What was left is not read again."""
        items = self.plan.items[number : number + self.patience.together(self.ports.limits)]
        letters = self.ports.store.run(partial(_open, [item.letter_id for item in items if not item.left]))
        seen = foresee(letters, is_resume=self.plan.is_resume, at=self.plan.at, words=self.words, ports=self.ports)
        read = self.patience.read_of(letters, seen, self.ports.limits)
        asked = {letter.id for letter in letters}
        others = {
            item.letter_id: replace(item, left=item.left or NOT_OPEN) for item in items if item.letter_id not in asked
        }
        now = {**others, **read}
        return {number + place: now[item.letter_id] for place, item in enumerate(items) if item.letter_id in now}

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


def _open(ids: Sequence[str], tx: Tx) -> list[Letter]:
    """The open letters among these."""
    return tx.letters.find(ids=ids) if ids else []
