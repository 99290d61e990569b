"""A flow's tenant-specific words, as its TOML file says them.

The file's shape, table by table, is in docs/flows.md; a reader gets every fault of a file in one error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar, runtime_checkable

_Terms = TypeVar("_Terms")

RECORD = "record"
"""The one kind of object that lives in the DAM; all others are PM's."""


class FieldType(StrEnum):
    """How a field's wire value becomes ours and back."""

    TEXT = "text"
    MONEY = "money"
    """Decimal as text, two places or more kept as given."""
    DATE = "date"
    """ISO 8601, aware UTC."""
    LIST = "list"
    """Text on the wire, separated by `separator`; a list of stripped strings with us."""
    INTEGER = "integer"
    USER = "user"
    """An Aprimo user id on the wire; with us {"id": …, "email": …, "name": …}."""
    CURRENCY = "currency"
    """A numeric id on the wire, the ISO 4217 code with us (table `currencies`)."""


class Policy(StrEnum):
    """What happens to a difference that the field's owner did not make."""

    AUTOMATIC = "automatic"
    PROPOSE = "propose"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class FieldWord:
    """One of our fields and where it stands in Aprimo: a top-level name, or `extrAttr<eaId>`.

    is_required: nothing is started while it is empty. is_material: a change of it while in approval ends the process.
    variable: the process variable that carries it, "" for none.
    """

    name: str
    wire: str
    type: FieldType = FieldType.TEXT
    is_required: bool = False
    is_material: bool = False
    variable: str = ""
    separator: str = ";"


@dataclass(frozen=True, kw_only=True)
class Stakeholder:
    """A role that reviews: its task in the model, its groups and terms.

    is_later: its task opens only when the process comes to it, and no approval waits for it.
    each: the list field it is repeated over ("" for once); group may then hold `{part}`.
    group_variable, lead_variable, due_variable: the process variables that carry them.
    part_variable: the variable that names the part with an escalation's message.
    state_field: our field that shows this group's state in Aprimo, "" for none.
    """

    key: str
    title: str
    task: str
    lead_task: str
    escalation: str
    group: str
    lead: str
    due_in: timedelta
    is_later: bool = False
    each: str = ""
    group_variable: str = ""
    lead_variable: str = ""
    due_variable: str = ""
    outcome_variable: str = ""
    part_variable: str = ""
    state_field: str = ""


@runtime_checkable
class NamingTerms(Protocol):
    """A flow's own tables that name things of the tenant, so that those can be checked like any other name."""

    def named(self) -> Iterable[tuple[str, str]]:
        """What is named, and its name.

        `check`, `classification`, `collection`, `content type`, `record status`, or `option:` and our name of a
        field, of the item or of a further object.
        """


@runtime_checkable
class PlacingTerms(Protocol):
    """A flow's own tables by which the classifications of an item may say something."""

    def reads_classifications(self) -> bool:
        """Whether they do."""


@runtime_checkable
class LiningTerms(Protocol):
    """A flow's own tables by which records that it works on beside its items have lines of their own."""

    def lines_of(self) -> tuple[str, ...]:
        """Their roles."""


@runtime_checkable
class FilingTerms(Protocol):
    """A flow's own tables that name classifications of which a record has one and loses the others."""

    def files(self) -> frozenset[str]:
        """Their paths."""


@dataclass(frozen=True, kw_only=True)
class ItemWords:
    """Another kind of Aprimo object that a flow works on beside its item, e.g. the campaign of a commitment."""

    kind: str
    type_ids: frozenset[int | str]
    state_wire: str
    states: Mapping[str, int | str]
    fields: Mapping[str, FieldWord]
    link_template: str


