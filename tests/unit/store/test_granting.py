"""An event gets all the holds it wants or none, and nobody who waits stands in another's way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline.plan import Hold
from pipeline.ports import HoldAnswer, HoldsWanted
from pipeline.store.granting import Grants, Row, grant
from pipeline.words import BusinessKey, EventId

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
READ_AT, LONG_AGO = NOW - timedelta(seconds=5), NOW - timedelta(days=1)
X, Y, Z = (Hold(object=f"dam:record:{name}", field_set="release") for name in "xyz")
ONE, TWO = EventId("ev-1"), EventId("ev-2")


def _want(event: EventId, *holds: Hold, keeps_own: bool = False, read_at: datetime = READ_AT) -> HoldsWanted:
    return HoldsWanted(
        event_id=event,
        flow="publication",
        business_key=BusinessKey(f"aprimo:activity:{event}"),
        holds=holds,
        read_at=read_at,
        keeps_own=keeps_own,
    )


def _free(since: datetime = LONG_AGO) -> Row:
    return Row(event_id=None, since=since)


def _of(event: EventId) -> Row:
    return Row(event_id=event, since=LONG_AGO)


def test_what_is_free_is_taken() -> None:
    grants = grant([_want(ONE, X, Y)], {X: _free(), Y: _free()}, NOW)

    assert (grants.answers, set(grants.taken), list(grants.freed)) == ({ONE: HoldAnswer.TAKEN}, {X, Y}, [])


def test_where_one_is_held_none_is_taken() -> None:
    grants = grant([_want(ONE, X, Y)], {X: _free(), Y: _of(TWO)}, NOW)

    assert (grants.answers, grants.taken) == ({ONE: HoldAnswer.HELD}, {})


def test_an_event_takes_its_own_holds_again() -> None:
    grants = grant([_want(ONE, X)], {X: _of(ONE)}, NOW)

    assert (grants.answers, grants.taken, grants.freed) == ({ONE: HoldAnswer.TAKEN}, {}, {})


def test_of_two_in_one_batch_the_first_gets_it() -> None:
    grants = grant([_want(ONE, X), _want(TWO, X)], {X: _free()}, NOW)

    assert grants.answers == {ONE: HoldAnswer.TAKEN, TWO: HoldAnswer.HELD}


def test_what_was_given_back_after_the_read_began_is_taken_and_read_again() -> None:
    grants = grant([_want(ONE, X)], {X: _free(READ_AT + timedelta(microseconds=1))}, NOW)

    assert (grants.answers, set(grants.taken)) == ({ONE: HoldAnswer.READ_AGAIN}, {X})


def test_what_was_given_back_before_the_read_began_is_taken_for_good() -> None:
    assert grant([_want(ONE, X)], {X: _free(READ_AT)}, NOW).answers == {ONE: HoldAnswer.TAKEN}


def test_what_a_new_plan_does_not_want_is_given_back() -> None:
    grants = grant([_want(ONE, Y)], {X: _of(ONE), Y: _free()}, NOW)

    assert (set(grants.taken), list(grants.freed)) == ({Y}, [X])


def test_who_must_wait_gives_back_what_he_has() -> None:
    grants = grant([_want(ONE, X, Y)], {X: _of(ONE), Y: _of(TWO)}, NOW)

    assert (grants.answers, list(grants.freed)) == ({ONE: HoldAnswer.HELD}, [X])


def test_while_an_own_call_may_take_effect_nothing_is_given_back() -> None:
    stored = {X: _of(ONE), Y: _of(TWO), Z: _free()}

    assert grant([_want(ONE, X, Y, keeps_own=True)], stored, NOW).freed == {}
    assert grant([_want(ONE, Z, keeps_own=True)], stored, NOW).freed == {}
    assert grant([_want(ONE, keeps_own=True)], stored, NOW).freed == {}


def test_what_is_given_back_goes_to_the_next_of_the_batch_who_reads_again() -> None:
    grants = grant([_want(ONE), _want(TWO, X)], {X: _of(ONE)}, NOW)

    assert (grants.answers, set(grants.taken), grants.freed) == ({TWO: HoldAnswer.READ_AGAIN}, {X}, {})


_HOLDS = st.sets(st.sampled_from([X, Y, Z])).map(lambda found: tuple(sorted(found)))
_EVENTS = [EventId(f"ev-{number}") for number in range(4)]


@given(
    batch=st.lists(st.tuples(st.sampled_from(_EVENTS), _HOLDS, st.booleans()), unique_by=lambda item: item[0]),
    holders=st.tuples(*[st.sampled_from([None, *_EVENTS])] * 3),
)
def test_whatever_is_asked_a_hold_has_one_holder_and_each_gets_all_or_nothing(
    batch: Sequence[tuple[EventId, tuple[Hold, ...], bool]], holders: tuple[EventId | None, ...]
) -> None:
    stored = {hold: Row(event_id=event, since=LONG_AGO) for hold, event in zip((X, Y, Z), holders, strict=True)}
    wanted = [_want(event, *holds, keeps_own=keeps) for event, holds, keeps in batch]

    grants = grant(wanted, stored, NOW)

    after = _after(stored, grants)
    for want in wanted:
        mine = {hold for hold, event in after.items() if event == want.event_id}
        had = {hold for hold, row in stored.items() if row.event_id == want.event_id}
        if grants.answers.get(want.event_id) is HoldAnswer.HELD:
            assert mine == (had if want.keeps_own else set())
        else:
            assert mine == set(want.holds) | (had if want.keeps_own else set())
    others = {hold: row.event_id for hold, row in stored.items() if row.event_id not in {w.event_id for w in wanted}}
    assert all(after[hold] == event for hold, event in others.items() if event is not None)


def _after(stored: dict[Hold, Row], grants: Grants) -> dict[Hold, EventId | None]:
    assert not set(grants.taken) & set(grants.freed)
    freed: dict[Hold, EventId | None] = dict.fromkeys(grants.freed)
    taken = {hold: want.event_id for hold, want in grants.taken.items()}
    return {hold: row.event_id for hold, row in stored.items()} | freed | taken
