"""One bad day: five briefs of mixed outcomes are played through both sandboxes while something goes wrong.

The people and the verdict are the demo's. What must not happen twice is counted in the sandboxes' own histories.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from console.demo_http import Pace, admin
from console.demo_marketers import Marketers, Reviewers
from console.demo_play import Role, Stage
from console.demo_reading import Reader
from console.demo_scenario import PACE, Brief, Story, briefs, people
from console.demo_verdict import disagreements
from tests.support import findings
from tests.support.bad_days_histories import Effects, Histories
from tests.support.bad_days_office import Office

T = TypeVar("T")

SUBJECT = "bad days, five briefs each"
"""Under which the figures of each day are shown."""

LIMIT_S = 180.0
"""Another day may come over the other installation meanwhile."""
_TURN_EVERY_S = 0.3
_CALLS_PER_S = 30
EDITED_TOO = (6, 1, 2, 4, 5)
"""Numbers of the demo's briefs: approved (with a remark), rejected, resubmitted, edited, escalated ..."""
WITHDRAWN_TOO = (6, 1, 2, 3, 5)
"""... one withdrawn instead of the edited one ..."""
SHORT = (0, 1, 3, 5, 7)
"""... and five that have one revision each."""

_DECISIONS: Mapping[Story, int] = {Story.RESUBMITTED: 2, Story.WITHDRAWN: 0}
"""How often a decision is written in each story; once in the others."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a day came to. looked_up: attempts that only looked; lost: attempts whose worker never told."""

    events: int
    sent: int
    looked_up: int
    lost: int
    starts: int
    comments: int
    messages: int
    writes: int
    repeated: int
    doubled: int
    kills: int
    seconds: float


class Day:
    """Five briefs on their way."""

    def __init__(self, office: Office, name: str, stage: Stage, told: list[str], spare: Iterable[Brief] = ()) -> None:
        self.office = office
        self.name = name
        self.stage = stage
        self.kills = 0
        self._told = told
        self._spare = deque(spare)
        self._began = time.monotonic()
        self._before = office.rows.counts()
        self._histories = Histories(office.urls)

    def role(self, story: Story) -> Role:
        """The brief of a story."""
        return next(role for role in self.stage.roles if role.brief.story is story)

    def subject(self, story: Story) -> str:
        """The business key of a story's brief."""
        return f"aprimo:activity:{self.role(story).id}"

    @property
    def effects(self) -> Effects:
        """What happened in both systems so far."""
        return self._histories.effects()

    def play_until(self, holds: Callable[[], object], *, what: str, limit_s: float = LIMIT_S) -> None:
        """Lets everybody act until the condition holds; fails with its name after the limit."""
        deadline = time.monotonic() + limit_s
        while not holds():
            assert time.monotonic() < deadline, f"{what} did not come true within {limit_s:g} s\n{self._report()}"
            turned_at = time.monotonic()
            self.stage.turn()
            time.sleep(max(0.0, _TURN_EVERY_S - (time.monotonic() - turned_at)))

    def play_for(self, seconds: float) -> None:
        """Lets everybody act for so long."""
        ends_at = time.monotonic() + seconds
        self.play_until(lambda: time.monotonic() >= ends_at, what="the time")

    def play_during(self, *moments: Callable[[], T], is_busy: Callable[[], bool] = lambda: True) -> list[T]:
        """Lets everybody act while each of these waits for its moment, at its own pace; gives what they give.

        Where it is busy no more, a spare brief is handed in.
        """

        def are_over() -> bool:
            if not is_busy() and self._spare:
                self.stage.write_drafts([self._spare.popleft()])
            return all(each.done() for each in waiting)

        with ThreadPoolExecutor(len(moments)) as pool:
            waiting = [pool.submit(moment) for moment in moments]
            self.play_until(are_over, what="every moment that was waited for")
            return [each.result() for each in waiting]

    def end(self) -> Figures:
        """Plays to the end; gives what the day came to, and keeps it for the end of the run."""
        self.come_to_rest()
        figures = self._figures(self.effects)
        shown = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asdict(figures).items())
        findings.note(SUBJECT, f"{self.name} on {self.office.rows.database}: {shown}")
        return figures

    def come_to_rest(self) -> None:
        """Plays until everything rests, and holds the day against what must be true of every day."""
        self.play_until(
            lambda: self.stage.is_over and self.office.rows.is_at_rest(), what="an end on which both agree"
        )
        self.stage.turn()
        assert self.stage.is_over, f"both agreed, and do not any more\n{self._report()}"
        effects = self.effects
        assert effects.doubled == {}
        expected = [role.brief for role in self.stage.roles]
        assert effects.of("start") == sum(brief.end.revisions for brief in expected)
        assert effects.of("comment") == sum(bool(brief.remark) for brief in expected)
        assert effects.of("project") == sum(brief.has_project for brief in expected)
        assert effects.decided == self._decisions()

    def _decisions(self) -> Counter[str]:
        wanted = {f"activity:{role.id}": _DECISIONS.get(role.brief.story, 1) for role in self.stage.roles}
        return Counter({name: times for name, times in wanted.items() if times})

    def _figures(self, effects: Effects) -> Figures:
        new = Counter({name: number - self._before[name] for name, number in self.office.rows.counts().items()})
        return Figures(
            events=new["events"],
            sent=sum(number for name, number in new.items() if name.startswith("send/")),
            looked_up=sum(number for name, number in new.items() if name.startswith("look_up/")),
            lost=sum(number for name, number in new.items() if name.endswith("/lost")),
            starts=effects.of("start"),
            comments=effects.of("comment"),
            messages=effects.of("message"),
            writes=effects.writes,
            repeated=effects.repeated,
            doubled=len(effects.doubled),
            kills=self.kills,
            seconds=round(time.monotonic() - self._began, 1),
        )

    def _report(self) -> str:
        wrong = [
            f"{role.brief.name} ({role.id}): {each}"
            for role in self.stage.roles
            for each in (disagreements(role.brief, role.seen) if role.seen else ("was never read",))
        ]
        wrong += [f"took place {times} times: {identity}" for identity, times in self.effects.doubled.items()]
        return "\n".join([*self._told[-20:], *wrong, *self.office.rows.still_open(), f"log: {self.office.log}"])


@contextmanager
def bad_day(
    office: Office, name: str, numbers: tuple[int, ...] = EDITED_TOO, spare: tuple[int, ...] = ()
) -> Iterator[Day]:
    """A day whose five briefs are written and not yet handed in. spare: numbers of those kept for `play_during`."""
    told: list[str] = []
    with ExitStack() as held:
        held.callback(office.mend)
        demo = briefs(max(*numbers, *spare) + 1)
        played, kept = (
            [replace(demo[each], name=f"{name}, {demo[each].name}", has_refusal=False) for each in some]
            for some in (numbers, spare)
        )
        admin(office.urls["opentext"], "PUT", "people", {**people([*played, *kept]), "pace": PACE})
        marketers = Marketers(office.urls["aprimo"], Pace(_CALLS_PER_S))
        held.callback(marketers.close)
        marketers.sign_in()
        reviewers = Reviewers(office.urls["opentext"], tenant="sandbox", pace=Pace(_CALLS_PER_S))
        opentext = reviewers.reader()
        held.callback(opentext.close)
        opentext.sign_in()
        stage = Stage(marketers, reviewers, Reader(marketers.any, opentext), told.append)
        stage.write_drafts(played)
        yield Day(office, name, stage, told, kept)
