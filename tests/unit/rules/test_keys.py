"""Keys: stable, distinct, and never made of our receiving time."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import keys
from pipeline.words import BusinessKey, LineKey

WORD = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def test_an_item_is_named_by_kind_and_id() -> None:
    assert keys.aprimo_key("activity", 5012) == "aprimo:activity:5012"
    assert keys.aprimo_key("record", "0a1b", "DACH") == "aprimo:record:0a1b#DACH"


@given(WORD, WORD, WORD | st.just(""))
def test_an_items_key_says_what_it_was_made_of(kind: str, object_id: str, part: str) -> None:
    assert keys.split_aprimo_key(keys.aprimo_key(kind, object_id, part)) == (kind, object_id, part)


@pytest.mark.parametrize("key", ["opentext:process:1", "signoff:case:1", "aprimo", "a:b"])
def test_another_key_is_not_split(key: str) -> None:
    with pytest.raises(ValueError, match=r"not|unpack"):
        keys.split_aprimo_key(BusinessKey(key))


def test_a_line_is_a_flow_and_an_item_and_comments_have_their_own() -> None:
    subject = keys.aprimo_key("activity", 5012)

    main, notes = keys.line_key("campaign_brief", subject), keys.line_key("campaign_brief", subject, is_notes=True)

    assert (main, notes) == ("campaign_brief/aprimo:activity:5012", "campaign_brief/aprimo:activity:5012~notes")
    assert (keys.is_notes(main), keys.is_notes(notes)) == (False, True)


@given(JSON)
def test_a_digest_is_stable_and_short(value: object) -> None:
    assert keys.digest(value) == keys.digest(value)
    assert re.fullmatch(r"[0-9a-f]{32}", keys.digest(value))


@given(st.dictionaries(WORD, st.integers(), min_size=2, max_size=5))
def test_a_digest_does_not_know_the_order_of_keys(value: dict[str, int]) -> None:
    assert keys.digest(value) == keys.digest(dict(reversed(value.items())))


@given(st.lists(WORD, min_size=2, max_size=4, unique=True))
def test_a_digest_knows_the_order_of_a_list(value: list[str]) -> None:
    assert keys.digest(value) != keys.digest(value[::-1])


@pytest.mark.parametrize(
    ("key", "source"),
    [
        (keys.pm_webhook("e-1"), "aprimo.pm.webhook"),
        (keys.pm_poll("activity", 5012, "2026-01-12T10:20:00", {"name": "x"}), "aprimo.pm.poll"),
        (keys.opentext_audit("task", "process-task-create", "i-1", "t-1", "2026"), "opentext.audit"),
        (keys.opentext_list("i-1", "abc"), "opentext.list"),
        (keys.opentext_call_back("i-1", "t", "x-1", "c-1"), "opentext.callback"),
        (keys.timetable("overdue", "campaign_brief", keys.aprimo_key("activity", 1), "2026"), "timetable"),
        (keys.operator("r-1"), "operator"),
        (keys.follow_up("ev-1", LineKey("f/k"), "signoff.comment"), "follow-up"),
    ],
)
def test_a_dedupe_key_begins_with_its_producer(key: str, source: str) -> None:
    assert key.partition(":")[0] == source


@pytest.mark.parametrize(
    "make",
    [
        keys.pm_webhook,
        lambda part: keys.pm_poll("activity", 1, part, {}),
        lambda part: keys.pm_poll("activity", 1, "2026", {"name": part}),
        lambda part: keys.opentext_audit("task", "create", "i", part, "2026"),
        lambda part: keys.opentext_call_back("i", "t", "x", part),
        lambda part: keys.timetable("overdue", "f", keys.aprimo_key("activity", 1), part),
        lambda part: keys.follow_up("ev-1", LineKey("f/k"), part),
    ],
)
def test_what_tells_two_notices_apart_is_in_their_keys(make: Callable[[str], str]) -> None:
    assert make("one") != make("two")
    assert make("one") == make("one")


def test_two_edits_of_one_second_have_two_poll_keys() -> None:
    first = keys.pm_poll("activity", 5012, "2026-01-12T10:20:00", {"name": "a"})

    assert first != keys.pm_poll("activity", 5012, "2026-01-12T10:20:00", {"name": "b"})


def test_what_the_list_poll_saw_does_not_depend_on_the_order_of_rows() -> None:
    tasks = [("t-1", "a", "2026"), ("t-2", "b", "2027")]

    first = keys.seen_hash(open_tasks=tasks, comment_ids=["c-1", "c-2"], variables={})

    assert first == keys.seen_hash(open_tasks=tasks[::-1], comment_ids=["c-2", "c-1"], variables={})
    assert first != keys.seen_hash(open_tasks=tasks[:1], comment_ids=["c-1", "c-2"], variables={})


def test_an_unplaced_process_is_its_own_subject() -> None:
    assert keys.process_key("i-1") == "opentext:process:i-1"


def test_a_comments_marker_is_short_and_always_the_same() -> None:
    assert keys.comment_marker("comment:aprimo:1:f898") == "[sg-e07ae3a0c7]"
