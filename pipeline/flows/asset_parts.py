"""Flow 2's own words, what its file says beside what every flow's file says, and parts that its plans are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pipeline.commands import Command
from pipeline.flows.shared import approval, checks, dues, reviews, showing
from pipeline.flows.shared.case import Case
from pipeline.flows.toml_table import Table
from pipeline.plan import FollowUp, ProcessRow, ReviewRow
from pipeline.words import Decision, JsonValue

CONSOLIDATION, REVISION = "consolidate", "creative_revision"
"""The roles of the model that not every process comes to: who consolidates, and whose task the revision is."""
SUBMITTED, APPROVED, CHANGES = "submitted", "approved", "changes_requested"
STATE_OF: Mapping[Decision, str] = {
    Decision.APPROVED: APPROVED,
    Decision.REJECTED: "rejected",
    Decision.CHANGES_REQUESTED: CHANGES,
    Decision.CANCELLED: "cancelled",
}
"""Where a decision takes the record, and what its approval field then says. An unknown one takes it nowhere."""


@dataclass(frozen=True, kw_only=True)
class AssetTerms:
    """The flow's own tables. approval: our word -> the option; checks: a role's key -> the check of its results.

    comments_check: the check that comments stand under. listen_every: how often remarks on a file are looked for.
    """

    approval: Mapping[str, str]
    checks: Mapping[str, str]
    comments_check: str
    listen_every: timedelta

    def named(self) -> tuple[tuple[str, str], ...]:
        """The checks, and the options of the field `approval`."""
        checks = [("check", name) for name in (*self.checks.values(), self.comments_check)]
        return (*checks, *(("option:approval", option) for option in self.approval.values()))


def read_terms(root: Table) -> AssetTerms:
    """The tables `[approval]`, `[checks]` and `[comments]`."""
    named, comments = root.table("checks"), root.table("comments")
    roles = {
        each.text("key", example='"legal"', default="") for each in root.tables("stakeholders", is_optional=True)
    }
    for key in named.names():
        if key not in roles:
            named.fault(key, "is no stakeholder's key")
    terms = AssetTerms(
        approval=approval.read_words(root.table("approval")),
        checks={key: named.text(key, example='"Legal check"') for key in named.names()},
        comments_check=comments.text("check", example='"Review comments"'),
        listen_every=comments.duration("look_every", example='"PT10M"'),
    )
    comments.done()
    return terms


def terms_of(case: Case) -> AssetTerms:
    """What the file of a case's flow says of its own."""
    return case.words.terms_of(AssetTerms)


def reviewing(case: Case, rows: tuple[ReviewRow, ...]) -> tuple[ReviewRow, ...]:
    """The rows of those who review; without the consolidation and the revision."""
    return reviews.from_the_start(rows, case.words)


def shown(
    case: Case, rows: tuple[ReviewRow, ...], *, revision: int, version: str, phase: str
) -> dict[str, JsonValue]:
    """What the record shows of a revision. version: the number of the one that it is about."""
    told_of = f"version {version} · {phase}"
    return {**showing.shown(case, rows, revision=revision, phase=told_of), dues.DUE: dues.shown(rows)}


def results(case: Case) -> tuple[Command, ...]:
    """A check result per review that was decided since we last looked."""
    return checks.of_reviews(case.rows, case.link, terms_of(case).checks, case.words)


def said(case: Case, live: ProcessRow) -> tuple[FollowUp, ...]:
    """What was said in OpenText since, on its way to the file version that it was said about."""
    return checks.said(case, case.rows, live.item_version, terms_of(case).checks)
