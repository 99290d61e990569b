"""Flow 7's own tables: which kinds of cases there are, how urgent one is, and which late reviews become cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pipeline import ownership
from pipeline.flows.shared.values import text
from pipeline.flows.toml_table import Table
from pipeline.words import JsonValue


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