@dataclass(frozen=True, kw_only=True)
class FlowWords:
    """The words of one flow in one tenant.

    object_kind and type_ids: which Aprimo objects are ours; no types: all of the kind. states: our state word -> what
    Aprimo stores, an id in PM, an option's name in the DAM. link_template: the address of the item for a person, with
    `{id}`. also: role -> another kind of object, e.g. `campaign`. terms: what the flow's own tables say, a value of
    the flow's own type. policies: by field, heals: by the cause of a difference, what is done about one.
    approvals_since: from when on nothing is approved without the flow; None for as long as it is in use here.
    """

    flow: str
    object_kind: str
    type_ids: frozenset[int | str]
    process_key: str
    state_wire: str
    states: Mapping[str, int | str]
    fields: Mapping[str, FieldWord]
    also: Mapping[str, ItemWords] = field(default_factory=dict)
    terms: object = None
    stakeholders: tuple[Stakeholder, ...] = ()
    currencies: Mapping[int, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    heals: Mapping[str, Policy] = field(default_factory=dict)
    approvals_since: datetime | None = None
    link_template: str = ""
    call_back_url: str = ""
    """Where the process model calls back; "" for none. Set by the installation, not by the TOML."""
    automations: frozenset[str] = frozenset()
    """Users of Aprimo, by id or e-mail, that are rules and jobs. Set by the installation, not by the TOML."""
    people: Mapping[str, str] = field(default_factory=dict)
    """Override table: Aprimo user (id or e-mail) -> OpenText user."""

    def state_word(self, state_id: object) -> str:
        """Our word for a state id, "" for one the TOML does not name."""
        return next((word for word, known in self.states.items() if known == state_id), "")

    def wire_names(self) -> tuple[str, ...]:
        """Every wire name that is read or written of the item."""
        wires = (self.state_wire, *(word.wire for word in self.fields.values()))
        return tuple(wire for wire in wires if wire)

    def kinds(self) -> tuple[str, ...]:
        """Every kind of Aprimo object that the flow works on, its item's first, each once."""
        return tuple(dict.fromkeys([self.object_kind, *(other.kind for other in self.also.values())]))

    def works_on(self, kind: str, type_id: object) -> bool:
        """Whether an object of a kind and type is an item of the flow, or one of the others that it works on."""
        named = ((self.object_kind, self.type_ids), *((other.kind, other.type_ids) for other in self.also.values()))
        return any(kind == each and (not types or type_id in types) for each, types in named)

    def listed_as(self, kind: str, type_id: object) -> str | None:
        """As which of the flow's objects the list of its items shows one: "" for an item, else a role; None for none.

        Records of every type stand on one list, those with lines of their own too; objects of other kinds are listed
        by their types.
        """
        if kind != self.object_kind:
            roles = self.listed_beside() if kind == RECORD else ()
            return next((each for each in roles if type_id in (self.also[each].type_ids or {type_id})), None)
        if not self.type_ids or type_id in self.type_ids:
            return ""
        others = self.also.items() if kind == RECORD else ()
        return next(
            (role for role, other in others if other.kind == kind and type_id in (other.type_ids or {type_id})), None
        )

    def listed_beside(self) -> tuple[str, ...]:
        """The roles of records that have lines of their own, and stand on another list than the flow's items."""
        roles = self.terms.lines_of() if isinstance(self.terms, LiningTerms) else ()
        return tuple(each for each in roles if self.also[each].kind == RECORD != self.object_kind)

    def as_kind(self, kind: str) -> FlowWords:
        """These words with another kind of object as the item; the item's own where the kind is not named.

        Where a role shares the item's kind the item's words are given.
        """
        if kind == self.object_kind:
            return self
        role = next((role for role, other in self.also.items() if other.kind == kind), "")
        return self.as_role(role) if role else self

    def as_role(self, role: str) -> FlowWords:
        """These words with the object of a role as the item. Raises KeyError for a role that is none."""
        other = self.also[role]
        return replace(
            self,
            object_kind=other.kind,
            type_ids=other.type_ids,
            state_wire=other.state_wire,
            states=other.states,
            fields=other.fields,
            link_template=other.link_template,
        )

    def reads_classifications(self) -> bool:
        """Whether the flow looks at the classifications of its item."""
        return isinstance(self.terms, PlacingTerms) and self.terms.reads_classifications()

    def terms_of(self, kind: type[_Terms]) -> _Terms:
        """What the flow's own tables say. Raises TypeError where they are another flow's."""
        if not isinstance(self.terms, kind):
            raise TypeError(f"flow {self.flow} has no {kind.__name__}")
        return self.terms
