"""What a record shows of an approval: of which version it is, since when, by whom; and when it is of an older one.

An approval names the version it was given for. As long as another version is the latest, the record never reads
as approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.flows.shared import reviews
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import instant, text
from pipeline.flows.toml_table import Table
from pipeline.plan import ProcessRead, ProcessRow, ReviewRow
from pipeline.words import Decision, JsonValue

IN_REVIEW, APPROVED, OLDER = "in_review", "approved", "approved_older"
WORDS = (IN_REVIEW, APPROVED, OLDER, "changes_requested", "rejected", "cancelled")
"""What the field `approval` can say, each as the tenant's option."""
VERSION = "approved_version"


def read_words(table: Table) -> dict[str, str]:
    """The tenant's options for the field `approval`."""
    words = {word: table.text(word, example='"Approved"') for word in WORDS}
    table.done()
    return words


def of_older(case: Case, version_id: str) -> bool:
    """Whether what was approved last, as far as we know, is another version than this one."""
    known = text(case.link.agreed_value(VERSION))
    return bool(known) and known != version_id


def standing(case: Case, version_id: str, words: Mapping[str, str], otherwise: str) -> dict[str, JsonValue]:
    """What the field says while nothing is decided: that an older version is approved, or otherwise."""
    return {"approval": words[OLDER] if of_older(case, version_id) else otherwise}


def begun(case: Case, version_id: str, words: Mapping[str, str]) -> dict[str, JsonValue]:
    """What a new round shows: an approval of this very version counts no more, one of an older stays what it was."""
    shown = standing(case, version_id, words, words[IN_REVIEW])
    return shown if of_older(case, version_id) else {**shown, **_NOBODYS}


def given(live: ProcessRow, process: ProcessRead, rows: Iterable[ReviewRow], number: str) -> dict[str, JsonValue]:
    """What was approved, when and by whom, of exactly the version that the process was about."""
    people = [row.by for row in reviews.latest(rows).values() if row.decision is Decision.APPROVED and row.by]
    return {
        VERSION: live.item_version,
        "approved_number": number,
        "approved_on": instant(process.ended_at) if process.ended_at else "",
        "approvers": "; ".join(dict.fromkeys(people)),
    }


_NOBODYS: Mapping[str, JsonValue] = {VERSION: "", "approved_number": "", "approved_on": "", "approvers": ""}
