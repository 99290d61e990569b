"""In the audit chain every change shows: edits and gaps by themselves, the rest against an anchor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ports import Anchor, AuditEntry
from pipeline.store import chain
from pipeline.store.chain import ANCHORED, ERASED, START, Cover, Fault, Linked, Walk, hash_of, hash_of_value

AT = datetime(2026, 1, 12, 9, 0, 0, 5, tzinfo=UTC)
link_up = partial(chain.link_up, new_salt=chain.new_salt)
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


@settings(deadline=None)
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
        ("salts", {"actor": "x", "object": "x", "values": "x"}),
        ("previous_hash", "x"),
    ],
)
def test_an_entry_that_was_edited_no_longer_bears_its_hash(field: str, value: object) -> None:
    entry = AuditEntry(actor="ops", act="replay", object="7", before="a", after="b")
    (item,) = link_up([entry], at=AT, number=0, previous_hash=START)

    edited: Linked = replace(item, **{field: value})  # type: ignore[arg-type]  # Any field.
    assert hash_of(edited) != item.hash


def test_the_hash_of_nothing_is_not_the_hash_of_an_empty_text() -> None:
    assert hash_of_value(None, "salt") == ""
    assert len(hash_of_value("", "salt")) == 64


def test_who_guesses_a_value_cannot_prove_it_without_the_salt() -> None:
    assert hash_of_value("jane@acme.example", "one") != hash_of_value("jane@acme.example", "other")
    one, other = (
        link_up([AuditEntry(actor="jane", act="seen", object="7", after="x")], at=AT, number=0, previous_hash=START)[
            0
        ]
        for _ in range(2)
    )
    assert (one.hash != other.hash, one.after_hash != other.after_hash) == (True, True)


def test_the_order_of_a_values_keys_does_not_matter() -> None:
    assert hash_of_value({"a": 1, "b": 2}, "salt") == hash_of_value({"b": 2, "a": 1}, "salt")


LENGTH, ANCHORED_AT = 12, 9
"""So many entries, the one of that number anchored when it was the newest."""


def _chain() -> list[Linked]:
    return list(_linked())


@cache
def _linked() -> tuple[Linked, ...]:
    entries = [AuditEntry(actor="ops", act="replay", object=str(number), after=number) for number in range(LENGTH)]
    entries[ANCHORED_AT] = AuditEntry(actor="signoff", act=ANCHORED, object=str(ANCHORED_AT), after="its hash")
    return tuple(link_up(entries, at=AT, number=0, previous_hash=START))


def _linked_anew(items: Sequence[Linked], *, first: int) -> list[Linked]:
    """As somebody who knows how it is made: every entry from `first` on gets its number and hashes again."""
    made = list(items[:first])
    for item in items[first:]:
        previous = made[-1] if made else None
        number = previous.number + 1 if previous else 1
        placed = replace(item, number=number, previous_hash=previous.hash if previous else START)
        made.append(replace(placed, hash=hash_of(placed)))
    return made


def _faults(items: Sequence[Linked], *, anchors: Sequence[Anchor] | None = None) -> list[Fault]:
    own = [Anchor(number=ANCHORED_AT, hash=_chain()[ANCHORED_AT - 1].hash)] if anchors is None else anchors
    walk = Walk(own)
    faults = [fault for item in items for fault in walk.step(item)]
    return [*faults, *walk.end(own)]


def _edit(items: list[Linked], at: int, value: str) -> list[Linked]:
    return [*items[:at], replace(items[at], object=items[at].object + value), *items[at + 1 :]]


def _delete(items: list[Linked], at: int, _: str) -> list[Linked]:
    return items[:at] + items[at + 1 :]


def _insert(items: list[Linked], at: int, value: str) -> list[Linked]:
    """A new entry in between; those behind it move on by one, as their numbers are unique."""
    moved = [replace(item, number=item.number + 1) for item in items[at:]]
    return [*items[:at], replace(items[at], actor=value), *moved]


def _reorder(items: list[Linked], at: int, _: str) -> list[Linked]:
    one, two = items[at], items[(at + 1) % LENGTH]
    swapped = {one.number: replace(two, number=one.number), two.number: replace(one, number=two.number)}
    return [swapped.get(item.number, item) for item in items]


def _cut(items: list[Linked], at: int, _: str) -> list[Linked]:
    return items[: min(at, ANCHORED_AT)]


TAMPERING = (_edit, _delete, _insert, _reorder, _cut)


def test_a_chain_that_nobody_touched_is_whole() -> None:
    assert _faults(_chain()) == []


@settings(max_examples=1000, deadline=None)
@given(
    tamper=st.sampled_from(TAMPERING),
    at=st.integers(min_value=0, max_value=LENGTH - 2),
    value=st.text(alphabet="abc", min_size=1, max_size=3),
)
def test_every_edit_shows(tamper: Callable[[list[Linked], int, str], list[Linked]], at: int, value: str) -> None:
    assert _faults(tamper(_chain(), at, value)) != []


@settings(max_examples=500, deadline=None)
@given(
    tamper=st.sampled_from(TAMPERING),
    at=st.integers(min_value=0, max_value=ANCHORED_AT - 1),
    value=st.text(alphabet="abc", min_size=1, max_size=3),
)
def test_whoever_makes_every_later_hash_anew_is_found_at_the_anchor(
    tamper: Callable[[list[Linked], int, str], list[Linked]], at: int, value: str
) -> None:
    forged = _linked_anew(tamper(_chain(), at, value), first=max(0, at - 1))

    assert _faults(forged) != []


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (_edit, [(4, "edited")]),
        (_delete, [(4, "missing")]),
        (_reorder, [(4, "unlinked"), (4, "edited"), (5, "unlinked"), (5, "edited"), (6, "unlinked")]),
        (_cut, [(9, "cut")]),
    ],
)
def test_a_fault_is_told_with_its_place(
    tamper: Callable[[list[Linked], int, str], list[Linked]], told: list[tuple[int, str]]
) -> None:
    assert [(fault.number, fault.what) for fault in _faults(tamper(_chain(), 3, "x"))] == told


def test_a_tail_cut_right_behind_the_anchored_entry_shows_because_the_chain_told_of_the_anchor() -> None:
    assert [(fault.number, fault.what) for fault in _faults(_chain()[:ANCHORED_AT])] == [(ANCHORED_AT, "cut")]


def test_an_anchor_that_was_taken_away_shows_because_the_chain_tells_of_it() -> None:
    assert _faults(_chain(), anchors=[]) == [
        Fault(number=ANCHORED_AT, what="unanchored", detail="its anchor is gone")
    ]


def test_an_anchor_kept_elsewhere_finds_what_was_rewritten_together_with_ours() -> None:
    forged = _linked_anew(_edit(_chain(), 3, "x"), first=3)
    ours = Anchor(number=ANCHORED_AT, hash=forged[ANCHORED_AT - 1].hash)
    elsewhere = Anchor(number=ANCHORED_AT, hash=_chain()[ANCHORED_AT - 1].hash)

    assert _faults(forged, anchors=[ours]) == []
    walk = Walk([ours, elsewhere])
    assert [(fault.number, fault.what) for item in forged for fault in walk.step(item)] == [
        (ANCHORED_AT, "rewritten")
    ]


def test_what_the_table_cannot_hold_is_hashed_as_it_is_kept() -> None:
    """Else an operator's odd name would look like an edit for ever."""
    (item,) = link_up(
        [AuditEntry(actor="an\x00na\udce9", act="seen", object="7")], at=AT, number=0, previous_hash=START
    )

    assert item.actor == "an\N{REPLACEMENT CHARACTER}na\N{REPLACEMENT CHARACTER}"
    assert hash_of(item) == item.hash


