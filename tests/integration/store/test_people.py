"""People: met by plans, put by whoever matched them, listed while nobody is found."""

from __future__ import annotations

from dataclasses import replace

from pipeline.plan import LinkChanges, Met
from pipeline.ports import Person
from pipeline.store import SqlPages
from pipeline.store.people import PersonLine
from pipeline.words import BusinessKey, Side
from tests.support.store_rows import START, Clock
from tests.support.stores import AnyStore

GHOST = Met(side=Side.APRIMO, user="99", name="Ghost")
ONE = Met(side=Side.APRIMO, user="88", name="One", match="one@example.test", how="e-mail")
REVIEWER = Met(side=Side.OPENTEXT, user="two@example.test")


def meet(store: AnyStore, *people: Met) -> None:
    with store.begin() as tx:
        tx.links.apply([("campaign_brief", BusinessKey("aprimo:activity:1"), LinkChanges(people=people))])


def put(store: AnyStore, person: Person) -> None:
    with store.begin() as tx:
        tx.ledger.put_person(person)


def known(store: AnyStore) -> list[Person]:
    users = ["88", "89", "99", "one@example.test", "two@example.test", "one@partner.example.test"]
    with store.begin() as tx:
        return tx.ledger.people(aprimo_users=users, opentext_users=users)


def test_whom_a_plan_came_across_is_kept(store: AnyStore) -> None:
    meet(store, GHOST, ONE, REVIEWER)

    assert sorted(known(store), key=lambda each: each.name) == [
        Person(opentext_user="two@example.test"),
        Person(aprimo_user="99", name="Ghost", unresolved_since=START),
        Person(aprimo_user="88", opentext_user="one@example.test", how="e-mail", name="One"),
    ]


def test_who_is_known_already_stays_as_he_is(store: AnyStore, clock: Clock) -> None:
    meet(store, GHOST, ONE, REVIEWER, replace(REVIEWER, user="one@example.test"))
    before = known(store)
    clock.pass_s(60)

    meet(store, ONE, GHOST, GHOST, REVIEWER, replace(REVIEWER, user="one@example.test"))

    assert known(store) == before


def test_a_match_that_a_plan_knows_ends_the_list(store: AnyStore, pages: SqlPages) -> None:
    meet(store, GHOST, replace(REVIEWER, user="one@example.test"))

    meet(store, replace(GHOST, match="one@example.test", how="override"))

    match = Person(aprimo_user="99", opentext_user="one@example.test", how="override", name="Ghost")
    assert known(store) == [match]
    assert pages.status().unresolved_people == ()


def test_an_override_for_a_reviewer_is_taken_over_and_leaves_a_match_alone(store: AnyStore) -> None:
    meet(store, REVIEWER, ONE)

    meet(store, replace(REVIEWER, match="89", how="override"))
    meet(store, Met(side=Side.OPENTEXT, user="one@example.test", match="one@aprimo.example.test", how="override"))

    assert known(store) == [
        Person(aprimo_user="88", opentext_user="one@example.test", how="e-mail", name="One"),
        Person(aprimo_user="89", opentext_user="two@example.test", how="override"),
    ]


def test_a_user_whose_e_mail_has_changed_is_matched_anew(store: AnyStore) -> None:
    meet(store, ONE)

    meet(store, replace(ONE, match="one@partner.example.test"))

    assert known(store) == [
        Person(aprimo_user="88", opentext_user="one@partner.example.test", how="e-mail", name="One")
    ]


def test_a_name_stays_where_none_is_told(store: AnyStore, clock: Clock) -> None:
    meet(store, GHOST)

    put(store, Person(aprimo_user="99", unresolved_since=clock.now, checked_at=clock.now))

    assert [person.name for person in known(store)] == ["Ghost"]


def test_who_was_never_looked_for_is_looked_for_first(store: AnyStore, clock: Clock) -> None:
    meet(store, GHOST, ONE, REVIEWER)
    put(store, Person(opentext_user="late@example.test", checked_at=clock.now))
    clock.pass_s(60)
    put(store, Person(aprimo_user="99", unresolved_since=START, checked_at=clock.now))

    with store.begin() as tx:
        found = tx.ledger.people_to_match(limit=10)
        first = tx.ledger.people_to_match(limit=1)

    assert [person.aprimo_user or person.opentext_user for person in found] == [
        "two@example.test",
        "late@example.test",
        "99",
    ]
    assert first == found[:1]


def test_the_operators_list_begins_with_whom_nobody_could_match(store: AnyStore, pages: SqlPages) -> None:
    meet(store, REVIEWER, ONE, GHOST)

    lines = pages.people_list()

    assert [(line.aprimo_user, line.opentext_user) for line in lines] == [
        ("99", ""),
        ("88", "one@example.test"),
        ("", "two@example.test"),
    ]
    assert pages.people_list(limit=1) == lines[:1]
    assert pages.people_list(is_unresolved_only=True) == [
        PersonLine(aprimo_user="99", opentext_user="", name="Ghost", how="", unresolved_since=START, checked_at=None)
    ]
