"""Flow 7's own words: the kinds of cases, how urgent one is, where one stands, and what its requester is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pipeline import ownership
from pipeline.commands import Command, SetVariables
from pipeline.flows.shared import reviews, told
from pipeline.flows.shared.case import Case, is_started
from pipeline.flows.shared.values import text
from pipeline.flows.tenant import FlowWords
from pipeline.flows.toml_table import Table
from pipeline.plan import Notice, ReviewRow
from pipeline.words import JsonValue, ReviewState

TRIAGE, RESOLUTION, CONFIRM = "triage", "resolution", "confirm"
"""The model's steps beside the responsible groups, which are the other roles of the file."""
OPEN, IN_PROGRESS, RESOLVED, REOPENED, CLOSED, CANCELLED, ON_HOLD = (
    "open",
    "in_progress",
    "resolved",
    "reopened",
    "closed",
    "cancelled",
    "on_hold",
)
CONFIRMS, REOPENS = "confirmed", "reopened"
"""What the requester answers."""
URGENCY = "urgency"
"""Agreed: the priority of the tasks as a number, as we last set or read it."""
ASKER = "asker"
"""Agreed: who opened the case in OpenText, where nobody in Aprimo is known to be that person."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of case. value: what Aprimo stores; groups: the roles that are responsible, none where triage says."""

    value: str
    title: str
    groups: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Level:
    """A priority. value: what Aprimo stores; number: of the tasks in OpenText, 0 to 100."""

    value: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The flow's own tables, by our keys.

    late_kind, late_level: of the cases that open by themselves. late_after: flow -> how long after its escalation a
    review must be open for that.
    """

    kinds: Mapping[str, Kind]
    levels: Mapping[str, Level]
    usual: str
    late_kind: str
    late_level: str
    late_after: Mapping[str, timedelta]

    def kind_of(self, value: JsonValue) -> Kind | None:
        """The kind that Aprimo stores so, or that people call so; None for one that the file does not name."""
        named = text(value).strip().casefold()
        return next((each for each in self.kinds.values() if named in {each.value, each.title.casefold()}), None)

    def level_of(self, value: JsonValue) -> Level | None:
        """The priority that Aprimo stores so; None for one that the file does not name."""
        return next((each for each in self.levels.values() if each.value == text(value).strip()), None)

    def level_at(self, number: int) -> Level:
        """How Aprimo shows a number: as the highest priority that it reaches, else as the lowest."""
        ordered = sorted(self.levels.values(), key=lambda each: each.number)
        return next((each for each in reversed(ordered) if each.number <= number), ordered[0])


def read_terms(root: Table) -> Terms:
    """The tables `[kinds.<kind>]`, `[priorities]` and `[late_approvals]`."""
    kinds, priorities, late = root.table("kinds"), root.table("priorities"), root.table("late_approvals")
    roles = {
        each.text("key", example='"legal"', default="") for each in root.tables("stakeholders", is_optional=True)
    }
    levels = {key: priorities.table(key) for key in priorities.names() if key != "usual"}
    after = late.table("after", is_optional=True)
    terms = Terms(
        kinds={key: _kind(kinds.table(key), roles) for key in kinds.names()},
        levels={key: _level(each) for key, each in levels.items()},
        usual=_one_of(priorities, "usual", levels),
        late_kind=_one_of(late, "kind", kinds.names()),
        late_level=_one_of(late, "priority", levels),
        late_after={flow: after.duration(flow, example='"P2D"') for flow in after.names()},
    )
    for flow in after.names():
        if flow not in ownership.FIELDS:
            after.fault(flow, "is no flow")
    for table in (kinds, priorities, late, after):
        table.done()
    return terms


def _kind(table: Table, roles: Iterable[str]) -> Kind:
    kind = Kind(
        value=table.text("value", example='"3571"'),
        title=table.text("title", example='"Missing asset"'),
        groups=table.texts("groups", example='["marketing"]'),
    )
    for group in set(kind.groups) - set(roles):
        table.fault("groups", f"{group!r} is no stakeholder's key")
    table.done()
    return kind


def _level(table: Table) -> Level:
    level = Level(value=table.text("value", example='"3582"'), number=table.integer("number", example="50"))
    table.done()
    return level


def _one_of(table: Table, key: str, known: Iterable[str]) -> str:
    named = table.text(key, example=f'"{next(iter(known), "")}"')
    if named and named not in known:
        table.fault(key, f"must be one of {', '.join(known)}, not {named!r}")
    return named


# ---- where a case stands -------------------------------------------------------------------------------------------


def status(rows: Sequence[ReviewRow]) -> str:
    """Our word for where the open tasks say that a case stands; "" between two of them."""
    waiting = {row.stakeholder for row in rows if row.state is ReviewState.OPEN}
    if CONFIRM in waiting:
        return RESOLVED
    if waiting - {TRIAGE}:
        return IN_PROGRESS
    if TRIAGE in waiting:
        was_resolved = any(row.stakeholder == CONFIRM and row.at for row in rows)
        return REOPENED if was_resolved else OPEN
    return ""


def confirmation(case: Case) -> ReviewRow | None:
    """The task in which the requester confirms or reopens, while it is open."""
    waiting = (row for row in case.rows if row.stakeholder == CONFIRM and row.state is ReviewState.OPEN)
    return next((row for row in waiting if row.task_id), None)


def is_confirmed(rows: Sequence[ReviewRow], words: FlowWords) -> bool:
    """Whether the last word on the case, read from OpenText's history, is that it is done."""
    last = reviews.latest(rows).get(CONFIRM)
    return last is not None and bool(last.evidence) and words.outcomes.get(last.outcome_raw) == CONFIRMS


def waiting_groups(groups: Sequence[str], words: FlowWords) -> tuple[str, ...]:
    """Whose tasks a case begins with: the responsible groups, in the file's order, else the triage."""
    named = tuple(word.key for word in words.stakeholders if word.key in groups)
    return named or (TRIAGE,)


def set_variables(case: Case, variables: Mapping[str, JsonValue]) -> tuple[Command, ...]:
    """What sets variables of the live process; nothing where it is over or not known to exist."""
    live = case.live
    if not variables or live is None or live.instance_id is None or not is_started(live) or case.is_process_over:
        return ()
    return (SetVariables(instance_id=live.instance_id, variables=dict(variables)),)


# ---- what people are told ------------------------------------------------------------------------------------------


def person(case: Case) -> str:
    """Who asked for it: the requester in Aprimo, else whoever opened it in OpenText; "" for nobody."""
    return told.requester(case) or text(case.link.agreed_value(ASKER))


def unknown_kind(case: Case, value: JsonValue) -> tuple[Notice, ...]:
    """To the operators: a kind that the file does not name; its cases go to the triage."""
    if case.words.terms_of(Terms).kind_of(value) is not None:
        return ()
    what = f"The case is of the kind {text(value)!r}, which the flow's file does not name: the triage decides."
    return (Notice(code="unknown_kind", text=what),)
