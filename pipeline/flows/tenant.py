"""A flow's tenant-specific words, as its TOML file says them.

The file's shape, table by table, is in docs/flows.md; a reader gets every fault of a file in one error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


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
    each: str = ""
    group_variable: str = ""
    lead_variable: str = ""
    due_variable: str = ""
    outcome_variable: str = ""
    part_variable: str = ""
    state_field: str = ""


@dataclass(frozen=True, kw_only=True)
class FlowWords:
    """The words of one flow in one tenant.

    object_kind and type_ids: which Aprimo objects are ours. states: our state word -> the id Aprimo stores.
    link_template: the address of the item for a person, with `{id}`.
    """

    flow: str
    object_kind: str
    type_ids: frozenset[int]
    process_key: str
    state_wire: str
    states: Mapping[str, int]
    fields: Mapping[str, FieldWord]
    stakeholders: tuple[Stakeholder, ...] = ()
    currencies: Mapping[int, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    link_template: str = ""
    call_back_url: str = ""
    """Where the process model calls back; "" for none. Set by the installation, not by the TOML."""
    people: Mapping[str, str] = field(default_factory=dict)
    """Override table: Aprimo user (id or e-mail) -> OpenText user."""

    def state_word(self, state_id: object) -> str:
        """Our word for a state id, "" for one the TOML does not name."""
        return next((word for word, known in self.states.items() if known == state_id), "")

    def wire_names(self) -> tuple[str, ...]:
        """Every wire name this flow reads or writes."""
        return (self.state_wire, *(word.wire for word in self.fields.values()))