PLACEHOLDER = "erased-1a2b3c4d"


def _erased(*places: tuple[int, str], told: bool = True) -> list[Linked]:
    """The chain with fields of entries erased, and an entry that tells of it; without one, another entry."""
    items = _chain()
    cover = Cover(places[0][0])
    for number, name in sorted(places):
        items[number - 1] = chain.without(items[number - 1], [name], PLACEHOLDER)
        cover.add(number, name)
    act = ERASED if told else "seen"
    entry = AuditEntry(actor="dpo", act=act, object=PLACEHOLDER, after=cover.told())
    return [*items, *link_up([entry], at=AT, number=LENGTH, previous_hash=items[-1].hash)]


@pytest.mark.parametrize("places", [[(1, "actor")], [(4, "object")], [(2, "actor"), (9, "actor"), (12, "object")]])
def test_an_erased_person_leaves_the_chain_whole_and_neither_value_nor_salt(places: list[tuple[int, str]]) -> None:
    items = _erased(*places)

    assert [item.hash for item in items[:LENGTH]] == [item.hash for item in _chain()]
    assert _faults(items) == []
    for number, name in places:
        assert getattr(items[number - 1], name) == PLACEHOLDER
        assert set(items[number - 1].salts).isdisjoint({name, "values"})


def test_a_value_that_is_gone_without_an_erasure_is_an_edit() -> None:
    assert _faults(_erased((3, "actor"), (5, "actor"), told=False)) == [
        Fault(number=3, what="edited", detail="a value is gone without an erasure")
    ]


def test_another_name_in_the_place_of_an_erased_one_is_an_edit() -> None:
    items = _erased((3, "actor"), (5, "actor"))
    items[4] = replace(items[4], actor="somebody else")

    assert [(fault.number, fault.what) for fault in _faults(items)] == [(3, "edited"), (5, "edited")]


def test_one_more_entry_under_the_placeholder_is_an_edit() -> None:
    items = _erased((3, "actor"))
    items[6] = chain.without(items[6], ["actor"], PLACEHOLDER)

    assert [(fault.number, fault.what) for fault in _faults(items)] == [(3, "edited")]


def test_salts_that_were_taken_or_changed_are_an_edit() -> None:
    taken, changed, gone = _chain(), _chain(), _erased((3, "actor"))
    taken[1] = replace(taken[1], salts={name: taken[1].salts[name] for name in ("actor", "object")})
    changed[1] = replace(changed[1], salts={**changed[1].salts, "values": "0" * 32})
    gone[2] = replace(gone[2], erased={**gone[2].erased, "object": "0" * 64})

    for items, number in ((taken, 2), (changed, 2), (gone, 3)):
        assert {(fault.number, fault.what) for fault in _faults(items)} == {(number, "edited")}


def test_two_erasures_stand_side_by_side() -> None:
    items = _erased((3, "actor"))
    items[6] = chain.without(items[6], ["actor"], "erased-other")
    cover = Cover(7)
    cover.add(7, "actor")
    entry = AuditEntry(actor="dpo", act=ERASED, object="erased-other", after=cover.told())

    assert _faults([*items, *link_up([entry], at=AT, number=LENGTH + 1, previous_hash=items[-1].hash)]) == []
