"""A dead letter is opened once, closed once, and found by whoever looks for it."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from pipeline.commands import Cause
from pipeline.ports import AttemptEnd, Letter, NewAttempt, NewLetter, Store
from pipeline.words import DeliveryId, DeliveryState, EventId, LetterState, Purpose
from tests.support.store_rows import FLOW, START, Clock, add, item, line_of, new_event, start_process

ONE, TWO, OTHER = EventId("ev-1-1"), EventId("ev-2-1"), EventId("ev-3-1")


@pytest.fixture(autouse=True)
def _events(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(2), new_event(3, flow="event_brief")])


def _open(store: Store, event_id: EventId, code: str = "values_missing") -> str:
    with store.begin() as tx:
        letter = NewLetter(event_id=event_id, delivery_id=None, code=code, hint="Fill in the budget.")
        return tx.letters.open([letter])[0]


def test_letters_are_opened_in_order_and_say_what_they_are_about(store: Store) -> None:
    with store.begin() as tx:
        letters = [NewLetter(event_id=event, delivery_id=None, code="poison", hint="?") for event in (TWO, ONE)]
        ids = tx.letters.open(letters)

        found = tx.letters.find()
    assert ids == ["1", "2"]
    assert found[0] == Letter(
        id="1",
        event_id=TWO,
        delivery_id=None,
        line_key=line_of(2),
        flow=FLOW,
        subject=item(2),
        code="poison",
        hint="?",
        state="open",
        opened_at=START,
    )
    assert [letter.event_id for letter in found] == [TWO, ONE]


def test_opening_none_opens_none(store: Store) -> None:
    with store.begin() as tx:
        assert tx.letters.open([]) == []


def test_an_event_has_one_open_letter_at_a_time(store: Store) -> None:
    first = _open(store, ONE)
    with pytest.raises(IntegrityError):
        _open(store, ONE)
    with store.begin() as tx:
        tx.letters.close(first, to=LetterState.REPLAYED, by="ops", note="")

    assert _open(store, ONE) != first


def test_a_letter_is_closed_by_the_first_who_does(store: Store, clock: Clock) -> None:
    letter_id = _open(store, ONE)
    closed_at = clock.pass_s(60)
    with store.begin() as tx:
        closed = tx.letters.close(letter_id, to=LetterState.REPLAYED, by="ops.one", note="budget mended")
        again = tx.letters.close(letter_id, to=LetterState.DISCARDED, by="ops.two", note="")

    assert closed is not None
    assert (closed.state, closed.closed_at, closed.closed_by, closed.note) == (
        "replayed",
        closed_at,
        "ops.one",
        "budget mended",
    )
    assert again is None


@pytest.mark.parametrize("unknown", ["404", "", "x", "1 or 1=1", "9" * 30])
def test_no_letter_is_closed_under_an_id_that_none_has(store: Store, unknown: str) -> None:
    _open(store, ONE)
    with store.begin() as tx:
        assert tx.letters.close(unknown, to=LetterState.REPLAYED, by="ops", note="") is None
        assert tx.letters.find(ids=[unknown]) == []


def test_letters_are_found_by_id_flow_code_state_and_limit(store: Store) -> None:
    first, second, third = _open(store, ONE), _open(store, TWO, "poison"), _open(store, OTHER, "poison")
    with store.begin() as tx:
        tx.letters.close(first, to=LetterState.DISCARDED, by="ops", note="")

        def ids(**filters: object) -> list[str]:
            return [letter.id for letter in tx.letters.find(**filters)]  # type: ignore[arg-type]  # Any filter.

        assert ids() == [second, third]
        assert ids(state="") == [first, second, third]
        assert ids(state="discarded") == [first]
        assert ids(ids=[first, third], state="") == [first, third]
        assert ids(flow="event_brief") == [third]
        assert ids(code="poison") == [second, third]
        assert ids(code="poison", flow=FLOW) == [second]
        assert ids(limit=1) == [second]


def test_the_letter_that_holds_a_line_is_found(store: Store) -> None:
    first, second = _open(store, ONE), _open(store, TWO)
    with store.begin() as tx:
        tx.letters.close(second, to=LetterState.DISCARDED, by="ops", note="")

        held = tx.letters.open_on([line_of(1), line_of(2), line_of(9)])
        assert tx.letters.open_on([]) == {}
    assert {key: letter.id for key, letter in held.items()} == {line_of(1): first}


def test_an_unknown_delivery_of_an_event_is_noticed(store: Store) -> None:
    delivery = DeliveryId("ev-1-1.1.1")
    with store.begin() as tx:
        tx.deliveries.plan([(Cause(event_id=ONE, plan_number=1), [start_process(1)])])
        assert not tx.letters.has_unknown(ONE)
        tx.deliveries.begin([NewAttempt(delivery_id=delivery, number=1, purpose=Purpose.SEND, token=1)])
        tx.deliveries.end(
            [
                AttemptEnd(
                    delivery_id=delivery,
                    number=1,
                    outcome="timeout",
                    before=DeliveryState.SENDING,
                    after=DeliveryState.UNKNOWN,
                )
            ]
        )

        assert tx.letters.has_unknown(ONE)
        assert not tx.letters.has_unknown(TWO)
