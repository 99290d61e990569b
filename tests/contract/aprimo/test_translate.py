"""Aprimo's rows in our words, by a flow's TOML."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from marshmallow import ValidationError

from pipeline.aprimo import schemas, translate
from pipeline.aprimo.schemas import ObjectRow, Person
from pipeline.plan import Want
from pipeline.transport.messages import Answer
from pipeline.words import Side
from tests.support.samples import sample_bytes
from tests.support.vendor_parts import FLOW, words

WANT = Want(flow=FLOW, side=Side.APRIMO, kind="activity", object_id="5012")
READ_AT = datetime(2026, 2, 3, 10, 16, tzinfo=UTC)
PEOPLE = {88: Person(user_id=88, email="requester.one@example.test", name="Requester One")}


def row(name: str) -> ObjectRow:
    body = Answer(status=200, body=sample_bytes("aprimo", name)).json()
    return schemas.load_activity(body, ea_value_key="eaValue")


def test_a_submitted_brief_is_read_in_our_words() -> None:
    snapshot = translate.activity_snapshot(WANT, row("activity_submitted"), words(), PEOPLE, READ_AT)

    assert snapshot.values == {
        "name": "Spring launch",
        "begin": "2026-03-01T00:00:00Z",
        "owner": {"id": 88, "email": "requester.one@example.test", "name": "Requester One"},
        "currency": "EUR",
        "case": "",
        "budget": "12000.50",
        "regions": ["DACH", "Nordics"],
        "matrix": "",
        "project": 6100,
        "state": "submitted",
        "state_id": 2,
        "state_name": "Submitted",
        "type_id": 17,
        "modified_by": 88,
    }
    assert snapshot.version == "2026-02-03T10:15:30.000000Z"
    assert (snapshot.want, snapshot.read_at, snapshot.is_absent) == (WANT, READ_AT, False)


def test_a_state_the_toml_does_not_name_has_no_word_but_its_id_and_name() -> None:
    values = translate.activity_snapshot(WANT, row("activity_in_a_state_nobody_named"), words(), {}, READ_AT).values

    assert (values["state"], values["state_id"], values["state_name"]) == ("", 8, "On hold")


def test_what_is_missing_is_empty_and_an_unknown_currency_stays_its_id() -> None:
    values = translate.activity_snapshot(WANT, row("activity_in_a_state_nobody_named"), words(), {}, READ_AT).values

    assert (values["owner"], values["begin"], values["regions"], values["project"]) == (None, "", [], None)
    assert (values["currency"], values["modified_by"]) == ("7", None)


def test_a_value_under_another_key_is_found_and_money_stays_exact() -> None:
    values = translate.activity_snapshot(WANT, row("activity_with_another_value_key"), words(), {}, READ_AT).values

    assert (values["case"], values["budget"]) == ("aprimo:activity:5014", "990.10")


def test_a_user_who_is_hidden_from_us_keeps_the_id() -> None:
    values = translate.activity_snapshot(WANT, row("activity_submitted"), words(), {}, READ_AT).values

    assert values["owner"] == {"id": 88, "email": "", "name": ""}


def test_the_people_of_a_row_are_those_its_fields_name() -> None:
    assert translate.people_of(row("activity_submitted"), words()) == frozenset({88})
    assert translate.people_of(row("activity_in_a_state_nobody_named"), words()) == frozenset()


def test_a_changed_type_is_refused_by_the_schema() -> None:
    with pytest.raises(ValidationError) as caught:
        row("activity_without_modified_date")

    assert caught.value.messages == {"modifiedDate": ["Not a time."]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("12000", "12000.00"),
        ("12000.5", "12000.50"),
        ("12000.125", "12000.125"),
        (Decimal("990.1"), "990.10"),
        (" 7 ", "7.00"),
        ("1E+3", "1000.00"),
        ("12k", "12k"),
        ("NaN", "NaN"),
        ("", ""),
    ],
)
def test_money_has_two_places_or_more_and_is_never_guessed(given: object, expected: str) -> None:
    assert translate.money(given) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (None, "", True),
        ("", "  ", True),
        ("a\r\nb", "a\nb\n", True),
        ("a", "b", False),
        ("a", None, False),
        (3, "3", True),
        (Decimal("12000.0"), "12000.00", True),
        ("12000.0", "12000.00", False),
        (3, "three", False),
        ("2026-02-05T17:00:00", "2026-02-05T17:00:00Z", True),
        ("2026-02-05T17:00:00", "2026-02-05T18:00:00.000+01:00", True),
        ("2026-02-05T17:00:00", "2026-02-05T17:00:01Z", False),
        ("2026-02-05T17:00", "2026-02-05T17:99", False),
        ("2026-02-05", "2026-02-05T00:00:00", False),
        (["3", "1"], ["1", "3"], True),
        ([], None, True),
        (["1"], "1", True),
        (["1"], ["1", "1"], False),
    ],
)
def test_two_wire_values_are_the_same_when_they_mean_the_same(one: object, other: object, *, same: bool) -> None:
    assert translate.is_same(one, other) is same
    assert translate.is_same(other, one) is same
