"""A new plan never brings an effect about twice, and never forgets one that may have taken place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.commands import Cause, Command, EndProcess
from pipeline.store.replanning import EffectHeldError, Held, Stored, replan
from pipeline.words import DeliveryId, DeliveryState, EffectKey, EventId

S = DeliveryState
EVENT, OTHER = EventId("ev-1"), EventId("ev-2")
CAUSE = Cause(event_id=EVENT, plan_number=2)


def _command(instance: str) -> tuple[EffectKey, Command]:
    command = EndProcess(instance_id=instance, reason="withdrawn")
    return command.effect_key(CAUSE), command


def _stored(instance: str, state: DeliveryState, *, event: EventId = EVENT, is_open: bool = True) -> Stored:
    key = EffectKey(f"end:{instance}")
    return Stored(
        id=DeliveryId(f"{event}.{instance}"), event_id=event, effect_key=key, state=state, is_event_open=is_open
    )


@pytest.mark.parametrize("state", [S.PLANNED, S.FAILED])
def test_what_was_certainly_not_sent_is_dropped_and_planned_anew(state: DeliveryState) -> None:
    changes = replan([(CAUSE, [_command("p")])], [_stored("p", state)])

    assert (changes.dropped, changes.added) == (["ev-1.p"], [(CAUSE, 1, *_command("p"))])


def test_what_the_new_plan_does_not_want_is_dropped() -> None:
    changes = replan([(CAUSE, [_command("p")])], [_stored("q", S.PLANNED)])

    assert (changes.dropped, len(changes.added)) == (["ev-1.q"], 1)


def test_what_is_under_way_is_kept_and_not_planned_anew() -> None:
    changes = replan([(CAUSE, [_command("p")])], [_stored("p", S.SENDING)])

    assert (changes.dropped, changes.added, changes.adopted) == ([], [], [])


def test_what_may_have_taken_place_and_is_wanted_again_takes_its_place_in_the_new_plan() -> None:
    left = _stored("p", S.UNKNOWN)
    changes = replan([(CAUSE, [_command("p")])], [left])

    assert (changes.dropped, changes.added) == ([], [])
    assert changes.adopted == [Held(id=left.id, cause=CAUSE, ordinal=1)]


def test_what_may_have_taken_place_and_is_not_wanted_stays_in_its_old_plan() -> None:
    changes = replan([(CAUSE, [])], [_stored("p", S.UNKNOWN)])

    assert (changes.dropped, changes.added, changes.adopted) == ([], [], [])


@pytest.mark.parametrize("event", [EVENT, OTHER])
@pytest.mark.parametrize("is_open", [True, False])
def test_what_is_done_is_not_planned_again(event: EventId, *, is_open: bool) -> None:
    changes = replan([(CAUSE, [_command("p")])], [_stored("p", S.DONE, event=event, is_open=is_open)])

    assert (changes.dropped, changes.added, changes.adopted) == ([], [], [])


@pytest.mark.parametrize("state", [S.PLANNED, S.FAILED])
def test_what_an_ended_event_left_unsent_gives_way(state: DeliveryState) -> None:
    changes = replan([(CAUSE, [_command("p")])], [_stored("p", state, event=OTHER, is_open=False)])

    assert (changes.dropped, len(changes.added)) == (["ev-2.p"], 1)


def test_what_an_ended_event_left_unknown_is_taken_over_in_its_place() -> None:
    left = _stored("p", S.UNKNOWN, event=OTHER, is_open=False)
    changes = replan([(CAUSE, [_command("q"), _command("p")])], [left])

    assert changes.adopted == [Held(id=left.id, cause=CAUSE, ordinal=2)]
    assert [ordinal for _, ordinal, _, _ in changes.added] == [1]


@pytest.mark.parametrize("state", [S.PLANNED, S.SENDING, S.UNKNOWN, S.FAILED])
def test_what_another_open_event_holds_is_refused(state: DeliveryState) -> None:
    with pytest.raises(EffectHeldError, match=r"end:p is held by delivery ev-2\.p of event ev-2"):
        replan([(CAUSE, [_command("p")])], [_stored("p", state, event=OTHER)])


INSTANCES = st.sampled_from("pqrs")
STORED = st.lists(
    st.builds(
        _stored,
        INSTANCES,
        st.sampled_from([S.PLANNED, S.SENDING, S.DONE, S.UNKNOWN, S.FAILED]),
        event=st.sampled_from([EVENT, OTHER]),
        is_open=st.just(False),
    ).map(lambda row: row if row.event_id == OTHER else Stored(**{**vars(row), "is_event_open": True})),
    max_size=4,
    unique_by=lambda row: row.effect_key,
)


@given(wanted=st.lists(INSTANCES, max_size=4, unique=True), stored=STORED)
def test_after_any_plan_each_wanted_effect_is_held_once_and_no_doubt_is_lost(
    wanted: list[str], stored: list[Stored]
) -> None:
    may_hold = {S.SENDING}
    if any(row.state in may_hold and row.event_id == OTHER for row in stored):
        return  # Nothing is sending for an event that has ended.

    changes = replan([(CAUSE, [_command(instance) for instance in wanted])], stored)

    kept = [row for row in stored if row.id not in changes.dropped]
    keys = [row.effect_key for row in kept] + [key for _, _, key, _ in changes.added]
    assert len(keys) == len(set(keys))
    assert {EffectKey(f"end:{instance}") for instance in wanted} <= set(keys)
    assert all(row.state in {S.PLANNED, S.FAILED} for row in stored if row.id in changes.dropped)
