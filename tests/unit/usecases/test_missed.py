"""What a run has not compared, by what its looks came to, the newest of each item."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.missed import TOLD_MAX, in_parts, looked_again, may_have_missed, that_moved
from pipeline.ports import Mode, Run

RUN = Run(id="rc-1", flow="campaign_brief", mode=Mode.FULL, started_at=datetime(2026, 1, 12, tzinfo=UTC))


def test_items_that_cannot_be_read_or_moved_on_are_named_and_counted() -> None:
    run = looked_again(RUN, ["a", "b", "c"], unread={"a": "hidden"}, moved=["b"])

    assert run.report == {"unread": {"a": "hidden"}, "moved": ["b"]}
    assert run.counts == {"unread": 1, "moved": 1}


def test_looks_that_miss_nothing_say_nothing() -> None:
    assert looked_again(RUN, ["a"], unread={}) == RUN


def test_an_item_is_counted_once_by_the_newest_look_at_it() -> None:
    run = looked_again(RUN, ["a", "b"], unread={"a": "hidden", "b": "hidden"})
    run = looked_again(run, ["a"], unread={"a": "plan_failed"})
    run = looked_again(run, ["b"], unread={}, moved=["b"])

    assert run.report == {"unread": {"a": "plan_failed"}, "moved": ["b"]}
    assert run.counts == {"unread": 1, "moved": 1}


def test_a_list_that_moved_or_was_read_in_parts_may_have_left_out_any_item() -> None:
    moved, parts = that_moved(RUN), in_parts(RUN)

    assert (moved.counts, parts.counts) == ({"moved": 1}, {})
    assert [may_have_missed(each, ["a"]) for each in (RUN, moved, parts)] == [False, True, True]
    assert (that_moved(moved), in_parts(moved)) == (moved, moved)
    assert that_moved(parts).counts == {"moved": 1}


def test_what_is_read_later_is_missed_no_longer() -> None:
    run = looked_again(RUN, ["a", "b"], unread={"a": "hidden"}, moved=["b"])

    again = looked_again(run, ["a", "b"], unread={})

    assert (again.report, again.counts) == ({}, {"unread": 0, "moved": 0})


def test_of_many_the_first_are_named_and_all_are_counted() -> None:
    many = {f"item-{number:03}": "hidden" for number in range(TOLD_MAX + 20)}

    run = looked_again(RUN, many, unread=many)

    assert run.counts == {"unread": TOLD_MAX + 20}
    assert run.report == {"unread": dict(list(many.items())[:TOLD_MAX])}
