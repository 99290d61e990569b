"""Matching: who has no match is looked for until somebody is found, and nobody else waits for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from pipeline.errors import TransientError
from pipeline.feeds import AprimoUser
from pipeline.matching import MAX_PEOPLE, Matched, match_people
from pipeline.ports import Bounds, Person, Ports
from tests.support.fakes import make_world
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import START, Clock

ONE = AprimoUser(id="88", email="One@example.test", name="One")
GHOST = Person(aprimo_user="99", name="Ghost", unresolved_since=START)
REVIEWER = Person(opentext_user="one@example.test")


@dataclass
class Users:
    """Aprimo's users; `asked` is what was asked, in order. is_away: it does not answer."""

    users: list[AprimoUser] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    is_away: bool = False

    def user(self, user_id: str, bounds: Bounds) -> AprimoUser | None:
        return self._find(user_id, [user for user in self.users if user.id == user_id])

    def by_email(self, email: str, bounds: Bounds) -> AprimoUser | None:
        return self._find(email, [user for user in self.users if user.email.casefold() == email])

    def _find(self, what: str, found: list[AprimoUser]) -> AprimoUser | None:
        self.asked.append(what)
        if self.is_away:
            raise TransientError("Aprimo is away")
        return next(iter(found), None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def ports(store: MemoryStore) -> Ports:
    return make_world(store).ports


def put(store: MemoryStore, *people: Person) -> None:
    with store.begin() as tx:
        for person in people:
            tx.ledger.put_person(person)


def known(store: MemoryStore) -> list[Person]:
    return [Person(**{name: value for name, value in row.items() if name != "id"}) for row in store.tables["people"]]


def test_a_reviewer_who_is_a_user_of_aprimo_is_matched_by_e_mail(
    store: MemoryStore, ports: Ports, clock: Clock
) -> None:
    put(store, REVIEWER)

    assert match_people(Users(users=[ONE]), {}, ports) == Matched(looked_for=1, found=1)

    assert known(store) == [
        Person(aprimo_user="88", opentext_user="one@example.test", how="e-mail", name="One", checked_at=clock.now)
    ]


def test_a_reviewer_who_is_nobody_in_aprimo_is_listed_from_the_first_look_on(
    store: MemoryStore, ports: Ports, clock: Clock
) -> None:
    put(store, REVIEWER)
    match_people(Users(), {}, ports)
    first = clock.now
    clock.pass_s(300)

    match_people(Users(), {}, ports)

    assert known(store) == [replace(REVIEWER, unresolved_since=first, checked_at=clock.now)]


@pytest.mark.parametrize(
    ("users", "overrides", "match"),
    [
        ([AprimoUser(id="99", email="Ghost@example.test", name="Ghost")], {}, ("ghost@example.test", "e-mail")),
        ([], {"99": "Two@example.test"}, ("two@example.test", "override")),
        ([replace(ONE, id="99")], {"One@example.test": "two@example.test"}, ("two@example.test", "override")),
    ],
    ids=["an e-mail has come", "an override by id", "an override by e-mail"],
)
def test_somebody_of_aprimo_is_off_the_list_once_a_match_is_there(
    ports: Ports, users: list[AprimoUser], overrides: dict[str, str], match: tuple[str, str]
) -> None:
    store = ports.store
    assert isinstance(store, MemoryStore)
    put(store, GHOST)

    assert match_people(Users(users=users), overrides, ports).found == 1

    (person,) = known(store)
    assert (person.aprimo_user, person.name, person.unresolved_since) == ("99", "Ghost", None)
    assert (person.opentext_user, person.how) == match


def test_an_override_for_a_reviewer_asks_nobody(store: MemoryStore, ports: Ports, clock: Clock) -> None:
    put(store, replace(REVIEWER, unresolved_since=START))
    users = Users(users=[ONE])

    match_people(users, {"77": "ONE@example.test"}, ports)

    assert known(store) == [
        Person(aprimo_user="77", opentext_user="one@example.test", how="override", checked_at=clock.now)
    ]
    assert users.asked == []


def test_both_halves_of_one_person_become_one(store: MemoryStore, ports: Ports) -> None:
    put(store, replace(GHOST, aprimo_user="88"), REVIEWER)

    match_people(Users(users=[ONE]), {}, ports)

    assert [(person.aprimo_user, person.opentext_user) for person in known(store)] == [("88", "one@example.test")]


def test_who_is_matched_is_not_looked_for(store: MemoryStore, ports: Ports) -> None:
    put(store, Person(aprimo_user="88", opentext_user="one@example.test", how="e-mail"))

    assert match_people(Users(is_away=True), {}, ports) == Matched()


def test_a_run_looks_for_some_and_the_next_for_the_others(store: MemoryStore, ports: Ports, clock: Clock) -> None:
    put(store, *(Person(opentext_user=f"u-{number}") for number in range(MAX_PEOPLE + 2)))
    first, second = Users(), Users()

    match_people(first, {}, ports)
    clock.pass_s(300)
    match_people(second, {}, ports)

    assert len(first.asked) == MAX_PEOPLE
    assert second.asked[:2] == [f"u-{MAX_PEOPLE}", f"u-{MAX_PEOPLE + 1}"]


def test_nobody_is_called_unknown_because_aprimo_is_away(store: MemoryStore, ports: Ports) -> None:
    put(store, REVIEWER)

    with pytest.raises(TransientError):
        match_people(Users(is_away=True), {}, ports)

    assert known(store) == [REVIEWER]
