"""Column types mean the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.store.types import UtcTime, Word, clean, clean_json
from pipeline.words import Side

SQLITE, POSTGRES = sqlite.dialect(), postgresql.dialect()
TIMES = st.datetimes(timezones=st.just(UTC))


def test_a_moment_is_text_of_fixed_width_in_sqlite() -> None:
    moment = datetime(2026, 1, 2, 4, 4, 5, 7, tzinfo=timezone(timedelta(hours=1)))

    assert UtcTime().process_bind_param(moment, SQLITE) == "2026-01-02 03:04:05.000007"


@given(first=TIMES, second=TIMES)
def test_text_of_moments_compares_as_the_moments_do(first: datetime, second: datetime) -> None:
    one, other = (UtcTime().process_bind_param(moment, SQLITE) for moment in (first, second))

    assert (one < other) is (first < second)


@given(moment=TIMES)
def test_a_moment_comes_back_from_sqlite_as_it_was(moment: datetime) -> None:
    stored = UtcTime().process_bind_param(moment, SQLITE)

    assert UtcTime().process_result_value(stored, SQLITE) == moment


def test_a_moment_comes_back_from_postgresql_in_utc() -> None:
    told = datetime(2026, 1, 2, 4, 4, 5, tzinfo=timezone(timedelta(hours=1)))

    found = UtcTime().process_result_value(told, POSTGRES)
    assert found == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found is not None
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        UtcTime().process_bind_param(datetime(2026, 1, 2), SQLITE)  # noqa: DTZ001 - What is refused.


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES])
def test_nothing_stays_nothing(dialect: sqlite.dialect) -> None:
    assert UtcTime().process_bind_param(None, dialect) is None
    assert UtcTime().process_result_value(None, dialect) is None
    assert Word().process_bind_param(None, dialect) is None


def test_an_enum_is_stored_as_its_value() -> None:
    stored = Word().process_bind_param(Side.APRIMO, POSTGRES)

    assert (stored, type(stored)) == ("aprimo", str)


@given(text=st.text(st.characters(), max_size=20))
def test_clean_text_can_always_be_stored_and_proper_text_stays(text: str) -> None:
    cleaned = clean(text)

    assert "\x00" not in cleaned
    assert cleaned.encode().decode() == cleaned
    if "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text):
        assert cleaned == text


def test_every_text_of_a_json_value_is_cleaned() -> None:
    assert clean_json({"a\x00": ["\ud800", {"b": "\x00"}, 1, None, True]}) == {
        "a\ufffd": ["\ufffd", {"b": "\ufffd"}, 1, None, True]
    }
