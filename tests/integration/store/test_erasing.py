"""A person who is erased stands in no table any more; everybody else does, work goes on, the log proves itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Executable, Update, func, insert, select, update
from sqlalchemy.engine import Engine

from pipeline import erase
from pipeline.erase import Erased, Found
from pipeline.ports import AuditEntry
from pipeline.store import SqlPages
from pipeline.store.erasing import swept_tables
from pipeline.store.tables import audit, deliveries, events, links, notices, people, processes, replay_plans, reviews
from tests.support import planted
from tests.support.databases import BOTH
from tests.support.fakes import make_world
from tests.support.planted import Somebody
from tests.support.store_rows import START
from tests.support.stores import AnyStore, engine_behind

JANE = Somebody("jane@acme.example", "90817263", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "Jane Döring")
OTHER = Somebody("mary-jane@acme.example", "90817264", "1a1b2c3d4e5f60718293a4b5c6d7e8f9", "Jane Döring-Berg")
EVERYWHERE = set(swept_tables())


@pytest.fixture(params=BOTH)
def kept_in(request: pytest.FixtureRequest) -> str:
    """Databases only: nobody is in the memory of a simulation."""
    return str(request.param)


@pytest.fixture
def behind(store: AnyStore, url_behind: str) -> Iterator[Engine]:
    """A database with both of them in every table, and some entries of each in the audit log."""
    engine = engine_behind(store, url_behind)
    with engine.begin() as conn:
        planted.plant(conn, JANE, part="hers")
        planted.plant(conn, OTHER, part="theirs")
    with store.begin() as tx:
        actors = [JANE.email, OTHER.email, "signoff", JANE.user_id, JANE.name.upper(), OTHER.name]
        tx.ledger.audit([AuditEntry(actor=each, act="notice.seen", object="7", after=1) for each in actors])
        tx.ledger.audit([AuditEntry(actor="ops", act="note", object=f"for {JANE.name}"), _entry("ops")])
        tx.ledger.anchor()
    yield engine
    engine.dispose()


def _entry(actor: str) -> AuditEntry:
    return AuditEntry(actor=actor, act="note", object="8")


def _find(store: AnyStore) -> Found:
    rests: list[float] = []
    return erase.find([JANE.email, JANE.guid], names=[], ports=make_world(store).ports, rest=rests.append)


def _erase(store: AnyStore) -> Erased:
    ports = replace(make_world(store).ports, new_id=lambda prefix: f"{prefix}-1")
    return erase.erase(_find(store), by="dpo", note="request 17", ports=ports, rest=float)


def _dump(behind: Engine, *, of: str = "") -> str:
    with behind.connect() as conn:
        return planted.dump(conn, of=of)


def _change(behind: Engine, statement: Executable) -> None:
    with behind.begin() as conn:
        conn.execute(statement)


def test_the_canary_stands_in_every_table_first(behind: Engine) -> None:
    shown = _dump(behind)
    tables = {line.partition(":")[0] for line in shown.splitlines() if JANE.shows_in(line)}

    assert JANE.shows_in(shown) == [JANE.email, JANE.user_id, JANE.guid, JANE.name]
    assert tables == EVERYWHERE
    assert len(tables) >= 19


def test_no_table_holds_any_value_of_who_was_erased(store: AnyStore, behind: Engine, pages: SqlPages) -> None:
    others = _dump(behind, of="theirs")

    erased = _erase(store)

    assert JANE.shows_in(_dump(behind)) == []
    assert _dump(behind, of="theirs") == others
    assert (erased.placeholder, erased.in_use, erased.rows["people"], erased.rows["audit"]) == ("erased-1", {}, 1, 4)
    assert set(erased.rows) == EVERYWHERE
    assert _find(store).rows == {}
    check = pages.audit_check()
    assert (check.faults, check.entries) == ((), 10)


def test_a_look_finds_what_would_be_erased_and_changes_nothing(store: AnyStore, behind: Engine) -> None:
    before = _dump(behind)

    found = _find(store)

    assert found.identity.users == {JANE.email, JANE.user_id, JANE.guid}
    assert found.identity.names == {JANE.name}
    assert (found.rows["reviews"], found.rows["audit"], found.in_use) == (1, 4, {})
    assert _dump(behind) == before


def test_the_act_is_on_record_without_the_person(store: AnyStore, behind: Engine) -> None:
    _erase(store)

    with behind.connect() as conn:
        last = conn.execute(select(audit).order_by(audit.c.number.desc()).limit(1)).one()
    assert (last.actor, last.act, last.object, last.before_hash != "") == ("dpo", "person.erased", "erased-1", True)


def test_whatever_else_is_edited_of_the_log_is_found_as_before(
    store: AnyStore, behind: Engine, pages: SqlPages
) -> None:
    _erase(store)

    for number, values in ((1, {"actor": "mallory"}), (2, {"actor": "mallory"}), (7, {"object": "nothing"})):
        with behind.connect() as conn:
            before = dict(conn.execute(select(audit).where(audit.c.number == number)).mappings().one())
        _change(behind, update(audit).where(audit.c.number == number).values(values))
        assert pages.audit_check().faults[0].what == "edited"
        _change(behind, update(audit).where(audit.c.number == number).values(before))
    assert pages.audit_check().is_whole


def test_work_under_way_keeps_what_it_rests_on_until_it_is_done(store: AnyStore, behind: Engine) -> None:
    """An item whose process lives would be written to its reviewers as changed, and a match would be looked for."""
    _change(behind, update(processes).where(processes.c.link_id == "hers links").values(state="running"))

    erased = _erase(store)

    assert erased.in_use == {
        "links": ("hers links",),
        "processes": ("hers links",),
        "reviews": ("hers links",),
        "comments": ("hers links",),
        "notices": ("hers links",),
    }
    left = {line.partition(":")[0] for line in _dump(behind).splitlines() if JANE.shows_in(line)}
    assert left == {*erased.in_use, "people"}

    _change(behind, update(processes).where(processes.c.link_id == "hers links").values(state="ended"))
    assert _erase(store).in_use == {}
    assert JANE.shows_in(_dump(behind)) == []


@pytest.mark.parametrize(
    ("opened", "left"),
    [
        (
            update(events).where(events.c.id == "hers events").values(state="dead", ended_at=None),
            {"receipts", "events", "deliveries", "attempts", "dead_letters"},
        ),
        (
            update(deliveries).where(deliveries.c.id == "hers deliveries").values(state="unknown"),
            {"deliveries", "attempts"},
        ),
        (
            update(replay_plans).where(replay_plans.c.hash == "hers replay_plans").values(state="applying"),
            {"replay_items"},
        ),
    ],
    ids=["a dead event", "an unknown delivery", "a plan that is being applied"],
)
def test_open_letters_unknown_deliveries_and_plans_being_applied_stay_complete(
    store: AnyStore, behind: Engine, opened: Update, left: set[str]
) -> None:
    _change(behind, opened)
    before = [line for line in _dump(behind, of="hers").splitlines() if line.partition(":")[0] in left]

    erased = _erase(store)

    assert set(erased.in_use) == left
    assert [line for line in _dump(behind, of="hers").splitlines() if line.partition(":")[0] in left] == before


def test_two_notices_that_differed_only_in_how_they_named_the_person_become_one(
    store: AnyStore, behind: Engine
) -> None:
    told = {"link_id": "hers links", "about": "", "revision": 2, "code": "late", "text": "Late.", "at": START}
    _change(behind, insert(notices).values([told | {"person": each} for each in (JANE.email, JANE.name)]))

    _erase(store)

    with behind.connect() as conn:
        people_told = conn.execute(select(notices.c.person).where(notices.c.code == "late")).scalars().all()
    assert people_told == ["erased-1"]


def test_who_acts_and_why_may_not_name_the_person(store: AnyStore, behind: Engine) -> None:
    ports, found = make_world(store).ports, _find(store)

    for by, note in ((JANE.user_id, ""), ("dpo", f"{JANE.name} asked for it")):
        with pytest.raises(ValueError, match="must not name the person"):
            erase.erase(found, by=by, note=note, ports=ports, rest=float)
    with behind.connect() as conn:
        assert conn.execute(select(func.count()).select_from(people)).scalar_one() == 2


def test_a_table_of_many_pages_is_gone_through_to_its_end(
    store: AnyStore, behind: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase, "PAGE_ROWS", 4)
    with behind.begin() as conn:
        values = dict(conn.execute(select(reviews).where(reviews.c.link_id == "hers links")).mappings().one())
        conn.execute(insert(reviews), [values | {"revision": each, "task_id": f"{each % 3}"} for each in range(2, 9)])
        link = dict(conn.execute(select(links).where(links.c.id == "hers links")).mappings().one())
        conn.execute(insert(links), [link | {"id": f"{n}", "business_key": f"{n}", "item": ""} for n in range(5)])

    erased = _erase(store)

    assert (erased.rows["reviews"], erased.rows["links"]) == (8, 6)
    assert JANE.shows_in(_dump(behind)) == []
