"""In the audit chain every change of an entry, and every gap, shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ports import AuditEntry
from pipeline.store.chain import START, Linked, hash_of, hash_of_value, link_up

AT = datetime(2026, 1, 12, 9, 0, 0, 5, tzinfo=UTC)
ENTRIES = st.lists(
    st.builds(
        AuditEntry,
        actor=st.text(max_size=5),
        act=st.text(max_size=5),
        object=st.text(max_size=5),
        before=st.none() | st.text(max_size=5),
        after=st.none() | st.lists(st.integers(), max_size=2),
    ),
    min_size=1,
    max_size=5,
)


@given(entries=ENTRIES, number=st.integers(min_value=0, max_value=10**9))
def test_each_entry_bears_its_own_hash_and_the_one_before(entries: list[AuditEntry], number: int) -> None:
    linked = link_up(entries, at=AT, number=number, previous_hash=START)

    assert [item.number for item in linked] == list(range(number + 1, number + 1 + len(entries)))
    assert [item.previous_hash for item in linked] == [START, *(item.hash for item in linked[:-1])]
    assert [hash_of(item) for item in linked] == [item.hash for item in linked]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", 2),
        ("at", datetime(2026, 1, 12, 9, 0, 0, 6, tzinfo=UTC)),
        ("actor", "x"),
        ("act", "x"),
        ("object", "x"),
        ("before_hash", "x"),
        ("after_hash", "x"),
        ("previous_hash", "x"),
    ],
)
def test_an_entry_that_was_edited_no_longer_bears_its_hash(field: str, value: object) -> None:
    entry = AuditEntry(actor="ops", act="replay", object="7", before="a", after="b")
    (item,) = link_up([entry], at=AT, number=0, previous_hash=START)

    edited: Linked = replace(item, **{field: value})  # type: ignore[arg-type]  # Any field.
    assert hash_of(edited) != item.hash


def test_the_hash_of_nothing_is_not_the_hash_of_an_empty_text() -> None:
    assert hash_of_value(None) == ""
    assert len(hash_of_value("")) == 64


def test_the_order_of_a_values_keys_does_not_matter() -> None:
    assert hash_of_value({"a": 1, "b": 2}) == hash_of_value({"b": 2, "a": 1})
