"""Values: when two mean the same, whatever either system makes of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.flows.shared.values import is_empty, is_malformed, moment, same, text
from pipeline.flows.tenant import FieldType
from pipeline.words import JsonValue


@pytest.mark.parametrize("nothing", [None, "", "  ", [], {}, {"id": None, "email": ""}])
def test_nothing_has_many_forms_and_all_are_the_same(nothing: JsonValue) -> None:
    assert is_empty(nothing)
    assert same(nothing, None, FieldType.USER)


@pytest.mark.parametrize("something", [0, False, "0", ["x"], {"id": 1}])
def test_a_zero_is_something(something: JsonValue) -> None:
    assert not is_empty(something)


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (FieldType.TEXT, "a\r\nb ", "a\nb"),
        (FieldType.MONEY, "12000", "12000.00"),
        (FieldType.MONEY, "0.00", "0"),
        (FieldType.MONEY, "about 12k", " about 12k"),
        (FieldType.LIST, ["DACH", "UK"], ["UK", " DACH"]),
        (FieldType.LIST, "DACH", ["DACH"]),
        (FieldType.DATE, "2026-01-12T10:00:00Z", "2026-01-12T11:00:00+01:00"),
        (FieldType.DATE, "2026-01-12", "2026-01-12T00:00:00Z"),
        (FieldType.DATE, "soon", "soon "),
        (FieldType.INTEGER, 5, "5"),
        (FieldType.USER, {"id": 88, "name": "Old"}, {"id": 88, "name": "New"}),
        (FieldType.USER, "88", " 88"),
        (FieldType.CURRENCY, "EUR", "EUR "),
    ],
)
def test_renderings_of_one_value_are_the_same(kind: FieldType, first: JsonValue, second: JsonValue) -> None:
    assert same(first, second, kind)


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (FieldType.TEXT, "a", "A"),
        (FieldType.TEXT, "a", None),
        (FieldType.MONEY, "12000.00", "12000.01"),
        (FieldType.MONEY, "99999999999999999999999999999.01", "99999999999999999999999999999.02"),
        (FieldType.LIST, ["DACH"], ["DACH", "UK"]),
        (FieldType.DATE, "2026-01-12T10:00:00Z", "2026-01-12T10:00:01Z"),
        (FieldType.USER, {"id": 88}, {"id": 89}),
    ],
)
def test_different_values_are_not_the_same(kind: FieldType, first: JsonValue, second: JsonValue) -> None:
    assert not same(first, second, kind)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2), st.integers(min_value=0, max_value=6))
def test_zeros_behind_an_amount_change_nothing(amount: object, zeros: int) -> None:
    assert same(str(amount), f"{amount}{'0' * zeros}", FieldType.MONEY)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldType.MONEY, "about 12k"),
        (FieldType.MONEY, "NaN"),
        (FieldType.MONEY, "Infinity"),
        (FieldType.DATE, "soon"),
    ],
)
def test_a_value_that_cannot_be_of_its_type_is_malformed(kind: FieldType, value: str) -> None:
    assert is_malformed(value, kind)


@pytest.mark.parametrize(
    ("kind", "value"),
    [(FieldType.MONEY, "1.5"), (FieldType.MONEY, ""), (FieldType.DATE, "2026-01-12"), (FieldType.TEXT, "soon")],
)
def test_a_value_that_can_be_of_its_type_is_not(kind: FieldType, value: str) -> None:
    assert not is_malformed(value, kind)


def test_a_list_reads_with_semicolons() -> None:
    assert text(["DACH", None, 3]) == "DACH; ; 3"


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00+01:00", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("soon", None),
        (None, None),
    ],
)
def test_a_moment_is_in_utc_where_it_names_no_zone_and_none_where_it_is_none(
    said: JsonValue, at: datetime | None
) -> None:
    assert moment(said) == at
