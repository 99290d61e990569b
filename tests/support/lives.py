"""What happens in every life of an item, whatever its flow: looks at any time, steps cut short, time that passes.

A flow's machine adds what its people do, and what must be true of it at rest.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipeline.flows import facts
from pipeline.words import ReviewState, Side
from tests.support.flow_world import FlowWorld


class FlowLives(RuleBasedStateMachine):
    """People on both sides do anything in any order; looks come late, twice or not at all."""

    world: FlowWorld

    def told(self, side: Side, *, is_told: bool) -> None:
        """A notice of what was just done arrives, or does not."""
        if is_told:
            self.world.look(side)

    @precondition(lambda self: self.world.live())
    @rule(is_told=st.booleans())
    def someone_deletes_the_process(self, *, is_told: bool) -> None:
        self.world.delete_process()
        self.told(Side.OPENTEXT, is_told=is_told)

    @rule(hours=st.sampled_from((1, 30, 300)))
    def time_passes(self, hours: int) -> None:
        self.world.now += timedelta(hours=hours)

    @rule(side=st.sampled_from(Side))
    def someone_tells_us(self, side: Side) -> None:
        self.world.look(side)

    @rule(side=st.sampled_from(Side), after=st.integers(min_value=0, max_value=3))
    def a_plan_is_given_up_half_way(self, side: Side, after: int) -> None:
        self.world.look_and_die(side, after=after)

    @rule()
    def the_timetable_tells_us(self) -> None:
        self.world.look(Side.OPENTEXT, facts.DUE)

    @rule()
    def an_operator_asks_for_a_restart(self) -> None:
        self.world.look(Side.APRIMO, facts.RESTART)

    @rule()
    def all_is_told(self) -> None:
        self.world.settle_down()

    @invariant()
    def at_most_one_process_lives(self) -> None:
        assert sum(each.ended_at is None for each in self.world.processes.values()) <= 1
        assert sum(row.is_live for row in self.world.link.processes) <= 1

    @invariant()
    def nothing_is_written_without_grounds(self) -> None:
        """Each world says what would be: an approval that not everybody gave, a step that nobody did."""
        assert self.world.unfounded == []

    @invariant()
    def every_decision_has_evidence(self) -> None:
        for row in self.world.link.reviews:
            assert bool(row.evidence) is (row.state is ReviewState.DECIDED)
