"""The simulation can fail: with any one mechanism taken away, some schedule shows what it was for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline import carried, outcomes, steps
from pipeline.errors import StoreAwayError
from pipeline.flows.shared import reviews
from pipeline.intake import Accepted, accept
from pipeline.outcomes import Attempted, Ended
from pipeline.ports import Claim, HoldAnswer, HoldsWanted, Taken
from pipeline.words import Decision, DeliveryState, LineKey, Purpose
from tests.simulation import roles
from tests.simulation.briefs import Briefs
from tests.simulation.every_kind import EveryKind, EveryKindFlow
from tests.simulation.plays import Play
from tests.simulation.schedule import Plot, play
from tests.simulation.weather import Weather
from tests.support.memory import deliveries, rows
from tests.support.memory.deliveries import MemoryDeliveries
from tests.support.memory.holds import MemoryHolds
from tests.support.memory.lines import MemoryLines

SEEDS = range(1, 61)
Plays = Callable[[], Sequence[Play]]


def two_things() -> Sequence[Play]:
    return [EveryKind(items=2)]


def things_that_share() -> Sequence[Play]:
    return [EveryKind(items=3, flow=EveryKindFlow(is_sharing=True))]


def two_briefs() -> Sequence[Play]:
    return [Briefs(items=2)]


# ---- what is taken away --------------------------------------------------------------------------------------------


def nobody_is_fenced_off(patch: pytest.MonkeyPatch) -> None:
    def fence(self: MemoryLines, claims: Iterable[Claim]) -> dict[LineKey, int]:
        found = {claim.key: (claim, self._line(claim.key)) for claim in claims}
        self._held.update({key: (claim.token, row["lane"]) for key, (claim, row) in found.items()})
        return {key: row["tail"] for key, (_, row) in found.items()}

    patch.setattr(MemoryLines, "fence", fence)


def an_unknown_outcome_counts_as_none(patch: pytest.MonkeyPatch) -> None:
    unknown = outcomes._unknown

    def planned(attempted: Attempted, *rest: Any) -> Ended:  # noqa: ANN401 - As the function it stands for.
        ended = unknown(attempted, *rest)
        if attempted.purpose is Purpose.LOOK_UP or ended.row is None:
            return ended
        return replace(ended, row=replace(ended.row, after=DeliveryState.PLANNED))

    patch.setattr(outcomes, "_unknown", planned)


def an_effect_may_be_planned_twice(patch: pytest.MonkeyPatch) -> None:
    replan, uniques = deliveries.replan, rows._uniques
    patch.setattr(
        deliveries,
        "replan",
        lambda wanted, stored: replan(wanted, [each for each in stored if each.state is not DeliveryState.DONE]),
    )
    patch.setattr(rows, "_uniques", lambda table: [] if table.name == "deliveries" else uniques(table))


def a_look_up_counts_at_once(patch: pytest.MonkeyPatch) -> None:
    for module in (outcomes, carried):
        patch.setattr(module, "late", lambda *_: timedelta(0))


def what_a_dead_worker_was_sending_stays_so(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryDeliveries, "take_over", lambda *_: 0)


def nobody_sweeps(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryLines, "due", lambda *_, **__: [])


def a_notice_is_acknowledged_whatever_becomes_of_it(patch: pytest.MonkeyPatch) -> None:
    def careless(*args: Any, **kwargs: Any) -> Accepted:  # noqa: ANN401 - As the function it stands for.
        try:
            return accept(*args, **kwargs)
        except StoreAwayError:
            return Accepted()

    patch.setattr(roles, "accept", careless)


def everybody_gets_every_hold(patch: pytest.MonkeyPatch) -> None:
    def take(_self: MemoryHolds, wanted: Sequence[HoldsWanted]) -> Taken:
        return Taken(answers={want.event_id: HoldAnswer.TAKEN for want in wanted if want.holds})

    patch.setattr(MemoryHolds, "take", take)


def a_pause_is_seen_by_the_claim_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(steps, "closed_scopes", lambda _tx: frozenset())


def whoever_answered_has_approved(patch: pytest.MonkeyPatch) -> None:
    decide = reviews.decide

    def careless(*args: Any) -> Decision:  # noqa: ANN401 - As the function it stands for.
        decision = decide(*args)
        return Decision.APPROVED if decision is Decision.UNKNOWN else decision

    patch.setattr(reviews, "decide", careless)


@dataclass(frozen=True, kw_only=True)
class Break:
    """What is taken away, on what kind of day that shows, and as what."""

    takes: Callable[[pytest.MonkeyPatch], None]
    shows: frozenset[str]
    weather: Weather
    plays: Plays = two_things


BREAKS = [
    Break(
        takes=nobody_is_fenced_off,
        shows=frozenset({"letters", "fencing"}),
        weather=Weather(stopped=0.15, message_doubled=0.3),
    ),
    Break(
        takes=an_unknown_outcome_counts_as_none,
        shows=frozenset({"blind", "doubled"}),
        weather=Weather(answer_lost=0.3),
    ),
    Break(takes=an_effect_may_be_planned_twice, shows=frozenset({"doubled"}), weather=Weather(refused=0.15)),
    Break(takes=a_look_up_counts_at_once, shows=frozenset({"doubled"}), weather=Weather(effect_late=0.6)),
    Break(
        takes=what_a_dead_worker_was_sending_stays_so,
        shows=frozenset({"doubled", "blind"}),
        weather=Weather(killed=0.05),
    ),
    Break(takes=nobody_sweeps, shows=frozenset({"liveness"}), weather=Weather(message_lost=0.3)),
    Break(
        takes=a_notice_is_acknowledged_whatever_becomes_of_it,
        shows=frozenset({"lost"}),
        weather=Weather(sql_away=0.1),
    ),
    Break(takes=everybody_gets_every_hold, shows=frozenset({"holds"}), weather=Weather(), plays=things_that_share),
    Break(takes=a_pause_is_seen_by_the_claim_alone, shows=frozenset({"pause"}), weather=Weather(unavailable=0.2)),
    Break(takes=whoever_answered_has_approved, shows=frozenset({"evidence"}), weather=Weather(), plays=two_briefs),
]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.takes.__name__)
def test_what_is_taken_away_shows(broken: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    broken.takes(monkeypatch)

    for seed in SEEDS:
        verdict = play(Plot(seed=seed, plays=broken.plays(), weather=broken.weather))
        if verdict.violations:
            break

    assert {violation.partition(":")[0] for violation in verdict.violations} & broken.shows, verdict.violations
