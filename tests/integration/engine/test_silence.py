"""A source that fell silent is told once, by what others told of without it; one that speaks again is forgiven."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from pipeline import keys
from pipeline.events import NewEvent, Raw, Reading
from pipeline.intake import accept
from pipeline.plan import deliver, ignore
from pipeline.ports import Store
from pipeline.silence import REPEATED_MIN, Patience, Source, listen, watch_deliveries
from pipeline.store import SqlPages
from pipeline.words import BusinessKey, EventKind, ReceiptVerdict, Side
from tests.support.engine_runs import FAST, run
from tests.support.fakes import FLOW, World, make_world
from tests.support.store_rows import START, Clock
from tests.support.stores import AnyStore, pages_of

WEBHOOK, POLL = "aprimo.pm.webhook", "aprimo.pm.poll"
EXPECTED_S = 600.0
PATIENCE = Patience(factor=1.5, changes=3)
SOURCE = Source(name=WEBHOOK, others=(POLL,), expected_s=EXPECTED_S, cure="Validate it again.")
SILENT_AFTER_S = PATIENCE.factor * EXPECTED_S
_numbers = count(1)


@pytest.fixture
def world(ticking: AnyStore) -> World:
    made = make_world(ticking, FAST)
    made.flow.plans = lambda *_: deliver()
    return made


@pytest.fixture
def pages(ticking: AnyStore, url_behind: str, clock: Clock) -> Iterator[SqlPages]:
    made = pages_of(ticking, url_behind, clock=clock)
    yield made
    made.dispose()


def _tells(world: World, clock: Clock, source: str, *, body: bytes = b"{}", items: int = 1) -> None:
    """A source tells of changed items, and all of it is worked off."""
    for number in (next(_numbers) for _ in range(items)):
        subject = BusinessKey(f"aprimo:activity:{number}")
        event = NewEvent(
            flow=FLOW,
            source=source,
            type="test.changed",
            kind=EventKind.LOOK,
            side=Side.APRIMO,
            subject=subject,
            line_key=keys.line_key(FLOW, subject),
            dedupe_key=f"{source}:{number}",
            time=clock.now,
            trace_id="tr",
        )
        raw = Raw(source=source, headers={}, body=body, received_at=clock.now)
        reading = Reading(raw=raw, verdict=ReceiptVerdict.HANDLED, events=(event,))
        accepted = accept([reading], store=world.store, new_id=world.ports.new_id, limits=world.ports.limits)
        run(world, list(accepted.hints))


def _listen(store: Store) -> list[str]:
    return listen([SOURCE], PATIENCE, store)


def test_a_source_that_is_silent_while_the_poller_finds_changes_is_told_once(
    world: World, clock: Clock, ticking: AnyStore, pages: SqlPages
) -> None:
    _tells(world, clock, WEBHOOK)
    clock.pass_s(SILENT_AFTER_S / 2)
    _tells(world, clock, POLL, items=PATIENCE.changes)
    clock.pass_s(SILENT_AFTER_S / 2 - 1)
    assert _listen(ticking) == []

    clock.pass_s(1)

    assert [_listen(ticking), _listen(ticking)] == [[WEBHOOK], []]
    (alarm,) = pages.status().alarms
    assert (alarm.flow, alarm.subject, alarm.code, alarm.at) == ("", WEBHOOK, "source_silent", clock.now)
    assert alarm.text == (
        f"{WEBHOOK} has told nothing since {START:%Y-%m-%d %H:%M} UTC, while {POLL} told of changes."
        " Validate it again."
    )


def test_it_is_told_in_less_than_twice_the_interval(world: World, clock: Clock, ticking: AnyStore) -> None:
    _tells(world, clock, WEBHOOK)
    _tells(world, clock, POLL, items=PATIENCE.changes)
    clock.pass_s(1)
    _tells(world, clock, POLL, items=PATIENCE.changes)
    waited = 0.0
    while not _listen(ticking):
        waited += 60
        clock.pass_s(60)

    assert waited < 2 * EXPECTED_S


def test_a_quiet_time_in_which_nobody_tells_anything_is_no_silence(
    world: World, clock: Clock, ticking: AnyStore
) -> None:
    _tells(world, clock, WEBHOOK)
    clock.pass_s(100 * EXPECTED_S)

    assert _listen(ticking) == []


def test_what_the_poller_finds_and_what_was_known_already_does_not_count(
    world: World, clock: Clock, ticking: AnyStore
) -> None:
    _tells(world, clock, WEBHOOK)
    world.flow.plans = lambda *_: ignore("unchanged")
    clock.pass_s(1)
    _tells(world, clock, POLL, items=10)
    clock.pass_s(SILENT_AFTER_S)

    assert _listen(ticking) == []


def test_fewer_changes_than_would_show_a_silence_do_not_count(world: World, clock: Clock, ticking: AnyStore) -> None:
    _tells(world, clock, WEBHOOK)
    clock.pass_s(1)
    _tells(world, clock, POLL, items=PATIENCE.changes - 1)
    clock.pass_s(SILENT_AFTER_S)

    assert _listen(ticking) == []


def test_a_source_that_speaks_again_is_forgiven_and_its_next_silence_is_told_again(
    world: World, clock: Clock, ticking: AnyStore, pages: SqlPages
) -> None:
    for _ in range(2):
        _tells(world, clock, WEBHOOK)
        assert _listen(ticking) == []
        assert pages.status().alarms == ()
        clock.pass_s(SILENT_AFTER_S)
        _tells(world, clock, POLL, items=PATIENCE.changes)

        assert _listen(ticking) == [WEBHOOK]


def test_a_source_that_never_told_anything_is_told_when_others_have_told_for_long(
    world: World, clock: Clock, ticking: AnyStore, pages: SqlPages
) -> None:
    _tells(world, clock, POLL, items=PATIENCE.changes)
    clock.pass_s(SILENT_AFTER_S - 1)
    assert _listen(ticking) == []

    clock.pass_s(1)

    assert [_listen(ticking), _listen(ticking)] == [[WEBHOOK], []]
    (alarm,) = pages.status().alarms
    assert alarm.text.startswith(f"{WEBHOOK} has never told anything, while {POLL} told of changes.")


def test_a_source_of_several_names_is_heard_under_each(world: World, clock: Clock, ticking: AnyStore) -> None:
    feed = Source(name=POLL, alike=("aprimo.pm.list",), others=(WEBHOOK,), expected_s=EXPECTED_S, cure="Look.")
    _tells(world, clock, POLL)
    clock.pass_s(SILENT_AFTER_S)
    _tells(world, clock, "aprimo.pm.list")
    _tells(world, clock, WEBHOOK, items=PATIENCE.changes)

    assert listen([feed], PATIENCE, ticking) == []


def _watch(store: Store) -> int:
    return watch_deliveries(WEBHOOK, int, store, within_s=EXPECTED_S)


def test_deliveries_that_had_to_be_repeated_are_told_once_a_day_while_they_are_news(
    world: World, clock: Clock, ticking: AnyStore, pages: SqlPages
) -> None:
    _tells(world, clock, WEBHOOK, body=b"0", items=2)
    _tells(world, clock, WEBHOOK, body=b"2", items=REPEATED_MIN - 1)
    assert (_watch(ticking), pages.status().alarms) == (REPEATED_MIN - 1, ())

    _tells(world, clock, WEBHOOK, body=b"1")
    clock.pass_s(1)

    assert [_watch(ticking), _watch(ticking)] == [REPEATED_MIN, REPEATED_MIN]
    assert [(alarm.subject, alarm.code) for alarm in pages.status().alarms] == [(WEBHOOK, "deliveries_repeated")]
    clock.pass_s(EXPECTED_S)
    assert (_watch(ticking), pages.status().alarms) == (0, ())


def test_what_was_repeated_long_ago_is_no_news(world: World, clock: Clock, ticking: AnyStore) -> None:
    _tells(world, clock, WEBHOOK, body=b"3", items=REPEATED_MIN)
    clock.pass_s(EXPECTED_S + 1)

    assert _watch(ticking) == 0
