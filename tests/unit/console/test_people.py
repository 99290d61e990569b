from __future__ import annotations

from pipeline.ports import Person
from tests.support.hook_samples import NOW
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows

GHOST = Person(aprimo_user="99", name="Ghost", unresolved_since=NOW)
ONE = Person(aprimo_user="88", opentext_user="one@example.test", how="e-mail", name="One", checked_at=NOW)


def know(behind: Rows, *people: Person) -> None:
    with behind.store.begin() as tx:
        for person in people:
            tx.ledger.put_person(person)


def cells(line: str) -> list[str]:
    return [part.strip() for part in line.split("  ") if part.strip()]


def test_people_are_listed_those_whom_nobody_could_match_first(terminal: Terminal, behind: Rows) -> None:
    know(behind, ONE, GHOST)

    lines = terminal.run("people", "list").stdout.splitlines()

    assert [cells(line) for line in lines[-2:]] == [
        ["Ghost (99)", "2026-02-03 12:00:00"],
        ["One (88)", "one@example.test", "e-mail", "2026-02-03 12:00:00"],
    ]


def test_only_those_whom_nobody_could_match_are_listed_on_request(terminal: Terminal, behind: Rows) -> None:
    know(behind, ONE, GHOST)

    assert terminal.json("people", "list", "--unresolved")["people"] == [
        {
            "aprimo_user": "99",
            "opentext_user": "",
            "name": "Ghost",
            "how": "",
            "unresolved_since": "2026-02-03T12:00:00+00:00",
            "checked_at": None,
        }
    ]


def test_the_list_is_empty_once_everybody_is_matched(terminal: Terminal, behind: Rows) -> None:
    know(behind, GHOST)
    know(behind, Person(aprimo_user="99", opentext_user="ghost@example.test", how="override"))

    assert terminal.run("people", "list", "--unresolved").stdout == "People: none.\n"
    assert terminal.json("people", "list")["people"][0]["name"] == "Ghost"
