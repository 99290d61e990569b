"""What flows share about reviews: roles that a process comes to later, who is holding a task, remarks in one fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipeline.flows.shared import matrix, notes, reviews
from pipeline.flows.tenant import FlowWords
from pipeline.plan import CommentRead, CommentRow, ProcessRead, Snapshot
from pipeline.words import Side
from tests.support.briefs import ITEM_WANT, NOW, all_tasks, ended_row, in_approval, no_link, process, task, words

LEGAL_LATER = "legal"


def with_legal_later() -> FlowWords:
    """The shipped words, where legal is asked only if the process comes to it."""
    known = words()
    roles = tuple(replace(each, is_later=each.key == LEGAL_LATER) for each in known.stakeholders)
    return replace(known, stakeholders=roles)


def read() -> ProcessRead:
    found = process(*all_tasks()).process
    assert found is not None
    return found


def test_a_role_that_comes_later_is_not_expected_from_the_start() -> None:
    rows = reviews.opening(with_legal_later(), {"regions": ["DACH"]}, revision=1, now=NOW)

    assert [row.stakeholder for row in rows] == ["brand", "finance", "regional:DACH"]


def test_no_approval_waits_for_a_role_that_comes_later() -> None:
    known = with_legal_later()
    rows = reviews.read_rows(read(), ended_row(in_approval()), (), known)

    assert "legal" in {row.stakeholder for row in rows}
    assert reviews.required_keys(rows, read(), known) == {"brand", "finance", "regional:DACH", "regional:Nordics"}


def test_who_is_holding_it_is_a_line_per_open_task_in_the_tenants_order() -> None:
    found = process(
        task("legal", by="legal.one@example.test", due=NOW + timedelta(days=2)),
        task("brand", "approved"),
        task("regional", part="DACH"),
    ).process
    assert found is not None
    rows = reviews.read_rows(found, ended_row(in_approval()), (), words())

    assert matrix.open_tasks(words(), rows).splitlines() == [
        "Legal · legal.one@example.test · due 2026-01-14 09:00",
        "Regional DACH · Regional DACH, nobody yet · due 2026-01-17 09:00",
    ]


def test_what_is_attached_is_a_remark_until_it_was_carried() -> None:
    said = [CommentRead(origin_id=f"annotation:{n}", author="A", text=f"Hm {n}", at=NOW) for n in (1, 2)]
    known = CommentRow(origin=Side.APRIMO, origin_id="annotation:1", author="A", text="Hm 1", at=NOW, target_id="x")
    snapshot = Snapshot(want=ITEM_WANT, read_at=NOW, comments=tuple(said))

    remarks = notes.attached(snapshot, replace(no_link(), comments=(known,)))

    assert remarks == (notes.Remark(origin_id="annotation:2", author="A", text="Hm 2"),)
    assert notes.attached(None, no_link()) == ()


def test_remarks_are_read_from_a_fact_as_they_were_put_in() -> None:
    remark = notes.Remark(origin_id="r-1", author="A", text="Hm")

    assert notes.read({"remarks": [remark.as_json()]}) == (remark,)
    assert notes.read({}) == ()
