"""What Aprimo shows of a revision: the matrix, who is holding it, one attribute per group, the comments."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.flows.shared import matrix, remarks
from pipeline.flows.shared.case import Case
from pipeline.plan import ReviewRow
from pipeline.words import JsonValue


def shown(case: Case, rows: Sequence[ReviewRow], *, revision: int, phase: str) -> dict[str, JsonValue]:
    """Our fields and the texts they are to hold; comments only once there are some."""
    return {
        "matrix": matrix.render(case.link, case.words, rows, revision=revision, phase=phase),
        "open_tasks": matrix.open_tasks(case.words, rows),
        **matrix.states(case.words, rows),
        **comments(case),
    }


def comments(case: Case) -> dict[str, JsonValue]:
    """The comments as one text, once there are some."""
    return {"comments": remarks.render(case.comments)} if case.comments else {}
