"""Who plays in a seed: a flow joins chaos with a cast of its own in this table, and its words in the checker's."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from console.demo_verdict import disagreements
from tests.support.bad_days import Day, bad_day
from tests.support.bad_days_office import Office


class Play(Protocol):
    """Work on its way through both systems, with the people who belong to it."""

    def turn(self) -> None:
        """Lets everybody act once on what they see."""

    @property
    def is_over(self) -> bool:
        """Whether both systems show the end that each piece of work must come to."""

    @property
    def pieces(self) -> Mapping[str, str]:
        """Each piece of work: business key -> what it plays, which costs the same deliveries each time."""

    def wrongs(self) -> list[str]:
        """What does not fit yet, as sentences."""


class Cast(Protocol):
    """Opens a play."""

    def __call__(self, office: Office, name: str, chance: random.Random) -> AbstractContextManager[Play]:
        """A play whose work is not handed in yet; name makes its items different from every other's."""


class _Briefs:
    """Campaign briefs, as the demo and the bad days play them."""

    def __init__(self, day: Day) -> None:
        self._day = day

    def turn(self) -> None:
        self._day.stage.turn()

    @property
    def is_over(self) -> bool:
        return self._day.stage.is_over

    @property
    def pieces(self) -> Mapping[str, str]:
        return {
            f"aprimo:activity:{role.id}": f"{role.brief.story}{'+' if role.brief.remark else ''}"
            for role in self._day.stage.roles
        }

    def wrongs(self) -> list[str]:
        return [
            f"{role.brief.name} ({role.id}): {each}"
            for role in self._day.stage.roles
            for each in (disagreements(role.brief, role.seen) if role.seen else ("was never read",))
        ]


STORIES = (6, 1, 2, 3, 4, 5)
"""Numbers of the demo's briefs: one of each story, the approved one with a remark for the reviewers."""


def briefs(numbers: Sequence[int]) -> Cast:
    """Campaign briefs of these numbers, in any order."""

    @contextmanager
    def opened(office: Office, name: str, chance: random.Random) -> Iterator[Play]:
        with bad_day(office, name, tuple(chance.sample(numbers, len(numbers)))) as day:
            yield _Briefs(day)

    return opened


CASTS: tuple[Cast, ...] = (briefs(STORIES),)
