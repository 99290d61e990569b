"""What the demo holds every item of every flow against, and what it says where it does not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.casts.drama import (
    Sight,
    has_comment,
    written_over,
    wrong_comments,
    wrong_fields,
    wrong_matrix,
    wrong_revisions,
)
from console.demo_reading import Comment
from tests.support.demo_briefs import a_process, a_task

ENDED = a_process(a_task("legal"), revision=1)
REMARK = Comment(id="c1", author="signoff", text="Checked on Monday. [sg-1]")
SAID = Comment(id="c2", author="legal.one@example.test", text="Fine with me.")


def test_one_process_per_revision_fits_where_older_ones_were_ended_with_a_reason() -> None:
    older = replace(ENDED, delete_reason="Superseded by a new revision (Signoff)")

    assert list(wrong_revisions(Sight(processes=(older, a_process(revision=2))), 2)) == []


@pytest.mark.parametrize(
    ("processes", "sentence"),
    [
        ((ENDED,), "OpenText has processes for the revisions [1], not 1 to 2"),
        ((ENDED, ENDED), "OpenText has processes for the revisions [1, 1], not 1 to 2"),
        ((ENDED, a_process(revision=2)), "an older process was not ended with a reason"),
        (
            (replace(ENDED, delete_reason="superseded"), a_process(revision=2, ended_at=None)),
            "the last process is still live",
        ),
    ],
)
def test_processes_that_do_not_fit_the_story_are_told(processes: tuple[object, ...], sentence: str) -> None:
    sight = Sight(processes=processes)  # type: ignore[arg-type]  # Parametrized values are objects.

    assert sentence in list(wrong_revisions(sight, 2))


def test_a_decided_task_that_the_matrix_does_not_name_is_told() -> None:
    shown = {"matrix": "Brand · approved · brand.one@example.test"}

    assert list(wrong_matrix(Sight(shown=shown, processes=(ENDED,)))) == [
        "the matrix does not say what legal.one@example.test did"
    ]


def test_comments_fit_where_each_stands_once_on_the_other_side() -> None:
    process = a_process(comments=(REMARK, SAID))
    once = Sight(shown={"comments": "legal.one@example.test (OpenText): Fine with me."}, processes=(process,))

    assert list(wrong_comments(once, "Checked on Monday.")) == []
    assert list(wrong_comments(replace(once, shown={"comments": ""}), "Checked on Monday.")) == [
        "'Fine with me.' stands 0 times in Aprimo, not 1"
    ]


def test_a_remark_that_did_not_arrive_is_told() -> None:
    sight = Sight(shown={"comments": ""}, processes=(a_process(),))

    assert list(wrong_comments(sight, "Checked on Monday.")) == ["the remark stands 0 times in OpenText, not 1"]


def test_what_was_typed_is_lost_where_neither_side_shows_it_while_the_process_lives() -> None:
    is_lost = written_over("remark", "Hm", arrived=has_comment("Hm"))
    live = a_process(ended_at=None)
    arrived = a_process(ended_at=None, comments=(replace(REMARK, text="Hm [sg-2]"),))

    assert is_lost(Sight(shown={"remark": ""}, processes=(live,)))
    assert not is_lost(Sight(shown={"remark": "Hm"}, processes=(live,)))
    assert not is_lost(Sight(shown={"remark": ""}, processes=(arrived,)))
    assert not is_lost(Sight(shown={"remark": ""}, processes=(a_process(),)))


def test_a_field_with_another_value_is_told_by_name() -> None:
    assert list(wrong_fields(Sight(shown={"state": "Draft", "case": "a"}), state="Approved", case="a")) == [
        "Aprimo shows state 'Draft', not 'Approved'"
    ]
